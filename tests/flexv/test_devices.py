"""Console, timer, interrupt lines and host calls, the same on both engines."""

import re
from pathlib import Path

import pytest

from flexdrive_deploy.flexv.elf import load_elf
from flexdrive_deploy.flexv.firmware import build_program
from flexdrive_sim.flexv.drive.run_iss import run_iss
from flexdrive_sim.flexv.drive.run_rtl import run_rtl

PROGRAMS = Path(__file__).parent / "programs"
# Local interrupts from the highest number, then external, software, timer.
_ORDER = " ".join(f"800000{number:02x}" for number in (*range(31, 15, -1), 11, 3, 7))
_PRINTED = f"""\
ffff0888 1 ffff0800
all: {_ORDER}
0
1 1 timer: 80000007
two: 80000003 80000007
11aa3344 5566bbcc 66 66bbcc11
9
A!00
"""


def _both(program, core):
    yield run_iss(program, max_instructions=200_000)
    for options in ({}, {"dmem_latency": 3, "imem_latency": 2, "random_stalls": 5}):
        yield run_rtl(program, built=core, max_cycles=500_000, **options)


@pytest.mark.slow
def test_interrupts_and_registers(core, tmp_path):
    program = load_elf(build_program([PROGRAMS / "interrupts.c"], tmp_path / "program.elf"))
    for outcome in _both(program, core):
        assert outcome.passed, outcome.verdict
        assert outcome.console.decode() == _PRINTED


@pytest.mark.parametrize(("status", "verdict"), [(0, "passed"), (6, "failed: test 6")])
def test_host_calls(core, tmp_path, status, verdict):
    program = load_elf(build_program([PROGRAMS / "hostcalls.c"], tmp_path / "program.elf",
                                     start=False, arguments=[f"-DSTATUS={status}"]))
    for outcome in _both(program, core):
        assert outcome.verdict == verdict
        assert outcome.console == b"hello\nerror\ndone\n"


def test_the_example_of_the_documentation(tmp_path):
    text = (Path(__file__).parents[2] / "docs/flexv-programs.md").read_text()
    (example,) = re.findall(r"```c\n(.*?)```", text, re.DOTALL)
    (tmp_path / "program.c").write_text(example)
    program = load_elf(build_program([tmp_path / "program.c"], tmp_path / "program.elf"))
    outcome = run_iss(program, max_instructions=20_000)
    assert outcome.passed, outcome.verdict
    assert outcome.instructions < 1000


_CALL = "la t0, tohost\nla t1, call\nsw t1, 0(t0)\n1: j 1b\n.data\n.balign 8\ncall: .dword {}, 1\n"


@pytest.mark.parametrize(("text", "verdict"), [
    (_CALL.format(57), "failed: host call 57 is not supported; 64 (write) and 93 (exit) are"),
    ("la t0, tohost\nli t1, 0x40\nsw t1, 0(t0)\n1: j 1b",
     "failed: host call with its arguments at 0x00000040, where there is no memory"),
    ("li t0, 0x02008000\nlw t1, 0(t0)", "failed: unexpected trap, cause 5"),
    ("li t0, 0x02000004\nsb t1, 0(t0)", "failed: unexpected trap, cause 7"),
    ("li t0, 0x10000000\nsw t1, 2(t0)", "failed: unexpected trap, cause 7"),
    ("li t0, 0x10000000\njr t0", "failed: unexpected trap, cause 1"),
    ("li t0, 0x10000000\nlw t1, 0(t0)\nsnez a0, t1\nret", "passed"),
])
def test_what_is_not_there(core, tmp_path, text, verdict):
    (tmp_path / "program.S").write_text(f".globl main\nmain:\n{text}\n")
    program = load_elf(build_program([tmp_path / "program.S"], tmp_path / "program.elf"))
    for outcome in _both(program, core):
        assert outcome.verdict.startswith(verdict)
