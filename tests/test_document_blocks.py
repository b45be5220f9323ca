"""Blocks of the documents other than Python: every command is run, or said why not."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import numpy as np
import pytest

import flexdrive as fd
import flexdrive_cli
from flexdrive_deploy.chip_choice import read_config
from flexdrive_deploy.flexv.firmware import build_program
from flexdrive_deploy.hdl.synth.macros import read_macros
from flexdrive_deploy.tools import run_yosys

from .pages import PAGES, ROOT, blocks

# Languages of blocks; `text` is what is drawn or printed, and is not run.
LANGUAGES = {"python", "sh", "toml", "c", "verilog", "text"}
# Commands that are not run here, by their first words: their options are checked, and why that is
# enough. A command that begins with none of these is run.
NOT_RUN = {
    "scripts/demo": "tests/package runs the demonstration",
    "scripts/test": "would run itself",
    "scripts/lint": "installs Verilator; a command of its own",
    "scripts/planted-faults": "hours",
    "scripts/docs": "installs Sphinx; a command of its own",
    "flexdrive run MODEL.onnx --input X.npy --engine rtl --mesh":
        "compiles six chips; tests/cli/test_networks.py runs meshes with links",
    "flexdrive evaluate digits.onnx --images images.npy --labels labels.npy --dask":
        "needs a cluster; tests/api/test_evaluation.py makes one",
    "flexdrive report build/resnet34.onnx": "a large network; tests/report has its figures",
    "flexdrive flexv run program.elf --cores":
        "compiles eight cores; tests/flexv/cluster and tests/cli/test_flexv.py run four",
    "flexdrive report --target flexv":
        "compiles eight cores; tests/cli/test_flexv_network.py, marked slow",
    "flexdrive demo --target flexv":
        "compiles eight cores; tests/cli/test_flexv_network.py, marked slow",
    "flexdrive board": "tests/boards/test_commands.py runs them with a board",
    "flexdrive synth": "minutes of place and route; tests/cli/test_synth.py",
    "flexdrive verify fp16": "2^32 pairs; tests/fp16",
    "flexdrive verify random": "compiles random chips; tests/cli/test_verify.py",
    "python examples/testbench": "a simulator of Verilog; tests/examples/test_testbench.py",
    "python examples/topologies": "writes large networks; tests/examples/test_topologies.py",
    "python examples/quantised": "writes large networks; tests/examples/test_quantised.py",
    "flexdrive run --target flexv build/resnet20.onnx":
        "compiles eight cores; tests/cli/test_flexv_network.py, marked slow",
    "python examples/cifar10": "the data set is not here; tests/examples/test_cifar10.py",
    "flexdrive run --target flexv examples/resnet20":
        "compiles eight cores; tests/examples/test_resnet20.py has the integers of every layer",
    "flexdrive evaluate --target flexv examples/resnet20":
        "the data set is not here; tests/examples/test_resnet20.py",
    "python examples/training": "PyTorch is not here; tests/examples/test_training.py",
    "python examples/notebooks": "would write here; tests/examples/test_notebooks.py",
}
_FRAGMENT = """\
module fragment; wire clk, rst, start, i_descriptors_ready; reg i_descriptors_valid;
{}
endmodule
"""


def _commands(path):
    """The commands of a page, without comments, in their order."""
    for block in blocks(path, "sh"):
        text, waiting = block.text.replace("\\\n", " "), ""
        for line in text.splitlines():
            waiting += line + "\n"
            try:
                words = shlex.split(waiting, comments=True)
            except ValueError:      # a quotation that goes on
                continue
            waiting = ""
            if words:
                yield words
        assert not waiting, f"{path.name}: {waiting} does not end"


def _reason(words):
    line = " ".join(words)
    return next((why for begin, why in NOT_RUN.items()
                 if line.startswith(begin)), None)


def _every_command():
    return [pytest.param(path, words, id=f"{path.stem} {' '.join(words)[:60]}")
            for path in PAGES for words in _commands(path)]


def _pages_with_commands():
    return [path for path in PAGES if any(_reason(words) is None for words in _commands(path))]


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A directory with all files that the commands of the pages name."""
    monkeypatch.chdir(tmp_path)
    digits = ROOT / "examples/digits"
    for example in ("digits", "cifar10", "resnet20"):
        shutil.copytree(ROOT / "examples" / example, Path("examples") / example)
    for name in ("MODEL.onnx", "digits.onnx"):
        shutil.copy(digits / "digits.onnx", name)
    shutil.copy(ROOT / "examples/training/plain_dynamo.onnx", ".")
    held_out = np.load(digits / "heldout.npz")
    for name in ("X.npy", "images.npy"):
        np.save(name, held_out["images"][:2, None].astype(np.float32))
    np.save("labels.npy", held_out["labels"][:2])
    (tmp_path / "my_chip.toml").write_text("[chip]\nrows = 2\ncolumns = 1\nchannels = 2\n")
    for name in ("main.c", "program.c"):
        Path(name).write_text("int main(void) { return 0; }\n")
    return tmp_path


