"""Tail controller: leads finished groups through the tiles' tails, beside the accumulation.

A group's accumulators wait in the tiles' hold registers; one value per tile and cycle goes into
the tail, reads its bypass word on the way in and is written on the way out. Reads of the
accumulation come first: a bypass read or a write waits while its bank is busy, and with it the
whole tail.
"""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib.wiring import In, Out

from ...emit import Shared
from ..border_position import rim_layout
from ..descriptor.layer import layer_layout
from ..multiple import multiple_of
from .conv_loop import group_layout

__all__ = ["TailControl"]


class TailControl(Shared):
    """Order, addresses and flow of the tail.

    Parameters
    ----------
    config : :class:`~flexdrive.hyperdrive.config.ChipConfig`.
    stages : advances from shift to write, :attr:`flexdrive.hyperdrive.tile.tail.Tail.latency`.

    Latency: the first value is shifted CAPTURE cycles after ``captured`` at the earliest; its
    result is to be written after ``stages`` cycles with ``advance``, the one of the shift included,
    one more in a layer that is ``late``.
    Combinational from ``stored``, ``bypass_granted`` and ``write_granted`` to ``shift``,
    ``advance``, ``read`` and ``release``, and from ``stored`` to ``bypass_wanted``.

    Members
    -------
    layer : constants of the layer.
    commit, group : a group is on its way to the hold registers; ``group`` is taken at ``commit``.
    captured : all its accumulators are there from the next cycle on.
    free : another group may be committed: none is committed or held or, with ``channelwise_lanes``
        of more than 1, only one is held that has at most :attr:`LEFT` values left, which wait for
        nothing but reads of the accumulation.
    settled : (the same) no group is committed while another is held.
    idle : free, and all results are written.
    stored, index, read, release, released : see
        :class:`~flexdrive.hyperdrive.memory.scale_bias_buffer.ParameterBuffer`.
    bypass_wanted, bypass_address, bypass_granted : read of a bypass word.
    write_wanted, write_address, write_granted : write of a result.
    rim : where the result to be written lies in its tile (mesh).
    shift, advance : see :class:`~flexdrive.hyperdrive.tile.tail.Tail`, one cycle early.
    """

    CAPTURE = 1
    """Cycles from ``captured`` to the first shift; it comes so much before the tiles capture."""
    LEFT = 3
    """Values that a held group may have left when the next one is committed. They are shifted out
    before its sums are captured, if besides the reads decided before and those of the step that
    commits it, no more than one cycle is read in until ``settled``."""

    def __init__(self, config, stages):
        self.config = config
        self.stages = stages
        words = config.parameter_words
        super().__init__({
            "layer": In(layer_layout(config)), "commit": In(1),
            "group": In(group_layout(config)), "captured": In(1),
            "free": Out(1), "idle": Out(1),
            "stored": In(range(words + 1)), "index": Out(range(words)), "read": Out(1),
            "release": Out(1), "released": Out(range(words + 1)),
            "bypass_wanted": Out(1), "bypass_address": Out(16), "bypass_granted": In(1),
            "write_wanted": Out(1), "write_address": Out(16), "write_granted": In(1),
            "shift": Out(config.adder_depth), "advance": Out(1),
            **({"rim": Out(rim_layout())} if config.mesh else {}),
            **({"settled": Out(1)} if config.channelwise_lanes > 1 else {}),
        }, x=config.mesh, c=config.channels, l=config.adder_depth, s=stages,
            **config.layer_parameters)

    def elaborate(self, platform):
        m = Module()
        group = Signal(group_layout(self.config))
        busy = Signal()
        held = Signal()
        early = self.config.channelwise_lanes > 1
        # The group that is captured next: beside one that is held, if it may be.
        arriving = Signal(group_layout(self.config), name="arriving") if early else group
        waiting = Signal() if early else busy
        with m.If(self.commit):
            m.d.sync += [arriving.eq(self.group), waiting.eq(1)]
        with m.If(self.captured):
            m.d.sync += held.eq(1)
            if early:
                m.d.sync += [group.eq(arriving), waiting.eq(0)]
        moves = Signal()
        front = self._front(m, group, arriving, moves)
        valid, offset, end = front["valid"], front["offset"], front["end"]
        ready = Signal()
        known = Signal()
        if early:
            soon = Signal()
            m.d.sync += soon.eq(held & front["soon"] & self.layer.channelwise & ~self.layer.bypass
                                & (self.stored >= group.together))
            m.d.comb += [busy.eq(waiting | held), self.settled.eq(~(waiting & held))]
        m.d.comb += [
            self.free.eq(~waiting & (~held | soon) if early else ~busy),
            # The front may go on when nothing is there, or its parameters and bypass word are. A
            # bypass word is read only when it can be taken along.
            known.eq(~valid | (self.stored > self.index)),
            self.bypass_wanted.eq(held & valid & known & self.layer.bypass),
            ready.eq(~held | (known & (self.bypass_granted | ~(valid & self.layer.bypass)))),
            self.bypass_address.eq(self.layer.bypass_base + offset),
            self.advance.eq(ready & (~self.write_wanted | self.write_granted)),
            moves.eq(self.advance & held),
            self.shift.eq(Mux(moves, 1 << front["slot"], 0)),
            self.read.eq(moves), self.release.eq(moves & end & group.release),
        ]
        lanes = self.config.channels * self.config.adder_depth
        with m.If(self.layer.blocks & (group.channels > lanes)):
            m.d.comb += self.released.eq(lanes)
        with m.Elif(~self.layer.blocks & (group.channels > self.config.channels)):
            m.d.comb += self.released.eq(self.config.channels)
        with m.Else():
            m.d.comb += self.released.eq(group.channels)
        with m.If(self.layer.channelwise):
            m.d.comb += self.released.eq(
                group.together if self.config.channelwise_lanes > 1 else group.slots)
        with m.If(moves & end):
            m.d.sync += [held.eq(0), *([] if early else [busy.eq(0)])]
        rim = self._rim(m, moves & front["pixel_end"]) if self.config.mesh else None
        self._pipeline(m, held & valid, self.layer.out_base + offset, busy, rim)
        return m

    def _front(self, m, group, arriving, moves):
        """Slot and lane of the next value, which ``moves`` on: slot by slot; channelwise, where a
        slot is the channels of a step and a lane a pixel, lane by lane. Returns its slot, whether
        it is a value, its offset from the map's base, whether it is the group's last, its pixel's
        in it, and (channelwise, of several lanes) one of the last :attr:`LEFT`."""
        channels = self.config.channels
        slot = Signal(range(max(2, self.config.adder_depth)))
        lane = Signal(range(max(2, channels)))
        left = Signal(16)           # channels from the slot's first to the layer's last
        slot_offset = Signal(16)
        offset = Signal(16)
        lane_end = Signal()
        end = Signal()
        valid = Signal()
        following = Signal(16)
        layer, blocks = self.layer, self.layer.blocks
        pixels = Signal()
        slot_end = Signal()
        each = self.config.channelwise_lanes
        part = Signal(range(each))              # which of the slot's channels
        part_end = part.all() if each > 1 else 1
        pixel_end = slot_end & part_end if each > 1 else slot_end
        m.d.comb += [
            pixels.eq(layer.channelwise if self.config.channelwise else 0),
            lane_end.eq(lane == Mux(pixels, left, channels) - 1),
            slot_end.eq(slot == group.slots - 1), end.eq(
                lane_end & Mux(pixels, pixel_end, slot_end) if each > 1 else lane_end & slot_end),
            # The first lane of the next slot; channelwise, the first slot of the next lane.
            following.eq(slot_offset + Mux(blocks & ~pixels, multiple_of(
                layer.out_step, channels), layer.out_pitch)),
        ]
        with m.If(self.captured):
            m.d.sync += [slot.eq(0), lane.eq(0), self.index.eq(0), left.eq(arriving.channels),
                         slot_offset.eq(arriving.offset), offset.eq(arriving.offset),
                         valid.eq(1)]
        with m.Elif(moves):
            # Every slot has a first channel, and all lanes of pixels are values.
            more = (lane + 1 < left)
            following_valid = pixels | lane_end | more
            if each > 1:        # but those of channels behind the layer's last
                following_valid = Mux(pixels, pixel_end | (self.index + 1 < group.together),
                                      lane_end | more)
            m.d.sync += [offset.eq(offset + layer.out_step), self.index.eq(self.index + 1),
                         valid.eq(following_valid)]
            with m.If(pixels):
                m.d.sync += [slot.eq(slot + part_end), *([part.eq(part + 1)] if each > 1 else [])]
            with m.Else():
                m.d.sync += lane.eq(lane + 1)
            with m.If(Mux(pixels, pixel_end, lane_end)):
                m.d.sync += [slot_offset.eq(following), offset.eq(following)]
                # Blocks have parameters of their own; pixels share those of their block.
                with m.If(pixels):
                    m.d.sync += [slot.eq(0), lane.eq(lane + 1), self.index.eq(0)]
                with m.Else():
                    m.d.sync += [lane.eq(0), slot.eq(slot + 1)]
                    with m.If(blocks):
                        m.d.sync += left.eq(left - channels)
                    with m.Else():
                        m.d.sync += self.index.eq(0)
        return {"slot": slot, "valid": valid, "offset": offset, "end": end,
                "soon": lane_end & slot_end & (part + self.LEFT >= each),
                "pixel_end": Mux(pixels, pixel_end, Mux(blocks, end, lane_end))}

    def _rim(self, m, step):
        """Row and column of the pixel of the next value in its tile; ``step`` to the next."""
        layer = self.layer
        row = Signal(16)
        column = Signal(16)
        rim = Signal(rim_layout())
        last_row, last_column = Signal(), Signal()
        m.d.comb += [
            last_row.eq(row == layer.tile_rows - 1),
            last_column.eq(column == layer.tile_columns - 1),
            rim.north.eq(row < layer.halo), rim.south.eq(row + layer.halo >= layer.tile_rows),
            rim.west.eq(column < layer.halo),
            rim.east.eq(column + layer.halo >= layer.tile_columns),
            rim.inside_rows.eq(row < layer.out_last_rows),
            rim.inside_columns.eq(column < layer.out_last_columns),
        ]
        with m.If(step):
            m.d.sync += column.eq(column + 1)
            with m.If(last_column):
                m.d.sync += [column.eq(0), row.eq(Mux(last_row, 0, row + 1))]
        return rim

    def _pipeline(self, m, enters, address, busy, rim):
        """Mirror of the tiles' pipelines: which stages hold results, and their addresses."""
        # The first stage is that of layers that are late, the others go around it.
        stages, late = self.stages + 1, self.layer.late
        valid = [Signal(name=f"valid{i}") for i in range(stages)]
        addresses = [Signal(16, name=f"address{i}", reset_less=True) for i in range(stages)]
        with m.If(self.advance):
            m.d.sync += [valid[0].eq(enters & late), addresses[0].eq(address),
                         valid[1].eq(Mux(late, valid[0], enters)),
                         addresses[1].eq(Mux(late, addresses[0], address))]
            for i in range(2, stages):
                m.d.sync += [valid[i].eq(valid[i - 1]), addresses[i].eq(addresses[i - 1])]
        with m.Elif(self.write_granted):
            m.d.sync += valid[-1].eq(0)
        if rim is not None:
            enters = rim
            for i in range(stages):
                kept = Signal(rim_layout(), name=f"rim{i}", reset_less=True)
                with m.If(self.advance):
                    m.d.sync += kept.eq(Mux(late, rim, enters) if i == 1 else rim)
                rim = kept
            m.d.comb += self.rim.eq(rim)
        m.d.comb += [
            self.write_wanted.eq(valid[-1]), self.write_address.eq(addresses[-1]),
            self.idle.eq(~busy & ~Cat(valid).any()),
        ]
