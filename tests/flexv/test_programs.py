"""Programs on the simulator and on the RTL."""

import re
import subprocess
from importlib.resources import files
from pathlib import Path

import pytest

from flexdrive.errors import FlexdriveError
from flexdrive_deploy.flexv.elf import ElfError, load_elf
from flexdrive_deploy.flexv.firmware import BuildError, build_program, firmware_directory
from flexdrive_deploy.flexv.headers import HEADERS
from flexdrive_deploy.tools import run_zig
from flexdrive_sim.flexv.drive.outcome import signature_text
from flexdrive_sim.flexv.drive.run_iss import run_iss
from flexdrive_sim.flexv.drive.run_rtl import run_rtl

pytestmark = pytest.mark.slow

PROGRAMS = Path(__file__).parent / "programs"
# The benchmark's program, and the header for reports that all of them use.
BENCH = Path(str(files("flexdrive_sim.bench") / "programs"))


def _source(name):
    return (BENCH if name == "kernels" else PROGRAMS) / f"{name}.c"


@pytest.mark.parametrize("optimise", "0123s")
@pytest.mark.parametrize("name", ["sorting", "arithmetic", "intrinsics"])
def test_compiled_c_runs_on_both_engines(core, tmp_path, name, optimise):
    program = load_elf(build_program([PROGRAMS / f"{name}.c"], tmp_path / "program.elf",
                                     optimise=optimise))
    iss = run_iss(program)
    assert iss.passed, iss.verdict
    for options in ({}, {"dmem_latency": 3, "imem_latency": 2, "random_stalls": 7}):
        rtl = run_rtl(program, built=core, **options)
        assert rtl.passed, rtl.verdict
        assert rtl.console == iss.console
        assert rtl.cycles is not None
        assert rtl.cycles > rtl.instructions


@pytest.fixture(scope="module")
def native(tmp_path_factory):
    """What a program prints on the machine that runs the tests, by name."""
    place = tmp_path_factory.mktemp("native")

    def text(name):
        binary = place / name
        if not binary.exists():
            run_zig(["cc", "-O2", "-fno-sanitize=all", "-DHOST", "-o", str(binary),
                     f"-I{BENCH}", str(_source(name))], cwd=place)
        return subprocess.run([binary], check=True, capture_output=True).stdout
    return text


# Without optimisation the kernels take millions of cycles and no instruction that the others lack.
@pytest.mark.parametrize(("name", "optimise"), [
    *((name, level) for name in ("torture", "records") for level in "0123s"), ("kernels", "2"),
    *(pytest.param("kernels", level, marks=pytest.mark.thorough) for level in "3s")])
def test_programs_print_what_they_print_elsewhere(core, native, tmp_path, name, optimise):
    program = load_elf(build_program([_source(name)], tmp_path / "program.elf",
                                     optimise=optimise, arguments=[f"-I{BENCH}"]))
    expected = native(name)
    assert expected.count(b"\n") >= 3
    for outcome in (run_iss(program), run_rtl(program, built=core),
                    run_rtl(program, built=core, dmem_latency=2, imem_latency=2,
                            random_stalls=3)):
        assert outcome.passed, outcome.verdict
        assert outcome.console == expected


def test_traps_in_the_style_of_the_standard_tests(core, tmp_path):
    program = load_elf(build_program([PROGRAMS / "traps.S"], tmp_path / "traps.elf", start=False))
    iss, rtl = run_iss(program), run_rtl(program, built=core)
    assert (iss.verdict, rtl.verdict) == ("passed", "passed")
    text = signature_text(program, iss.regions)
    assert text == signature_text(program, rtl.regions)
    causes = [11, 3, 2, 2, 5, 7, 2, 2, 1, 2]
    assert [int(line, 16) for line in text.split()] == [*causes, 0xFFFFFFFF, 0xFFFFFFFF]


def _assembled(tmp_path, text):
    (tmp_path / "program.S").write_text(
        f'.include "flexv.inc"\n.globl main\nmain:\n{text}\n')
    return load_elf(build_program([tmp_path / "program.S"], tmp_path / "program.elf"))


@pytest.mark.parametrize(("text", "verdict"), [
    ("li a0, 5\nret", "failed: test 5"),
    (".word 0\nret", "failed: unexpected trap, cause 2 (illegal instruction)"),
    ("csrw mtvec, zero\nli t0, 0x20\nlw t0, 0(t0)",
     "failed: trap outside a handler: load access fault at pc {8}, value 0x20"),
    ("1: j 1b", "failed: hangs in a jump to itself at pc {0}"),
    ("1: nop\nj 1b", "failed: not finished after 2,000 "),
])
def test_every_end_has_one_clear_line(core, tmp_path, text, verdict):
    program = _assembled(tmp_path, text)
    # In braces: an offset from main.
    wanted = re.sub(r"{(\d+)}", lambda m: f"{program.symbols['main'] + int(m[1]):#x}", verdict)
    for outcome in (run_iss(program, max_instructions=2000),
                    run_rtl(program, max_cycles=2000, built=core)):
        assert not outcome.passed
        assert outcome.verdict.startswith(wanted)
        assert outcome.trace


def test_bad_programs_are_refused(tmp_path):
    with pytest.raises(ElfError, match=r"Cannot read .*nothing.elf: No such file"):
        load_elf(tmp_path / "nothing.elf")
    (tmp_path / "text.elf").write_text("hello")
    with pytest.raises(ElfError, match=r"text.elf is not an ELF file"):
        load_elf(tmp_path / "text.elf")
    with pytest.raises(BuildError, match=r"There is no file .*missing.c"):
        build_program([tmp_path / "missing.c"], tmp_path / "program.elf")
    (tmp_path / "wrong.c").write_text("int main(void) { return x; }\n")
    with pytest.raises(BuildError, match="undeclared identifier 'x'"):
        build_program([tmp_path / "wrong.c"], tmp_path / "program.elf")
    with pytest.raises(FlexdriveError, match="latency of imem must be 1 to 32 cycles, not 0"):
        run_rtl(_assembled(tmp_path, "ret"), imem_latency=0)


@pytest.mark.parametrize("name", HEADERS)
def test_headers_are_up_to_date(name):
    assert (firmware_directory() / name).read_text() == HEADERS[name]()
