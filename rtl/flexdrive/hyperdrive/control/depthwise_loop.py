"""Channelwise layers: depthwise convolution and pooling, with the pixels of a row on the units.

A tile reads one word a cycle, and here that word belongs to one channel, so a unit per output
channel would leave all units but one idle. Instead the C units take up to C neighbouring pixels of
a row of the tile. A word that is read is a tap of every pixel whose window holds it, a different
tap for each: unit u uses at step t what unit 0 has used stride*u steps before, so the weights walk
along the units in a delay line, and a unit that the word is no tap of holds its sum. A row of n
pixels takes kernel * ((n - 1) * stride + kernel) reads instead of n * kernel^2, and every unit
still adds its taps in the order of :mod:`~flexdrive.hyperdrive.descriptor.fields`.

With G = ``channelwise_lanes`` a step reads G words, of consecutive channels, which lie in as many
banks. Unit u takes the channel u modulo G of pixel u / G of the row, so a row of the units is C / G
pixels, and accumulators in the order of units are the channels of one pixel after the other.
"""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib.wiring import In, Out
from amaranth.utils import exact_log2

from ...emit import Shared
from ..descriptor.layer import later_taps
from ..multiple import multiple_of
from ..taps import walk_taps
from .conv_loop import steps_members

__all__ = ["Channelwise", "TapLine"]


