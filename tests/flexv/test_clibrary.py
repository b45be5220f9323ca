"""C programs with the C library: they print what they print on the machine that builds."""

import subprocess
from pathlib import Path

import pytest

from flexdrive_deploy.flexv import clibrary
from flexdrive_deploy.flexv.elf import load_elf
from flexdrive_deploy.flexv.firmware import BuildError, build_program
from flexdrive_deploy.tools import ToolError, run_zig
from flexdrive_sim.flexv.drive.run_iss import run_iss
from flexdrive_sim.flexv.drive.run_rtl import run_rtl

pytestmark = pytest.mark.slow

PROGRAMS = Path(__file__).parent / "programs"


def test_the_library_does_what_that_of_this_machine_does(core, tmp_path):
    source, binary = PROGRAMS / "library.c", tmp_path / "native"
    run_zig(["cc", "-O2", "-w", "-fno-sanitize=all", "-o", str(binary), str(source), "-lm"],
            cwd=tmp_path)
    expected = subprocess.run([binary], check=True, capture_output=True,
                              stdin=subprocess.DEVNULL).stdout
    assert expected.count(b"\n") > 25
    program = load_elf(build_program([source], tmp_path / "program.elf"))
    for outcome in (run_iss(program), run_rtl(program, built=core)):
        assert outcome.passed, outcome.verdict
        assert outcome.console == expected


@pytest.mark.parametrize(("text", "verdict"), [
    ("#include <assert.h>\nint main(void) { assert(1 > 2); }", "failed: test 134"),
    ("#include <stdlib.h>\nint main(void) { abort(); }", "failed: test 134"),
    ("#include <stdlib.h>\nint main(void) { exit(3); }", "failed: test 3"),
    ("int main(void) { return 4; }", "failed: test 4"),
    ("int main(void) { }", "passed"),
])
def test_ends_of_programs(tmp_path, text, verdict):
    (tmp_path / "program.c").write_text(text + "\n")
    program = load_elf(build_program([tmp_path / "program.c"], tmp_path / "program.elf"))
    assert run_iss(program).verdict == verdict


def test_what_the_library_does_not_have(tmp_path):
    (tmp_path / "program.c").write_text(
        '#include <stdio.h>\nint main(void) { return fopen("a", "r") == 0; }\n')
    with pytest.raises(BuildError, match="undefined symbol: fopen"):
        build_program([tmp_path / "program.c"], tmp_path / "program.elf")


def test_the_size_of_the_stack(tmp_path):
    (tmp_path / "program.c").write_text("int main(void) { return 0; }\n")
    for size in (0x1000, 0x20000):
        program = load_elf(build_program([tmp_path / "program.c"], tmp_path / "program.elf",
                                         stack=size))
        assert program.symbols["__stack_top"] - program.symbols["__stack_limit"] == size
        assert run_iss(program).passed
    for size in (0, 1 << 20):
        with pytest.raises(BuildError, match=f"A stack of {size} bytes does not fit into 1 MB"):
            build_program([tmp_path / "program.c"], tmp_path / "program.elf", stack=size)


def test_the_first_build_says_what_it_waits_for(tmp_path, monkeypatch):
    """And what fails leaves nothing behind that a later build would take for the library."""
    def fail(_arguments, *, cwd, what, notify):
        notify(what)
        raise ToolError("no space")

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(clibrary, "run_zig", fail)
    (tmp_path / "program.c").write_text("int main(void) { return 0; }\n")
    said = []
    with pytest.raises(ToolError, match="no space"):
        build_program([tmp_path / "program.c"], tmp_path / "program.elf", notify=said.append)
    assert said == ["compiling the C library (picolibc) for Flex-V, once: about half a minute"]
    assert not [path for path in (tmp_path / "flexdrive/flexv").iterdir() if path.is_dir()]


def test_assembly_that_starts_itself_needs_no_library(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "program.S").write_text(".globl _start, tohost\n_start: j _start\ntohost:\n")
    build_program([tmp_path / "program.S"], tmp_path / "program.elf", start=False)
    assert not (tmp_path / "flexdrive/flexv").exists()
