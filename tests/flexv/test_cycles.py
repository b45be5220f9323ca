"""The cycle and hazard tables of docs/flexv.md, on the RTL with single-cycle memory."""

import re
from pathlib import Path

import pytest

from flexdrive.flexv.isa import CSRS
from flexdrive_sim.flexv.drive.snippet import DATA, POINTER, Snippet, code, load_constant

_A, _B, _RD, _OTHER, _ADDRESS = 10, 11, 12, 13, 14
_DOCS = Path(__file__).resolve().parents[2] / "docs/flexv.md"


@pytest.fixture(scope="module")
def measure(core):
    """Cycles of a piece of code, less those of nothing."""
    def timed(text):
        body = load_constant(_ADDRESS, DATA + 256) + load_constant(_A, 0x01020304)
        # Nothing in flight at the first reading; both readings at the same alignment.
        body += 8 * code("addi") + code("csrrs", rd=5, csr=CSRS["mcycle"].number) + text
        body += code("csrrs", rd=6, csr=CSRS["mcycle"].number)
        body += code("sub", rd=6, rs1=6, rs2=5) + code("sw", rs1=POINTER, rs2=6)
        return int(Snippet(body).run(core)[0])
    nothing = timed(b"")
    return lambda text: timed(text) - nothing


_SOURCES = {
    "add": code("add", rd=_RD, rs1=_A, rs2=_B), "shift": code("sll", rd=_RD, rs1=_A, rs2=_B),
    "less": code("sltu", rd=_RD, rs1=_A, rs2=_B), "min": code("p.min", rd=_RD, rs1=_A, rs2=_B),
    "pack": code("pv.pack.h", rd=_RD, rs1=_A, rs2=_B), "abs": code("p.abs", rd=_RD, rs1=_A),
    "bits": code("p.extract", rd=_RD, rs1=_A, uimm=0x25), "clip": code(
        "p.clip", rd=_RD, rs1=_A, uimm=8), "simd": code("pv.add.b", rd=_RD, rs1=_A, rs2=_B),
    "csr": code("csrrs", rd=_RD, csr=CSRS["mscratch"].number),
    "load": code("lw", rd=_RD, rs1=_ADDRESS), "mul": code("mul", rd=_RD, rs1=_A, rs2=_B),
    "dot": code("pv.dotup.b", rd=_RD, rs1=_A, rs2=_B),
    "macload": code("ml.sdotup", rd=_RD, size=1),
}
_NOP = code("addi")


@pytest.mark.parametrize(("source", "waits"), [
    ("add", 0), ("shift", 0), ("less", 0), ("min", 1), ("pack", 1), ("abs", 1), ("bits", 1),
    ("clip", 1), ("simd", 1), ("csr", 1), ("load", 1), ("mul", 2), ("dot", 2), ("macload", 2)])
def test_a_result_is_waited_for(measure, source, waits):
    uses = code("xor", rd=_OTHER, rs1=_RD, rs2=_A)
    for between in range(3):
        assert measure(_SOURCES[source] + between * _NOP + uses) == (
            2 + between + max(0, waits - between))
    # An address, the data of a store and a branch wait no less and no more.
    assert measure(_SOURCES[source] + code("sw", rs1=_ADDRESS, rs2=_RD, simm=64)) == 2 + waits
    assert measure(_SOURCES[source] + code("beq", rs1=_RD, rs2=_RD, simm=4)) == 5 + waits


@pytest.mark.parametrize(("source", "waits"), [
    ("add", 0), ("load", 0), ("mul", 0), ("dot", 0), ("macload", 0), ("simd", 1)])
@pytest.mark.parametrize("name", ["pv.sdotup.b", "p.mac", "ml.sdotup"])
def test_an_accumulator_is_not(measure, name, source, waits):
    operands = {"size": 1} if name == "ml.sdotup" else {"rs1": _A, "rs2": _B}
    assert measure(_SOURCES[source] + code(name, rd=_RD, **operands)) == 2 + waits


def test_scalars_from_registers(measure):
    scalar = code("pv.add.sc.b", rd=_OTHER, rs1=_A, rs2=_RD)
    assert measure(_SOURCES["add"] + scalar) == 3
    assert measure(_SOURCES["add"] + _NOP + scalar) == 3
    assert measure(_SOURCES["load"] + scalar) == 3
    # What is in retire then cannot be replicated in the same cycle.
    for source, cycles in (("load", (3, 3, 5)), ("mul", (4, 4, 5)), ("dot", (4, 4, 5))):
        assert tuple(measure(_SOURCES[source] + between * _NOP + scalar)
                     for between in range(3)) == cycles
    for between in (2, 3):
        assert measure(_SOURCES["simd"] + between * _NOP + scalar) == 2 + between


@pytest.mark.parametrize(("text", "cycles"), [
    (code("beq", rs1=_A, rs2=0, simm=8), 1), (code("beq", rs1=0, rs2=0, simm=4), 4),
    (code("jal", simm=4), 2), (code("div", rd=_RD, rs1=_A, rs2=_A), 34),
    (code("fence.i"), 4), (code("sw", rs1=_ADDRESS, rs2=_A), 1),
    (code("lw", rd=_RD, rs1=_ADDRESS, simm=1), 2), (code("lw", rd=_RD, rs1=_ADDRESS), 1),
    (code("lp.counti", loop=0, count=3), 4), (code("csrrs", rd=_RD, csr=0x00D), 4),
    (code("csrrs", rd=_RD, csr=0x010), 4), (code("csrrs", rd=_RD, csr=0x304), 4),
    (code("csrrs", rd=_RD, csr=0x300), 4), (code("csrrs", rd=_RD, csr=0x7C0), 4),
    (code("csrrs", rd=_RD, csr=CSRS["macl_a_address"].number), 1),
    (_NOP + code("csrrs", rd=_RD, csr=CSRS["minstret"].number), 3),
    (code("rq.pack", rs1=_A, rs2=_B, rs3=_A) + code("csrrs", rd=_RD, csr=0x811), 6),
    # Registers of others do not wait.
    (code("rq.pack", rs1=_A, rs2=_B, rs3=_A) + code("csrrs", rd=_RD, csr=0x100), 2),
])
def test_cycles_of_instructions(measure, text, cycles):
    assert measure(text) == cycles


def test_tables_are_those_of_the_documentation():
    """What the tests above assert is what the page says."""
    text = _DOCS.read_text()
    for row in (r"branch not taken / taken \| 1 / 4", r"jal / jalr \| 2 / 4", r"div, rem \| 34",
                r"loaded value needed by the next instruction \| 1 cycle",
                r"needed by the next instruction, by the next but one \| 2 cycles, 1 cycle",
                r"scalar operand of the next but two \| 1 cycle",
                r"until the output is packed: 4 cycles", r"minstret or instret right behind"):
        assert re.search(row, text), row
