"""``flexdrive flexv run``: what is written, and one line for what cannot be done."""

import numpy as np
import pytest
from click.testing import CliRunner

from flexdrive_cli.flexv import command
from flexdrive_deploy.flexv.elf import ElfError, load_elf
from flexdrive_deploy.flexv.firmware import build_program

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


def test_the_memory_of_a_program_for_other_tools(tmp_path):
    """As readers of the files see it: the words that the RTL's memory holds."""
    (tmp_path / "program.S").write_text(_SOURCE)
    result = CliRunner().invoke(command, [
        "build", "--no-start", str(tmp_path / "program.S"), "-o", str(tmp_path / "program.elf"),
        *(word for form in ("mem", "hex", "bin", "h") for word in ("--export", form))])
    assert result.exit_code == 0, result.output
    (region,) = load_elf(tmp_path / "program.elf").regions()
    content = (tmp_path / "program.bin").read_bytes()
    assert content == region.data[:len(content)].tobytes()
    assert not region.data[len(content):].any()
    words = (tmp_path / "program.mem").read_text().splitlines()
    assert words[0].startswith("// program.elf from address 0x80000000: ")
    assert [int(word, 16) for word in words[1:]] == np.frombuffer(content, "<u4").tolist()
    assert (tmp_path / "program.hex").read_text().startswith(":020000048000")
    assert "#define PROGRAM_BASE 0x80000000u" in (tmp_path / "program.h").read_text()
    # Two sections at the ends of the address space have no image of a sane size.
    program = load_elf(tmp_path / "program.elf")
    program.segments.append((0x100, b"1234", 4))
    with pytest.raises(ElfError, match=r"loads from 0x100 to 0x80000.*, 2047 MB; an image of at"):
        program.image()
