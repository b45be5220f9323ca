"""Division, one quotient bit a cycle (restoring, RISC-V M semantics for zero and overflow)."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .control import DivideOp

__all__ = ["Divider"]


class Divider(wiring.Component):
    """Latency: a division that is begun in cycle t is ``done`` in t + 33, 34 cycles in all;
    operands stay as they are meanwhile.

    Members
    -------
    start : a division is wanted; held until it is taken.
    take : the result is taken; the unit is free in the next cycle.
    cancel : forget the division under way.
    """

    a: In(32)
    b: In(32)
    op: In(DivideOp)
    start: In(1)
    take: In(1)
    cancel: In(1)
    done: Out(1)
    o: Out(32)

    def elaborate(self, platform):
        m = Module()
        op = self.op.as_value()
        signed, negative_a, negative_b = Signal(), Signal(), Signal()
        m.d.comb += [signed.eq(~op[0]), negative_a.eq(signed & self.a[31]),
                     negative_b.eq(signed & self.b[31])]
        busy, steps = Signal(), Signal(6)
        divisor, quotient, remainder = Signal(32), Signal(32), Signal(32)
        trial = Signal(33)
        m.d.comb += trial.eq(Cat(quotient[31], remainder) - divisor)
        m.d.comb += self.done.eq(busy & (steps == 32))
        with m.If(self.cancel | self.take):
            m.d.sync += busy.eq(0)
        with m.Elif(self.start & ~busy):
            m.d.sync += [busy.eq(1), steps.eq(0), remainder.eq(0),
                         quotient.eq(Mux(negative_a, -self.a, self.a)),
                         divisor.eq(Mux(negative_b, -self.b, self.b))]
        with m.Elif(busy & ~self.done):
            m.d.sync += [steps.eq(steps + 1), quotient.eq(Cat(~trial[32], quotient[:31])),
                         remainder.eq(Mux(trial[32], Cat(quotient[31], remainder[:31]), trial))]
        # By zero the quotient is all ones and the remainder the dividend, whatever the signs.
        with m.If(op[1]):
            m.d.comb += self.o.eq(Mux(negative_a, -remainder, remainder))
        with m.Else():
            m.d.comb += self.o.eq(Mux((negative_a ^ negative_b) & (divisor != 0),
                                      -quotient, quotient))
        return m
