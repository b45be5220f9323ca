"""Tail of one tile: scale, bypass, bias and activation of finished accumulators, one per cycle.

Source: the order scale, bypass, bias, ReLU and the one multiplier per tile are the paper's
(JETCAS 2019); there the tail stops the accumulation, here it runs beside the next group's. The
bypass and the bias have an adder each (two per tile beside ``channels`` accumulate adders), so
one result leaves in every cycle that the memory allows.
"""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib.wiring import In, Out

from ..emit import Shared
from ..fp16 import Adder, Multiplier, relu

__all__ = ["Tail"]


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
    shift : take the next held value (slot by slot, channel 0 first); only with ``advance``.
    advance : the pipeline moves.
    scale, bias : binary16 parameters of the value that was shifted out one advance before.
    bypass_word : word read from memory for that value; ``bypass_valid`` marks the one cycle in
        which it stands there.
    bypass : the layer has a bypass; otherwise -0 is added, which changes nothing.
    activate : the layer ends in ReLU.
    result : the finished word, binary16.
    """

    def __init__(self, channels, depth):
        self.channels = channels
        self.depth = depth
        super().__init__({
            "accumulators": In(16 * channels), "capture": In(depth), "shift": In(1),
            "advance": In(1), "scale": In(16), "bias": In(16), "bypass_word": In(16),
            "bypass_valid": In(1), "bypass": In(1), "activate": In(1), "result": Out(16),
        }, c=channels, l=depth)

    @staticmethod
    def latency_of(depth):
        """Advances from the shift of a value to its result: one register, multiplier, adders."""
        return 1 + 3 * depth

    @property
    def latency(self):
        """:meth:`latency_of` this tail's depth."""
        return self.latency_of(self.depth)

    def elaborate(self, platform):
        m = Module()
        width = 16 * self.channels
        hold = Signal(self.depth * width, reset_less=True)
        value = Signal(16, reset_less=True)
        with m.If(self.advance & self.shift):
            m.d.sync += hold.eq(hold[16:])
        with m.If(self.advance):
            m.d.sync += value.eq(hold[:16])
        for slot in range(self.depth):
            with m.If(self.capture[slot]):
                m.d.sync += hold[slot * width:(slot + 1) * width].eq(self.accumulators)

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
            self.result.eq(Mux(self.activate, relu(bias_adder.y), bias_adder.y)),
        ]
        return m

    def _delayed(self, m, name, value, cycles):
        for cycle in range(cycles):
            stage = Signal(16, name=f"{name}_{cycle}", reset_less=True)
            with m.If(self.advance):
                m.d.sync += stage.eq(value)
            value = stage
        return value
