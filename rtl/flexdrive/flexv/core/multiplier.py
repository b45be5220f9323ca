"""Multiplication in two stages: four 17 x 17 products, then their sum."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .control import MultiplyOp

__all__ = ["Accumulator", "PartialProducts"]


class PartialProducts(wiring.Component):
    """First stage, combinational: a * b = low + middle * 2**16 + high * 2**32."""

    a: In(32)
    b: In(32)
    op: In(MultiplyOp)
    low: Out(32)
    middle: Out(signed(34))
    high: Out(signed(34))

    def elaborate(self, platform):
        m = Module()
        a_signed = (self.op == MultiplyOp.HIGH) | (self.op == MultiplyOp.HIGH_SU)
        b_signed = self.op == MultiplyOp.HIGH
        upper = []
        for name, word, is_signed in (("a", self.a, a_signed), ("b", self.b, b_signed)):
            half = Signal(signed(17), name=f"{name}_high")
            m.d.comb += half.eq(Cat(word[16:], word[31] & is_signed))
            upper.append(half)
        a_low, b_low = (Signal(signed(17), name=f"{name}_low") for name in "ab")
        m.d.comb += [
            a_low.eq(Cat(self.a[:16], Const(0, 1))), b_low.eq(Cat(self.b[:16], Const(0, 1))),
            self.low.eq(a_low * b_low), self.middle.eq(a_low * upper[1] + upper[0] * b_low),
            self.high.eq(upper[0] * upper[1]),
        ]
        return m


class Accumulator(wiring.Component):
    """Second stage, combinational.

    ``sum`` is total + carry + accumulator modulo 2**32, where a product has its ``low`` as total
    and its ``middle`` as ``carry`` of weight 2**16 (``product``). ``upper`` is the upper half of
    the product.
    """

    total: In(32)
    carry: In(34)
    high: In(34)
    accumulator: In(32)
    product: In(1)
    sum: Out(32)
    upper: Out(32)

    def elaborate(self, platform):
        m = Module()
        carry, middle = Signal(32), Signal(signed(35))
        m.d.comb += [
            carry.eq(Mux(self.product, Cat(Const(0, 16), self.carry[:16]), self.carry[:32])),
            self.sum.eq(self.total + carry + self.accumulator),
            middle.eq(self.carry.as_signed() + self.total[16:]),
            self.upper.eq(self.high + (middle >> 16)),
        ]
        return m
