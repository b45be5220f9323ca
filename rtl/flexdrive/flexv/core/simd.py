"""Packed SIMD on lanes of 16, 8, 4 or 2 bits, and lane permutations."""

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .control import PermuteOp, SimdOp

__all__ = ["Permute", "Simd"]

_SIZES = range(4)
_GROUPS = 16  # of two bits: the narrowest lane


def _lane_of(size, group):
    """First and last group of the lane that holds ``group``."""
    groups = 8 >> size
    first = group // groups * groups
    return first, first + groups - 1


class Simd(wiring.Component):
    """Combinational.

    One adder serves all lane widths: between groups of two bits lies a further bit that either
    passes the carry on or, at the edge of a lane, starts the next lane and shows the carry out.

    Members
    -------
    op : :class:`SimdOp`. size : lanes of 16 >> size bits. narrower : bit i if size > i, for the
    adder, which is wanted early. a, b : operands, scalars already
    replicated. c : old value of rd. index : lane of extract and insert.
    """

    op: In(SimdOp)
    size: In(2)
    narrower: In(3)
    a: In(32)
    b: In(32)
    c: In(32)
    index: In(4)
    o: Out(32)

    def elaborate(self, platform):
        m = Module()
        tops = Signal(32)
        m.d.comb += tops.eq(Cat(
            self._begins(bit + 1) if bit % 2 else Const(0, 1) for bit in range(32)))
        total, not_less = self._add(m, tops)
        differ = self._per_lane(m, "differ", [
            (self.a ^ self.b)[2 * first:2 * last + 2].any()
            for size in _SIZES for first, last in [_lane_of(size, g) for g in range(_GROUPS)]])
        negative = self._per_lane(m, "negative", [
            self.a[2 * _lane_of(size, g)[1] + 1] for size in _SIZES for g in range(_GROUPS)])
        self._arithmetic(m, total, not_less, negative, tops)
        self._comparisons(m, not_less, differ)
        self._logic(m)
        self._lanes(m)
        shifted = self._shift(m, negative)
        with m.If((self.op == SimdOp.SRL) | (self.op == SimdOp.SRA) | (self.op == SimdOp.SLL)):
            m.d.comb += self.o.eq(shifted)
        return m

    def _begins(self, bit):
        """Whether a lane begins at this bit."""
        return self._narrow(next(size for size in _SIZES if bit % (16 >> size) == 0))

    def _narrow(self, size):
        """Whether lanes are of this size or narrower."""
        return self.narrower[size - 1] if size else Const(1, 1)

    def _per_lane(self, m, name, bits):
        """32 bits with each lane's flag in all its places; ``bits`` by size, then by group."""
        flags = Signal(32, name=name)
        words = [Cat(*(bit.replicate(2) for bit in bits[size * _GROUPS:(size + 1) * _GROUPS]))
                 for size in _SIZES]
        m.d.comb += flags.eq(Array(words)[self.size])
        return flags

    def _add(self, m, tops):
        """Sum or difference of lanes, and where a >= b (unless the operation is an addition)."""
        op = self.op.as_value()
        subtract, flips, absolute = op[3], Signal(32), Signal()
        x, y = Signal(32), Signal(32)
        m.d.comb += [
            # Of what has these bits only this operation uses the adder.
            absolute.eq(op[3] & op[0] & ~op[4]),
            flips.eq(tops & (op[4] & ~op[0]).replicate(32)),
            x.eq(Mux(absolute, 0, self.a ^ flips)),
            y.eq(Mux(absolute, self.a, self.b ^ flips) ^ subtract.replicate(32)),
        ]
        edges = Signal(_GROUPS)
        m.d.comb += edges.eq(Cat(self._begins(2 * g) for g in range(_GROUPS)))
        first, second = [x[:2]], [y[:2]]
        for g in range(1, _GROUPS):
            first += [Mux(edges[g], subtract, 1), x[2 * g:2 * g + 2]]
            second += [edges[g] & subtract, y[2 * g:2 * g + 2]]
        wide = Signal(3 * _GROUPS)
        m.d.comb += wide.eq(Cat(*first) + Cat(*second) + subtract)
        total = Cat(*(wide[3 * g:3 * g + 2] for g in range(_GROUPS)))
        not_less = self._per_lane(m, "not_less", [
            wide[3 * _lane_of(size, g)[1] + 2] for size in _SIZES for g in range(_GROUPS)])
        return total, not_less

    def _arithmetic(self, m, total, not_less, negative, tops):
        with m.Switch(self.op):
            with m.Case(SimdOp.ADD, SimdOp.SUB):
                m.d.comb += self.o.eq(total)
            with m.Case(SimdOp.AVG, SimdOp.AVGU):
                top = Mux(self.op == SimdOp.AVG, total & tops, 0)
                m.d.comb += self.o.eq(((total >> 1) & ~tops) | top)
            with m.Case(SimdOp.MIN, SimdOp.MINU):
                m.d.comb += self.o.eq((self.b & not_less) | (self.a & ~not_less))
            with m.Case(SimdOp.MAX, SimdOp.MAXU):
                m.d.comb += self.o.eq((self.a & not_less) | (self.b & ~not_less))
            with m.Case(SimdOp.ABS):
                m.d.comb += self.o.eq((total & negative) | (self.a & ~negative))

    def _comparisons(self, m, not_less, differ):
        with m.Switch(self.op):
            for ops, flags in (((SimdOp.CMPEQ,), ~differ), ((SimdOp.CMPNE,), differ),
                               ((SimdOp.CMPGT, SimdOp.CMPGTU), not_less & differ),
                               ((SimdOp.CMPGE, SimdOp.CMPGEU), not_less),
                               ((SimdOp.CMPLT, SimdOp.CMPLTU), ~not_less),
                               ((SimdOp.CMPLE, SimdOp.CMPLEU), ~not_less | ~differ)):
                with m.Case(*ops):
                    m.d.comb += self.o.eq(flags)

    def _logic(self, m):
        with m.Switch(self.op):
            with m.Case(SimdOp.OR):
                m.d.comb += self.o.eq(self.a | self.b)
            with m.Case(SimdOp.XOR):
                m.d.comb += self.o.eq(self.a ^ self.b)
            with m.Case(SimdOp.AND):
                m.d.comb += self.o.eq(self.a & self.b)

    def _shift(self, m, negative):
        """Each lane by the lowest bits of its own amount.

        Steps of 8, 4, 2 and 1 bits to the right, each in all lanes that are wide enough; a left
        shift reverses the word before and after.
        """
        left, arithmetic = self.op.as_value()[1], self.op.as_value()[0]
        word, fill, result = Signal(32), Signal(32), Signal(32)
        m.d.comb += [word.eq(Mux(left, Cat(*reversed(list(self.a))), self.a)),
                     fill.eq(negative & arithmetic.replicate(32))]
        for stage in (3, 2, 1, 0):
            step, amounts, moved = 1 << stage, self._amounts(stage), Signal(32)
            goes = Signal(len(amounts), name=f"goes{step}")
            m.d.comb += goes.eq(Mux(left, Cat(*reversed(amounts)), Cat(*amounts)))
            for bit in range(32):
                # The widest lane that ends before what would come in.
                sizes = [size for size in range(4 - stage)
                         if bit % (16 >> size) + step >= 16 >> size]
                ends = self._narrow(sizes[0]) if sizes else Const(0, 1)
                source = Mux(ends, fill[bit], word[min(bit + step, 31)])
                m.d.comb += moved[bit].eq(Mux(goes[bit // (2 * step)], source, word[bit]))
            word = moved
        m.d.comb += result.eq(Mux(left, Cat(*reversed(list(word))), word))
        return result

    def _amounts(self, stage):
        """Bit ``stage`` of the amount, for each lane of the narrowest width that has this bit."""
        amounts = []
        for low in range(0, 32, 2 << stage):
            amount = Const(0, 1)
            for size in reversed(range(4 - stage)):
                given = self.b[low // (16 >> size) * (16 >> size) + stage]
                amount = given if size == 3 else Mux(self.narrower[size], amount, given)
            amounts.append(amount)
        return amounts

    def _lanes(self, m):
        extracted, inserted, chosen, place = [], [], [], Signal(32)
        for size in _SIZES:
            width = 16 >> size
            lane = self.a.word_select(self.index[:size + 1], width)
            fill = lane[-1] & (self.op == SimdOp.EXTRACT)
            extracted.append(Cat(lane, fill.replicate(32 - width)))
            chosen.append(Cat(*((self.index[:size + 1] == i).replicate(width)
                                for i in range(32 // width))))
            inserted.append(self.a[:width].replicate(32 // width))
        with m.Switch(self.op):
            with m.Case(SimdOp.EXTRACT, SimdOp.EXTRACTU):
                m.d.comb += self.o.eq(Array(extracted)[self.size])
            with m.Case(SimdOp.INSERT):
                m.d.comb += [
                    place.eq(Array(chosen)[self.size]),
                    self.o.eq((Array(inserted)[self.size] & place) | (self.c & ~place))]


class Permute(wiring.Component):
    """Combinational: shuffles and packs of halfwords and bytes. ``c`` is the old value of rd."""

    op: In(PermuteOp)
    a: In(32)
    b: In(32)
    c: In(32)
    o: Out(32)

    def elaborate(self, platform):
        m = Module()
        a, b, c = self.a, self.b, self.c
        both = Cat(c, a)
        halves, bytes_ = range(0, 32, 16), range(0, 32, 8)
        results = {
            PermuteOp.SHUFFLE_H: Cat(*(a.word_select(b[i], 16) for i in halves)),
            PermuteOp.SHUFFLE_IMM_H: Cat(*(a.word_select(b[i], 16) for i in range(2))),
            PermuteOp.SHUFFLE_B: Cat(*(a.word_select(b[i:i + 2], 8) for i in bytes_)),
            PermuteOp.SHUFFLE2_H: Cat(*(both.word_select(b[i:i + 2], 16) for i in halves)),
            PermuteOp.SHUFFLE2_B: Cat(*(both.word_select(b[i:i + 3], 8) for i in bytes_)),
            PermuteOp.PACK: Cat(b[:16], a[:16]),
            PermuteOp.PACK_H: Cat(b[16:], a[16:]),
            PermuteOp.PACKHI: Cat(c[:16], b[:8], a[:8]),
            PermuteOp.PACKLO: Cat(b[:8], a[:8], c[16:]),
        }
        for i, op in enumerate((PermuteOp.SHUFFLE_I0, PermuteOp.SHUFFLE_I1, PermuteOp.SHUFFLE_I2,
                                PermuteOp.SHUFFLE_I3)):
            results[op] = Cat(*(a.word_select(b[j:j + 2], 8) for j in (0, 2, 4)),
                              a[8 * i:8 * i + 8])
        with m.Switch(self.op):
            for op, value in results.items():
                with m.Case(op):
                    m.d.comb += self.o.eq(value)
        return m
