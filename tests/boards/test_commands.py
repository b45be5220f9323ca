"""Every command of docs/bring-up.md, with a simulated board behind a pseudo-terminal."""

import os
import re
import shlex
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnx
import pytest
from click.testing import CliRunner

import flexdrive as fd
from flexdrive_cli import cli
from flexdrive_deploy.board import flow, programmer, vendor
from flexdrive_deploy.board.boards import board_named
from flexdrive_deploy.board.driver import Board
from flexdrive_deploy.board.errors import BoardError, CableError, IdentityError
from flexdrive_deploy.board.transport import SerialTransport
from flexdrive_sim.board.terminal import Terminal

from ..api.networks import answers, two_layers

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/bring-up.md"
PORT = "/dev/ttyUSB0"
# What each command prints, by its first two words.
PRINTS = {
    "simulate": r"tiny at /dev/pts/\d+, 2,000,000 baud",
    "build": r"top\.bit, build [0-9a-f]{16}",
    "program": r"is on the board",
    "info": r"2 x 2 tiles of 4 units",
    "selftest": r"all passed in",
    "run": r"words with the golden model: all equal",
    "rate": r"cycles, .* ms at 16 MHz; an image has [\d,]+ bytes to the board",
    "project": r"flexdrive_top\.v, arty-a7-35\.xdc, build\.tcl, build [0-9a-f]{16}; not built",
    "monitor": r"images done: 0; frames good: \d+; frames bad: \d+; frames lost: 0",
}


def _commands():
    """Those of the page but the program's, which test_designs.py runs on a core."""
    text = "\n".join(re.findall(r"^```sh\n(.*?)^```", PAGE.read_text(), re.M | re.S))
    return [shlex.split(line) for line in text.splitlines() if line and ".elf" not in line]


@pytest.fixture
def port(tiny):
    """Path of the port of a board that runs."""
    with Terminal(tiny) as terminal:
        yield terminal.path


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A directory with the files that the page takes for granted."""
    monkeypatch.chdir(tmp_path)
    model, x, _ = two_layers(1)
    onnx.save(model, "model.onnx")
    np.save("images.npy", x)
    (tmp_path / "build").mkdir()
    (tmp_path / "build/top.bit").write_bytes(b"bits")
    return tmp_path


@pytest.fixture
def no_tools(monkeypatch):
    """Flow and programmer without what takes minutes, or a board."""
    build = flow.Build(board_named("ulx3s-85f"), board_named("ulx3s-85f").system,
                       [flow.Placed(1, 55.0, 50.0, {"TRELLIS_COMB": (1, 2)})], Path("build"))
    monkeypatch.setattr(flow, "build", lambda *arguments, **options: build)

    class Result:
        stdout, stderr = "idcode 0x41113043", ""

    monkeypatch.setattr(programmer.shutil, "which", lambda name: name)
    monkeypatch.setattr(programmer, "run_tool", lambda *arguments: Result)


def test_the_page_has_each_command():
    assert {words[2] for words in _commands()} == set(PRINTS)
    assert all(words[:2] == ["flexdrive", "board"] for words in _commands())


@pytest.mark.slow
@pytest.mark.parametrize("words", _commands(), ids=lambda words: words[2])
def test_a_command_of_the_page(words, place, no_tools, request, monkeypatch):
    arguments = [str(word) for word in words[1:]]
    if words[2] == "rate":
        arguments[-1] = "tiny"
    if words[2] == "project":
        monkeypatch.setattr(vendor, "emit_verilog",
                            lambda *_, **__: SimpleNamespace(text="module"))
    if words[2] == "simulate":
        # The small board, and not for ever.
        arguments = ["tiny" if word == "digits" else word for word in arguments]
        arguments += ["--seconds", "0.2"]
    if PORT in arguments:
        arguments[arguments.index(PORT)] = request.getfixturevalue("port")
    arguments = ["model.onnx" if word.endswith(".onnx") else word for word in arguments]
    if words[2] == "selftest":
        arguments += ["--layers", "1", "--line", "2"]
    if words[2] == "monitor":
        arguments += ["--interval", "0"]
    made = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert made.exit_code == 0, made.output
    assert re.search(PRINTS[words[2]], " ".join(made.output.split())), made.output


@pytest.mark.slow
def test_a_session_gives_what_simulation_gives(port):
    model, x, _ = two_layers(2)
    compiled = fd.compile(model, chip="tiny")
    session = fd.InferenceSession(compiled, engine=f"board:{port}")
    (got,) = session.run(None, {"x": x})
    assert np.array_equal(got, answers(model, x))
    trace = session.trace(x[:1])
    assert trace.model_holds
    assert trace.first_difference is None
    assert trace.compared > 0
    with pytest.raises(BoardError, match="cannot be opened"):
        fd.InferenceSession(compiled, engine=f"board:{port}")
    with pytest.raises(fd.FlexdriveError, match="names no board; write board:PORT"):
        fd.InferenceSession(compiled, engine="board:")


@pytest.mark.slow
def test_a_network_for_another_chip_is_refused(port):
    model, _, _ = two_layers(1)
    with pytest.raises(IdentityError, match="another chip than the network was compiled for"):
        fd.InferenceSession(fd.compile(model, chip="digits"), engine=f"board:{port}")


@pytest.mark.slow
def test_a_cable_that_is_pulled_is_told(tiny):
    terminal = Terminal(tiny)
    with terminal:
        board = Board(SerialTransport(terminal.path, tiny.config.baud))
    with pytest.raises(CableError, match=r"went away .*: the cable was pulled, or the board lost"):
        board.get("SCRATCH")


def test_a_port_that_is_none_is_told(tmp_path):
    with pytest.raises(BoardError, match=r"cannot be opened: No such file or directory\. What "
                       r"would pass: the port of a board"):
        SerialTransport(str(tmp_path / "nothing"), 115_200)
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(BoardError, match="cannot be opened"):
        SerialTransport(os.fspath(file), 115_200)
