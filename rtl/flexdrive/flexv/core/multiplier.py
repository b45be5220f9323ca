"""Multiplication in two parts: four 17 x 17 products, then their sum."""

from amaranth.hdl import Cat, Const, Module, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["PartialProducts", "Product"]


class PartialProducts(wiring.Component):
    """First part, combinational: a * b = low + middle * 2**16 + high * 2**32."""

    a: In(32)
    b: In(32)
    a_signed: In(1)
    b_signed: In(1)
    low: Out(32)
    middle: Out(signed(34))
    high: Out(signed(34))

    def elaborate(self, platform):
        m = Module()
        upper = []
        for name, word, is_signed in (("a", self.a, self.a_signed), ("b", self.b, self.b_signed)):
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


class Product(wiring.Component):
    """Second part, combinational: low + middle * 2**16 + high * 2**32 modulo 2**64."""

    low: In(32)
    middle: In(34)
    high: In(34)
    o: Out(64)

    def elaborate(self, platform):
        m = Module()
        # The lowest 16 bits are there already.
        m.d.comb += self.o.eq(Cat(self.low[:16], Cat(self.low[16:], self.high)
                                  + self.middle.as_signed()))
        return m
