"""``flexdrive flexv run``: what is written, and one line for what cannot be done."""

import pytest
from click.testing import CliRunner

from flexdrive_cli.flexv import command
from flexdrive_sim.flexv.firmware import build_program

# The high word of tohost is written too, as in standard test programs.
_SOURCE = """\
.globl _start, tohost, begin_signature, end_signature
_start: la t0, tohost
li t1, 1
sw t1, 0(t0)
sw zero, 4(t0)
1: j 1b
.data
.balign 64
tohost: .dword 0
begin_signature: .word 1, 0xdeadbeef
end_signature:
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    place = tmp_path_factory.mktemp("program")
    (place / "program.S").write_text(_SOURCE)
    return str(build_program([place / "program.S"], place / "program.elf", start=False))


def _run(*arguments):
    return CliRunner().invoke(command, ["run", *arguments])


@pytest.mark.parametrize("engine", ["iss", "rtl"])
def test_trace_and_signature(program, tmp_path, engine):
    trace, signature = tmp_path / "trace", tmp_path / "signature"
    result = _run(program, "--engine", engine, "--trace", str(trace), "--signature",
                  str(signature))
    assert result.exit_code == 0
    assert signature.read_text() == "00000001\ndeadbeef\n"
    lines = trace.read_text().splitlines()
    assert len(lines) == 4
    assert "<-00000001" in lines[3]


@pytest.mark.parametrize(("arguments", "message"), [
    (["--trace", "nowhere/trace"], "Cannot write nowhere/trace: No such file or directory"),
    (["--signature", "nowhere/words"], "Cannot write nowhere/words: No such file or directory"),
    (["--dmem-latency", "2"], "--dmem-latency needs --engine rtl: the simulator has no cycles"),
    (["--random-stalls", "7"], "--random-stalls needs --engine rtl: the simulator has no cycles"),
])
def test_refusals(program, arguments, message):
    result = _run(program, *arguments)
    assert result.exit_code != 0
    assert str(result.exception) == message


def test_limits_of_options(program):
    assert "0 is not in the range x>=1" in _run(program, "--max-cycles", "0").output


@pytest.mark.parametrize(("ends", "message"), [
    ("end_signature = begin_signature + 6", "There are no whole words from begin_signature"),
    ("", "has no symbol 'end_signature', which --signature needs"),
])
def test_signatures_without_words(tmp_path, ends, message):
    (tmp_path / "program.S").write_text(_SOURCE.replace("end_signature:", ends))
    program = build_program([tmp_path / "program.S"], tmp_path / "program.elf", start=False)
    result = _run(str(program), "--signature", str(tmp_path / "words"))
    assert message in str(result.exception)
    assert not (tmp_path / "words").exists()
