"""Accumulate unit: one output channel of one tile (the paper's Tile-PU without its multiplier).

Source: ISVLSI 2018, section on the tile processing unit; the weight bit flips the operand's sign,
so the convolution needs no multiplier.
"""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib.wiring import In, Out

from ...emit import Shared
from ...fp16 import Adder
from ...fp16.compare import is_nan, less

__all__ = ["AccumulateUnit"]

_MINUS_INFINITY = 0xFC00


class AccumulateUnit(Shared):
    """``adder_depth`` interleaved accumulators in the registers of one binary16 adder.

    Latency: the sum of the operand at cycle t stands on ``y`` at t + adder_depth and is the
    accumulator for the operand of that cycle, so slot s of the interleaving owns the cycles s
    modulo adder_depth. An operand of zero holds the accumulator: sums start at +0 and never become
    -0, so +0 and -0 both leave them unchanged. No flow control, because the sequencer sends zeros
    when it has nothing else.

    Parameters
    ----------
    adder_depth : pipeline depth L of the adder, 1 to 4.
    channelwise : add ``hold`` and ``maximum``.
    ternary : add ``hold``.

    Members
    -------
    x : operand, binary16.
    weight : 1 adds the next cycle's x, 0 subtracts it.
    first : the next cycle's x starts a new sum from +0, or a new maximum from minus infinity.
    hold : the next cycle's x changes nothing.
    maximum : the accumulator is the largest x instead of the sum; a NaN stays, and -0 counts as +0.
        Changes only while nothing is accumulated.
    y : accumulator of the slot whose turn it is, binary16.
    """

    AHEAD = 1
    """Cycles that ``weight``, ``first`` and ``hold`` come before their ``x``."""

    def __init__(self, adder_depth, *, channelwise=False, ternary=False):
        self.adder_depth = adder_depth
        self.channelwise = channelwise
        self.holds = channelwise or ternary
        super().__init__({
            "x": In(16), "weight": In(1), "first": In(1), "y": Out(16),
            **({"hold": In(1)} if self.holds else {}),
            **({"maximum": In(1)} if channelwise else {}),
        }, l=adder_depth, **({"z": True} if channelwise else {}),
            **({"t": True} if ternary else {}))

    def elaborate(self, platform):
        m = Module()
        # Registers of each unit's own, not one for all, which would have to drive every unit of
        # the chip; `keep` stops tools from merging them again. Nothing is accumulated before the
        # first `first`, so there is nothing to reset.
        adds = Signal(reset_less=True, attrs={"keep": 1})
        starts = Signal(reset_less=True, attrs={"keep": 1})
        m.d.sync += [adds.eq(self.weight), starts.eq(self.first)]
        # In place, not shared: the unit itself is what occurs hundreds of times.
        m.submodules.adder = adder = Adder(depth=self.adder_depth).in_place()
        signed = Cat(self.x[:15], self.x[15] ^ ~adds)
        m.d.comb += self.y.eq(adder.y)
        holds = Signal(reset_less=True, attrs={"keep": 1})
        if self.holds:
            m.d.sync += holds.eq(self.hold)
        if self.channelwise:
            self._maximum(m, adder, starts, holds, signed)
        else:
            m.d.comb += [adder.a.eq(Mux(starts, 0, adder.y)),
                         adder.b.eq(Mux(holds, 0, signed) if self.holds else signed)]
        return m

    def _maximum(self, m, adder, starts, holds, signed):
        """Operands of the adder, for sums and for maxima."""
        # The larger of both goes through the adder with +0, which makes -0 to +0 and NaNs equal.
        before = Signal(16)
        larger = Signal()
        m.d.comb += [
            before.eq(Mux(starts, Mux(self.maximum, _MINUS_INFINITY, 0), adder.y)),
            larger.eq(self.maximum & ~holds & ~is_nan(before)
                      & (is_nan(self.x) | less(before, self.x))),
            adder.a.eq(Mux(larger, self.x, before)),
            adder.b.eq(Mux(holds | self.maximum, 0, signed)),
        ]
