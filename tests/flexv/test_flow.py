"""Branches, jumps, loops, CSR and system instructions, one test each; compressed code."""

import pytest

from flexdrive.flexv.isa import BY_NAME, COMPRESSED, CSRS, INSTRUCTIONS
from flexdrive_sim.flexv.drive.snippet import POINTER, Snippet, code, load_constant

from .traps import LINK, both, store, with_handler

_A, _B, _OUT = 5, 6, 7
_PAIRS = [(0, 0), (1, 0), (0, 1), (5, 5), (0x7FFFFFFF, 0x80000000), (0x80000000, 0x7FFFFFFF),
          (0xFFFFFFFF, 0), (0xFFFFFFFF, 1), (15, 15), (0xFFFFFFF0, 0xFFFFFFF0)]


def _signed(value):
    return value - (1 << 32) if value >> 31 else value


_CONDITIONS = {
    "eq": lambda a, b: a == b, "ne": lambda a, b: a != b, "ltu": lambda a, b: a < b,
    "geu": lambda a, b: a >= b, "lt": lambda a, b: _signed(a) < _signed(b),
    "ge": lambda a, b: _signed(a) >= _signed(b)}


def _branch(entry, b, offset):
    if "simm5" in entry.encoding.fields:
        return code(entry.name, rs1=_A, simm5=_signed(b), simm=offset)
    return code(entry.name, rs1=_A, rs2=_B, simm=offset)


@pytest.mark.parametrize("entry", [e for e in INSTRUCTIONS if e.unit == "branch"],
                         ids=lambda entry: entry.name)
def test_branch(core, entry):
    """Forward over an increment, and backward to one."""
    pairs = [(a, b) for a, b in _PAIRS
             if "simm5" not in entry.encoding.fields or -16 <= _signed(b) <= 15]
    body, expected = b"", []
    for i, (a, b) in enumerate(pairs):
        taken = _CONDITIONS[entry.op](a, b)
        body += load_constant(_A, a) + load_constant(_B, b) + code("addi", rd=_OUT)
        body += _branch(entry, b, 12)
        body += code("addi", rd=_OUT, rs1=_OUT, simm=1) + code("addi", rd=_OUT, rs1=_OUT, simm=2)
        body += code("jal", simm=12)                # over the place that is jumped back to
        body += code("addi", rd=_OUT, rs1=_OUT, simm=16) + code("jal", simm=8)
        body += _branch(entry, b, -8) + store(_OUT, i)
        expected.append(16 if taken else 3)
    for words in both(core, body):
        assert words[:len(pairs)].tolist() == expected


def test_jumps(core):
    start = Snippet(b"").start
    body = (code("jal", rd=LINK, simm=8) + code("addi", rd=_OUT, simm=1) + store(LINK, 0)
            + code("auipc", rd=_A)                                       # at start + 12
            + code("jalr", rd=LINK, rs1=_A, simm=13)                    # odd: bit 0 is dropped
            + code("addi", rd=_OUT, simm=2)
            + store(LINK, 1) + store(_OUT, 2)
            + code("auipc", rd=LINK) + code("jalr", rd=LINK, rs1=LINK, simm=8)
            + store(LINK, 3))
    for words in both(core, body):
        assert words[:4].tolist() == [start + 4, start + 20, 0, start + 40]


@pytest.mark.parametrize("name", ["csrrw", "csrrs", "csrrc", "csrrwi", "csrrsi", "csrrci"])
def test_csr(core, name):
    function = {"w": lambda old, x: x, "s": lambda old, x: old | x,
                "c": lambda old, x: old & ~x}[name[4]]
    old, number, body, expected = 0xF0F0A5A5, CSRS["mscratch"].number, b"", []
    for i, operand in enumerate((0, 1, 21, 31) if name.endswith("i") else
                                (0, 1, 0xFFFFFFFF, 0x0F0F5A5A)):
        given = {"zimm": operand} if name.endswith("i") else {"rs1": _A}
        body += (load_constant(_B, old) + code("csrrw", csr=number, rs1=_B)
                 + load_constant(_A, operand) + code(name, rd=_OUT, csr=number, **given)
                 + code("csrrs", rd=LINK, csr=number) + store(_OUT, 2 * i)
                 + store(LINK, 2 * i + 1))
        expected += [old, function(old, operand) & 0xFFFFFFFF]
    for words in both(core, body):
        assert words[:len(expected)].tolist() == expected


