"""What the documents say: Python runs, files and links are there."""

import re
from pathlib import Path

import numpy as np
import pytest
from amaranth.hdl import Elaboratable, Fragment

import flexdrive as fd
from flexdrive.fp16 import Adder
from flexdrive_cli.verify import COMMANDS as VERIFY
from flexdrive_deploy.flexv.firmware import build_program
from flexdrive_sim.bench import BENCHMARKS

from .pages import PAGES, ROOT, blocks

_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
# A file of the repository, in backquotes.
_FILE = re.compile(r"`((?:rtl|deploy|sim|scripts|tests|docs|firmware|examples)/[\w./-]+\.\w+)`")


def _names(path):
    """What the code on a page takes for granted."""
    if path.name == "simulation.md":
        return {"Adder": Adder, "component": None}
    data = np.load(ROOT / "examples/digits/heldout.npz")
    return {"images": data["images"][:12, None].astype(np.float32), "labels": data["labels"][:12]}


@pytest.mark.slow
@pytest.mark.parametrize("path", [path for path in PAGES if blocks(path, "python")],
                         ids=lambda path: path.stem)
def test_code_runs(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for model in ("digits/digits.onnx", "cifar10/cifar10.onnx"):
        (tmp_path / Path(model).name).write_bytes((ROOT / "examples" / model).read_bytes())
    (tmp_path / "main.c").write_text("int main(void) { return 0; }\n")
    build_program([tmp_path / "main.c"], tmp_path / "program.elf")
    names = _names(path)
    for block in blocks(path, "python"):
        if "component" in names and "component" in block.text:
            continue        # stands for any component; tests/engine has it
        exec(compile(block.text, str(path), "exec"), names)
    # What the page makes or defines, as far as no platform goes.
    for value in names.values():
        if isinstance(value, Elaboratable):
            Fragment.get(value, None)
        elif isinstance(value, type) and issubclass(value, Elaboratable) and (
                value.__module__ == "builtins"):
            Fragment.get(value(), None)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_links_and_files_are_there(path):
    text = path.read_text()
    wanted = [path.parent / link for link in _LINK.findall(text) if "://" not in link]
    wanted += [ROOT / name for name in _FILE.findall(text)]
    assert [str(file.relative_to(ROOT)) for file in wanted if not file.exists()] == []


def test_the_face_of_the_manual_is_that_of_the_package():
    used = set(re.findall(r"\bfd\.(\w+)", (ROOT / "docs/python.md").read_text()))
    assert used <= set(fd.__all__)


_COMMAND = re.compile(r"\bflexdrive (verify|bench) +([a-z][a-z0-9-]*)")
_SCRIPT = re.compile(r"\bscripts/([\w.-]*\w)")
TEXTS = [*PAGES, ROOT / "CHANGELOG.md", *sorted((ROOT / "docs/results").glob("*.md"))]


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_commands_are_there(path):
    known = {"verify": VERIFY, "bench": BENCHMARKS}
    text = path.read_text()
    assert [f"{group} {name}" for group, name in _COMMAND.findall(text)
            if name not in known[group]] == []
    assert [name for name in _SCRIPT.findall(text) if not (ROOT / "scripts" / name).exists()] == []


def test_the_changelog_begins_with_this_version():
    sections = re.findall(r"^## (\S+) \((unreleased|\d{4}-\d{2}-\d{2})\)$",
                          (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert sections[0][0] == fd.__version__
    assert all(date != "unreleased" for _, date in sections[1:])
