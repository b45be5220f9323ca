"""Arithmetic of the execute stage that ends in one cycle."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .control import AluOp, BranchOp

__all__ = ["Alu", "Comparator"]


class Comparator(wiring.Component):
    """Branch conditions, combinational; ``op`` is a :class:`BranchOp`; ``less`` comes from the ALU,
    which compares as the operation wants."""

    a: In(32)
    b: In(32)
    less: In(1)
    op: In(BranchOp)
    equal: Out(1)
    taken: Out(1)

    def elaborate(self, platform):
        m = Module()
        op = self.op.as_value()
        m.d.comb += [
            self.equal.eq(self.a == self.b),
            self.taken.eq(Mux(op[1:3] == 0, self.equal, self.less) ^ op[0]),
        ]
        return m


class Alu(wiring.Component):
    """Base arithmetic, logic and shifts, combinational.

    Members
    -------
    a, b : operands. amount : of a shift, b's lowest bits from a register of their own.
    op : an :class:`AluOp`. o : its result.
    total : a + b, or a - b when the operation subtracts. less : a < b when it compares.
    """

    a: In(32)
    b: In(32)
    amount: In(5)
    op: In(AluOp)
    o: Out(32)
    total: Out(32)
    less: Out(1)

    def elaborate(self, platform):
        m = Module()
        op = self.op.as_value()
        subtract, unsigned = op[0], op[1]
        m.d.comb += [
            self.total.eq(self.a + (self.b ^ subtract.replicate(32)) + subtract),
            # a < b from the sign of a - b if both have the same.
            self.less.eq(Mux(self.a[31] ^ self.b[31],
                             Mux(unsigned, self.b[31], self.a[31]), self.total[31])),
        ]
        with m.Switch(op[4:]):
            with m.Case(AluOp.ADD.value >> 4):
                m.d.comb += self.o.eq(self.total)
            with m.Case(AluOp.LT.value >> 4):
                m.d.comb += self.o.eq(self.less)
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
            shifted.eq(Cat(given, Mux(fill, Const(0xFFFFFFFF, 32), 0)) >> self.amount),
            result.eq(Mux(left, Cat(*reversed(list(shifted))), shifted)),
        ]
        return result