def _parse(command, words, parent=None):
    """Parse ``words`` as click does before it runs a command; its errors are ours."""
    context = command.make_context(words[0], list(words[1:]), parent=parent)
    if isinstance(command, click.Group):
        rest = [*context._protected_args, *context.args]
        name, found, rest = command.resolve_command(context, rest)
        _parse(found, [name, *rest], context)


def _check(words):
    """Assert that a command is there and has these options, without running it."""
    program = ROOT / words[0]
    if words[0] == "flexdrive":
        try:
            _parse(flexdrive_cli.cli, words)
        except click.exceptions.Exit:   # --list, --help
            pass
        except click.ClickException as error:
            pytest.fail(f"{' '.join(words)}: {error.format_message()}")
    elif words[0] == "python":
        assert words[1] == "-c" or (ROOT / words[1]).is_file(), words
    else:
        assert program.is_file(), words
        assert os.access(program, os.X_OK), words


@pytest.mark.parametrize(("path", "words"), _every_command())
def test_commands_are_there_with_their_options(path, words, place):
    _check(words)


def _run(words, monkeypatch):
    if words[0] != "flexdrive":
        return subprocess.run([sys.executable if words[0] == "python" else ROOT / words[0],
                               *words[1:]], check=False).returncode
    monkeypatch.setattr(sys, "argv", words)
    try:
        flexdrive_cli.main()
    except SystemExit as done:
        return done.code or 0
    return 0


@pytest.mark.slow
@pytest.mark.parametrize("path", _pages_with_commands(), ids=lambda path: path.stem)
def test_commands_run(path, place, monkeypatch):
    model = fd.compile("MODEL.onnx", chip="digits")
    np.save("Y.npy", fd.InferenceSession(model).run(None, {"images": np.load("X.npy")})[0])
    for words in _commands(path):
        if _reason(words) is None:
            assert _run(words, monkeypatch) == 0, " ".join(words)


def test_every_reason_belongs_to_a_command():
    lines = [" ".join(words) for path in PAGES for words in _commands(path)]
    assert [begin for begin in NOT_RUN if not any(line.startswith(begin) for line in lines)] == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_every_block_says_its_language(path):
    assert {block.line: block.language for block in blocks(path)
            if block.language not in LANGUAGES} == {}
    # A command in a block that is not run would be skipped in silence.
    command = re.compile(r"^(\$ |flexdrive |scripts/\w+( |$)|python |pip )", re.M)
    assert [block.line for block in blocks(path, "text") if command.search(block.text)] == []


def _texts(language):
    return [pytest.param(block.text, id=f"{path.stem} {block.line}")
            for path in PAGES for block in blocks(path, language)]


@pytest.mark.parametrize("text", _texts("toml"))
def test_configurations_are_read(text, tmp_path):
    (kind,) = tomllib.loads(text)
    path = tmp_path / "file.toml"
    path.write_text(text)
    {"chip": read_config, "macro": read_macros}[kind](path)


@pytest.mark.parametrize("text", _texts("c"))
def test_programs_are_built(text, tmp_path):
    (tmp_path / "main.c").write_text(text)
    cores = 8 if "flexv_cluster.h" in text else None
    build_program([tmp_path / "main.c"], tmp_path / "main.elf", cores=cores)


@pytest.mark.parametrize("text", _texts("verilog"))
def test_verilog_is_read(text, tmp_path):
    (tmp_path / "fragment.v").write_text(_FRAGMENT.format(text))
    run_yosys("read_verilog fragment.v\nhierarchy -check -top fragment\n", cwd=tmp_path)
