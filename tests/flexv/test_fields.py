"""Named parts of instruction words are what the table's encodings put there."""

import pytest
from amaranth.hdl import Elaboratable, Module, Signal
from amaranth.sim import Simulator

from flexdrive.flexv.core.fields import InstructionFields
from flexdrive.flexv.isa import BY_NAME

# Part, an instruction that has it, the field of the table or the value that is expected.
FIELDS = [
    ("rd", "add", "rd"), ("rs1", "add", "rs1"), ("rs2", "add", "rs2"), ("rd", "lw", "rd"),
    ("rs1", "sw", "rs1"), ("csr", "csrrs", "csr"), ("short", "p.bneimm", "simm5"),
    ("loop", "lp.setupi", "loop"), ("iterations", "lp.setupi", "count"),
    ("areg", "ml.sdotsp.w", "areg"), ("wreg", "ml.sdotsp.w", "wreg")]
VALUES = [
    ("is_loop", "lp.starti", 1), ("is_loop", "lp.counti", 1), ("is_loop", "beq", 0),
    ("is_loop", "p.beqimm", 0), ("lanes8", "pv.dotsp.b", 1), ("lanes8", "pv.dotsp.h", 0),
    ("load_a", "ml.sdotup.a", 1), ("load_w", "ml.sdotup.a", 0), ("load_a", "ml.sdotup.w", 0),
    ("load_w", "ml.sdotup.w", 1), ("loads", "ml.sdotup", 0), ("loads", "ml.sdotup.x", 3),
    ("funct3", "lp.setupi", 5)]


class _Parts(Elaboratable):
    """All parts of a word, as signals."""

    def __init__(self):
        self.insn, self.parts = Signal(32), {}

    def elaborate(self, platform):
        m = Module()
        for name, value in vars(InstructionFields(self.insn)).items():
            self.parts[name] = part = Signal.like(value, name=name)
            m.d.comb += part.eq(value)
        return m


@pytest.fixture(scope="module")
def parts():
    """``parts(word)``: {name: value} of all parts of an instruction word."""
    dut, found = _Parts(), {}

    def of(word):
        async def bench(ctx):
            ctx.set(dut.insn, word)
            found.update({name: ctx.get(part) for name, part in dut.parts.items()})

        simulator = Simulator(dut)
        simulator.add_testbench(bench)
        simulator.run()
        return found

    return of


@pytest.mark.parametrize(("part", "name", "field"), FIELDS)
def test_fields_of_the_table(part, name, field, parts):
    encoding = BY_NAME[name].encoding
    entry = encoding.fields[field]
    for bit in range(entry.width):
        value = -1 << bit if entry.signed and bit == entry.width - 1 else 1 << bit
        assert parts(encoding.match | entry.place(value))[part] == 1 << bit


@pytest.mark.parametrize(("part", "name", "value"), VALUES)
def test_bits_that_tell_instructions_apart(part, name, value, parts):
    assert parts(BY_NAME[name].encoding.match)[part] == value


@pytest.mark.parametrize("size", range(8))
def test_sizes_of_mac_and_load(size, parts):
    encoding = BY_NAME["ml.sdotup"].encoding
    found = parts(encoding.match | encoding.fields["size"].place(size))
    assert (found["size"], found["no_size"]) == (size & 3, size >> 2)
