"""flexdrive as it is installed: built by way of the sdist, in an environment outside of the
checkout that has nothing of it but the wheel."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import numpy as np
import pytest

from flexdrive_deploy.hdl.targets import TARGETS

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PROGRAM = """\
#include "flexv.h"
int main(void) { put_string("seen\\n"); return 0; }
"""


def _build(kind, source, place):
    """The sdist or wheel of the tree ``source``, written into ``place``."""
    subprocess.run([sys.executable, "-c", f"from setuptools import build_meta as b; "
                    f"b.build_{kind}({str(place)!r})"],
                   cwd=source, check=True, capture_output=True)
    (made,) = place.glob("*.tar.gz" if kind == "sdist" else "*.whl")
    return made


@pytest.fixture(scope="session")
def sdist(tmp_path_factory):
    """Made of a copy: setuptools leaves files in the tree that it works in, and takes them up."""
    place = tmp_path_factory.mktemp("sdist")
    shutil.copytree(ROOT, place / "tree", ignore=shutil.ignore_patterns(
        ".*", "build", "dist", "*.egg-info", "__pycache__"))
    return _build("sdist", place / "tree", place)


@pytest.fixture(scope="session")
def wheel(sdist, tmp_path_factory):
    place = tmp_path_factory.mktemp("wheel")
    with tarfile.open(sdist) as archive:
        archive.extractall(place, filter="data")
    (tree,) = place.iterdir()
    return _build("wheel", tree, place)


@pytest.fixture(scope="session")
def installed(wheel, tmp_path_factory):
    """Runs a command of the new environment in a directory of its own: its result."""
    place = tmp_path_factory.mktemp("installed")
    venv.create(place / "venv", symlinks=True)
    python = place / "venv/bin/python"
    subprocess.run([sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps",
                    "--no-index", "--disable-pip-version-check", wheel],
                   check=True, capture_output=True)
    # What flexdrive depends on comes from here, without the .pth files: they name the checkout.
    (site,) = (place / "venv/lib").glob("python*/site-packages")
    here = sysconfig.get_paths()
    (site / "dependencies.pth").write_text(
        "\n".join(dict.fromkeys((here["purelib"], here["platlib"]))) + "\n")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    work = place / "work"
    work.mkdir()

    def run(command, *arguments):
        return subprocess.run([python.parent / command, *map(str, arguments)], cwd=work,
                              env=environment, text=True, capture_output=True, check=False)

    run.work, run.site = work, site
    return run


@pytest.fixture(scope="session")
def flexdrive(installed):
    """Runs the command, which must succeed: what it printed."""
    def run(*arguments):
        result = installed("flexdrive", *arguments)
        assert result.returncode == 0, result.stderr
        return result.stdout + result.stderr

    return run


@pytest.fixture(scope="session")
def digits(installed):
    """Path of the digits network, and of two of its images in the directory of the commands."""
    examples = installed.site / "flexdrive_examples/digits"
    images = np.load(examples / "heldout.npz")["images"][:2, None].astype(np.float32)
    np.save(installed.work / "x.npy", images)
    return examples / "digits.onnx"


def test_the_packages_are_those_of_the_wheel(installed):
    names = ("flexdrive", "flexdrive_deploy", "flexdrive_sim", "flexdrive_cli",
             "flexdrive_firmware", "flexdrive_examples")
    result = installed("python", "-c", f"import {', '.join(names)}\n"
                       f"for m in ({', '.join(names)}): print(m.__file__)")
    assert result.returncode == 0, result.stderr
    for path in result.stdout.split():
        assert Path(path).is_relative_to(installed.site)


def _files(*directories):
    """Files of the checkout but what tools left there."""
    return [path for directory in directories for path in (ROOT / directory).rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
            and not any(part.endswith(".egg-info") for part in path.parts)]


def test_the_wheel_holds_every_file_of_the_packages(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    for root in ("rtl", "deploy", "sim", "scripts", "firmware"):
        package = "flexdrive_firmware/" if root == "firmware" else ""
        for path in _files(root):
            name = path.relative_to(ROOT / root).as_posix()
            if root != "scripts" or name.startswith("flexdrive_cli/"):
                assert package + name in names


def test_the_sdist_holds_the_whole_project(sdist):
    with tarfile.open(sdist) as archive:
        names = {name.split("/", 1)[-1] for name in archive.getnames()}
    for path in _files("rtl", "deploy", "sim", "scripts", "firmware", "tests", "docs",
                         "examples"):
        assert path.relative_to(ROOT).as_posix() in names
    assert {"README.md", "CHANGELOG.md", "LICENSE", "pyproject.toml"} <= names


def test_help(flexdrive):
    for command in ("bench", "check", "compile", "run", "report", "flexv", "synth", "verify",
                    "verilog"):
        assert command in flexdrive("--help")


@pytest.mark.parametrize("target", TARGETS.values(), ids=list(TARGETS))
def test_verilog(flexdrive, installed, target):
    small = {"tile": ["--preset", "tiny"], "chip": ["--preset", "tiny"],
             "bus": ["--preset", "tiny"],
             "mesh": ["--preset", "tiny", "--mesh", "1x2"],
             "core": ["--extensions", "i,zicsr"],
             "cluster": ["--cores", "1", "--extensions", "i,zicsr"]}.get(target.kind, [])
    flexdrive("verilog", target.name, *small, "-o", f"verilog/{target.name}")
    assert {path.suffix for path in (installed.work / "verilog" / target.name).iterdir()} == {
        ".json", ".v"}


def test_network(flexdrive, installed, digits):
    labels = np.load(digits.parent / "heldout.npz")["labels"][:2]
    flexdrive("compile", digits, "--preset", "digits", "-o", "network")
    flexdrive("run", "network", "--input", "x.npy", "--engine", "rtl", "--output", "z.npy")
    np.testing.assert_array_equal(np.load(installed.work / "z.npy").argmax(axis=1), labels)
    flexdrive("report", digits, "--preset", "digits", "-o", "report")
    assert (installed.work / "report/report.html").exists()


def test_the_demonstration(flexdrive, installed):
    flexdrive("demo", "--images", "1", "-o", "demo")
    figures = json.loads((installed.work / "demo/results.json").read_text())
    assert (figures["rtl_right"], figures["model_holds"]) == (1, True)
    assert (installed.work / "demo/verilog/hyperdrive_chip.v").exists()


def test_verify(flexdrive):
    """Status 0: no pair of operands differs."""
    assert "add" in flexdrive("verify", "fp16", "--op", "add", "--random", "1000")


@pytest.mark.parametrize("engine", ["iss", "rtl"])
def test_flexv(flexdrive, installed, engine):
    (installed.work / "program.c").write_text(PROGRAM)
    flexdrive("flexv", "build", "program.c", "-o", "program.elf")
    assert flexdrive("flexv", "run", "program.elf", "--engine", engine).startswith("seen\n")


@pytest.mark.parametrize("module", ["flexdrive_sim.manual", "flexdrive_sim.flexv.manual"])
def test_manual(installed, module):
    result = installed("python", "-m", module, ".")
    assert result.returncode == 0, result.stderr


def test_benchmarks_find_their_sources(installed):
    assert (installed.site / "flexdrive_sim/bench/programs/kernels.c").exists()
