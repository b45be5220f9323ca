"""Branches, jumps, loops, CSR and system instructions, one test each; compressed code."""

import pytest

from flexdrive.flexv.isa import BY_NAME, COMPRESSED, CSRS, INSTRUCTIONS
from flexdrive_sim.flexv.snippet import POINTER, Snippet, code, load_constant

_A, _B, _OUT, _LINK = 5, 6, 7, 10
_PAIRS = [(0, 0), (1, 0), (0, 1), (5, 5), (0x7FFFFFFF, 0x80000000), (0x80000000, 0x7FFFFFFF),
          (0xFFFFFFFF, 0), (0xFFFFFFFF, 1), (15, 15), (0xFFFFFFF0, 0xFFFFFFF0)]


def _signed(value):
    return value - (1 << 32) if value >> 31 else value


_CONDITIONS = {
    "eq": lambda a, b: a == b, "ne": lambda a, b: a != b, "ltu": lambda a, b: a < b,
    "geu": lambda a, b: a >= b, "lt": lambda a, b: _signed(a) < _signed(b),
    "ge": lambda a, b: _signed(a) >= _signed(b)}


def _store(register, place):
    return code("sw", rs1=POINTER, rs2=register, simm=4 * place)


def _both(core, body, data=()):
    """Data memory after the run: simulator, RTL, RTL with slow memory."""
    snippet = Snippet(body, data)
    yield snippet.simulate()
    yield snippet.run(core)
    yield snippet.run(core, dmem_latency=2, imem_latency=3, random_stalls=3)


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
        body += _branch(entry, b, -8) + _store(_OUT, i)
        expected.append(16 if taken else 3)
    for words in _both(core, body):
        assert words[:len(pairs)].tolist() == expected


def test_jumps(core):
    start = Snippet(b"").start
    body = (code("jal", rd=_LINK, simm=8) + code("addi", rd=_OUT, simm=1) + _store(_LINK, 0)
            + code("auipc", rd=_A)                                       # at start + 12
            + code("jalr", rd=_LINK, rs1=_A, simm=13)                    # odd: bit 0 is dropped
            + code("addi", rd=_OUT, simm=2)
            + _store(_LINK, 1) + _store(_OUT, 2)
            + code("auipc", rd=_LINK) + code("jalr", rd=_LINK, rs1=_LINK, simm=8)
            + _store(_LINK, 3))
    for words in _both(core, body):
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
                 + code("csrrs", rd=_LINK, csr=number) + _store(_OUT, 2 * i)
                 + _store(_LINK, 2 * i + 1))
        expected += [old, function(old, operand) & 0xFFFFFFFF]
    for words in _both(core, body):
        assert words[:len(expected)].tolist() == expected


@pytest.mark.parametrize("name", [n for n, c in CSRS.items() if c.writable and not (
    "cycle" in n or n.startswith(("minstret", "mhpm", "lp")) or n == "mcountinhibit")])
def test_register_keeps_its_writable_bits(core, name):
    csr = CSRS[name]
    body = b""
    for i, value in enumerate((0xFFFFFFFF, 0, 0xA5A5A5A5)):
        body += load_constant(_A, value) + code("csrrw", csr=csr.number, rs1=_A)
        body += code("csrrs", rd=_OUT, csr=csr.number) + _store(_OUT, i)
    # Interrupts would have no handler; there are none pending here.
    expected = [value & csr.writable | csr.reset & ~csr.writable & 0xFFFFFFFF
                for value in (0xFFFFFFFF, 0, 0xA5A5A5A5)]
    for words in _both(core, body):
        assert words[:3].tolist() == expected


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
        body += length * code("addi", rd=_OUT, rs1=_OUT, simm=1) + _store(_OUT, i)
    for words in _both(core, body):
        assert words[:len(counts)].tolist() == [length * max(1, count) for count in counts]


@pytest.mark.parametrize("inner_length", [1, 2])
def test_nested_loops_with_one_end(core, inner_length):
    inner = inner_length * code("addi", rd=_OUT, rs1=_OUT, simm=1)
    outer = code("addi", rd=_A, rs1=_A, simm=1) + code(
        "lp.setupi", loop=0, count=5, uimm5=len(inner)) + inner
    body = (code("addi", rd=_OUT) + code("addi", rd=_A)
            + code("lp.setupi", loop=1, count=7, uimm5=len(outer)) + outer
            + _store(_OUT, 0) + _store(_A, 1))
    for words in _both(core, body):
        assert words[:2].tolist() == [35 * inner_length, 7]