class Channelwise(Shared):
    """Issues the steps of a channelwise layer.

    A step is one operand of the window over a row of pixels, for L x G channels, G of them in turn
    (slots). Loop nest: blocks of C channels (of one weight word each tap), L x G channels of the
    block, rows of the tile, C / G pixels of the row, rows of the window, operands along it.

    Parameters
    ----------
    config : :class:`~flexdrive.hyperdrive.config.ChipConfig`.

    Latency: as of :class:`~flexdrive.hyperdrive.control.conv_loop.Accumulation`; all outputs for
    :class:`TapLine` belong to the cycle of ``step``.

    Members
    -------
    as of :class:`~flexdrive.hyperdrive.control.conv_loop.Accumulation`, and to :class:`TapLine`:

    issued : a step is under way, whether the slot is used or not.
    tap : the operand is a tap of the first pixel.
    lane : bit of the weight word that is the slot's first channel.
    clear : first cycle of a group.
    """

    def __init__(self, config):
        self.config = config
        super().__init__({
            **steps_members(config), "issued": Out(1), "tap": Out(1),
            "lane": Out(range(max(2, config.channels))),
            "clear": Out(1),
        }, c=config.channels, l=config.adder_depth, w=config.weight_words, r=config.halo,
            **config.lanes_parameter)

    def elaborate(self, platform):
        m = Module()
        depth = self.config.adder_depth
        slot = Signal(range(depth))
        turn = Signal()                                 # last cycle of a step
        starting, filling, running = Signal(), Signal(), Signal()
        go = Signal()
        load = Signal()
        m.d.comb += turn.eq(slot == depth - 1)
        m.d.sync += [slot.eq(Mux(starting | turn, 0, slot + 1) if depth > 1 else 0),
                     starting.eq(self.start)]
        group = self._groups(m, load, turn, filling)
        at = self._position(m, go & turn, filling, group)
        each = self.config.channelwise_lanes
        ahead = slot            # channels of the slots before this one
        if each > 1:
            ahead = slot << exact_log2(each)
            left = self.group.together - ahead
            m.d.comb += self.step.words.eq(Mux(left < each, left, each))
        self._decision(m, slot, go, running, at)
        with m.If(starting):
            m.d.sync += filling.eq(1)
        with m.Elif(filling & turn):
            m.d.sync += [filling.eq(0), running.eq(1)]
        with m.Elif(go & turn & at["last"] & group["last"]):
            m.d.sync += [running.eq(0), self.done.eq(1)]
        with m.If(self.start):
            m.d.sync += self.done.eq(0)
        m.d.comb += [
            load.eq(filling | (go & at["last"])),
            self.walk.restart.eq(starting), self.walk.load.eq(load), self.walk.turn.eq(turn),
            self.walk.advance.eq(go), self.walk.row_end.eq(at["row_end"]),
            # Every operand between the first and the last is one of some pixel.
            self.walk.row_gap.eq(at["row_gap"]), self.walk.column_gap.eq(1),
            self.step.valid.eq(go & (slot < self.group.slots)), self.active.eq(self.step.valid),
            self.step.first.eq(at["first"]), self.step.last.eq(at["last"]),
            self.step.end.eq(at["last"] & (slot == self.group.slots - 1)),
            self.step.slot.eq(slot), self.step.channel.eq(group["channel"] + ahead),
            self.take.eq(go & (slot == 0) & at["weight"]),
            self.keep.eq(~(group["tile_end"] & group["block_end"])),
            self.rewind.eq(at["last_tap"]), self.commit.eq(go & at["last"] & (slot == 0)),
            self.group.release.eq(group["tile_end"]),
            self.issued.eq(go), self.tap.eq(at["tap"]), self.lane.eq(group["lane"] + ahead),
            self.clear.eq(at["first"] & (slot == 0)),
        ]
        return m

    def _decision(self, m, slot, go, running, at):
        """Whether the step under way is issued: decided in its first cycle, kept for the rest."""
        weights, decided, short, short_before = Signal(), Signal(), Signal(), Signal()
        tail_lets = self.tail_free | ~at["last"]
        if self.config.channelwise_lanes > 1:
            # It takes a group while the one before leaves it: what is read then is bounded.
            tail_lets &= self.tail_settled | ~at["beside"]
        m.d.comb += [weights.eq(self.ahead[0] | ~at["weight"]),
                     self.weight_stall.eq(running & ~go & short),
                     self.tail_stall.eq(running & ~go & ~short)]
        m.d.sync += [decided.eq(go), short_before.eq(short)]
        with m.If(slot == 0):
            m.d.comb += [go.eq(running & weights & tail_lets),
                         short.eq(~weights)]
        with m.Else():
            m.d.comb += [go.eq(decided), short.eq(short_before)]

    def _position(self, m, step, filling, group):
        """Where the operand lies in the window over the group's pixels."""
        layer = self.layer
        x = Signal(range(2 * self.config.row_units + 2 * self.config.halo + 1), name="operand")
        at = {name: Signal(name=f"at_{name}") for name in
              ("first", "last", "row_end", "tap", "weight", "last_tap")}
        if self.config.channelwise_lanes > 1:
            at["beside"] = self._beside(m, step, at)
        at["row_gap"] = Signal.like(self.walk.row_gap, name="at_row_gap")
        later_rows, later_columns = later_taps(self.config, layer)
        row_gap, last_row = walk_taps(m, "tap_row", later_rows, clear=filling,
                                      step=step & at["row_end"])
        m.d.comb += [
            at["row_end"].eq(x == group["last_operand"]), at["row_gap"].eq(row_gap),
            at["last"].eq(at["row_end"] & last_row),
            at["tap"].eq((x == 0) | Cat((x == place + 1) & there for place, there in enumerate(
                later_columns)).any()),
            at["weight"].eq(at["tap"] & ~layer.maximum),
            at["last_tap"].eq((x == layer.span_columns) & last_row),
        ]
        with m.If(filling):
            m.d.sync += [x.eq(0), at["first"].eq(1)]
        with m.Elif(step):
            m.d.sync += [x.eq(x + 1), at["first"].eq(at["last"])]
            with m.If(at["row_end"]):
                m.d.sync += x.eq(0)
        return at

    def _beside(self, m, step, at):
        """The step of a group that comes two cycles or more behind the last of the one before."""
        if self.config.adder_depth > 1:
            return at["first"]
        second = Signal(name="at_second")
        with m.If(step):
            m.d.sync += second.eq(at["first"] & ~at["last"])
        return second

    def _groups(self, m, load, turn, filling):
        """Registers of the group under way; the last cycle of ``load`` steps to the next."""
        following = load & turn
        config, layer = self.config, self.layer
        lanes, depth, units = config.channels, config.adder_depth, config.row_units
        each = config.channelwise_lanes
        count = self.group.channels                     # pixels
        together = self.group.slots if each == 1 else self.group.together
        columns, row, left, channel = (Signal(16, name=name) for name in
                                       ("columns", "row", "left", "channel"))
        lane = Signal(range(max(2, lanes)))
        ends = {name: Signal(name=f"group_{name}") for name in
                ("row_end", "tile_end", "block_end", "last")}
        next_columns, next_left = Signal(16), Signal(16)
        next_lane = Signal(range(max(2, lanes)))
        last_operand = Signal(range(2 * units + 2 * config.halo + 1))
        m.d.comb += [
            ends["row_end"].eq(columns <= units),
            ends["tile_end"].eq(ends["row_end"] & (row == layer.tile_rows - 1)),
            ends["block_end"].eq((lane + together == lanes) | (left == together)),
            ends["last"].eq(ends["tile_end"] & (left == together)),
            next_columns.eq(Mux(filling | ends["row_end"], layer.tile_columns, columns - units)),
            next_left.eq(Mux(filling, layer.out_channels,
                             left - Mux(ends["tile_end"], together, 0))),
            next_lane.eq(Mux(filling | (ends["tile_end"] & ends["block_end"]), 0,
                             lane + Mux(ends["tile_end"], together, 0))),
            last_operand.eq(layer.span_columns + ((count - 1) << layer.two)),
        ]
        with m.If(following):
            room = lanes - next_lane
            fits = Mux(room < depth * each, room, depth * each)
            following_channels = Mux(next_left < fits, next_left, fits)
            m.d.sync += [
                columns.eq(next_columns), left.eq(next_left), lane.eq(next_lane),
                count.eq(Mux(next_columns < units, next_columns, units)),
                *([self.group.slots.eq(following_channels)] if each == 1 else
                  [self.group.together.eq(following_channels),
                   self.group.slots.eq((following_channels + (each - 1)) >> exact_log2(each))]),
                row.eq(Mux(filling | ends["tile_end"], 0, row + ends["row_end"])),
                channel.eq(Mux(filling, 0,
                               channel + Mux(ends["tile_end"], together, 0))),
            ]
        self._offset(m, following, filling, ends)
        self._skip(m, load, turn, Mux(next_columns < units, next_columns, units))
        return {**ends, "channel": channel, "lane": lane, "last_operand": last_operand}

    def _offset(self, m, following, filling, ends):
        """Offset of the group's first pixel and channel in the output map."""
        layer = self.layer
        row_offset, channel_offset, next_channel, next_row = (
            Signal(16, name=name) for name in ("row_offset", "channel_offset", "next_channel",
                                               "next_row"))
        each = self.config.channelwise_lanes
        step = layer.out_step if each == 1 else multiple_of(layer.out_step, each)
        m.d.comb += [
            next_channel.eq(channel_offset + sum(
                Mux(self.group.slots > number, step, 0)
                for number in range(self.config.adder_depth))),
            next_row.eq(row_offset + layer.made_cap),
        ]
        with m.If(following):
            with m.If(filling):
                m.d.sync += [row_offset.eq(0), channel_offset.eq(0), self.group.offset.eq(0)]
            with m.Elif(ends["tile_end"]):
                m.d.sync += [channel_offset.eq(next_channel), row_offset.eq(next_channel),
                             self.group.offset.eq(next_channel)]
            with m.Elif(ends["row_end"]):
                m.d.sync += [row_offset.eq(next_row), self.group.offset.eq(next_row)]
            with m.Else():
                m.d.sync += self.group.offset.eq(
                    self.group.offset + multiple_of(layer.out_pitch, self.config.row_units))

    def _skip(self, m, load, turn, count):
        """The walker's cursor moves on with the load of a group's first pixel; here by the rest,
        which takes no longer than the group."""
        skips = Signal(range(self.config.row_units + 1))
        m.d.comb += self.walk.skip.eq((skips != 0) & ~load)
        with m.If(load & turn):
            m.d.sync += skips.eq(count - 1)
        with m.Elif((skips != 0) & ~load):
            m.d.sync += skips.eq(skips - 1)


