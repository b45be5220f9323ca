"""Size of the operators, by the commands that docs/results/fp16.md states."""

import pytest
from amaranth.hdl import Module
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from flexdrive.fp16 import Adder
from flexdrive_sim.area import ecp5_area, generic_area

pytestmark = pytest.mark.slow


def test_single_cycle_adder_stays_small():
    generic = generic_area(Adder())
    assert generic.gate_equivalents <= 1000
    assert generic.flip_flops == 16
    ecp5 = ecp5_area(Adder())
    assert ecp5.lut4 <= 330
    assert ecp5.ccu2c <= 32
    assert ecp5.flip_flops == 16
    assert ecp5.wide_multiplexers == ecp5.dp16kd == ecp5.mult18x18d == 0


class _Known(wiring.Component):
    """One NAND, three flip-flops with synchronous reset (a NOT of half a gate equivalent and a NOR
    each), 128 bits of memory."""

    a: In(3)
    q: Out(3)
    nand: Out(1)
    word: Out(8)

    def elaborate(self, platform):
        m = Module()
        m.d.sync += self.q.eq(self.a)
        m.d.comb += self.nand.eq(~(self.a[0] & self.a[1]))
        m.submodules.store = store = memory.Memory(shape=8, depth=16, init=range(16))
        read = store.read_port(domain="comb")
        m.d.comb += [read.addr.eq(self.a), self.word.eq(read.data)]
        return m


def test_known_sizes():
    area = generic_area(_Known())
    assert (area.gate_equivalents, area.flip_flops, area.memory_bits) == (5.5, 3, 128)
