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
        op = self.op.as_value()
        subtract, unsigned, total, less = op[0], op[1], Signal(33), Signal()
        m.d.comb += [
            total.eq(self.a + (self.b ^ subtract.replicate(32)) + subtract),
            # a < b from the carry of a - b, with flipped signs for the signed order.
            less.eq(Mux(self.a[31] ^ self.b[31],
                        Mux(unsigned, self.b[31], self.a[31]), total[31])),
        ]
        with m.Switch(op[4:]):
            with m.Case(AluOp.ADD.value >> 4):
                m.d.comb += self.o.eq(total)
            with m.Case(AluOp.LT.value >> 4):
                m.d.comb += self.o.eq(less)
            with m.Case(AluOp.SRL.value >> 4):
                m.d.comb += self.o.eq(self._shift(m))
            with m.Default():
                m.d.comb += self.o.eq(self._logic(m))
        return m

    def _logic(self, m):
        logic = Signal(32)
        with m.Switch(self.op):
            for op, value in ((AluOp.XOR, self.a ^ self.b), (AluOp.OR, self.a | self.b),
                              (AluOp.AND, self.a & self.b), (AluOp.SECOND, self.b)):
                with m.Case(op):
                    m.d.comb += logic.eq(value)
        return logic

    def _shift(self, m):
        """One right shifter; a left shift reverses the bits before and after."""
        op, given, result = self.op.as_value(), Signal(32), Signal(32)
        left, fill, shifted = op[0], Signal(), Signal(32)
        m.d.comb += [
            given.eq(Mux(left, Cat(*reversed(list(self.a))), self.a)),
            fill.eq(op[1] & self.a[31]),
            shifted.eq(Cat(given, Mux(fill, Const(0xFFFFFFFF, 32), 0)) >> self.b[:5]),
            result.eq(Mux(left, Cat(*reversed(list(shifted))), shifted)),
        ]
        return result
