"""Slices of the narrower operand (mixed-precision slicing, arXiv 2307.01056).

With N lanes of b bits, lane l of slice i is bits ``[i*N*b + l*b +: b]`` of the word, extended to
the width of the wider operand's lanes.
"""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["Slicer"]


class Slicer(wiring.Component):
    """Word of narrow lanes to word of wide lanes, combinational.

    Members
    -------
    word : 32 bits of narrow lanes.
    index : slice, taken modulo the number of slices.
    is_signed : whether lanes are two's complement.
    size, ratio : see :class:`flexdrive.flexv.formats.FormatControl`.
    o : 32 bits of lanes of 16 >> size bits.
    """

    word: In(32)
    index: In(3)
    is_signed: In(1)
    size: In(2)
    ratio: In(2)
    o: Out(32)

    def elaborate(self, platform):
        m = Module()
        half, quarter, eighth = Signal(16), Signal(8), Signal(4)
        m.d.comb += [half.eq(self.word.word_select(self.index[:1], 16)),
                     quarter.eq(self.word.word_select(self.index[:2], 8)),
                     eighth.eq(self.word.word_select(self.index[:3], 4))]
        with m.Switch(Cat(self.size, self.ratio)):
            for ratio, chunk in ((1, half), (2, quarter), (3, eighth)):
                for size in range(4 - ratio):
                    with m.Case(size | ratio << 2):
                        m.d.comb += self.o.eq(self._extend(chunk, 16 >> size, 16 >> size + ratio))
            with m.Default():
                m.d.comb += self.o.eq(self.word)
        return m

    def _extend(self, chunk, wide, narrow):
        lanes = [chunk[low:low + narrow] for low in range(0, len(chunk), narrow)]
        return Cat(*(Cat(lane, Mux(self.is_signed, lane[-1], 0).replicate(wide - narrow))
                     for lane in lanes))
