# amaranth: UnusedElaboratable=no
"""The one definition of area (docs/synthesis.md), on circuits of known size and on the adder."""

import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from flexdrive.errors import FlexdriveError
from flexdrive.flexv.core.registers import RegisterFile
from flexdrive.fp16 import Adder, Multiplier
from flexdrive_deploy.hdl.synth import DEVICES, FLIP_FLOP, ecp5_cells, gate_area, synthesise

pytestmark = pytest.mark.slow


def test_single_cycle_adder_stays_small():
    area = gate_area(Adder())
    assert area.gate_equivalents <= 1000
    assert area.flip_flops == 16
    assert area.total == area.gate_equivalents + 16 * FLIP_FLOP
    cells = ecp5_cells(Adder())
    assert cells["LUT4"] <= 330
    assert cells["CCU2C"] <= 32
    assert cells["TRELLIS_FF"] == 16
    assert cells["DP16KD"] == cells["MULT18X18D"] == 0


class _Known(wiring.Component):
    """One NAND, three flip-flops with synchronous reset (an inverter for all, a gate each), two
    with an enable and none (a multiplexer each), 128 bits of memory with a clocked read port."""

    a: In(4)
    enable: In(1)
    q: Out(3)
    held: Out(2)
    nand: Out(1)
    data: In(8)
    word: Out(8)

    def elaborate(self, platform):
        m = Module()
        m.d.sync += self.q.eq(self.a[:3])
        held = Signal(2, reset_less=True)
        with m.If(self.enable):
            m.d.sync += held.eq(self.a[:2])
        m.d.comb += self.held.eq(held)
        m.d.comb += self.nand.eq(~(self.a[0] & self.a[1]))
        m.submodules.store = store = memory.Memory(shape=8, depth=16, init=[])
        read, write = store.read_port(), store.write_port()
        m.d.comb += [read.addr.eq(self.a), self.word.eq(read.data), read.en.eq(1),
                     write.addr.eq(self.a), write.data.eq(self.data), write.en.eq(1)]
        return m


def test_known_sizes():
    area = gate_area(_Known())
    assert (area.flip_flops, area.memory_bits) == (5, 128)
    # The NAND; resets are an and-not each; a multiplexer at an enable is two NAND and an or-not.
    assert area.gate_equivalents == pytest.approx(1 + 3 * 1.33 + 2 * (2 + 1.33))


def test_registers_of_a_core_are_counted():
    """A memory that is read without a clock: 32 words of 32 bits, and what chooses one of them
    three times."""
    area = gate_area(RegisterFile())
    assert (area.flip_flops, area.memory_bits) == (1024, 0)
    assert area.gate_equivalents > 3 * 32 * 31 * 2


class _Table(wiring.Component):
    """Constants by number, which yosys would take for a read-only memory."""

    a: In(5)
    y: Out(16)

    def elaborate(self, platform):
        m = Module()
        with m.Switch(self.a):
            for number in range(32):
                with m.Case(number):
                    m.d.comb += self.y.eq(0x9E3779B1 * (number + 1) >> 13)
        return m


def test_tables_of_constants_are_logic():
    area = gate_area(_Table())
    assert area.memory_bits == area.flip_flops == 0
    assert area.gate_equivalents > 100


def test_nothing_around_it_is_counted():
    """48 registers are in the multiplier."""
    assert ecp5_cells(Multiplier(depth=2))["TRELLIS_FF"] == 48


def test_mapping_for_a_delay(tmp_path):
    """For 100 ns with fewer tables than for few levels; nothing but the ECP5 has it."""
    device = DEVICES["ecp5-85k"]
    slow = synthesise(Adder(), device, tmp_path, delay=100).cells
    assert 150 < slow["LUT4"] < synthesise(Adder(), device, tmp_path).cells["LUT4"]
    with pytest.raises(FlexdriveError, match="Mapping for a delay is for ecp5-85k"):
        synthesise(Adder(), DEVICES["generic"], tmp_path, delay=10)
