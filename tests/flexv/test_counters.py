"""What the counters count: cycles, instructions, and the one reason of every cycle in which no
instruction leaves execute. Expected values: how long each piece takes and waits by the cycle and
hazard tables of docs/flexv.md, and sums over programs of any kind."""

import pytest

from flexdrive_sim.flexv.drive.snippet import (
    DATA,
    POINTER,
    Snippet,
    code,
    load_constant,
    write_csr,
)

from .cores import built_core

_A, _B, _RD, _OTHER, _ADDRESS, _OUT = 10, 11, 12, 13, 14, 31
_MCOUNTINHIBIT, _MTVEC = 0x320, 0x305
# In the order of the results: cycles, instructions, operand, data port, none, unit.
_COUNTERS = (0xB00, 0xB02, 0xB03, 0xB04, 0xB05, 0xB06)
_BITS = (0, 2, 3, 4, 5, 6)
_NOP = code("addi")


@pytest.fixture(scope="module")
def small():
    return built_core()


def _window(text, inhibited=0):
    """Code that counts while ``text`` runs: everything begins behind one instruction and ends with
    another one, which is the last that counts."""
    body = load_constant(_ADDRESS, DATA + 0x100) + load_constant(_A, 0x01020304)
    body += write_csr("mcountinhibit", 0xFF)
    body += b"".join(code("csrrw", csr=number) for number in _COUNTERS)
    body += load_constant(9, inhibited) + load_constant(8, 0xFF) + 8 * _NOP
    body += code("csrrw", csr=_MCOUNTINHIBIT, rs1=9) + text
    body += code("csrrw", csr=_MCOUNTINHIBIT, rs1=8)
    for i, number in enumerate(_COUNTERS):
        body += code("csrrs", rd=_OUT, csr=number) + code("sw", rs1=POINTER, rs2=_OUT, simm=4 * i)
    return body


def _counted(built, text, *, inhibited=0, **memory):
    return Snippet(_window(text, inhibited)).run(built, **memory)[:6].tolist()


_LOAD, _MUL = code("lw", rd=_RD, rs1=_ADDRESS), code("mul", rd=_RD, rs1=_A, rs2=_A)
_DIV, _USE = code("div", rd=_RD, rs1=_A, rs2=_A), code("xor", rd=_OTHER, rs1=_RD, rs2=_A)
_MSCRATCH = code("csrrs", rd=_RD, csr=0x340)

# name: code, instructions, cycles waited for: operands, the data port, instructions, units.
_PIECES = {
    "nothing": (b"", 0, (0, 0, 0, 0)),
    "arithmetic": (5 * _NOP, 5, (0, 0, 0, 0)),
    "branch not taken": (code("beq", rs1=_A, simm=8) + _NOP, 2, (0, 0, 0, 0)),
    "branch taken": (code("beq", simm=4), 1, (0, 0, 3, 0)),
    "branch taken over others": (code("beq", simm=12) + 2 * _DIV, 1, (0, 0, 3, 0)),
    "jal": (code("jal", simm=4), 1, (0, 0, 1, 0)),
    "jalr": (code("auipc", rd=_RD) + code("jalr", rd=0, rs1=_RD, simm=8), 2, (0, 0, 3, 0)),
    "fence.i": (code("fence.i"), 1, (0, 0, 3, 0)),
    "access to mie": (code("csrrs", csr=0x304), 1, (0, 0, 3, 0)),
    "loaded value": (_LOAD + _USE, 2, (1, 0, 0, 0)),
    "product": (_MUL + _USE, 2, (2, 0, 0, 0)),
    "product, next but one": (_MUL + _NOP + _USE, 3, (1, 0, 0, 0)),
    "register of a CSR": (_MSCRATCH + _USE, 2, (1, 0, 0, 0)),
    "division": (_DIV, 1, (0, 0, 0, 33)),
    "quotient": (_DIV + _USE, 2, (1, 0, 0, 33)),
    "two divisions": (2 * _DIV, 2, (0, 0, 0, 66)),
    "loaded divisor": (_LOAD + code("div", rd=_OTHER, rs1=_A, rs2=_RD), 2, (1, 0, 0, 33)),
    "crossing access": (code("lw", rd=_RD, rs1=_ADDRESS, simm=1), 1, (0, 1, 0, 0)),
    "crossing store": (code("sh", rs1=_ADDRESS, rs2=_A, simm=3), 1, (0, 1, 0, 0)),
    "count of instructions": (_NOP + code("csrrs", rd=_RD, csr=0xB02), 2, (0, 0, 0, 1)),
}


