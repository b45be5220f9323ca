"""XpulpV2's scalar operations: comparison, bit counting, clipping, bit fields."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .control import BitsOp

__all__ = ["Bits"]

class Bits(wiring.Component):
    """Combinational; ``op`` is a :class:`BitsOp`. ``c`` is the old value of rd. ``less``: a < b, in
    the order that a comparison wants; ``equal``: a = b."""

    a: In(32)
    b: In(32)
    c: In(32)
    op: In(BitsOp)
    less: In(1)
    equal: In(1)
    o: Out(32)

    def elaborate(self, platform):
        m = Module()
        self._compare(m)
        self._count(m)
        self._extend(m)
        self._clip(m)
        self._field(m)
        return m

    def _compare(self, m):
        a, b, less = self.a, self.b, self.less
        with m.Switch(self.op):
            with m.Case(BitsOp.ABS):
                m.d.comb += self.o.eq(Mux(a[31], -a, a))
            with m.Case(BitsOp.LE, BitsOp.LEU):
                m.d.comb += self.o.eq(less | self.equal)
            with m.Case(BitsOp.MIN, BitsOp.MINU):
                m.d.comb += self.o.eq(Mux(less, a, b))
            with m.Case(BitsOp.MAX, BitsOp.MAXU):
                m.d.comb += self.o.eq(Mux(less, b, a))

    def _count(self, m):
        a = self.a
        first, last, leading = (Signal(6, name=name) for name in ("first", "last", "leading"))
        m.d.comb += [first.eq(32), last.eq(32), leading.eq(31)]
        for i in range(32):
            with m.If(a[i]):
                m.d.comb += last.eq(i)
            with m.If(a[31 - i]):
                m.d.comb += first.eq(31 - i)
            if i < 31:
                with m.If(a[i] != a[31]):
                    m.d.comb += leading.eq(30 - i)
        ones = [a[i:i + 1] for i in range(32)]
        while len(ones) > 1:
            ones = [x + y for x, y in zip(ones[::2], ones[1::2], strict=True)]
        with m.Switch(self.op):
            with m.Case(BitsOp.FF1):
                m.d.comb += self.o.eq(first)
            with m.Case(BitsOp.FL1):
                m.d.comb += self.o.eq(last)
            with m.Case(BitsOp.CLB):
                m.d.comb += self.o.eq(Mux(a == 0, 0, leading))
            with m.Case(BitsOp.CNT):
                m.d.comb += self.o.eq(ones[0])

    def _extend(self, m):
        a = self.a
        with m.Switch(self.op):
            for op, width, is_signed in ((BitsOp.EXTHS, 16, True), (BitsOp.EXTHZ, 16, False),
                                         (BitsOp.EXTBS, 8, True), (BitsOp.EXTBZ, 8, False)):
                fill = a[width - 1] if is_signed else Const(0, 1)
                with m.Case(op):
                    m.d.comb += self.o.eq(Cat(a[:width], fill.replicate(32 - width)))

    def _clip(self, m):
        a = self.a
        # Decode has made a bound of an immediate.
        upper, lower, unsigned = self.b, Signal(32), Signal()
        m.d.comb += [
            unsigned.eq((self.op == BitsOp.CLIPU) | (self.op == BitsOp.CLIPUR)),
            lower.eq(Mux(unsigned, 0, ~upper)),
        ]
        with m.Switch(self.op):
            with m.Case(BitsOp.CLIP, BitsOp.CLIPU, BitsOp.CLIPR, BitsOp.CLIPUR):
                m.d.comb += self.o.eq(Mux(a.as_signed() <= lower.as_signed(), lower,
                                       Mux(a.as_signed() >= upper.as_signed(), upper, a)))

    def _field(self, m):
        a, position, length = self.a, self.b[:5], self.b[5:10]
        ones, mask, moved, top = Signal(32), Signal(32), Signal(32), Signal()
        above, last = Signal(32), Signal(6)
        m.d.comb += [
            # As many ones as the field has bits; those beyond bit 31 fall off.
            ones.eq(~(Const(0xFFFFFFFE, 32) << length)[:32]),
            mask.eq((ones << position)[:32]),
            # What lies above the register: itself again, its sign, or nothing.
            above.eq(Mux(self.op == BitsOp.ROR, a,
                         (a[31] & (self.op == BitsOp.EXTRACT)).replicate(32))),
            moved.eq(Cat(a, above) >> position),
            # The field's highest bit is bit 31 of the register when it reaches beyond it.
            last.eq(position + length),
            top.eq(Mux(last[5], a[31], a.bit_select(last[:5], 1))),
        ]
        visible = Signal(32)
        m.d.comb += visible.eq(moved & ones)
        with m.Switch(self.op):
            with m.Case(BitsOp.ROR):
                m.d.comb += self.o.eq(moved)
            with m.Case(BitsOp.EXTRACT):
                m.d.comb += self.o.eq(visible | (top.replicate(32) & ~ones))
            with m.Case(BitsOp.EXTRACTU):
                m.d.comb += self.o.eq(visible)
            with m.Case(BitsOp.INSERT):
                m.d.comb += self.o.eq((self.c & ~mask) | ((a << position)[:32] & mask))
            with m.Case(BitsOp.BCLR):
                m.d.comb += self.o.eq(a & ~mask)
            with m.Case(BitsOp.BSET):
                m.d.comb += self.o.eq(a | mask)
