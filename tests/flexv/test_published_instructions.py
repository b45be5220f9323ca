"""The instruction table, its assembler macros, its disassembler, the simulator and the RTL against
what the manual publishes (:mod:`published_instructions`): every immediate at every value or at its
edges, its sign, and the order of operands."""

import re

import pytest

from flexdrive.flexv.isa import INSTRUCTIONS
from flexdrive_deploy.flexv.disassemble import disassemble
from flexdrive_deploy.flexv.headers import assembler_macros
from flexdrive_sim.flexv.drive.snippet import DATA, POINTER, Snippet, code, load_constant

from .published_instructions import DOT, FIELDS, OPERANDS, SIMD, packed, simd_word

_A, _OLD, _RD, _PLACE = 5, 6, 7, 3
_WORDS = (0x80FE017F, 0x2310FFE5)
# The second register of the assembler's form is not in the manual: the base moves too.
_NOT_PUBLISHED = {"p.elw.post"}
_PUBLISHED = [e for e in INSTRUCTIONS if (e.extension.startswith("xpulp") or e.extension == "dot")
              and e.name not in _NOT_PUBLISHED]


def test_every_instruction_is_published():
    assert {entry.name for entry in _PUBLISHED} == set(OPERANDS)


_ABI = ["zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", *(f"a{i}" for i in range(8)),
        *(f"s{i}" for i in range(2, 12)), "t3", "t4", "t5", "t6"]


def _numbered(text):
    """With registers by number, whichever way they are shown."""
    name, _, operands = text.partition(" ")
    return f"{name} " + re.sub(r"\b[a-z]+\d*\b", lambda found: f"x{_ABI.index(found[0])}"
                               if found[0] in _ABI else found[0], operands)


def _written(entry, operands):
    """(text as the manual would have it, word) with distinct registers and the extreme values of
    immediates, at address 0x10000."""
    registers, values, text = iter((11, 12, 13)), {}, []
    fields = entry.encoding.fields
    names = {"rD": "rd", "L": "loop"}
    # The fields that hold an immediate, in the order of the operands.
    held = {"uimm": None, "simm": None, "simm5": None, "count": None, "uimm5": None, "simm6": None,
            "zimm6": None}
    left = [name for name in held if name in fields]
    for operand in operands.split():
        part, _, base = operand.rstrip(")").partition("(")
        immediate = re.fullmatch(r"(Imm|target|count)(\d+)([su])", part)
        if immediate:
            kind, bits, sign = immediate[1], int(immediate[2]), immediate[3]
            value = -(1 << bits - 1) if sign == "s" else (1 << bits) - 1
            if kind == "target":
                name = next(n for n in ("uimm5", "uimm", "simm") if n in left)
                value, shown = value * 2, f"{0x10000 + value * 2:#x}"
            elif operands.count("Imm5u") == 2:
                # Two fields of the manual in one of the table; the first is the upper one.
                name, shown = "uimm", None
                first = "uimm" not in values
                value = 19 if first else 6
                shown = str(value)
                value = value << 5 if first else values["uimm"] | value
            else:
                name = next(n for n in (("simm5", "simm6", "zimm6", "uimm", "simm")
                                        if kind == "Imm" else ("count",)) if n in left)
                shown = str(value)
            values[name] = value
        else:
            name = names.get(part, part)
            values[name] = next(registers) if name != "loop" else 1
            shown = f"x{values[name]}" if name != "loop" else "1"
        if base:
            values["rs1"] = next(registers)
            shown += f"(x{values['rs1']}{'!' if base.endswith('!') else ''})"
        text.append(shown)
    return f"{entry.name} {', '.join(text)}", entry.encoding.encode(**values)


@pytest.mark.parametrize("entry", _PUBLISHED, ids=lambda entry: entry.name)
def test_operands_are_written_in_the_published_order(entry):
    """Disassembled, with the immediate that has all bits or the sign bit alone: a field with
    another width or sign cannot hold it."""
    text, word = _written(entry, OPERANDS[entry.name])
    assert _numbered(disassemble(word, 0x10000)) == text
    for name, field in entry.encoding.fields.items():
        if name.startswith(("uimm", "zimm", "count")):
            assert field.limits[0] == 0


