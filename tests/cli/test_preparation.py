"""What a person sees while the compiled engine is made ready: every command that may build it."""

import io

import pytest
from click.testing import CliRunner
from rich.console import Console

from flexdrive.emit import emit_rtlil
from flexdrive.fp16 import Adder
from flexdrive_cli import demo
from flexdrive_deploy import cache
from flexdrive_deploy.tools import ToolError
from flexdrive_sim.engine import build
from flexdrive_sim.progress import preparation

from .test_flexv import _SOURCE

_STEP = "step 1 of 2: translating Fp16Adder_d1 to C++"


@pytest.fixture(scope="module")
def design():
    return emit_rtlil(Adder())


@pytest.fixture
def nothing_built(monkeypatch, tmp_path, design):
    """No model is in the cache, every component is a small one, and the first step of building it
    says what it is and fails."""
    def emit(component):
        component._MustUse__used = True     # Amaranth warns of components that nobody elaborates
        return design

    def run(_script, *, what, notify, **_):
        assert notify is not None
        notify(what)
        raise ToolError(f"{what}: enough")

    monkeypatch.setattr(cache, "cache_directory", lambda: tmp_path / "cache")
    monkeypatch.setattr(build, "emitted", emit)
    monkeypatch.setattr(build, "run_yosys", run)


@pytest.mark.parametrize("arguments", [
    ["run", "net.onnx", "--input", "x.npy", "--engine", "rtl"],
    ["run", "net.onnx", "--input", "x.npy", "--engine", "rtl", "--mesh", "1x2"],
    ["verify", "fp16", "--op", "add", "--random", "10"],
    ["flexv", "run", "program.elf", "--engine", "rtl"],
], ids=lambda arguments: " ".join(arguments[:2]))
@pytest.mark.parametrize("terminal", [False, True])
def test_commands_say_what_they_prepare(nothing_built, network, flexdrive, monkeypatch, tmp_path,
                                        arguments, terminal):
    (tmp_path / "program.S").write_text(_SOURCE)
    flexdrive("flexv", "build", "--no-start", "program.S", "-o", "program.elf")
    if terminal:
        monkeypatch.setenv("FORCE_COLOR", "1")
    status, _, errors = flexdrive(*arguments)
    assert status == 1
    assert _STEP in errors.replace("\n", " ")
    assert ("0:00:00" in errors) == terminal
    assert ": enough" in errors


@pytest.mark.slow
def test_the_demonstration_says_what_it_prepares(nothing_built, tmp_path):
    result = CliRunner().invoke(demo.command, ["--output", str(tmp_path), "--images", "1"])
    assert isinstance(result.exception, ToolError)
    assert _STEP in result.output.replace("\n", " ")


def test_a_terminal_shows_one_line_and_cleans_it_away():
    shown = io.StringIO()
    console = Console(file=shown, force_terminal=True, width=80)
    with preparation(console) as notify:
        notify("first")
        notify("second")
    text = shown.getvalue()
    assert "first" in text
    assert "second" in text
    assert text.endswith("\x1b[2K")     # the line is erased

    shown.truncate(0)
    with preparation(console):
        pass
    assert "0:00" not in shown.getvalue()
