"""binary16 multiplication: IEEE 754-2019, 5.4.1 (formatOf general-computational operations),
4.3.1 (roundTiesToEven), 6.1 to 6.3 (infinities, NaNs, signs of zero), 7.5 (underflow)."""

from amaranth.hdl import Const, Module, Mux
from amaranth.lib.wiring import In, Out

from .common import BINARY16, Operator, Stages, normalise, pack, scale, shift_right, significand

__all__ = ["Multiplier"]

# Places of the registers besides the output's, by depth.
_PLACES = {
    1: (),
    2: ("product",),
    3: ("product", "normalised_1"),
    4: ("product", "normalised_2", "shifted"),
}


class Multiplier(Operator):
    """y = a x b: binary16, round to nearest even, subnormals kept.

    Overflow gives infinity, every NaN result (also that of 0 x infinity) is 0x7E00. No flow
    control: an operation enters in every cycle (with ``en`` high) and leaves ``latency`` edges
    later. Registers have no reset.

    Parameters
    ----------
    depth : register stages, 1 to 4; 1 is combinational logic and the output register.
    enable : add the register enable ``en``.

    Members
    -------
    a, b : binary16 operands.
    en : registers advance; with ``enable`` only.
    y : binary16 result, registered.
    """

    def __init__(self, *, depth=1, enable=False):
        super().__init__({"a": In(16), "b": In(16), "y": Out(16)}, depth=depth, enable=enable)

    def elaborate(self, platform):
        m = Module()
        stages = Stages(m, _PLACES[self.depth], self.en if self.enable else Const(1))
        a, b = BINARY16(self.a), BINARY16(self.b)
        p = stages.at("product", sign=a.sign ^ b.sign, product=significand(a) * significand(b),
                      # Exponent of the product's top bit, minus 1: -13 to 47.
                      room=scale(a) + scale(b) - 15, **_special(a, b))

        below = p.room < 0
        n = normalise(m, stages, p.product, Mux(below, 0, p.room)[:6],
                      distance=Mux(below, -p.room, 0)[:4], sign=p.sign, infinite=p.infinite,
                      nan=p.nan)
        r = stages.at("shifted", room=n.room, sign=n.sign, infinite=n.infinite, nan=n.nan,
                      word=shift_right(m, n.word[10:], n.distance, n.word[:10].any()))
        stages.output(self.y, pack(m, zero=~r.word[-1], **vars(r)))
        return m


def _special(a, b):
    """Whether the product is infinite or NaN (both are 1 for a NaN or, in the second, only)."""
    infinities = a.exponent.all(), b.exponent.all()
    zeros = tuple(~number.as_value()[:15].any() for number in (a, b))
    return {
        "infinite": infinities[0] | infinities[1],
        "nan": (infinities[0] & (a.fraction.any() | zeros[1])
                | infinities[1] & (b.fraction.any() | zeros[0])),
    }
