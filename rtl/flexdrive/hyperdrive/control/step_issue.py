"""Steps of a layer of any kind: which operand the tiles read, and with which weights."""

from amaranth.hdl import C, Cat, Module, Mux, Signal
from amaranth.lib.wiring import In, Out

from ...emit import Shared
from .address_generator import Place, WindowWalker
from .conv_loop import Accumulation, steps_members
from .depthwise_loop import Channelwise, TapLine

__all__ = ["Steps"]


class Steps(Shared):
    """:class:`~.conv_loop.Accumulation`, on chips that have it
    :class:`~.depthwise_loop.Channelwise`, and the window walker that they share.

    Parameters
    ----------
    config : :class:`~flexdrive.hyperdrive.config.ChipConfig`.

    Latency: as of :class:`~flexdrive.hyperdrive.control.conv_loop.Accumulation`; ``place`` belongs
    to the cycle of ``step``, ``weights`` and ``holds`` to the one after.

    Members
    -------
    as of :class:`~.conv_loop.Accumulation` but ``walk``, and

    place : where the operand of ``step`` lies.
    word : weight word that was taken last; weights : of the units.
    holds : units that the operand is no tap of (channelwise), or whose weight is zero (ternary),
        beside ``weights``.
    """

    def __init__(self, config):
        self.config = config
        members = steps_members(config)
        del members["walk"]
        self._outputs = [name for name, member in members.items() if member.flow == Out]
        super().__init__({
            **members, "place": Out(Place), "word": In(config.weight_bits),
            "weights": Out(config.channels),
            **({"holds": Out(config.channels)} if config.holds else {}),
        }, c=config.channels, l=config.adder_depth, w=config.weight_words,
            **config.option_parameters)

    def elaborate(self, platform):
        m = Module()
        lanes = self.config.channels
        self._signs = self.word[:lanes]
        # A maximum takes no weights: the word is an old one.
        self._zeros = (Mux(self.layer.maximum, 0, self.word[lanes:]) if self.config.ternary
                       else C(0, lanes))
        m.submodules.accumulation = accumulation = Accumulation(self.config)
        m.submodules.walker = walker = WindowWalker(self.config)
        m.d.comb += [walker.layer.eq(self.layer), self.place.eq(walker.place)]
        kinds = [accumulation]
        if self.config.channelwise:
            m.submodules.channelwise = channelwise = Channelwise(self.config)
            kinds.append(channelwise)
            self._taps(m, channelwise)
        else:
            m.d.comb += self.weights.eq(self._signs)
            if self.config.ternary:
                m.d.comb += self.holds.eq(self._zeros)
        for kind in kinds:
            m.d.comb += [kind.layer.eq(self.layer), kind.ahead.eq(self.ahead),
                         kind.tail_free.eq(self.tail_free),
                         kind.start.eq(self.start & self._chosen(kind, kinds)),
                         *([kind.tail_settled.eq(self.tail_settled)]
                           if self.config.channelwise_lanes > 1 else [])]
        for name, target in [("walk", walker.walk),
                             *((name, getattr(self, name)) for name in self._outputs)]:
            values = [getattr(kind, name) for kind in kinds]
            m.d.comb += target.eq(values[0] if len(kinds) == 1
                                  else Mux(self.layer.channelwise, values[1], values[0]))
        return m

    def _chosen(self, kind, kinds):
        if len(kinds) == 1:
            return 1
        return self.layer.channelwise if kind is kinds[1] else ~self.layer.channelwise

    def _taps(self, m, channelwise):
        """Weights of a channelwise layer: bits of the word, along the units of their lanes."""
        config = self.config
        if config.channels == 1:        # nowhere to walk to
            tap = Signal()
            m.d.sync += tap.eq(channelwise.tap)
            m.d.comb += [self.weights.eq(self._signs),
                         self.holds.eq((self.layer.channelwise & ~tap) | self._zeros)]
            return
        # The word comes a cycle after it was taken.
        issued, clear, tap = Signal(), Signal(), Signal()
        lane = Signal.like(channelwise.lane)
        m.d.sync += [issued.eq(channelwise.issued), clear.eq(channelwise.clear),
                     tap.eq(channelwise.tap), lane.eq(channelwise.lane)]
        each = config.channelwise_lanes
        weights, holds = [None] * config.channels, [None] * config.channels
        for number in range(each):
            weight = self._signs.bit_select(lane, each)[number]
            present = tap & ~self._zeros.bit_select(lane, each)[number]
            if config.row_units == 1:
                weights[number], holds[number] = weight, ~present
                continue
            taps = TapLine(config.row_units, config.adder_depth)
            m.submodules["taps" if each == 1 else f"taps{number}"] = taps
            m.d.comb += [
                taps.enable.eq(issued), taps.clear.eq(clear), taps.tap.eq(present),
                taps.weight.eq(weight), taps.two.eq(self.layer.two),
            ]
            weights[number::each], holds[number::each] = taps.weights, taps.holds
        m.d.comb += [
            self.weights.eq(Mux(self.layer.channelwise, Cat(weights), self._signs)),
            self.holds.eq(Mux(self.layer.channelwise, Cat(holds), self._zeros)),
        ]