def _loop(name, number, count, size):
    """Set-up of a loop whose body has ``size`` bytes up to its last instruction."""
    if name == "lp.setup":
        return load_constant(_B, count) + code(name, loop=number, rs1=_B, uimm=size + 4)
    if name == "lp.setupi":
        return code(name, loop=number, count=count, uimm5=size + 4)
    last = ({"count": count} if name == "lp.counti" else {"rs1": _B})
    return (load_constant(_B, count) + code("lp.starti", loop=number, uimm=12)
            + code("lp.endi", loop=number, uimm=8 + size) + code(name, loop=number, **last))


@pytest.mark.parametrize("name", ["lp.setup", "lp.setupi", "lp.count", "lp.counti"])
@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("length", [1, 2, 3, 5])
def test_loop(core, name, number, length):
    """Bodies of one instruction and more; counts 0 and 1 run once. lp.starti and lp.endi are
    those in front of lp.count and lp.counti."""
    body = b""
    counts = (0, 1, 2, 3, 7)
    for i, count in enumerate(counts):
        body += code("addi", rd=_OUT) + _loop(name, number, count, 4 * (length - 1))
        body += length * code("addi", rd=_OUT, rs1=_OUT, simm=1) + store(_OUT, i)
    for words in both(core, body):
        assert words[:len(counts)].tolist() == [length * max(1, count) for count in counts]


@pytest.mark.parametrize("inner_length", [1, 2])
def test_nested_loops_with_one_end(core, inner_length):
    inner = inner_length * code("addi", rd=_OUT, rs1=_OUT, simm=1)
    outer = code("addi", rd=_A, rs1=_A, simm=1) + code(
        "lp.setupi", loop=0, count=5, uimm5=len(inner)) + inner
    body = (code("addi", rd=_OUT) + code("addi", rd=_A)
            + code("lp.setupi", loop=1, count=7, uimm5=len(outer)) + outer
            + store(_OUT, 0) + store(_A, 1))
    for words in both(core, body):
        assert words[:2].tolist() == [35 * inner_length, 7]


@pytest.mark.parametrize("last", ["jal", "jalr", "beq"])
@pytest.mark.parametrize("number", [0, 1])
def test_a_jump_at_the_end_of_a_loop_leaves_it(core, last, number):
    """And does not count as an iteration."""
    loop = code("lp.setupi", loop=number, count=5, uimm5=8)
    start = len(load_constant(_A, 0) + code("addi", rd=_OUT) + loop)
    jump = {"jal": code("jal", simm=8), "beq": code("beq", rs1=0, rs2=0, simm=8),
            "jalr": code("jalr", rs1=_A, simm=0)}[last]
    body = (load_constant(_A, Snippet(b"").start + start + 12) + code("addi", rd=_OUT) + loop
            + code("addi", rd=_OUT, rs1=_OUT, simm=1) + jump
            + code("addi", rd=_OUT, rs1=_OUT, simm=100)
            + code("csrrs", rd=_B, csr=CSRS[f"lp{number}_count"].number)
            + store(_OUT, 0) + store(_B, 1))
    for words in both(core, body):
        assert words[:2].tolist() == [1, 5]