def test_a_loop_of_compressed_instructions(core):
    half = next(s for s in COMPRESSED if s.name == "c.addi")
    short = half.encoding.encode(rd=_OUT, simm=1).to_bytes(2, "little")
    body = (code("addi", rd=_OUT) + code("lp.setupi", loop=0, count=9, uimm5=8) + 3 * short
            + _store(_OUT, 0))
    for words in _both(core, body):
        assert words[0] == 27


def _handler(place):
    """Code that stores mcause, mtval and mepc from ``place`` on and returns behind mepc."""
    text = b""
    for i, name in enumerate(("mcause", "mtval", "mepc")):
        text += code("csrrs", rd=_LINK, csr=CSRS[name].number) + _store(_LINK, place + i)
    return (text + code("addi", rd=_LINK, rs1=_LINK, simm=4)
            + code("csrrw", csr=CSRS["mepc"].number, rs1=_LINK) + code("mret"))


def _with_handler(instruction, after=b"", before=b""):
    """(code that traps at an instruction, its address)."""
    handler = _handler(0)
    body = (before + code("jal", simm=4 + len(handler)) + handler
            + load_constant(_A, Snippet(b"").start + len(before) + 4)
            + code("csrrw", csr=CSRS["mtvec"].number, rs1=_A))
    return body + instruction + after, Snippet(b"").start + len(body)


def _word(value):
    return value.to_bytes(4, "little")


_ILLEGAL = [0xFFFFFFFF, BY_NAME["add"].encoding.match | 0x08000000,
            # Mac&Load with an operation that is none; format 4 in legacy mode.
            0b0000000 << 25 | 0x77, BY_NAME["ml.sdotup"].encoding.match | 4 << 12,
            # Other opcodes of the published map: a load, a loop, packed SIMD, a branch of none.
            0x0000B00B, 0x0000607B, 0x04002057 | 0x3F << 26,
            # CSRs: none there; read-only ones written.
            BY_NAME["csrrs"].encoding.encode(csr=0x5C0, rs1=0, rd=5),
            BY_NAME["csrrw"].encoding.encode(csr=CSRS["mhartid"].number, rs1=0, rd=0),
            BY_NAME["csrrsi"].encoding.encode(csr=CSRS["cycle"].number, zimm=1, rd=0),
            BY_NAME["mret"].encoding.match | 1 << 7, 0x00200073, 0x30500073]


@pytest.mark.parametrize("value", _ILLEGAL, ids=hex)
def test_illegal_encodings_trap(core, value):
    # x7 must not change, whatever the word looks like.
    body, pc = _with_handler(_word(value), _store(_OUT, 3), load_constant(_OUT, 0x1234567))
    for words in _both(core, body):
        assert words[:4].tolist() == [2, value, pc, 0x1234567]


@pytest.mark.parametrize(("name", "cause"), [("ecall", 11), ("ebreak", 3)])
def test_calls_trap(core, name, cause):
    body, pc = _with_handler(code(name))
    for words in _both(core, body):
        assert words[:3].tolist() == [cause, 0, pc]


@pytest.mark.parametrize(("name", "cause"), [
    ("lw", 5), ("p.lw.post", 5), ("sw", 7), ("p.sh.rpost", 7)])
def test_access_faults_change_nothing(core, name, cause):
    fields = {"rs1": _A, **({"rd": _OUT} if cause == 5 else {"rs2": _OUT})}
    if "simm" in BY_NAME[name].encoding.fields:
        fields["simm"] = 8
    else:
        fields["rs3"] = _OUT
    setup = load_constant(_A, 0x40000000)
    body, pc = _with_handler(setup + code(name, **fields), _store(_OUT, 3) + _store(_A, 4),
                             load_constant(_OUT, 0x77))
    address = 0x40000000 + (0 if "post" in BY_NAME[name].flags else 8)
    for words in _both(core, body):
        assert words[:5].tolist() == [cause, address, pc + 8, 0x77, 0x40000000]


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
    body += _store(_OUT, 0)
    for words in _both(core, body):
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
        results.append([words[:0x1100].tolist() for words in _both(core, body, range(256))])
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
        body, pc = _with_handler(half + nop)
        for words in _both(core, body):
            assert words[:3].tolist() == [3, 0, pc]
        return
    jumps = short.name != "c.bnez"
    setup = load_constant(8, start + 18 if short.target == "jalr" else 0)
    links = short.expand(int.from_bytes(half, "little")).get("rd") == 1
    body = (setup + code("addi", rd=_OUT) + half + code("addi", rd=_OUT, rs1=_OUT, simm=1)
            + _store(_OUT, 0) + code("sw", rs1=POINTER, rs2=1, simm=4))
    for words in _both(core, body):
        assert words[0] == (0 if jumps else 1)
        assert words[1] == (start + 14 if links else 0)
