"""The order in which the words of a map travel: beat by beat, and where each lies."""

from amaranth.hdl import C, Module, Mux, Signal
from amaranth.lib.wiring import In, Out

from ...emit import Shared
from ..border_position import rim_layout
from ..descriptor.layer import layer_layout

__all__ = ["MapWalker", "walk_parameters"]


def walk_parameters(config):
    """The part of module names that says whether there are averages, and how wide beats are."""
    return ({"l": config.adder_depth, "z": True} if config.channelwise else {}
            ) | config.stream_parameter


class MapWalker(Shared):
    """Walks over the beats of a map in stream order.

    Latency: the walker stands on the first beat two cycles after ``start``, on the next one cycle
    after ``step``.

    Members
    -------
    start : go to the first beat; ``layer`` stable from this cycle on.
    valid : the walker stands on a beat. ``step`` : go to the next.
    address, row, column : where its first word lies: address in the tile, and which tile.
    count : (``own_ways``) its words.
    rim : whether it is of the first or last ``layer.halo`` rows or columns of the whole array.
    channel, first, last : of an average: beat in its block of L, first and last pixel.
    """

    def __init__(self, config):
        self.config = config
        super().__init__({
            "layer": In(layer_layout(config)), "start": In(1), "step": In(1),
            "valid": Out(1), "address": Out(16), "row": Out(range(config.rows)),
            "column": Out(range(config.columns)), "rim": Out(rim_layout()),
            **({"count": Out(range(config.stream_words + 1))} if config.own_ways else {}),
            **({"channel": Out(range(max(2, config.adder_depth))), "first": Out(1), "last": Out(1)}
               if config.channelwise else {}),
        }, m=config.rows, n=config.columns, **walk_parameters(config))

    def elaborate(self, platform):
        m = Module()
        layer = self.layer
        channel = Signal(16)                # by beats
        lanes = self.config.stream_words
        row_address = Signal(16)            # first word of row y of a tile
        starting = Signal()
        over = Signal()                     # the step is that from the last word of the walk
        walk = self._walk(m, starting, over)
        step = {name: Signal(name=f"step_{name}") for name in ("channel", "x", "y")}
        x = self._axis(m, "x", starting, step["x"], layer.in_tile_columns, layer.full_columns,
                       layer.last_columns)
        y = self._axis(m, "y", starting, step["y"], layer.in_tile_rows, layer.full_rows,
                       layer.last_rows)
        channel_end = Signal()
        first_channel_end = Signal()        # the next pixel has no more than one
        # A step is known late; what it does is known before.
        m.d.comb += [
            step["channel"].eq(self.step & self.valid),
            step["x"].eq(step["channel"] & channel_end),
            step["y"].eq(step["channel"] & (channel_end & x["over"])),
            over.eq(step["channel"] & (channel_end & x["over"] & y["over"])),
            first_channel_end.eq(Mux(starting | (x["over"] & y["over"]), walk["next_last"],
                                     walk["last_channel"]) == 0),
            self.row.eq(y["tile"]), self.column.eq(x["tile"]),
            self.rim.north.eq((y["tile"] == 0) & (y["at"] < layer.halo)),
            self.rim.west.eq((x["tile"] == 0) & (x["at"] < layer.halo)),
            self.rim.south.eq((y["tile"] == self.config.rows - 1)
                              & (y["at"] + layer.halo >= layer.in_tile_rows)),
            self.rim.east.eq((x["tile"] == self.config.columns - 1)
                             & (x["at"] + layer.halo >= layer.in_tile_columns)),
        ]
        m.d.sync += starting.eq(self.start)
        with m.If(starting):
            m.d.sync += [self.valid.eq(x["any"] & y["any"]), self.address.eq(layer.in_base),
                         row_address.eq(layer.in_base), channel.eq(0),
                         channel_end.eq(first_channel_end)]
        with m.Elif(step["channel"]):
            m.d.sync += [channel.eq(channel + 1), self.address.eq(self.address + lanes),
                         channel_end.eq(channel + 1 == walk["last_channel"])]
            with m.If(channel_end):
                m.d.sync += [channel.eq(0), self.address.eq(self.address + walk["jump"]),
                             channel_end.eq(first_channel_end)]
                with m.If(x["end"]):
                    m.d.sync += self.address.eq(row_address)
                with m.If(x["over"]):
                    self._next_row(m, walk, y, row_address)
        if self.config.own_ways:
            m.d.comb += self.count.eq(Mux(channel_end, walk["last_words"], lanes))
        if self.config.channelwise:
            m.d.comb += [self.channel.eq(channel),
                         self.last.eq(x["over"] & y["over"])]
            with m.If(starting | over):
                m.d.sync += self.first.eq(1)
            with m.Elif(self.step & channel_end):
                m.d.sync += self.first.eq(0)
        return m

    def _walk(self, m, starting, over):
        """Last beat of a pixel in a walk and in the next, words of it, words from a pixel's last
        beat to the next pixel, first words of both walks, whether there is a next. Only averages
        take several."""
        layer, jump = self.layer, Signal(16, name="jump")
        last_channel = Signal(16, name="last_channel")
        shift = (self.config.stream_words - 1).bit_length()
        last_words = Signal(range(self.config.stream_words + 1), name="last_words")

        def pixel(channels):
            """The same for every pixel: its last beat, and what lies behind that."""
            last = (channels - 1)[:16]
            return [last_channel.eq(last >> shift),
                    jump.eq(layer.in_pitch - (last >> shift << shift)),
                    *([last_words.eq(last[:shift] + 1)] if self.config.own_ways else [])]

        if not self.config.channelwise:
            m.d.sync += pixel(layer.in_channels)
            return {"last_channel": last_channel, "next_last": last_channel, "jump": jump,
                    "base": layer.in_base, "next": layer.in_base, "again": C(0, 1),
                    "last_words": last_words}
        depth = self.config.adder_depth * self.config.stream_words
        base, left, next_base, next_left, next_channels, next_last = (
            Signal(16, name=name) for name in
            ("base", "left", "next_base", "next_left", "next_channels", "next_last"))
        m.d.comb += [
            next_base.eq(Mux(starting, layer.in_base, base + depth)),
            next_left.eq(Mux(starting, layer.in_channels, left - depth)),
            next_channels.eq(Mux(layer.average & (next_left > depth), depth, next_left)),
            next_last.eq((next_channels - 1)[:16] >> shift),
        ]
        with m.If(starting | over):
            m.d.sync += [base.eq(next_base), left.eq(next_left), *pixel(next_channels)]
        return {"last_channel": last_channel, "next_last": next_last, "jump": jump, "base": base,
                "next": next_base, "again": layer.average & (left > depth),
                "last_words": last_words}

    def _axis(self, m, name, starting, step, size, full, rest):
        """Along one axis: coordinate in a tile ``at``, ``tile``, whether it is the tile's last
        (``end``), the map's last (``over``), and whether the map has ``any``. There are ``full``
        tiles of ``size`` coordinates and one of ``rest``. The comparisons are made a step ahead."""
        at, last = Signal(16, name=name), Signal(16, name=f"{name}_last")
        tile = Signal(9, name=f"{name}_tile")
        end, tile_end = Signal(name=f"{name}_end"), Signal(name=f"{name}_tile_end")
        # Constants of the layer, from the cycle after ``start`` on.
        last_tile, size_last, rest_last = (
            Signal(shape, name=f"{name}_{what}") for shape, what in
            ((9, "last_tile"), (16, "size_last"), (16, "rest_last")))
        m.d.sync += [last_tile.eq(full - (rest == 0)), size_last.eq(size - 1),
                     rest_last.eq(rest - 1)]
        next_tile, next_last = Signal(9, name=f"{name}_next_tile"), Signal(
            16, name=f"{name}_next_last")
        m.d.comb += [
            next_tile.eq(Mux(starting | tile_end, 0, tile + 1)),
            next_last.eq(Mux(next_tile == full, rest_last, size_last)),
        ]
        with m.If(starting | (step & end)):
            m.d.sync += [at.eq(0), tile.eq(next_tile), last.eq(next_last), end.eq(next_last == 0),
                         tile_end.eq(next_tile == last_tile)]
        with m.Elif(step):
            m.d.sync += [at.eq(at + 1), end.eq(at + 1 == last)]
        return {"at": at, "tile": tile, "end": end, "over": end & tile_end,
                "any": (full != 0) | (rest != 0)}

    def _next_row(self, m, walk, y, row_address):
        """From the last word of a row: to the row below, to the first one of the tiles below, or
        over."""
        following = Signal(16)
        m.d.comb += following.eq(Mux(
            y["over"], walk["next"], Mux(y["end"], walk["base"], row_address + self.layer.in_row)))
        m.d.sync += [row_address.eq(following), self.address.eq(following)]
        with m.If(y["over"]):
            m.d.sync += self.valid.eq(walk["again"])
