"""One pair of 16 x 16 partial-product arrays for lanes of 16, 8, 4 and 2 bits.

Written with the sub-words of one factor in reverse order, a product of two words has every
product of corresponding sub-words on its anti-diagonal, all with the same weight
``2**(16 - lane width)``; the rest of the array is switched off. So the 16-bit array computes the
dot products of the narrower lanes too, with one adder tree, instead of one multiplier island per
lane width. Signed lanes: C. R. Baugh and B. A. Wooley, "A Two's Complement Parallel Array
Multiplication Algorithm", 1973, per lane: partial products of negative weight are inverted and a
constant per format corrects the sum.
"""

from amaranth.hdl import Array, Cat, Const, Module, Signal
from amaranth.lib import wiring

from .adders import carry_save, reduce_rows
from .geometry import SIGN_CLASSES, SIZES, enabled, lane_width, sign_class, sign_flip
from .signature import FINISH_SIGNATURE, SUM_BITS, VECTOR_SIGNATURE

__all__ = ["ArrayFinish", "ArrayVector", "reverse_lanes"]


def _correction(size, x_signed, y_signed):
    """What the inverted partial products of both arrays leave to be added, modulo 2**32: each
    stands for ``-p = (1 - p) - 1``."""
    sizes = [s == size for s in SIZES]
    weights = (1 << row + column for row in range(16) for column in range(16)
               if sign_flip(sign_class(row, column), sizes, x_signed, y_signed))
    return (-2 * sum(weights) >> 16 - lane_width(size)) & 0xFFFFFFFF


def reverse_lanes(word, size):
    """``word`` with the lanes of 16 >> size bits of each half in reverse order."""
    choices = []
    for s in SIZES:
        width = lane_width(s)
        places = [low for half in (0, 16) for low in reversed(range(half, half + 16, width))]
        choices.append(Cat(*(word[low:low + width] for low in places)))
    return Array(choices)[size]


class ArrayVector(wiring.Component):
    """Sums of partial products in carry-save form, combinational.

    See :data:`flexdrive.flexv.dotp.signature.VECTOR_SIGNATURE` for the ports.
    """

    def __init__(self):
        super().__init__(VECTOR_SIGNATURE)

    def elaborate(self, platform):
        m = Module()
        rows = []
        for half in range(2):
            x, reversed_y = (word[16 * half:16 * half + 16] for word in (self.i.x, self.i.y))
            rows += self._rows(m, half, x, reversed_y)
        total, carry = reduce_rows(m, "tree", rows, SUM_BITS)
        m.d.comb += [self.total.eq(total), self.carry.eq(carry)]
        return m

    def _inverted(self, row, column):
        """Whether the partial product has negative weight."""
        places = sign_class(row, column)
        return self.i.decoded.negative[SIGN_CLASSES.index(places)] if places else Const(0, 1)

    def _visible(self, row, column):
        """Whether the partial product counts: those of narrower lanes do with wider ones too."""
        narrowest = max(size for size in SIZES if enabled(size, row, column))
        return Const(1, 1) if narrowest == 3 else self.i.decoded.at_most[narrowest]

    def _rows(self, m, half, x, reversed_y):
        rows = []
        for row in range(16):
            products = Signal(16 + row, name=f"row_{half}_{row}")
            m.d.comb += products.eq(Cat(Const(0, row), *(
                (x[column] & reversed_y[row] & self._visible(row, column))
                ^ self._inverted(row, column) for column in range(16))))
            rows.append(products)
        return rows


class ArrayFinish(wiring.Component):
    """Alignment of the narrower lanes, and what their inverted partial products leave to be
    added; combinational."""

    def __init__(self):
        super().__init__(FINISH_SIGNATURE)

    def elaborate(self, platform):
        m = Module()
        aligned = []
        for name, row in (("total", self.i.total), ("carry", self.i.carry)):
            signal = Signal(32, name=f"aligned_{name}")
            m.d.comb += signal.eq(Array([row[16 - lane_width(s):] for s in SIZES])[self.i.size])
            aligned.append(signal)
        correction = Signal(32)
        m.d.comb += correction.eq(Array([
            Const(_correction(s, x, y), 32) for s in SIZES for y in (0, 1) for x in (0, 1)
        ])[Cat(self.i.x_signed, self.i.y_signed, self.i.size)])
        total, carry = carry_save(m, "corrected", *aligned, correction)
        m.d.comb += [self.total.eq(total), self.carry.eq(carry)]
        return m
