"""Tail of one tile: scale, bypass, bias and activation of finished accumulators, one per cycle.

Source: the order scale, bypass, bias, ReLU and the one multiplier per tile are the paper's
(JETCAS 2019); there the tail stops the accumulation, here it runs beside the next group's. The
bypass and the bias have an adder each (two per tile beside ``channels`` accumulate adders), so
one result leaves in every cycle that the memory allows.
"""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib.wiring import In, Out

from ...emit import Shared
from ...fp16 import Adder, Multiplier, relu
from ...fp16.compare import is_nan
from ..descriptor.layer import ActivationShape

__all__ = ["Tail"]

_ONE, _MINUS_ONE = 0x3C00, 0xBC00


class Tail(Shared):
    """Holds the accumulators of one group and sends them through the tail arithmetic.

    Parameters
    ----------
    channels : C, accumulate units of the tile.
    depth : pipeline depth L of the adders and the multiplier, and slots of a group.

    Latency: a value shifted out in cycle t (``advance`` and ``shift`` high) stands on ``result``
    after ``latency`` further cycles with ``advance`` high. Everything behind the hold register
    moves only when ``advance`` is high.

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
    activation : of the layer; slope : binary16 factor of negative values (``leaky``).
    result : the finished word, binary16.
    """

    def __init__(self, channels, depth, *, leaky=False):
        self.channels = channels
        self.depth = depth
        self.leaky = leaky
        super().__init__({
            "accumulators": In(16 * channels), "capture": In(depth), "shift": In(depth),
            "advance": In(1), "scale": In(16), "bias": In(16), "bypass_word": In(16),
            "bypass_valid": In(1), "bypass": In(1), "activation": In(ActivationShape),
            "result": Out(16), **({"slope": In(16)} if leaky else {}),
        }, c=channels, l=depth, **({"y": True} if leaky else {}))

    @staticmethod
    def latency_of(depth, leaky):
        """Advances from the shift of a value to its result: one register, multiplier, two adders,
        multiplier of leaky ReLU."""
        return 1 + (4 if leaky else 3) * depth

    @property
    def latency(self):
        """:meth:`latency_of` this tail."""
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
        minus_zero = 0x8000
        m.d.comb += bypass_word.eq(Mux(
            self.bypass, Mux(self.bypass_valid, self.bypass_word, kept), minus_zero))

        m.submodules.multiplier = multiplier = Multiplier(depth=self.depth,
                                                          enable=True).in_place()
        m.submodules.bypass_adder = bypass_adder = Adder(depth=self.depth, enable=True).in_place()
        m.submodules.bias_adder = bias_adder = Adder(depth=self.depth, enable=True).in_place()
        m.d.comb += [unit.en.eq(self.advance) for unit in (multiplier, bypass_adder, bias_adder)]
        m.d.comb += [
            multiplier.a.eq(value), multiplier.b.eq(self.scale),
            bypass_adder.a.eq(multiplier.y),
            bypass_adder.b.eq(self._delayed(m, "bypass", bypass_word, self.depth)),
            bias_adder.a.eq(bypass_adder.y),
            bias_adder.b.eq(self._delayed(m, "bias", self.bias, 2 * self.depth)),
        ]
        self._activate(m, bias_adder.y)
        return m

    def _activate(self, m, value):
        """The last step, on the sum with its bias."""
        if self.leaky:
            m.submodules.leaky_multiplier = leaky = Multiplier(depth=self.depth,
                                                               enable=True).in_place()
            m.d.comb += [leaky.en.eq(self.advance), leaky.a.eq(value), leaky.b.eq(self.slope)]
            value = self._delayed(m, "value", value, self.depth)
        negative = value[15] & value[:15].any()
        m.d.comb += self.result.eq(value)
        with m.Switch(self.activation):
            with m.Case(ActivationShape.RELU):
                m.d.comb += self.result.eq(relu(value))
            with m.Case(ActivationShape.SIGN):
                with m.If(~is_nan(value)):
                    m.d.comb += self.result.eq(Mux(negative, _MINUS_ONE, _ONE))
            if self.leaky:
                with m.Case(ActivationShape.LEAKY):
                    with m.If(negative & ~is_nan(value)):
                        m.d.comb += self.result.eq(leaky.y)

    def _delayed(self, m, name, value, cycles):
        for cycle in range(cycles):
            stage = Signal(16, name=f"{name}_{cycle}", reset_less=True)
            with m.If(self.advance):
                m.d.sync += stage.eq(value)
            value = stage
        return value