def _macro_operands():
    return {name: operands.split(", ") for name, operands in re.findall(
        r"^\.macro (\S+) (.*)$", assembler_macros(), re.MULTILINE)}


@pytest.mark.parametrize("entry", _PUBLISHED, ids=lambda entry: entry.name)
def test_macros_take_operands_in_the_published_order(entry):
    """A macro cannot take offset(base): there base and offset are operands, in this order."""
    expected = []
    for operand in OPERANDS[entry.name].split():
        name, _, base = operand.partition("(")
        expected += ["rs1", name] if base else [name]
    kinds = {"rd": "rD", "loop": "L"}
    got = _macro_operands()[entry.name]
    assert len(got) == len(expected)
    for name, wanted in zip(got, expected, strict=True):
        if wanted.startswith(("rD", "rs", "L")):
            assert kinds.get(name, name) == wanted
        else:
            assert name not in ("rd", "rs1", "rs2", "rs3", "loop")
            # Which of two immediates it is.
            kind = wanted.rstrip("0123456789su")
            assert {"target": name in ("simm", "uimm", "uimm5"), "count": name == "count",
                    "Imm": name != "count"}[kind], name
    if OPERANDS[entry.name].count("target") and "Imm5s" in OPERANDS[entry.name]:
        assert got[1:] == ["simm5", "simm"]
    if OPERANDS[entry.name].count("Imm5u") == 2:
        assert got[2:] == ["is3", "is2"]


def _run(core, instructions, expected):
    """``instructions`` : pairs of words and code in front; each leaves a result in x7."""
    body = code("addi", rd=_PLACE, rs1=POINTER)
    for before, word in instructions:
        body += (before + word.to_bytes(4, "little") + code("sw", rs1=_PLACE, rs2=_RD)
                 + code("addi", rd=_PLACE, rs1=_PLACE, simm=4))
    snippet = Snippet(body)
    for words in (snippet.simulate(), snippet.run(core)):
        got = words[:len(expected)].tolist()
        wrong = [i for i, pair in enumerate(zip(got, expected, strict=True)) if pair[0] != pair[1]]
        assert not wrong, [(hex(instructions[i][1]), hex(got[i]), hex(expected[i]))
                           for i in wrong[:5]]


@pytest.mark.parametrize("width", [16, 8])
@pytest.mark.parametrize("a", _WORDS, ids=hex)
def test_every_immediate_of_packed_simd(core, width, a):
    """All 64, of every operation."""
    names = [*SIMD, *DOT]
    cases = [(name, value) for name in names for value in range(64)]
    instructions = [(b"", simd_word(name, width, value, _A, _RD)) for name, value in cases]
    instructions[0] = (load_constant(_A, a), instructions[0][1])
    _run(core, instructions, [packed(name, width, a, value) for name, value in cases])


def test_bit_fields_and_bounds(core):
    """Is3 and Is2 in their places, at their edges; clip by every bound."""
    instructions, expected = [], []
    edges = (0, 1, 7, 15, 16, 30, 31)
    for a in _WORDS:
        for f3, function in FIELDS.values():
            for is3 in edges:
                for is2 in edges:
                    old = 0x5A5A3C3C
                    instructions.append((
                        load_constant(_A, a) + load_constant(_RD, old),
                        0b11 << 30 | is3 << 25 | is2 << 20 | _A << 15 | f3 << 12 | _RD << 7 | 0x33))
                    expected.append(function(a, old, is3, is2) & 0xFFFFFFFF)
    for a in (0x12345, 0xFFFEDCBB, 3, 0xFFFFFFFC, 0x7FFFFFFF, 0x80000000):
        x = a - (a >> 31 << 32)
        for n in range(32):
            top = 2 ** (n - 1) - 1 if n else 0
            bottom = -2 ** (n - 1) if n else -1
            for f3, low in ((0b001, bottom), (0b010, 0)):
                instructions.append((load_constant(_A, a), 0b0001010 << 25 | n << 20 | _A << 15
                                     | f3 << 12 | _RD << 7 | 0x33))
                value = low if x <= low else top if x >= top else x
                expected.append(value & 0xFFFFFFFF)
    for begin in range(0, len(expected), 400):
        _run(core, instructions[begin:begin + 400], expected[begin:begin + 400])


