"""Accumulation sequencer: steps through blocks, pixels, taps and input channels of a layer.

Loop nest of the paper (ISVLSI 2018: blocks of C output channels, pixels of the tile, taps,
input channels), with L pixels, or L blocks of one pixel, interleaved in the adders. A *step* is
one tap and input channel for all interleaved slots and takes L cycles; all decisions to wait are
made at a step's first cycle, so the slots keep their places in the adder pipeline.
"""

from types import SimpleNamespace

from amaranth.hdl import Module, Mux, Signal, unsigned
from amaranth.lib import data
from amaranth.lib.wiring import In, Out

from ...emit import Shared
from ..counter import count_to
from ..descriptor.layer import later_taps, layer_layout
from ..multiple import multiple_of
from ..taps import walk_taps
from .address_generator import walk_layout

__all__ = ["Accumulation", "group_layout", "step_layout", "steps_members"]


def group_layout(config):
    """A group of interleaved outputs, as the tail needs it."""
    return data.StructLayout({
        "slots": unsigned(range(config.adder_depth + 1).stop.bit_length()),
        # Output channels from the group's first to the layer's last; channelwise: its pixels.
        "channels": unsigned(16),
        "offset": unsigned(16),     # of the first slot's channel 0, from the output's base
        "release": unsigned(1),     # last use of the group's parameters
        # Of a channelwise layer: channels of all its slots.
        **({"together": unsigned((config.adder_depth * config.channelwise_lanes).bit_length())}
           if config.channelwise_lanes > 1 else {}),
    })


def step_layout(config):
    """What a slot does in the cycle of its decision."""
    return data.StructLayout({
        "valid": unsigned(1),
        "first": unsigned(1),
        "last": unsigned(1),        # finishes the slot's sum
        "end": unsigned(1),         # ... and is the last slot of its group
        "slot": unsigned(max(1, (config.adder_depth - 1).bit_length())),
        "channel": unsigned(16),    # input channel: to be added to the address
        # Words that are read, from that channel on (channelwise layers; others read one).
        **({"words": unsigned(config.channelwise_lanes.bit_length())}
           if config.channelwise_lanes > 1 else {}),
    })


def _signals(prefix, **shapes):
    """Signals under one name. Not a structure: its fields depend on each other, and as one vector
    that is a combinational loop to tools that do not look into it."""
    return SimpleNamespace(**{name: Signal(shape, name=f"{prefix}_{name}")
                              for name, shape in shapes.items()})


def steps_members(config):
    """Members of what issues the steps of a layer, :class:`Accumulation` or
    :class:`~flexdrive.hyperdrive.control.depthwise_loop.Channelwise`."""
    return {
        "layer": In(layer_layout(config)), "start": In(1),
        "step": Out(step_layout(config)), "walk": Out(walk_layout(config)),
        "ahead": In(config.adder_depth), "take": Out(1), "keep": Out(1), "rewind": Out(1),
        "tail_free": In(1), "commit": Out(1), "group": Out(group_layout(config)),
        **({"tail_settled": In(1)} if config.channelwise_lanes > 1 else {}),
        "active": Out(1), "weight_stall": Out(1), "tail_stall": Out(1), "done": Out(1, init=1),
    }


