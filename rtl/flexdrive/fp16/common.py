"""What the binary16 operators have in common: the encoding, pipeline places, normalisation and
rounding.

binary16 (IEEE 754-2019, 3.4): bit 15 is the sign, bits 14 to 10 the biased exponent, bits 9 to 0
the trailing significand. Exponent 0 holds zeros and subnormals, with the scale of exponent 1 and
no hidden bit; exponent 31 holds infinities and NaNs.
"""

from types import SimpleNamespace

from amaranth.hdl import Cat, Const, Mux, Signal, Value
from amaranth.lib import data
from amaranth.lib.wiring import In

from flexdrive.emit import Shared
from flexdrive.errors import ConfigurationError

__all__ = ["BINARY16", "CANONICAL_NAN", "INFINITY", "MAXIMUM_DEPTH", "Operator", "Stages",
           "add_with_carry", "normalise", "pack", "scale", "shift_right",
           "significand"]

BINARY16 = data.StructLayout({"fraction": 10, "exponent": 5, "sign": 1})
CANONICAL_NAN = 0x7E00
INFINITY = 0x7C00
MAXIMUM_DEPTH = 4


class Operator(Shared):
    """Base of the operators: checks and keeps the parameters, names the module.

    Latency: ``depth`` cycles (:attr:`latency`), with ``enable`` those with ``en`` high.

    Parameters
    ----------
    members : ports besides ``en``.
    depth : register stages from operands to result, 1 to 4.
    enable : add the input ``en``; all registers advance only while it is high.

    Raises
    ------
    ConfigurationError
        if ``depth`` is out of range.
    """

    def __init__(self, members, *, depth, enable):
        name = type(self).__name__
        if isinstance(depth, bool) or not isinstance(depth, int) \
                or not 1 <= depth <= MAXIMUM_DEPTH:
            # What was refused is not what Amaranth warns about: a component that was forgotten.
            self._MustUse__used = True
            raise ConfigurationError(f"fp16.{name}: depth must be an integer from 1 to "
                                     f"{MAXIMUM_DEPTH}, not {depth!r}")
        self.depth = depth
        self.enable = bool(enable)
        if enable:
            members = {**members, "en": In(1)}
        super().__init__(members, d=depth, **({"en": True} if enable else {}))

    @property
    def module_name(self):
        return "Fp16" + super().module_name

    @property
    def latency(self):
        """Clock edges from operands to their result: operands sampled at edge t are on ``y``
        after edge t + ``latency`` - 1, to be sampled at edge t + ``latency``."""
        return self.depth


class Stages:
    """The places of a datapath at which pipeline registers may stand.

    Parameters
    ----------
    m : the module.
    registered : names of the places that get registers.
    enable : register enable.

    The registers have no reset: nothing that was computed before a reset is ever valid, and the
    user knows from the latency when results begin.
    """

    def __init__(self, m, registered, enable):
        self._m = m
        self._registered = registered
        self._enable = enable

    def at(self, place, **values):
        """``values`` by name as seen behind ``place``: registered, or just named."""
        return SimpleNamespace(**{
            name: self._pass(f"{place}_{name}", Value.cast(value), place in self._registered)
            for name, value in values.items()
        })

    def output(self, port, value):
        """Drive ``port`` with ``value`` through the last register."""
        self._m.d.comb += port.eq(self._pass("output", Value.cast(value), True))

    def _pass(self, name, value, registered):
        signal = Signal(value.shape(), name=name, reset_less=True)
        if registered:
            with self._m.If(self._enable):
                self._m.d.sync += signal.eq(value)
        else:
            self._m.d.comb += signal.eq(value)
        return signal


def significand(number):
    """The 11-bit significand of a :data:`BINARY16` view, hidden bit included."""
    return Cat(number.fraction, number.exponent.any())


def add_with_carry(a, b, carry):
    """a + b + carry, of the width of ``a`` and ``b`` and one bit, on one carry chain: the carry
    enters as an addition 1 + carry below the last bit. Synthesis makes two adders of a sum of
    three terms."""
    return (Cat(Const(1), a) + Cat(carry, b))[1:]


def scale(number):
    """The exponent of a :data:`BINARY16` view, with the 1 that zeros and subnormals stand for."""
    return Cat(number.exponent[0] | ~number.exponent.any(), number.exponent[1:])


def normalise(m, stages, word, room, **carried):
    """Shift ``word`` left until its top bit is set, by at most ``room`` and at most 15.

    Returns the shifted ``word``, ``room`` less the distance, and all that is ``carried`` along,
    as one namespace. Each of the four steps shifts when both the leading zeros and the remaining
    room allow it, so that together they shift by the minimum of both, and ``room`` counts down to
    the exponent of the result without a subtractor of its own. Behind the step of 2^i there is a
    place "normalised_{2^i}".
    """
    width = len(word)
    state = SimpleNamespace(word=word, room=room, **carried)
    for bit in (3, 2, 1, 0):
        step = 1 << bit
        shift = Signal(name=f"shift_{step}")
        m.d.comb += shift.eq(~state.word[width - step:].any() & state.room[bit:].any())
        left = Cat(state.room[:bit], (state.room[bit:] - shift)[:len(room) - bit])
        word = Mux(shift, Cat(Const(0, step), state.word[:width - step]), state.word)
        state = stages.at(f"normalised_{step}", **{**vars(state), "word": word, "room": left})
    return state


def shift_right(m, word, distance, sticky=0):
    """``word`` shifted right by ``distance``, and below it one sticky bit: the disjunction of
    ``sticky`` and all that was shifted out.

    One wide shift and one wide disjunction: a simulator has single instructions for both, and
    synthesis takes the shift apart by itself.
    """
    room = (1 << len(distance)) - 1
    shifted = Signal(room + len(word), name="aligned")
    m.d.comb += shifted.eq(Cat(Const(0, room), word) >> distance)
    return Cat(shifted[:room].any() | sticky, shifted[room:])


def pack(m, *, sign, word, room, zero, infinite, nan):
    """Round a normalised magnitude to nearest, ties to even, and encode it.

    Parameters
    ----------
    word : magnitude; 11 significand bits on top, the guard bit, then bits that only count as a
        whole.
    room : biased exponent of the top bit of ``word`` minus 1. A clear top bit is allowed with
        ``room`` 0 alone, and means a subnormal.
    zero : the top bit is clear; ``room`` is then ignored. May be left 0 for a subnormal, whose
        ``room`` is 0.
    infinite, nan : the result is an infinity or the canonical NaN whatever the magnitude is.

    Returns
    -------
    Signal(16)
    """
    kept = len(word) - 11
    up = Signal(name="round_up")
    m.d.comb += up.eq(word[kept - 1] & (word[:kept - 1].any() | word[kept]))
    # The hidden bit is added into the exponent, which makes room + 1 of a normal number and 0 of
    # a subnormal; the carry of rounding goes the same way, up to the encoding of infinity.
    rounded = Signal(10 + len(room) + 1, name="rounded")
    base = Cat(Const(0, 10), room & ~zero.replicate(len(room)))
    m.d.comb += rounded.eq(add_with_carry(base, Cat(word[kept:], Const(0, len(room) - 1)), up))
    overflow = Signal(name="overflow")
    m.d.comb += overflow.eq(infinite | rounded[10:15].all() | rounded[15:].any())
    result = Signal(16, name="result")
    m.d.comb += result.eq(Mux(nan, CANONICAL_NAN,
                              Cat(Mux(overflow, INFINITY, rounded[:15])[:15], sign)))
    return result
