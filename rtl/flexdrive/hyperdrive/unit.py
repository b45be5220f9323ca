"""Accumulate unit: one output channel of one tile (the paper's Tile-PU without its multiplier).

Source: ISVLSI 2018, section on the tile processing unit; the weight bit flips the operand's sign,
so the convolution needs no multiplier.
"""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib.wiring import In, Out

from ..emit import Shared
from ..fp16 import Adder

__all__ = ["AccumulateUnit"]


class AccumulateUnit(Shared):
    """``adder_depth`` interleaved accumulators in the registers of one binary16 adder.

    The sum of the operand at cycle t stands on ``y`` at t + adder_depth and is the accumulator
    for the operand of that cycle, so slot s of the interleaving owns the cycles s modulo
    adder_depth. An operand of zero holds the accumulator: sums start at +0 and never become -0,
    so +0 and -0 both leave them unchanged. No flow control, because the sequencer sends zeros
    when it has nothing else.

    Parameters
    ----------
    adder_depth : pipeline depth L of the adder, 1 to 4.

    Members
    -------
    x : operand, binary16.
    weight : 1 adds the next cycle's x, 0 subtracts it.
    first : the next cycle's x starts a new sum from +0.
    y : accumulator of the slot whose turn it is, binary16.
    """

    def __init__(self, adder_depth):
        self.adder_depth = adder_depth
        super().__init__({"x": In(16), "weight": In(1), "first": In(1), "y": Out(16)},
                         l=adder_depth)

    def elaborate(self, platform):
        m = Module()
        # Registers of each unit's own, not one for all, which would have to drive every unit of
        # the chip; `keep` stops tools from merging them again.
        adds = Signal(attrs={"keep": 1})
        starts = Signal(attrs={"keep": 1})
        m.d.sync += [adds.eq(self.weight), starts.eq(self.first)]
        # In place, not shared: the unit itself is what occurs hundreds of times.
        m.submodules.adder = adder = Adder(depth=self.adder_depth).in_place()
        m.d.comb += [
            adder.a.eq(Mux(starts, 0, adder.y)),
            adder.b.eq(Cat(self.x[:15], self.x[15] ^ ~adds)),
            self.y.eq(adder.y),
        ]
        return m