class Accumulation(Shared):
    """Issues the steps of one convolution.

    Parameters
    ----------
    config : :class:`~flexdrive.hyperdrive.config.ChipConfig`.

    Latency: the first step is issued :meth:`first_step` cycles after ``start`` (one cycle,
    ``layer`` stable from then on), or a multiple of L later when weights or tail are not there,
    which decide in the cycle of the step (combinational). ``step``, ``take`` and the walker's
    ``place`` belong to the same cycle.

    Members
    -------
    start : begin the layer.
    step : what this cycle's slot does.
    walk : to the :class:`~flexdrive.hyperdrive.control.address_generator.WindowWalker`.
    ahead, take, keep, rewind : see
        :class:`~flexdrive.hyperdrive.memory.weight_buffer.WeightBuffer`.
    tail_free : the tail takes another group: the one before is shifted out, or will be in time.
    tail_settled : (``channelwise_lanes`` of more than 1) it holds no group beside one that it has
        taken; always so when it is not channelwise.
    commit : the last step of ``group`` begins.
    active : a valid slot in this cycle (performance counter).
    weight_stall, tail_stall : this cycle is lost to that reason (performance counters).
    done : high once all steps are issued, until the next start.
    """

    def __init__(self, config):
        self.config = config
        super().__init__(steps_members(config), c=config.channels, l=config.adder_depth,
                         w=config.weight_words, r=config.halo, **config.lanes_parameter)

    @staticmethod
    def first_step(depth):
        """Cycles from ``start`` to the first step: a register, the restart of the walker, one step
        of L = ``depth`` cycles to fill it."""
        return 2 + depth

    def elaborate(self, platform):
        m = Module()
        depth, layer = self.config.adder_depth, self.layer
        blocks = layer.blocks
        slot = Signal(range(depth))
        turn = Signal()                                 # last cycle of a step
        starting = Signal()
        filling = Signal()
        running = Signal()
        go = Signal()       # a slot steps
        load = Signal()     # ... and goes to a new pixel
        m.d.comb += turn.eq(slot == depth - 1)
        m.d.sync += [slot.eq(Mux(starting | turn, 0, slot + 1) if depth > 1 else 0),
                     starting.eq(self.start)]
        at = self._position(m, go & turn, filling)
        group = self._groups(m, load & turn, starting, filling)
        self._decision(m, slot, go, running, at.last, group.needs)

        with m.If(starting):
            m.d.sync += filling.eq(1)
        with m.Elif(filling & turn):
            m.d.sync += [filling.eq(0), running.eq(1)]
        with m.Elif(go & turn & at.last & group.last):
            m.d.sync += [running.eq(0), self.done.eq(1)]
        with m.If(self.start):
            m.d.sync += self.done.eq(0)

        group_end = slot == self.group.slots - 1
        m.d.comb += [
            load.eq(filling | (go & at.last)),
            self.walk.restart.eq(starting), self.walk.load.eq(load),
            self.walk.idle.eq(slot >= group.next_pixels),
            self.walk.advance.eq(go & at.channel_end), self.walk.row_end.eq(at.row_end),
            self.walk.row_gap.eq(at.row_gap), self.walk.column_gap.eq(at.column_gap),
            self.walk.turn.eq(turn),
            self.step.valid.eq(go & (slot < self.group.slots)),
            self.step.first.eq(at.first), self.step.last.eq(at.last),
            self.step.end.eq(at.last & group_end),
            self.step.slot.eq(slot), self.step.channel.eq(at.channel),
            *([self.step.words.eq(1)] if self.config.channelwise_lanes > 1 else []),
            self.active.eq(self.step.valid),
            self.take.eq(go & Mux(blocks, slot < self.group.slots, slot == 0)),
            self.keep.eq(~group.last_pixels),
            self.rewind.eq(at.last & (~blocks | group_end)),
            self.commit.eq(go & at.last & (slot == 0)),
            self.group.release.eq(group.last_pixels),
        ]
        return m

    def _decision(self, m, slot, go, running, last, needs):
        """Whether the step under way is issued: decided in its first cycle, kept for the rest."""
        depth = self.config.adder_depth
        weights = Signal()
        tail = Signal()
        decided = Signal()
        short = Signal()
        m.d.comb += [
            weights.eq((self.ahead & needs).any()),
            tail.eq(self.tail_free | ~last),
            self.weight_stall.eq(running & ~go & short),
            self.tail_stall.eq(running & ~go & ~short),
        ]
        with m.If(slot == 0):
            m.d.comb += [go.eq(running & weights & tail), short.eq(~weights)]
            if depth > 1:
                short_before = Signal()
                m.d.sync += [decided.eq(go), short_before.eq(short)]
        if depth > 1:
            with m.Else():
                m.d.comb += [go.eq(decided), short.eq(short_before)]

    def _position(self, m, step, filling):
        """Tap and input channel, common to all slots."""
        layer = self.layer
        gap = len(self.walk.row_gap)
        at = _signals("at", channel=16, first=1, last=1, channel_end=1, row_end=1, row_gap=gap,
                      column_gap=gap)
        last_channel = Signal(16)
        m.d.sync += last_channel.eq(layer.in_channels - 1)
        channel, channel_end = count_to(m, "channel", last_channel, clear=filling, step=step)
        later_rows, later_columns = later_taps(self.config, layer)
        column_gap, row_end = walk_taps(m, "tap_x", later_columns, clear=filling,
                                        step=step & channel_end)
        row_gap, column_end = walk_taps(m, "tap_y", later_rows, clear=filling,
                                        step=step & channel_end & row_end)
        m.d.comb += [at.channel.eq(channel), at.channel_end.eq(channel_end),
                     at.row_gap.eq(row_gap), at.column_gap.eq(column_gap),
                     at.row_end.eq(row_end), at.last.eq(channel_end & row_end & column_end)]
        with m.If(filling):
            m.d.sync += at.first.eq(1)
        with m.Elif(step):
            m.d.sync += at.first.eq(at.last)
        return at

    def _groups(self, m, following, starting, filling):
        """Registers of the group under way; ``following`` steps to the next, whose pixels and
        channels are in registers of their own by then."""
        group = _signals("group", needs=self.config.adder_depth, last=1, last_pixels=1,
                         next_pixels=17)
        config, layer = self.config, self.layer
        depth = config.adder_depth
        blocks = layer.blocks
        # From the group's first on: pixels of the tile, channels of the layer.
        next_channels = Signal(16)
        block_offset = Signal(16)               # of the group's first channel
        per_group = Mux(blocks, 1, depth)
        lanes = Mux(blocks, depth * config.channels, config.channels)
        slots = Signal(len(self.group.slots))   # of the next group
        next_last = Signal()                    # which ends the tile
        next_block = Signal(16)
        m.d.comb += [
            next_last.eq(group.next_pixels <= per_group),
            slots.eq(Mux(blocks, 1 + sum((next_channels > i * config.channels)
                                         for i in range(1, depth)),
                         Mux(group.next_pixels >= depth, depth, group.next_pixels))),
            next_block.eq(block_offset + Mux(
                blocks, multiple_of(layer.out_step, depth * config.channels),
                multiple_of(layer.out_step, config.channels))),
        ]
        with m.If(starting):
            m.d.sync += [group.next_pixels.eq(layer.area), next_channels.eq(layer.out_channels)]
        with m.Elif(following):
            m.d.sync += [
                self.group.slots.eq(slots), self.group.channels.eq(next_channels),
                # One weight word for all pixels, or one for each block.
                group.needs.eq(Mux(blocks, (1 << slots) >> 1, 1)),
                group.last_pixels.eq(next_last),
                group.last.eq(next_last & (next_channels <= lanes)),
            ]
            with m.If(next_last):
                m.d.sync += [group.next_pixels.eq(layer.area),
                             next_channels.eq(next_channels - lanes)]
            with m.Else():
                m.d.sync += group.next_pixels.eq(group.next_pixels - per_group)
            with m.If(filling):
                m.d.sync += [self.group.offset.eq(0), block_offset.eq(0)]
            with m.Elif(group.last_pixels):
                m.d.sync += [self.group.offset.eq(next_block), block_offset.eq(next_block)]
            with m.Else():
                m.d.sync += self.group.offset.eq(
                    self.group.offset + Mux(blocks, layer.out_pitch,
                                            multiple_of(layer.out_pitch, depth)))
        return group
