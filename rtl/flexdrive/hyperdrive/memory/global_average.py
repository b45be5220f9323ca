"""Global average pooling: a STORE that sends the scaled sums of a map instead of its pixels.

A pixel is a word of each of L channels, so the adder's L registers are L sums, as in an accumulate
unit. Source: average pooling before the classifier (He et al., "Deep Residual Learning", 2016),
which the paper leaves to the host; here the host gets a word per channel instead of the map.
"""

from amaranth.hdl import Module, Signal
from amaranth.lib.wiring import In, Out

from ...emit import Shared
from ...fp16 import Multiplier
from ..tile.accumulate_unit import AccumulateUnit
from ..timing import delayed

__all__ = ["Average"]


class Average(Shared):
    """Sums words, channel by channel, and scales the sums.

    Parameters
    ----------
    depth : L, pipeline depth of adder and multiplier, and channels in turn.

    Latency: ``i_last`` -> ``o_valid`` after :meth:`latency_of` cycles.

    Members
    -------
    i_word : a binary16 word; channel s of the block in the cycles s modulo L. From the first to the
        last of a block there is one of each of its channels every L cycles: who has no room for
        means waits before a block, not in it.
    i_valid : it is one; i_first, i_last : its channel's first, last.
    factor : binary16, of the sums; constant while words are under way.
    o_valid, o_word : the scaled sum.
    """

    def __init__(self, depth):
        self.depth = depth
        super().__init__({
            "i_valid": In(1), "i_word": In(16), "i_first": In(1), "i_last": In(1),
            "factor": In(16), "o_valid": Out(1), "o_word": Out(16),
        }, l=depth)

    @staticmethod
    def latency_of(depth):
        """Operand register, adder, multiplier."""
        return 1 + 2 * depth

    def elaborate(self, platform):
        m = Module()
        m.submodules.unit = unit = AccumulateUnit(self.depth)
        m.submodules.multiplier = multiplier = Multiplier(depth=self.depth).in_place()
        operand = Signal(16, reset_less=True)
        m.d.sync += operand.eq(self.i_word)
        m.d.comb += [
            unit.x.eq(operand), unit.weight.eq(1), unit.first.eq(self.i_first),
            multiplier.a.eq(unit.y), multiplier.b.eq(self.factor), self.o_word.eq(multiplier.y),
            self.o_valid.eq(delayed(m, "last", self.i_valid & self.i_last,
                                    self.latency_of(self.depth))),
        ]
        return m