def test_branches_compare_with_five_signed_bits(core):
    """Every immediate with every value near; the branch goes over one instruction."""
    values = [*range(-18, 34)]
    instructions, expected = [], []
    for f3, taken in ((0b010, lambda x, n: x == n), (0b011, lambda x, n: x != n)):
        for field in range(32):
            n = field - 32 if field >= 16 else field
            for x in {n, n + 32, n - 32, -n, 0} & set(values):
                branch = field << 20 | _A << 15 | f3 << 12 | 4 << 8 | 0x63
                before = load_constant(_A, x & 0xFFFFFFFF) + code("addi", rd=_RD, simm=1)
                instructions.append((before + branch.to_bytes(4, "little"),
                                     int.from_bytes(code("addi", rd=_RD), "little")))
                expected.append(int(taken(x, n)))
    _run(core, instructions, expected)


@pytest.mark.parametrize("offset", [-2048, -4, 0, 4, 1, 2047])
def test_offsets_have_twelve_signed_bits(core, offset):
    """Post-increment loads and stores: the access is at the base, which moves by the offset."""
    instructions, expected = [], []
    base = DATA + 0x4000
    for f3 in (0b000, 0b001, 0b010, 0b100, 0b101):
        word = (offset & 0xFFF) << 20 | _A << 15 | f3 << 12 | _OLD << 7 | 0x0B
        instructions.append((load_constant(_A, base) + word.to_bytes(4, "little"),
                             int.from_bytes(code("addi", rd=_RD, rs1=_A), "little")))
        expected.append(base + offset)
    for f3 in (0b000, 0b001, 0b010):
        word = ((offset >> 5 & 0x7F) << 25 | _OLD << 20 | _A << 15 | f3 << 12 | (offset & 31) << 7
                | 0x2B)
        instructions.append((load_constant(_A, base) + word.to_bytes(4, "little"),
                             int.from_bytes(code("addi", rd=_RD, rs1=_A), "little")))
        expected.append(base + offset)
    _run(core, instructions, expected)


@pytest.mark.parametrize("number", [0, 1])
def test_loops_have_unsigned_counts_and_offsets(core, number):
    """lp.starti, lp.endi, lp.counti with twelve bits, lp.setupi with twelve and five, lp.setup:
    the registers afterwards, relative to the instruction."""
    csr = 0x7C0 + 4 * number
    cases = []
    for value in (0, 1, 0x7FF, 0x800, 0xFFF):
        cases += [(0b000, value, 0, csr, value * 2), (0b001, value, 0, csr + 1, value * 2),
                  (0b011, value, 0, csr + 2, None), (0b100, value, _A, csr + 1, value * 2)]
    cases += [(0b101, 0, short, csr + 1, short * 2) for short in (0, 1, 15, 16, 31)]
    body = code("addi", rd=_PLACE, rs1=POINTER) + code("addi", rd=_A)
    expected = []
    for f3, long, middle, read, offset in cases:
        word = long << 20 | middle << 15 | f3 << 12 | number << 7 | 0x7B
        body += code("auipc", rd=_OLD) + word.to_bytes(4, "little")
        body += code("csrrs", rd=_RD, csr=read)
        if offset is None:
            expected.append(long)
        else:
            # auipc lies in front of the instruction.
            body += code("sub", rd=_RD, rs1=_RD, rs2=_OLD)
            expected.append(offset + 4)
        # Nothing must jump back.
        body += code("csrrw", csr=csr + 2) + code("sw", rs1=_PLACE, rs2=_RD)
        body += code("addi", rd=_PLACE, rs1=_PLACE, simm=4)
    snippet = Snippet(body)
    for words in (snippet.simulate(), snippet.run(core)):
        assert words[:len(expected)].tolist() == expected
