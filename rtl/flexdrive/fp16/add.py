"""binary16 addition and subtraction: IEEE 754-2019, 5.4.1 (formatOf general-computational
operations), 4.3.1 (roundTiesToEven), 6.1 to 6.3 (infinities, NaNs, signs of zero)."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib.wiring import In, Out

from .common import (
    BINARY16,
    Operator,
    Stages,
    add_with_carry,
    normalise,
    pack,
    scale,
    shift_right,
    significand,
)

__all__ = ["Adder"]

# Places of the registers besides the output's, by depth; balanced for four-input lookup tables
# with carry chains.
_PLACES = {
    1: (),
    2: ("summed",),
    3: ("aligned", "normalised_4"),
    4: ("ordered", "summed", "normalised_1"),
}


class Adder(Operator):
    """y = a + b, or a - b: binary16, round to nearest even, subnormals kept.

    Overflow gives infinity, every NaN result is 0x7E00, an exact zero sum of operands of opposite
    signs is +0. ``x + (-0)`` is ``x`` for every x that is not a NaN. No flow control: an operation
    enters in every cycle (with ``en`` high) and leaves ``latency`` edges later. Registers have no
    reset.

    Parameters
    ----------
    depth : register stages, 1 to 4; 1 is combinational logic and the output register.
    enable : add the register enable ``en``.

    Members
    -------
    a, b : binary16 operands.
    subtract : 1 computes a - b. Constant 0 costs nothing.
    en : registers advance; with ``enable`` only.
    y : binary16 result, registered.
    """

    def __init__(self, *, depth=1, enable=False):
        super().__init__({"a": In(16), "b": In(16), "subtract": In(1), "y": Out(16)},
                         depth=depth, enable=enable)

    def elaborate(self, platform):
        m = Module()
        stages = Stages(m, _PLACES[self.depth], self.en if self.enable else Const(1))
        x, y, differ, distance = _order(m, self.a, Cat(self.b[:15], self.b[15] ^ self.subtract),
                                        early="ordered" in _PLACES[self.depth])
        p = stages.at("ordered", x=x, y=y, differ=differ, distance=distance)
        x, y = BINARY16(p.x), BINARY16(p.y)

        special = x.exponent.all()
        q = stages.at(
            "aligned", sign=x.sign, differ=p.differ, larger=significand(x),
            smaller=shift_right(m, Cat(Const(0, 2), significand(y)), p.distance), room=scale(x),
            infinite=special,
            nan=special & (x.fraction.any() | (p.differ & y.exponent.all())))

        # 2's complement of the smaller magnitude when the signs differ: never negative.
        total = add_with_carry(Cat(Const(0, 3), q.larger),
                               q.smaller ^ q.differ.replicate(14), q.differ)
        r = stages.at("summed", sum=Cat(total[:14], total[14] & ~q.differ), sign=q.sign,
                      differ=q.differ, room=q.room, infinite=q.infinite, nan=q.nan)

        zero = ~r.sum.any()
        n = normalise(m, stages, r.sum, r.room, zero=zero, sign=r.sign & ~(zero & r.differ),
                      infinite=r.infinite, nan=r.nan)
        stages.output(self.y, pack(m, **vars(n)))
        return m


def _order(m, a, b, *, early):
    """The operand of larger magnitude, the other, whether their signs differ, and the difference of
    their exponents, 0 to 15; all from 15 on are 15, which moves everything out. ``early``: the last
    does not wait for the comparison of the magnitudes, for one more subtractor."""
    swap = Signal()
    m.d.comb += swap.eq(a[:15] < b[:15])
    larger = Signal(16)
    smaller = Signal(16)
    m.d.comb += [larger.eq(Mux(swap, b, a)), smaller.eq(Mux(swap, a, b))]
    full = Signal(5, name="distance")
    m.d.comb += full.eq(Mux(swap, _difference(b, a), _difference(a, b)) if early
                        else _difference(larger, smaller))
    return larger, smaller, a[15] ^ b[15], full[:4] | full[4].replicate(4)


def _difference(x, y):
    """Difference of the exponents of two magnitudes, x the larger one."""
    x, y = BINARY16(x), BINARY16(y)
    # Exponent 0 counts as 1, which matters if one of both is 0, then y's: one less. As a sum,
    # x + ~y is x - y - 1.
    return add_with_carry(x.exponent, ~y.exponent, ~x.exponent.any() | y.exponent.any())[:5]
