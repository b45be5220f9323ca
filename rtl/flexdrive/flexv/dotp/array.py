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
from .signature import VECTOR_SIGNATURE

__all__ = ["ArrayVector"]

_SIZES = tuple(range(4))


def _width(size):
    return 16 >> size


def _enabled(size, row, column):
    """Whether the partial product lies on the anti-diagonal of blocks."""
    width = _width(size)
    return column // width + row // width == 16 // width - 1


def _negative(size, row, column, x_signed, y_signed):
    """Whether the partial product has negative weight."""
    top = _width(size) - 1
    return _enabled(size, row, column) and (
        (x_signed and column % (top + 1) == top) != (y_signed and row % (top + 1) == top))


def _correction(size, x_signed, y_signed):
    """What the inverted partial products of both arrays leave to be added, modulo 2**32: each
    stands for ``-p = (1 - p) - 1``."""
    weights = (1 << row + column for row in range(16) for column in range(16)
               if _negative(size, row, column, x_signed, y_signed))
    return (-2 * sum(weights) >> 16 - _width(size)) & 0xFFFFFFFF


class ArrayVector(wiring.Component):
    """Dot product of two words of equally wide lanes in carry-save form, combinational.

    See :data:`flexdrive.flexv.dotp.signature.VECTOR_SIGNATURE` for the ports.
    """

    def __init__(self):
        super().__init__(VECTOR_SIGNATURE)

    def elaborate(self, platform):
        m = Module()
        inverted = self._inversions(m)
        rows = []
        for half in range(2):
            x, y = (word[16 * half:16 * half + 16] for word in (self.x, self.y))
            rows += self._rows(m, half, x, y, inverted)
        # 2 * (2**16 - 1)**2 and all inverted bits stay below 2**33.
        total, carry = reduce_rows(m, "tree", rows, 33)
        aligned = []
        for name, row in (("total", total), ("carry", carry)):
            signal = Signal(32, name=f"aligned_{name}")
            m.d.comb += signal.eq(Array([row[16 - _width(s):] for s in _SIZES])[self.size])
            aligned.append(signal)
        correction = Signal(32)
        m.d.comb += correction.eq(Array([
            Const(_correction(s, x, y), 32) for s in _SIZES for y in (0, 1) for x in (0, 1)
        ])[Cat(self.x_signed, self.y_signed, self.size)])
        total, carry = carry_save(m, "corrected", *aligned, correction)
        m.d.comb += [self.total.eq(total), self.carry.eq(carry)]
        return m

    def _inversions(self, m):
        """Per row, the partial products of negative weight."""
        inverted = []
        for row in range(16):
            signal = Signal(16, name=f"inverted_{row}")
            choices = []
            for size in _SIZES:
                by_x, by_y = (sum(_negative(size, row, column, *signs) << column
                                  for column in range(16)) for signs in ((1, 0), (0, 1)))
                choices.append((Const(by_x, 16) & self.x_signed.replicate(16))
                               ^ (Const(by_y, 16) & self.y_signed.replicate(16)))
            m.d.comb += signal.eq(Array(choices)[self.size])
            inverted.append(signal)
        return inverted

    def _rows(self, m, half, x, y, inverted):
        reversed_y = Signal(16, name=f"reversed_y_{half}")
        m.d.comb += reversed_y.eq(Array([
            Cat(*(y[low:low + _width(s)] for low in reversed(range(0, 16, _width(s)))))
            for s in _SIZES])[self.size])
        rows = []
        for row in range(16):
            if row % 2 == 0:
                # Rows of one 2-bit lane see the same columns in every format.
                visible = Signal(16, name=f"visible_x_{half}_{row // 2}")
                m.d.comb += visible.eq(x & Array([
                    Const(sum(_enabled(s, row, column) << column for column in range(16)), 16)
                    for s in _SIZES])[self.size])
            products = Signal(16 + row, name=f"row_{half}_{row}")
            m.d.comb += products.eq(Cat(
                Const(0, row),
                (visible & reversed_y[row].replicate(16)) ^ inverted[row]))
            rows.append(products)
        return rows