def _check(built, text, instructions, waits, **memory):
    cycles = instructions + 1 + sum(waits)
    assert _counted(built, text, **memory) == [cycles, instructions + 1, *waits]


@pytest.mark.parametrize("name", _PIECES)
def test_each_lost_cycle_has_its_reason(small, name):
    _check(small, *_PIECES[name])


@pytest.mark.parametrize(("text", "instructions", "waits"), [
    (code("ml.sdotup.a", rs1=_ADDRESS, size=1, rd=_RD) + code("ml.sdotup", size=1, rd=_OTHER), 2,
     (1, 0, 0, 0)),
    (code("pv.dotup.b", rd=_RD, rs1=_A, rs2=_A) + _USE, 2, (2, 0, 0, 0)),
    # Decode keeps the scalar, so execute is empty.
    (_MUL + 2 * _NOP + code("pv.add.sc.b", rd=_OTHER, rs1=_A, rs2=_RD), 4, (1, 0, 0, 0)),
    (code("rq.pack", rs1=_A, rs2=_A, rs3=_A) + code("csrrs", rd=_RD, csr=0x811), 2, (0, 0, 0, 4)),
    (code("lp.counti", loop=0, count=3), 1, (0, 0, 3, 0)),
    # Three turns of two instructions; a jump back costs nothing.
    (code("lp.setupi", loop=0, count=3, uimm5=8) + 2 * _NOP, 7, (0, 0, 3, 0)),
], ids=["operand register", "dot product", "scalar", "rq.pack", "lp.counti", "loop"])
def test_lost_cycles_of_the_extensions(core, text, instructions, waits):
    _check(core, text, instructions, waits)


@pytest.mark.parametrize("latency", [1, 2, 5, 30, 40, 60])
def test_one_reason_where_there_are_two(small, latency):
    """The response comes ``latency`` cycles after the request."""
    slow = latency - 1
    for text, instructions, waits in (
            (_LOAD + _NOP, 2, (0, slow, 0, 0)), (_LOAD + _USE, 2, (latency, 0, 0, 0)),
            (code("sw", rs1=_ADDRESS, rs2=_A) + _NOP, 2, (0, slow, 0, 0)),
            # The division runs beside the load and leaves when both are over.
            (_LOAD + _DIV, 2, (0, max(0, slow - 33), 0, 33)),
            (_LOAD + _NOP + _DIV, 3, (0, slow, 0, 33))):
        _check(small, text, instructions, waits, dmem_latency=latency)


def _trapping(instruction):
    """A handler that returns behind the instruction, 4 instructions of its own."""
    handler = (code("csrrs", rd=5, csr=0x341) + code("addi", rd=5, rs1=5, simm=4)
               + code("csrrw", csr=0x341, rs1=5) + code("mret"))
    return (code("jal", simm=4 + len(handler)) + handler + load_constant(5, Snippet(b"").start + 4)
            + code("csrrw", csr=_MTVEC, rs1=5) + _window(instruction))


@pytest.mark.parametrize(("instruction", "lost"), [
    # The trap, and mret: each is followed by three cycles without an instruction; the register
    # that the handler reads first is waited for by the next.
    (code("ecall"), (1, 0, 6, 0)), ((0xFFFFFFFF).to_bytes(4, "little"), (1, 0, 6, 0)),
], ids=["ecall", "illegal"])
def test_what_traps_does_not_retire(small, instruction, lost):
    got = Snippet(_trapping(instruction)).run(small)[:6].tolist()
    retired = 4 + 1
    assert got == [retired + 1 + sum(lost), retired, *lost]


