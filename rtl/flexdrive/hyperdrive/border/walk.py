"""Where received words belong: the walks over a neighbour's rim and over its corners.

Both sides make words in the same order, so a receiver only has to count. Pixels of a CONV come in
chunks of the channels of a group, within a chunk row by row of the sender's tiles, those of a LOAD
row by row of the map.
"""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib.wiring import In, Out

from ...emit import Shared
from ..descriptor.fields import Operation
from ..descriptor.layer import layer_layout
from ..multiple import multiple, multiple_of

__all__ = ["BorderWalk", "CornerWalk"]


def _made(m, config, layer):
    """(is CONV, channels of the map that is made, channels of a chunk)."""
    conv, channels, chunk = (Signal(width, name=name) for name, width in (
        ("conv", 1), ("channels", 16), ("chunk", 16)))
    m.d.comb += [
        conv.eq(layer.operation == Operation.CONV),
        channels.eq(layer.made_channels),
        chunk.eq(Mux(conv, Mux(layer.blocks, config.channels * config.adder_depth,
                               config.channels), channels)),
    ]
    return conv, channels, chunk


def _chunks(m, config, layer, chunk, start, following):
    """The same chunk when channelwise: L channels, fewer at the end of a block of C."""
    if not config.channelwise:
        return chunk
    lane = Signal(range(config.channels), name="chunk_lane")
    room = Signal(range(config.channels + 1), name="chunk_room")
    fits = Signal(16, name="chunk_fits")
    m.d.comb += [room.eq(config.channels - lane), fits.eq(Mux(
        layer.channelwise & (layer.operation == Operation.CONV),
        Mux(room < config.adder_depth, room, config.adder_depth), chunk))]
    with m.If(start):
        m.d.sync += lane.eq(0)
    with m.Elif(following):
        m.d.sync += lane.eq(Mux(room <= config.adder_depth, 0, lane + config.adder_depth))
    return fits


def _stop(m, channels, chunk, begin):
    """End of the chunk that begins at channel ``begin``."""
    stop = Signal(16)
    m.d.comb += stop.eq(Mux(channels - begin > chunk, begin + chunk, channels))
    return stop


def _distance(m, name, config, count, unit, *, falling):
    """A loop over ``count`` rows or columns beyond the rim that lie ``unit`` words apart; falling:
    the farthest comes first. Returns (end, assignments that begin it, those that step it, words
    before the row or column)."""
    if config.halo == 1:
        return 1, [], [], 0
    at, offset = Signal(range(config.halo), name=name), Signal(16, name=f"{name}_offset")
    end = Signal(name=f"{name}_end")
    m.d.comb += end.eq(at == count - 1)
    first = Mux(count == 1, 0, multiple(unit, count - 1, config.halo - 1)) if falling else 0
    return (end, [at.eq(0), offset.eq(first)],
            [at.eq(at + 1), offset.eq(offset - unit if falling else offset + unit)], offset)