def test_a_loop_of_compressed_instructions(core):
    half = next(s for s in COMPRESSED if s.name == "c.addi")
    short = half.encoding.encode(rd=_OUT, simm=1).to_bytes(2, "little")
    body = (code("addi", rd=_OUT) + code("lp.setupi", loop=0, count=9, uimm5=8) + 3 * short
            + store(_OUT, 0))
    for words in both(core, body):
        assert words[0] == 27


@pytest.mark.parametrize("name", ["fence", "fence.i", "mret"])
def test_instructions_without_a_result(core, name):
    """fence.i makes code written just before visible; mret goes to mepc."""
    new = code("addi", rd=_OUT, simm=5)
    start = Snippet(b"").start
    body = load_constant(_A, int.from_bytes(new, "little"))
    place = 24 if name == "fence.i" else 1024
    body += load_constant(_B, start + place) + code("sw", rs1=_B, rs2=_A)
    if name == "mret":
        target = start + len(body) + 8 + 4 + 4 + 4
        body += (load_constant(_A, target) + code("csrrw", csr=CSRS["mepc"].number, rs1=_A)
                 + code("mret") + code("addi", rd=_OUT, simm=1))
    else:
        body += code(name)
    body += code("addi", rd=_OUT, simm=2) if name == "fence.i" else b""
    body += store(_OUT, 0)
    for words in both(core, body):
        assert words[0] == {"fence": 0, "fence.i": 5, "mret": 0}[name]


@pytest.mark.parametrize("short", COMPRESSED, ids=lambda short: short.name)
def test_compressed_instructions_are_their_expansions(core, short):
    """Each 16-bit instruction, and the 32-bit one that it stands for, from the same state."""
    if BY_NAME[short.target].unit in ("jump", "branch", "system"):
        return _check_compressed_flow(core, short)
    # Both forms one after the other; operands x8 and x9, pointer x2 for the stack forms.
    fields = _compressed_fields(short)
    half = short.encoding.encode(**fields)
    assert short.matches(half)
    expansion = code(short.target, **short.expand(half))
    results = []
    for form in (half.to_bytes(2, "little"), expansion):
        setup = b"".join(load_constant(r, 0x80010100 + 0x11 * (r - 8) * (short.target not in (
            "lw", "sw"))) for r in (8, 9))
        after = b"".join(code("sw", rs1=31, rs2=r, simm=4 * i) for i, r in enumerate((8, 9, 2)))
        body = setup + form + load_constant(31, 0x80014000) + after
        results.append([words[:0x1100].tolist() for words in both(core, body, range(256))])
    reference = results[1][0]
    assert all(words == reference for run in results for words in run)
    return None


def _compressed_fields(short):
    fields = {}
    for name, field in short.encoding.fields.items():
        high = field.limits[1]
        step = 1 << min(bit for _, bit in field.bits)
        fields[name] = {"rd": 8, "rs1": 8, "rs2": 9, "rd'": 0, "rs1'": 0, "rs2'": 1}.get(
            name, min(high, 5 * step))
    return fields


def _check_compressed_flow(core, short):
    fields = _compressed_fields(short)
    if "simm" in fields:
        fields["simm"] = 6
    half = short.encoding.encode(**fields).to_bytes(2, "little")
    nop = (1).to_bytes(2, "little")
    start = Snippet(b"").start
    if short.name == "c.ebreak":
        body, pc = with_handler(half + nop)
        for words in both(core, body):
            assert words[:3].tolist() == [3, 0, pc]
        return
    jumps = short.name != "c.bnez"
    setup = load_constant(8, start + 18 if short.target == "jalr" else 0)
    links = short.expand(int.from_bytes(half, "little")).get("rd") == 1
    body = (setup + code("addi", rd=_OUT) + half + code("addi", rd=_OUT, rs1=_OUT, simm=1)
            + store(_OUT, 0) + code("sw", rs1=POINTER, rs2=1, simm=4))
    for words in both(core, body):
        assert words[0] == (0 if jumps else 1)
        assert words[1] == (start + 14 if links else 0)