@pytest.mark.parametrize("seed", range(8))
def test_every_cycle_counts_once(small, seed):
    """Cycles = instructions that retire + those that trap + cycles without one, over a loop of
    everything, memory as slow as it likes."""
    part = (_LOAD + _USE + _MUL + _USE + code("sw", rs1=_ADDRESS, rs2=_OTHER, simm=6) + _DIV + _LOAD
            + _DIV + _USE + code("beq", simm=12) + 2 * _MUL + code("ecall") + _MSCRATCH + _USE
            + code("lw", rd=_OTHER, rs1=_ADDRESS, simm=13) + code("csrrs", rd=_RD, csr=0xB02)
            + code("lw", rd=_OTHER, rs1=0) + code("fence.i") + code("jal", simm=8) + _DIV)
    turns = 20
    loop = part + code("addi", rd=7, rs1=7, simm=-1)
    text = code("addi", rd=7, simm=turns) + loop + code("bne", rs1=7, simm=-len(loop))
    got = Snippet(_trapping(text)).run(small, random_stalls=seed, dmem_latency=1 + seed % 5,
                                       imem_latency=1 + seed % 3)[:6].tolist()
    # Of the 23 instructions of a part two traps have a handler of 4; 3 are jumped over.
    retired = turns * (len(part) // 4 - 3 - 2 + 2 * 4 + 2) + 2
    assert got[1] == retired
    assert got[0] == retired + 2 * turns + sum(got[2:])
    assert all(got)


@pytest.mark.parametrize("bit", [*_BITS, 1, 7, 31])
def test_one_bit_stops_one_counter(small, bit):
    """The others count what they count without it."""
    text = (_DIV + _USE + code("beq", simm=4) + code("lw", rd=_RD, rs1=_ADDRESS, simm=1))
    everything, stopped = _counted(small, text), _counted(small, text, inhibited=1 << bit)
    assert all(everything)
    assert stopped == [0 if number == bit else value
                       for number, value in zip(_BITS, everything, strict=True)]


@pytest.mark.parametrize("counter", ["mcycle", "minstret"])
@pytest.mark.parametrize("before", [1, 2, 3, 4, 9])
@pytest.mark.parametrize("upper", [0, 5, 0xFFFFFFFF])
def test_the_carry_reaches_the_upper_half(small, counter, before, upper):
    """Halves written in either order, the lower one so that it overflows ``before`` cycles later:
    right behind the write, and later. Both halves are read, in both engines; an instruction that
    writes a counter is not counted by it, and one instruction takes one cycle."""
    low = 0xB00 if counter == "mcycle" else 0xB02
    start, expected, places = (1 << 32) - before, [], 0
    body = load_constant(8, start) + load_constant(9, upper)
    for order in ("low first", "high first"):
        for pause in range(6):
            writes = [code("csrrw", csr=low, rs1=8), code("csrrw", csr=low + 0x80, rs1=9)]
            body += b"".join(writes if order == "low first" else reversed(writes)) + pause * _NOP
            for number in (low, low + 0x80):
                body += code("csrrs", rd=_OUT, csr=number) + _NOP + code(
                    "sw", rs1=POINTER, rs2=_OUT, simm=4 * places)
                places += 1
            value = (upper << 32 | start) + pause
            # Between the readings: the first of them, what it waits for, its store.
            expected += [value & 0xFFFFFFFF, (value + 3 >> 32) & 0xFFFFFFFF]
    snippet = Snippet(body)
    assert snippet.simulate()[:places].tolist() == expected
    assert snippet.run(small)[:places].tolist() == expected


def test_the_simulators_cycles_pass(small):
    """A program that waits for cycles ends on the simulator too; what traps takes time there."""
    wait = (code("csrrs", rd=5, csr=0xB00) + code("csrrs", rd=6, csr=0xC00)
            + code("sub", rd=6, rs1=6, rs2=5) + code("slti", rd=6, rs1=6, simm=100)
            + code("bne", rs1=6, simm=-12))
    for words in (Snippet(wait).simulate(), Snippet(wait).run(small)):
        assert words is not None
    got = Snippet(_trapping(code("ecall"))).simulate()[:2].tolist()
    assert got == [6, 5]
