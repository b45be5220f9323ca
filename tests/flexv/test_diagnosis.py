"""What a person is told: names and lines in traces, listings and the lines of failed runs."""

import re

import pytest
from click.testing import CliRunner

from flexdrive_cli.flexv import command
from flexdrive_deploy.flexv.elf import load_elf
from flexdrive_deploy.flexv.firmware import build_program
from flexdrive_sim.flexv.drive.run_iss import run_iss
from flexdrive_sim.flexv.drive.run_rtl import run_rtl

# Each line that is to be named bears a mark.
_SOURCE = """\
#include "flexv.h"
__attribute__((noinline)) static int deep(volatile int *p)
{                                                                   // DEEP
	volatile int room[200];
	room[0] = *p + 1;
	return room[0] > 2000000000 ? 0 : deep(room) + room[1];
}
static char other[4096] __attribute__((aligned(16)));
int main(int argc, char **argv)
{
	volatile int x = argc;
#if defined(LOAD)
	return *(volatile int *)(0x44 + x);                             // LOAD
#elif defined(ILLEGAL)
	__asm__ volatile(".word 0xffffffff");                           // ILLEGAL
#elif defined(INTERRUPT)
	csr_write(mie, 0x80);
	timer_set(0);
	csr_set(mstatus, 8);
	for (;;) x++;                                                   // INTERRUPT
#elif defined(SLEEP)
	__asm__ volatile("wfi");                                        // SLEEP
#elif defined(OTHER)
	// Another stack, below the first one, is none of its overflows.
	char *top = other + sizeof other;
	__asm__ volatile("mv s1, sp\\n mv sp, %0\\n addi sp, sp, -16\\n mv sp, s1" : : "r"(top) : "s1");
	return 0;
#else
	return deep(&x);
#endif
}
"""
_LINES = {mark: number for number, line in enumerate(_SOURCE.splitlines(), 1)
          for mark in re.findall(r"// ([A-Z]+)$", line)}


def _program(place, case, optimise="2"):
    (place / "program.c").write_text(_SOURCE)
    return load_elf(build_program([place / "program.c"], place / "program.elf",
                                  optimise=optimise, arguments=[f"-D{case}"]))


@pytest.mark.parametrize(("case", "pattern"), [
    ("LOAD", r"failed: unexpected trap, cause 5 \(load access fault\), mepc 0x8[0-9a-f]{7} "
             r"in main\+0x[0-9a-f]+ \(program.c:LINE\), mtval 0x44"),
    ("ILLEGAL", r"failed: unexpected trap, cause 2 \(illegal instruction\), mepc 0x8[0-9a-f]{7} "
                r"in main\+0x[0-9a-f]+ \(program.c:LINE\), mtval 0xffffffff"),
    ("INTERRUPT", r"failed: unexpected interrupt 7 \(timer\), mepc 0x8[0-9a-f]{7} "
                  r"in main\+0x[0-9a-f]+ \(program.c:\d+\)"),
    ("SLEEP", r"failed: sleeps in wfi at pc 0x8[0-9a-f]{7}, and no interrupt can come "
              r"in main\+0x[0-9a-f]+ \(program.c:LINE\)"),
    ("DEEP", r"failed: stack overflow: sp is 0x8[0-9a-f]{7}, the stack ends at 0x8[0-9a-f]{7}, "
             r"at pc 0x8[0-9a-f]{7} in deep(\+0x[0-9a-f]+)? \(program.c:LINE\)"),
    ("OTHER", "passed"),
])
def test_where_it_happened(core, tmp_path, case, pattern):
    program = _program(tmp_path, case)
    wanted = pattern.replace("LINE", str(_LINES.get(case)))
    outcomes = (run_iss(program, max_instructions=50_000),
                run_rtl(program, built=core, max_cycles=100_000))
    for outcome in outcomes:
        assert re.fullmatch(wanted, outcome.verdict), outcome.verdict
    # The wfi has not retired on the RTL; when an interrupt comes is a matter of cycles.
    if case not in ("SLEEP", "INTERRUPT"):
        assert outcomes[0].instructions == outcomes[1].instructions


@pytest.mark.slow
@pytest.mark.parametrize("optimise", ["0", "s"])
def test_the_stack_overflows_at_its_end(core, tmp_path, optimise):
    """By less than the largest frame, and what lies below it is untouched until then."""
    program = _program(tmp_path, "DEEP", optimise)
    for outcome in (run_iss(program), run_rtl(program, built=core, max_cycles=1_000_000)):
        sp, limit = (int(word, 16) for word in re.findall(
            r"sp is (0x\w+), the stack ends at (0x\w+)", outcome.verdict)[0])
        assert limit == program.symbols["__stack_limit"]
        assert limit - 1100 < sp < limit


def test_traces_have_names(core, tmp_path):
    program = _program(tmp_path, "LOAD")
    traces = []
    for run in (lambda trace: run_iss(program, trace=trace),
                lambda trace: run_rtl(program, built=core, trace=trace)):
        lines = []
        run(lines.append)
        traces.append(lines)
    address = f"{program.symbols['main']:08x}  main  "
    for lines in traces:
        entry = next(i for i, line in enumerate(lines) if address in line)
        assert re.search(r"  jalr ra, ra, \d+ +ra=8", lines[entry - 1])
        assert re.search(r"  main\+0x2  .*  sw ra, \d+\(sp\)", lines[entry + 1])
        assert any("  csrrw zero, mtvec, t0" in line for line in lines)
    # Both say the same, but for cycles, words that are loaded and how a trap is told.
    text = [[re.sub(r"( \[\w+\]->)? trap.*|^ +\d+  |(?<=->)\w+", "", line).rstrip()
             for line in lines] for lines in traces]
    assert text[0] == text[1]


def test_a_listing_of_the_program(tmp_path):
    program = _program(tmp_path, "LOAD")
    result = CliRunner().invoke(command, ["disassemble", str(program.path)])
    assert result.exit_code == 0
    assert "\nmain:\n" in result.output
    assert re.search(r"  jalr ra, ra, -?\d+ +# 0x8\w+ <main>\n", result.output)
    assert re.search(r"  beq|bne\w* \w+, \w+, 0x8\w+ <", result.output)
    words = re.findall(r"^([0-9a-f]{8})  ([0-9a-f]{4,8}) ", result.output, re.MULTILINE)
    content = b"".join(code.content for code in program.code)
    assert b"".join(int(word, 16).to_bytes(len(word) // 2, "little")
                    for _, word in words) == content
    assert int(words[0][0], 16) == program.code[0].address


def test_a_listing_needs_sections(tmp_path):
    data = bytearray(_program(tmp_path, "LOAD").path.read_bytes())
    # As a tool leaves it that strips everything: no table of sections.
    data[32:36] = bytes(4)
    data[48:52] = bytes(4)
    (tmp_path / "stripped.elf").write_bytes(data)
    result = CliRunner().invoke(command, ["disassemble", str(tmp_path / "stripped.elf")])
    assert "stripped.elf has no table of sections" in str(result.exception)