class BorderWalk(Shared):
    """Walks over the rows or columns of one neighbour that are received.

    Latency: the first word is there in the cycle after ``start``, the next one in that after
    ``step``. ``end`` is combinational from ``step``.

    Parameters
    ----------
    side : of the chip. Words of the north and west come from far to near (``h`` in
        :mod:`~flexdrive.hyperdrive.descriptor.fields` falls), the others the other way.

    Members
    -------
    layer : stable from ``start`` to the end. start : go to the first word.
    step : go to the next. end : it is the last.
    tile, line : tile along the side, line of the border memory.
    empty : there is no word here, as no tile has pixels so far along it.
    first, last : the pixel is of the first or last columns (rows) along the side that the chips
        beside exchange.
    """

    def __init__(self, config, side):
        self.config, self.side = config, side
        self.vertical = side in ("north", "south")
        super().__init__({
            "layer": In(layer_layout(config)), "start": In(1), "step": In(1), "end": Out(1),
            "tile": Out(16), "line": Out(16), "empty": Out(1), "first": Out(1), "last": Out(1),
        }, m=config.rows, n=config.columns, c=config.channels, l=config.adder_depth,
            r=config.halo, s=side, **config.channelwise_parameter)

    def elaborate(self, platform):
        m = Module()
        layer, config = self.layer, self.config
        axis = "columns" if self.vertical else "rows"
        lanes = getattr(config, axis)
        conv, channels, chunk = _made(m, config, layer)
        edge, full = getattr(layer, f"tile_{axis}"), getattr(layer, f"full_{axis}")
        rest = Signal(16)
        limit = Signal(16)
        count = {"south": layer.made_south, "east": layer.made_east}.get(self.side, layer.halo)
        unit = layer.made_cap if self.vertical else layer.made_side
        at, channel, begin, line = (Signal(16, name=name) for name in
                                    ("at", "channel", "begin", "line"))
        # Words from channel 0 to `channel` and to `begin`.
        word, begin_word = Signal(16), Signal(16)
        chunk_end = Signal()
        stop = _stop(m, channels, _chunks(m, config, layer, chunk, self.start,
                                          self.step & chunk_end), begin)
        tiles = Signal(9)
        ends = {name: Signal(name=f"{name}_end") for name in ("tile", "at", "channel")}
        ends["h"], h_reset, h_step, far = _distance(
            m, "h", config, count, unit, falling=self.side in ("north", "west"))
        m.d.comb += [
            rest.eq(Mux(conv, getattr(layer, f"out_last_{axis}"), getattr(layer, f"last_{axis}"))),
            # Tiles with pixels at `at` (CONV), pixels of `tile` (LOAD).
            tiles.eq(Mux(conv, full + (at < rest), full + (rest != 0))),
            limit.eq(Mux(~conv & (self.tile == full), rest, edge)),
            self.empty.eq(conv & (tiles == 0)),
            ends["tile"].eq(self.empty | (self.tile == tiles - 1)), ends["at"].eq(at == limit - 1),
            ends["channel"].eq(channel == stop - 1),
            self.line.eq(getattr(layer, f"border_{axis}") + far + line + word),
            self.first.eq((self.tile == 0) & (at < layer.halo)),
            self.last.eq((self.tile == lanes - 1) & (at + layer.halo >= edge)),
        ]
        m.d.comb += chunk_end.eq(ends["tile"] & ends["at"] & ends["channel"] & ends["h"])
        # Innermost loop first.
        orders = {True: ("channel", "at", "tile", "h") if self.vertical else
                  ("channel", "h", "at", "tile"),
                  False: ("tile", "channel", "at", "h") if self.vertical else
                  ("tile", "channel", "h", "at")}
        resets = {"tile": self.tile.eq(0), "channel": [channel.eq(begin), word.eq(begin_word)],
                  "at": [at.eq(0), line.eq(0)], "h": h_reset}
        steps = {"tile": self.tile.eq(self.tile + 1),
                 "channel": [channel.eq(channel + 1), word.eq(word + layer.made_step)],
                 "at": [at.eq(at + 1), line.eq(line + layer.made_pitch)],
                 "h": h_step}
        with m.If(self.start):
            m.d.sync += [*resets.values(), begin.eq(0), channel.eq(0), begin_word.eq(0),
                         word.eq(0)]
        with m.Elif(self.step):
            for loads, order in orders.items():
                with m.If(~conv if loads else conv):
                    self._advance(m, order, ends, resets, steps)
            m.d.comb += self.end.eq(chunk_end & (stop == channels))
            with m.If(chunk_end):
                m.d.sync += [begin.eq(stop), channel.eq(stop),
                             begin_word.eq(word + layer.made_step),
                             word.eq(word + layer.made_step)]
        return m

    def _advance(self, m, order, ends, resets, steps):
        """The innermost loop steps; one that ends begins again, and the next one steps."""
        name, *outer = order
        m.d.sync += steps[name]
        with m.If(ends[name]):
            m.d.sync += resets[name]
            if outer:
                self._advance(m, outer, ends, resets, steps)


class CornerWalk(Shared):
    """Walks over the pixels of a diagonal neighbour that are received.

    Latency: the first word is there in the cycle after ``start``, the next one in that after
    ``step``.

    Parameters
    ----------
    north, west : where the neighbour is.

    Members
    -------
    layer, start, step, end : as of :class:`BorderWalk`. line : word of the corner memory.
    """

    def __init__(self, config, *, north, west):
        self.config, self.north, self.west = config, north, west
        super().__init__({
            "layer": In(layer_layout(config)), "start": In(1), "step": In(1), "end": Out(1),
            "line": Out(16),
        }, c=config.channels, l=config.adder_depth, r=config.halo, n=north, w=west,
            **config.channelwise_parameter)

    def elaborate(self, platform):
        m = Module()
        layer, config = self.layer, self.config
        _, channels, chunk = _made(m, config, layer)
        channel = Signal(16)
        begin = Signal(16)
        word, begin_word, following = Signal(16), Signal(16), Signal(16)
        chunk_end = Signal()
        stop = _stop(m, channels, _chunks(m, config, layer, chunk, self.start,
                                          self.step & chunk_end), begin)
        inner_end = Signal()
        x_end, x_reset, x_step, x = _distance(
            m, "x", config, layer.halo if self.west else layer.made_east, layer.made_pitch,
            falling=self.west)
        y_end, y_reset, y_step, y = _distance(
            m, "y", config, layer.halo if self.north else layer.made_south,
            multiple_of(layer.made_pitch, config.halo), falling=self.north)
        m.d.comb += [
            inner_end.eq(channel == stop - 1), self.line.eq(layer.border_corner + x + y + word),
            following.eq(word + layer.made_step),
            chunk_end.eq(inner_end & x_end & y_end), self.end.eq(chunk_end & (stop == channels)),
        ]
        with m.If(self.start):
            m.d.sync += [*x_reset, *y_reset, begin.eq(0), channel.eq(0), begin_word.eq(0),
                         word.eq(0)]
        with m.Elif(self.step):
            m.d.sync += [channel.eq(channel + 1), word.eq(following)]
            with m.If(inner_end):
                m.d.sync += [channel.eq(begin), word.eq(begin_word), *x_step]
                with m.If(x_end):
                    m.d.sync += [*x_reset, *y_step]
                    with m.If(y_end):
                        m.d.sync += [*y_reset, begin.eq(stop), channel.eq(stop),
                                     begin_word.eq(following), word.eq(following)]
        return m