class TapLine(Shared):
    """Weights on their way along the units.

    Parameters
    ----------
    channels : units of a lane, 2 or more. depth : L.

    Latency: a tap that enters in a cycle with ``enable`` is at unit 0 in the same cycle, and at
    unit u after stride*u*L further cycles with ``enable``.

    Members
    -------
    enable : a step is issued. clear : and is the first of its group: nothing is on its way.
    tap : the operand is a tap of unit 0, with weight ``weight``. two : stride 2.
    weights, holds : of each unit; a unit that the operand is no tap of holds its sum.
    """

    def __init__(self, channels, depth):
        self.channels, self.depth = channels, depth
        super().__init__({
            "enable": In(1), "clear": In(1), "tap": In(1), "weight": In(1), "two": In(1),
            "weights": Out(channels), "holds": Out(channels),
        }, c=channels, l=depth)

    def elaborate(self, platform):
        m = Module()
        length = 2 * self.depth * (self.channels - 1)
        line = Signal(2 * length)           # (tap, weight) of the cycles before, newest lowest
        entering = Signal(2)
        m.d.comb += entering.eq(Cat(self.tap, self.weight))
        with m.If(self.enable):
            m.d.sync += line.eq(Cat(entering, Mux(self.clear, 0, line)))
        for unit in range(self.channels):
            seen = Signal(2, name=f"seen{unit}")
            if unit == 0:
                m.d.comb += seen.eq(entering)
            else:
                one, two = (line.word_select(stride * unit * self.depth - 1, 2)
                            for stride in (1, 2))
                m.d.comb += seen.eq(Mux(self.clear, 0, Mux(self.two, two, one)))
            m.d.comb += [self.holds[unit].eq(~seen[0]), self.weights[unit].eq(seen[1])]
        return m
