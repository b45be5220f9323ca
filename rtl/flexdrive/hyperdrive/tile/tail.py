"""Tail of one tile: scale, bypass, bias and activation of finished accumulators, one per cycle.

Source: the order scale, bypass, bias, ReLU and the one multiplier per tile are the paper's
(JETCAS 2019); there the tail stops the accumulation, here it runs beside the next group's. The
bypass and the bias have an adder each (two per tile beside ``channels`` accumulate adders), so
one result leaves in every cycle that the memory allows.

A layer that is ``late`` takes the two adders in the other order, and the activation from between
them: the bias first, then the activation and a register behind it, then the bypass.
"""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib.wiring import In, Out

from ...emit import Shared
from ...fp16 import Adder, Multiplier, is_nan, less

__all__ = ["Tail"]

_ONE, _MINUS_ZERO = 0x3C00, 0x8000


class Tail(Shared):
    """Holds the accumulators of one group and sends them through the tail arithmetic.

    Parameters
    ----------
    channels : C, accumulate units of the tile.
    depth : pipeline depth L of the adders and the multiplier, and slots of a group.

    Latency: a value shifted out in cycle t (``advance`` and ``shift`` high) stands on ``result``
    after ``latency`` further cycles with ``advance`` high, one more when ``late``. Everything
    behind the hold register moves only when ``advance`` is high.

    Members
    -------
    accumulators : the C accumulators, channel 0 in the lowest 16 bits.
    capture : one bit per slot: keep the accumulators as those of that slot.
    shift : one bit per slot: take its next held value, channel 0 first; only with ``advance``.
    advance : the pipeline moves.
    scale, bias : binary16 parameters of the value that was shifted out one advance before.
    bypass_word : word read from memory for that value; ``bypass_valid`` marks the one cycle in
        which it stands there.
    bypass : the layer has a bypass; otherwise -0 is added, which changes nothing.
    late : of the layer: the bypass is added after the activation; constant while values are under
        way.
    sign : the activation is ``low`` for negative values, else ``high``; otherwise these are its
        bounds, binary16, no NaNs.
    slope : binary16 factor of negative values, 1 with ``sign`` (chips with ``leaky``).
    result : the finished word, binary16.
    """

    def __init__(self, channels, depth, *, leaky=False):
        self.channels = channels
        self.depth = depth
        self.leaky = leaky
        super().__init__({
            "accumulators": In(16 * channels), "capture": In(depth), "shift": In(depth),
            "advance": In(1), "scale": In(16), "bias": In(16), "bypass_word": In(16),
            "bypass_valid": In(1), "bypass": In(1), "late": In(1), "sign": In(1), "low": In(16),
            "high": In(16), "result": Out(16), **({"slope": In(16)} if leaky else {}),
        }, c=channels, l=depth, **({"y": True} if leaky else {}))

    @staticmethod
    def latency_of(depth, leaky, late=False):
        """Advances from the shift of a value to its result: one register, multiplier, two adders,
        multiplier of slopes, the register behind an activation that is not last."""
        return 1 + (4 if leaky else 3) * depth + bool(late)

    @property
    def latency(self):
        """:meth:`latency_of` this tail, in layers that are not late."""
        return self.latency_of(self.depth, self.leaky)

    def elaborate(self, platform):
        m = Module()
        width = 16 * self.channels
        holds = [Signal(width, name=f"hold{slot}", reset_less=True) for slot in range(self.depth)]
        value = Signal(16, reset_less=True)
        for slot, hold in enumerate(holds):
            with m.If(self.advance & self.shift[slot]):
                m.d.sync += [hold.eq(hold[16:]), value.eq(hold[:16])]
            with m.If(self.capture[slot]):
                m.d.sync += hold.eq(self.accumulators)

        # The word from memory stands for one cycle; when the pipeline waits, it is kept here.
        kept = Signal(16, reset_less=True)
        bypass_word = Signal(16)
        with m.If(self.bypass_valid):
            m.d.sync += kept.eq(self.bypass_word)
        m.d.comb += bypass_word.eq(Mux(
            self.bypass, Mux(self.bypass_valid, self.bypass_word, kept), _MINUS_ZERO))
        self._arithmetic(m, value, bypass_word)
        return m

    def _arithmetic(self, m, value, bypass_word):
        """Multiplier, adders and activation, in the layer's order."""
        depth, late = self.depth, self.late
        m.submodules.multiplier = multiplier = Multiplier(depth=depth, enable=True).in_place()
        m.submodules.first_adder = first = Adder(depth=depth, enable=True).in_place()
        m.submodules.second_adder = second = Adder(depth=depth, enable=True).in_place()
        m.d.comb += [unit.en.eq(self.advance) for unit in (multiplier, first, second)]
        activated = Signal(16)
        between = Signal(16, reset_less=True)
        self._activate(m, Mux(late, first.y, second.y), activated)
        with m.If(self.advance):
            m.d.sync += between.eq(activated)
        # A bypass that is late waits as long as the activation takes, register included.
        waited = self._delayed(m, "late", bypass_word, 1 + (depth if self.leaky else 0))
        m.d.comb += [
            multiplier.a.eq(value), multiplier.b.eq(self.scale),
            first.a.eq(multiplier.y),
            first.b.eq(self._delayed(m, "first", Mux(late, self.bias, bypass_word), depth)),
            second.a.eq(Mux(late, between, first.y)),
            second.b.eq(self._delayed(m, "second", Mux(late, waited, self.bias), 2 * depth)),
            self.result.eq(Mux(late, second.y, activated)),
        ]

    def _activate(self, m, value, result):
        """Slope and bounds, or sign."""
        if self.leaky:
            m.submodules.leaky_multiplier = leaky = Multiplier(depth=self.depth,
                                                               enable=True).in_place()
            m.d.comb += [leaky.en.eq(self.advance), leaky.a.eq(value),
                         leaky.b.eq(Mux(_negative(value), self.slope, _ONE))]
            value = leaky.y
        taken = Signal(16)
        below = Signal()
        above = Signal()
        m.d.comb += [
            taken.eq(value),
            below.eq(Mux(self.sign, _negative(taken), less(taken, self.low))),
            above.eq((self.sign | less(self.high, taken)) & ~is_nan(taken)),
            result.eq(Mux(below, self.low, Mux(above, self.high, taken))),
        ]

    def _delayed(self, m, name, value, cycles):
        for cycle in range(cycles):
            stage = Signal(16, name=f"{name}_{cycle}", reset_less=True)
            with m.If(self.advance):
                m.d.sync += stage.eq(value)
            value = stage
        return value


def _negative(value):
    """Below zero; all NaNs of the arithmetic are positive."""
    return value[15] & value[:15].any()
