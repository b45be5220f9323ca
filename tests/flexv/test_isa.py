"""The instruction table against the assembler of LLVM."""

import random
from pathlib import Path

import pytest

from flexdrive.flexv.isa import BY_NAME, COMPRESSED, INSTRUCTIONS, Encoding, find
from flexdrive_deploy.flexv.disassemble import disassemble
from flexdrive_deploy.flexv.elf import load_elf
from flexdrive_deploy.flexv.firmware import build_program
from flexdrive_sim.flexv.manual import PAGES

_STANDARD = ("i", "m", "zicsr", "zifencei")
_SCRIPT = "SECTIONS { . = 0x10000; .text : { KEEP(*(.text)) } }\n"


def _assemble(lines, place):
    source, script = place / "program.S", place / "link.ld"
    source.write_text("\n".join([".option norelax", *lines]) + "\n")
    script.write_text(_SCRIPT)
    program = load_elf(build_program([source], place / "program.elf", start=False, script=script,
                                     arguments=["-Wl,-e,0x10000"]))
    return next(content for address, content, _ in program.segments if address == 0x10000)


def _random_fields(entry, draw):
    values = {}
    for name, field in entry.encoding.fields.items():
        low, high = field.limits
        step = 1 << min(bit for _, bit in field.bits)
        values[name] = (0x340 if name == "csr" else
                        draw.choice([low, high, draw.randrange(low, high + step, step)]))
    return values


def _text(entry, fields):
    text = disassemble(entry.encoding.encode(**fields))
    if entry.unit == "branch" or entry.op == "direct":
        # A plain number is an offset for the assembler.
        return f"{text.rsplit(' ', 1)[0]} {fields['simm']}"
    return text


def test_words_of_the_base_set_are_the_assemblers(tmp_path):
    draw = random.Random(1)
    expected, lines = [], [".option norvc"]
    for entry in INSTRUCTIONS:
        if entry.extension not in _STANDARD:
            continue
        for _ in range(5):
            fields = _random_fields(entry, draw)
            expected.append(entry.encoding.encode(**fields))
            lines.append(_text(entry, fields))
    code = _assemble(lines, tmp_path)
    words = [int.from_bytes(code[i:i + 4], "little") for i in range(0, len(code), 4)]
    assert len(words) == len(expected)
    for word, wanted, line in zip(words, expected, lines[1:], strict=True):
        entry = find(wanted)
        assert word & entry.encoding.mask == wanted & entry.encoding.mask, line
        assert entry.encoding.decode(word) == entry.encoding.decode(wanted), line


def _is_hint(short, fields):
    """Whether the assembler writes this instruction otherwise."""
    zero_shift = short.name in ("c.slli", "c.srli", "c.srai") and not fields["uimm"]
    no_target = fields.get("rd") == 0 and short.name not in ("c.j", "c.jr")
    return zero_shift or no_target or (short.name == "c.addi" and not fields["simm"])


def test_expansions_are_what_the_assembler_compresses(tmp_path):
    draw = random.Random(2)
    wanted = []

    def first(half):
        return next((s for s in COMPRESSED if s.matches(half)), None)

    for short in COMPRESSED:
        halves = [draw.getrandbits(16) & ~short.encoding.mask | short.encoding.match
                  for _ in range(200)]
        plain = [half for half in halves if first(half) is short
                 and not _is_hint(short, short.expand(half))]
        assert plain or short.name in ("c.nop",)
        wanted += [(short, half, short.expand(half)) for half in plain[:8]]
    lines = [".option rvc"] + [_text(BY_NAME[s.target], fields) for s, _, fields in wanted]
    code = _assemble(lines, tmp_path)
    position = 0
    for (short, half, fields), line in zip(wanted, lines[1:], strict=True):
        got = int.from_bytes(code[position:position + 2], "little")
        assert got & 3 != 3, (short.name, line)
        same = next(s for s in COMPRESSED if s.matches(got))
        assert (same.target, same.expand(got)) == (short.target, fields), (line, hex(half))
        position += 2
    assert position == len(code)


def test_no_word_is_two_instructions():
    for i, first in enumerate(INSTRUCTIONS):
        for second in INSTRUCTIONS[i + 1:]:
            common = first.encoding.mask & second.encoding.mask
            assert (first.encoding.match ^ second.encoding.match) & common, (
                first.name, second.name)


def test_bad_encodings_are_refused():
    with pytest.raises(ValueError, match="has 31 bits, not 32"):
        Encoding("000000000000 rs1 000 rd 001001")
    with pytest.raises(ValueError, match="simm must be a multiple of 2 from -4096 to 4094, not 3"):
        BY_NAME["beq"].encoding.encode(rs1=0, rs2=0, simm=3)


@pytest.mark.parametrize("name", PAGES)
def test_the_manual_is_up_to_date(name):
    docs = Path(__file__).parents[2] / "docs"
    assert (docs / name).read_text() == PAGES[name](), "run python -m flexdrive_sim.flexv.manual"
