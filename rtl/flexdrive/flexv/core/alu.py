"""Arithmetic of the execute stage that ends in one cycle."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .control import AluOp, BranchOp

__all__ = ["Alu", "Comparator"]


class Comparator(wiring.Component):
    """Branch conditions, combinational; ``op`` is a :class:`BranchOp`."""

    a: In(32)
    b: In(32)
    op: In(BranchOp)
    taken: Out(1)

    def elaborate(self, platform):
        m = Module()
        equal, less, unsigned = Signal(), Signal(), Signal()
        op = self.op.as_value()
        m.d.comb += [
            unsigned.eq(op[2]),
            equal.eq(self.a == self.b),
            # A flipped sign bit turns signed order into unsigned order.
            less.eq(Cat(self.a[:31], self.a[31] ^ ~unsigned)
                    < Cat(self.b[:31], self.b[31] ^ ~unsigned)),
            self.taken.eq(Mux(op[1:3] == 0, equal, less) ^ op[0]),
        ]
        return m


class Alu(wiring.Component):
    """Base arithmetic, logic and shifts, combinational; ``op`` is an :class:`AluOp`."""

    a: In(32)
    b: In(32)
    op: In(AluOp)
    o: Out(32)

    def elaborate(self, platform):
        m = Module()
        subtract, unsigned = Signal(), Signal()
        total = Signal(33)
        m.d.comb += [
            subtract.eq((self.op == AluOp.SUB) | (self.op == AluOp.LT) | (self.op == AluOp.LTU)),
            unsigned.eq(self.op == AluOp.LTU),
            total.eq(self.a + (self.b ^ subtract.replicate(32)) + subtract),
        ]
        # a < b from the carry of a - b, with flipped signs for the signed order.
        less = Signal()
        m.d.comb += less.eq(Mux(self.a[31] ^ self.b[31],
                                Mux(unsigned, self.b[31], self.a[31]), total[31]))
        shifted = self._shift(m)
        with m.Switch(self.op):
            with m.Case(AluOp.ADD, AluOp.SUB):
                m.d.comb += self.o.eq(total)
            with m.Case(AluOp.LT, AluOp.LTU):
                m.d.comb += self.o.eq(less)
            with m.Case(AluOp.XOR):
                m.d.comb += self.o.eq(self.a ^ self.b)
            with m.Case(AluOp.OR):
                m.d.comb += self.o.eq(self.a | self.b)
            with m.Case(AluOp.AND):
                m.d.comb += self.o.eq(self.a & self.b)
            with m.Case(AluOp.SLL, AluOp.SRL, AluOp.SRA):
                m.d.comb += self.o.eq(shifted)
            with m.Case(AluOp.SECOND):
                m.d.comb += self.o.eq(self.b)
        return m

    def _shift(self, m):
        """One right shifter; a left shift reverses the bits before and after."""
        left, given, result = Signal(), Signal(32), Signal(32)
        fill, shifted = Signal(), Signal(32)
        m.d.comb += [
            left.eq(self.op == AluOp.SLL),
            given.eq(Mux(left, Cat(*reversed(list(self.a))), self.a)),
            fill.eq((self.op == AluOp.SRA) & self.a[31]),
            shifted.eq(Cat(given, Mux(fill, Const(0xFFFFFFFF, 32), 0)) >> self.b[:5]),
            result.eq(Mux(left, Cat(*reversed(list(shifted))), shifted)),
        ]
        return result
