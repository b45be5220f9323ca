"""The end of a link that the neighbour's border pixels come out of."""

from types import SimpleNamespace

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, stream
from amaranth.lib.wiring import In, Out

from ..emit import Shared
from .border import border_write_layout
from .border_word import BorderWord, Kind
from .descriptor import Operation
from .layer import layer_layout

__all__ = ["BorderReceiver"]


class BorderReceiver(Shared):
    """Counts where received words belong.

    The order of a CONV: chunks of the channels of a group of blocks, pixels along the side,
    channels of the chunk, tiles along the side. The order of a LOAD: tiles, pixels, channels.

    Parameters
    ----------
    config : :class:`~flexdrive.hyperdrive.config.ChipConfig`.
    vertical : the receiver of the north or south side: ``lanes`` are columns of tiles, and corner
        pixels are passed on instead of received.

    Members
    -------
    layer, start : the operation whose map is to be received; ``layer`` is stable until ``done``.
    active : this side receives it. corners : kinds of corner words that come with it.
    done : everything of it has arrived (and been passed on).
    i : from the link.
    write : word for the side's border memory. corner_write : the same for its two corner
        memories (horizontal), north first.
    first, last : the word that ``pass_on`` offers is that of the first or last pixel of the side
        (vertical); ``passed`` : it is taken where it has to go.
    """

    def __init__(self, config, *, vertical):
        self.config, self.vertical = config, vertical
        self.lanes = config.columns if vertical else config.rows
        corner = border_write_layout(config.corner_words, 1)
        super().__init__({
            "layer": In(layer_layout(config)), "start": In(1), "active": In(1),
            "corners": In(2), "done": Out(1, init=1), "i": In(stream.Signature(BorderWord)),
            "write": Out(border_write_layout(config.border_words, self.lanes)),
            **({"first": Out(1), "last": Out(1), "pass_on": Out(1), "passed": In(1)} if vertical
               else {"corner_write": Out(data.ArrayLayout(corner, 2))}),
        }, m=config.rows, n=config.columns, c=config.channels, l=config.adder_depth,
            e=config.border_words, k=config.corner_words, v=vertical)

    def elaborate(self, platform):
        m = Module()
        place = self._context(m)
        waiting, corner_done = Signal(), Signal(2, init=3)
        border_word = self.i.payload.kind == Kind.BORDER
        step = Signal()                     # the border walk goes on
        m.d.comb += self.done.eq(~waiting & corner_done.all())
        m.d.comb += [
            self.write.line.eq(place.line), self.write.word.eq(self.i.payload.pixel),
            self.write.lane.eq(1 << place.tile[:(self.lanes - 1).bit_length()]),
        ]
        with m.If(waiting & place.empty):
            m.d.comb += step.eq(1)          # no tile has pixels here
        with m.Elif(self.i.valid & border_word & waiting):
            m.d.comb += [self.i.ready.eq(self.passed if self.vertical else 1),
                         step.eq(self.i.ready), self.write.enable.eq(self.i.ready)]
            if self.vertical:
                m.d.comb += [self.pass_on.eq(1),
                             self.first.eq((place.tile == 0) & (place.at == 0)),
                             self.last.eq((place.tile == self.lanes - 1)
                                          & (place.at == place.edge - 1))]
        m.d.comb += place.step.eq(step)
        with m.If(step & place.end):
            m.d.sync += waiting.eq(0)
        for side, kind in enumerate((Kind.CORNER_NORTH, Kind.CORNER_SOUTH)):
            self._corner(m, side, kind, place, corner_done)
        with m.If(self.start):
            m.d.sync += [waiting.eq(self.active),
                         corner_done.eq(Mux(self.active, ~self.corners, 3))]
        return m

    def _corner(self, m, side, kind, place, corner_done):
        """Corner words come channel by channel."""
        if self.vertical:
            return
        channel = Signal(16, name=f"corner_channel{side}")
        write = self.corner_write[side]
        with m.If(self.i.valid & (self.i.payload.kind == kind) & ~corner_done[side]):
            m.d.comb += [self.i.ready.eq(1), write.enable.eq(1)]
            m.d.sync += channel.eq(channel + 1)
            with m.If(channel == place.channels - 1):
                m.d.sync += corner_done[side].eq(1)
        m.d.comb += [write.line.eq(self.layer.border_corner + channel), write.lane.eq(1),
                     write.word.eq(self.i.payload.pixel)]
        with m.If(self.start):
            m.d.sync += channel.eq(0)

    def _context(self, m):
        """The walk over the border; all its values as one signal."""
        layer, config = self.layer, self.config
        axis = "columns" if self.vertical else "rows"
        conv = layer.operation == Operation.CONV
        edge, full = getattr(layer, f"tile_{axis}"), getattr(layer, f"full_{axis}")
        rest, channels, chunk = Signal(16), Signal(16), Signal(16)
        m.d.comb += [
            rest.eq(Mux(conv, getattr(layer, f"out_last_{axis}"),
                        getattr(layer, f"last_{axis}"))),
            channels.eq(Mux(conv, layer.out_channels, layer.in_channels)),
            chunk.eq(Mux(layer.blocks, config.channels * config.adder_depth, config.channels)),
        ]
        place = SimpleNamespace(**{
            name: Signal(width, name=f"place_{name}") for name, width in (
                ("tile", 16), ("at", 16), ("line", 16), ("edge", 16), ("channels", 16),
                ("empty", 1), ("end", 1), ("step", 1))})
        tile, at, channel, begin, line = (Signal(16, name=name) for name in
                                          ("tile", "at", "channel", "begin", "line"))
        stop, tiles, limit = Signal(16), Signal(9), Signal(16)
        last_channel, last_tile, last_at = Signal(), Signal(), Signal()
        m.d.comb += [
            # End of the chunk of channels, tiles with pixels at `at`, pixels of `tile`.
            stop.eq(Mux(conv & (channels - begin > chunk), begin + chunk, channels)),
            tiles.eq(full + (at < rest)), limit.eq(Mux(tile == full, rest, edge)),
            last_channel.eq(channel == stop - 1),
            place.empty.eq(conv & (tiles == 0)),
            place.tile.eq(tile), place.at.eq(at), place.edge.eq(edge),
            place.channels.eq(channels),
            place.line.eq(getattr(layer, f"border_{axis}") + line + channel),
        ]
        with m.If(self.start):
            m.d.sync += [tile.eq(0), at.eq(0), channel.eq(0), begin.eq(0), line.eq(0)]
        with m.Elif(place.step & conv):
            m.d.comb += [last_tile.eq(place.empty | (tile == tiles - 1)),
                         last_at.eq(at == edge - 1),
                         place.end.eq(last_tile & last_channel & last_at & (stop == channels))]
            m.d.sync += tile.eq(tile + 1)
            with m.If(last_tile):
                m.d.sync += [tile.eq(0), channel.eq(channel + 1)]
                with m.If(last_channel):
                    m.d.sync += [channel.eq(begin), at.eq(at + 1), line.eq(line + channels)]
                    with m.If(last_at):
                        m.d.sync += [at.eq(0), line.eq(0), channel.eq(stop), begin.eq(stop)]
        with m.Elif(place.step):
            m.d.comb += [last_tile.eq(tile == full + (rest != 0) - 1), last_at.eq(at == limit - 1),
                         place.end.eq(last_tile & last_channel & last_at)]
            m.d.sync += channel.eq(channel + 1)
            with m.If(last_channel):
                m.d.sync += [channel.eq(0), at.eq(at + 1), line.eq(line + channels)]
                with m.If(last_at):
                    m.d.sync += [at.eq(0), line.eq(0), tile.eq(tile + 1)]
        return place
