"""Feature maps between the host's streams and the tiles' memories.

A map travels row by row, column by column, channels innermost, over its real height and width;
one word a cycle. For an average it is walked once for every L channels.
"""

from amaranth.hdl import C, Module, Mux, Signal
from amaranth.lib import stream
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out

from ...emit import Shared
from ..border_position import rim_layout
from ..descriptor.layer import layer_layout
from ..timing import REQUEST, STORED, delayed
from .global_average import Average

__all__ = ["MapWalker", "Transfer"]


def _parameters(config):
    """The part of module names that says whether there are averages."""
    return {"l": config.adder_depth, "z": True} if config.channelwise else {}


class MapWalker(Shared):
    """Walks over the words of a map in stream order.

    Latency: the walker stands on the first word two cycles after ``start``, on the next one cycle
    after ``step``.

    Members
    -------
    start : go to the first word; ``layer`` stable from this cycle on.
    valid : the walker stands on a word. ``step`` : go to the next.
    address, row, column : where the word lies: address in the tile, and which tile.
    rim : whether it is of the first or last ``layer.halo`` rows or columns of the whole array.
    channel, first, last : of an average: channel in its block of L, first and last pixel.
    """

    def __init__(self, config):
        self.config = config
        super().__init__({
            "layer": In(layer_layout(config)), "start": In(1), "step": In(1),
            "valid": Out(1), "address": Out(16), "row": Out(range(config.rows)),
            "column": Out(range(config.columns)), "rim": Out(rim_layout()),
            **({"channel": Out(range(max(2, config.adder_depth))), "first": Out(1), "last": Out(1)}
               if config.channelwise else {}),
        }, m=config.rows, n=config.columns, **_parameters(config))

    def elaborate(self, platform):
        m = Module()
        layer = self.layer
        channel = Signal(16)
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
            m.d.sync += [channel.eq(channel + 1), self.address.eq(self.address + 1),
                         channel_end.eq(channel + 1 == walk["last_channel"])]
            with m.If(channel_end):
                m.d.sync += [channel.eq(0), self.address.eq(self.address + walk["jump"]),
                             channel_end.eq(first_channel_end)]
                with m.If(x["end"]):
                    m.d.sync += self.address.eq(row_address)
                with m.If(x["over"]):
                    self._next_row(m, walk, y, row_address)
        if self.config.channelwise:
            m.d.comb += [self.channel.eq(channel),
                         self.last.eq(x["over"] & y["over"])]
            with m.If(starting | over):
                m.d.sync += self.first.eq(1)
            with m.Elif(self.step & channel_end):
                m.d.sync += self.first.eq(0)
        return m

    def _walk(self, m, starting, over):
        """Last channel of a walk and of the next, words from a pixel's last channel to the next
        pixel, first words of both walks, whether there is a next. Only averages take several."""
        layer, jump = self.layer, Signal(16, name="jump")
        last_channel = Signal(16, name="last_channel")
        if not self.config.channelwise:
            m.d.sync += [last_channel.eq(layer.in_channels - 1),
                         jump.eq(layer.in_pitch + 1 - layer.in_channels)]
            return {"last_channel": last_channel, "next_last": last_channel, "jump": jump,
                    "base": layer.in_base, "next": layer.in_base, "again": C(0, 1)}
        depth = self.config.adder_depth
        base, left, next_base, next_left, next_channels, next_last = (
            Signal(16, name=name) for name in
            ("base", "left", "next_base", "next_left", "next_channels", "next_last"))
        m.d.comb += [
            next_base.eq(Mux(starting, layer.in_base, base + depth)),
            next_left.eq(Mux(starting, layer.in_channels, left - depth)),
            next_channels.eq(Mux(layer.average & (next_left > depth), depth, next_left)),
            next_last.eq(next_channels - 1),
        ]
        with m.If(starting | over):
            m.d.sync += [base.eq(next_base), left.eq(next_left),
                         last_channel.eq(next_last),
                         jump.eq(layer.in_pitch + 1 - next_channels)]
        return {"last_channel": last_channel, "next_last": next_last, "jump": jump, "base": base,
                "next": next_base, "again": layer.average & (left > depth)}

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


class Transfer(Shared):
    """LOAD and STORE. A word a cycle; an average sends one a channel, and takes L cycles for L
    channels of a pixel, whether there are as many or not.

    Latency: the first word is written or read FIRST_WORD cycles after ``load`` or ``store`` at the
    earliest. A word of ``i`` is written in the cycle of its acceptance (combinational); one that
    has arrived in cycle t is on ``o`` from t + FIFO (:mod:`~flexdrive.hyperdrive.timing`) if none
    waits before it, a mean :meth:`.global_average.Average.latency_of` cycles later. ``done`` rises
    DONE cycles after the last word was written or has left on ``o``.

    Members
    -------
    load, store : one-cycle start of an operation; ``layer`` stable from then on.
    done : high once the operation is complete (STORE: its last word has left on ``o``).
    i, o : pixel streams, one binary16 word each.
    write, address, word : store ``word``; always granted, as nothing else runs.
    read : fetch the word at ``address``. ``row``, ``column`` : its tile, for both.
    loading, rim : a LOAD wants the next word, for this place; ``room`` : it may have it.
    arrived, arriving : a word fetched before is at ``arriving``; comes back in order.
    """

    FIFO_WORDS = 16
    """Words that may be on their way from the memories to the host."""
    FIRST_WORD = 2
    """Cycles from the start to the walker on the first word."""
    DONE = 2
    """Cycles from the last word to ``done``."""

    def __init__(self, config):
        self.config = config
        super().__init__({
            "layer": In(layer_layout(config)), "load": In(1), "store": In(1),
            "done": Out(1, init=1),
            "i": In(stream.Signature(16)), "o": Out(stream.Signature(16)),
            "write": Out(1), "read": Out(1), "address": Out(16), "word": Out(16),
            "row": Out(range(config.rows)), "column": Out(range(config.columns)),
            "arrived": In(1), "arriving": In(16), "loading": Out(1), "room": In(1),
            "rim": Out(rim_layout()),
        }, m=config.rows, n=config.columns, **_parameters(config))

    def elaborate(self, platform):
        m = Module()
        m.submodules.walker = walker = MapWalker(self.config)
        m.submodules.fifo = fifo = SyncFIFOBuffered(width=16, depth=self.FIFO_WORDS)
        waiting = Signal(range(self.FIFO_WORDS + 1))    # words to be sent that have been read
        loading = Signal()
        storing = Signal()
        walked = Signal()
        sent = Signal()
        read_next, kept = self._average(m, walker, waiting, fifo)
        m.d.comb += [
            walker.layer.eq(self.layer), walker.start.eq(self.load | self.store),
            walker.step.eq(self.write | self.read),
            self.loading.eq(loading & walker.valid), self.rim.eq(walker.rim),
            self.i.ready.eq(self.loading & self.room),
            self.write.eq(self.i.ready & self.i.valid), self.word.eq(self.i.payload),
            self.read.eq(storing & walker.valid & read_next),
            self.address.eq(walker.address), self.row.eq(walker.row),
            self.column.eq(walker.column),
            self.o.valid.eq(fifo.r_rdy), self.o.payload.eq(fifo.r_data),
            fifo.r_en.eq(self.o.ready), sent.eq(self.o.valid & self.o.ready),
        ]
        m.d.sync += waiting.eq(waiting + (self.read & kept) - sent)
        # Complete when the walk is over and nothing is on its way.
        over = Signal()
        started = Signal()
        m.d.comb += over.eq(walked & ~walker.valid & (waiting == 0))
        # The walker stands on the first word, if there is one, two cycles after the start.
        m.d.sync += started.eq(self.load | self.store)
        with m.If(self.load | self.store):
            m.d.sync += [loading.eq(self.load), storing.eq(self.store), walked.eq(0),
                         self.done.eq(0)]
        with m.Elif(over):
            m.d.sync += [loading.eq(0), storing.eq(0), walked.eq(0), self.done.eq(1)]
        with m.Elif(started):
            m.d.sync += walked.eq(1)
        return m

    def _average(self, m, walker, waiting, fifo):
        """The way of a fetched word to the output, also through the sums; returns whether the next
        may be fetched, and whether it gives a word to be sent."""
        room = waiting != self.FIFO_WORDS
        if not self.config.channelwise:
            m.d.comb += [fifo.w_en.eq(self.arrived), fifo.w_data.eq(self.arriving)]
            return room, 1
        layer, depth = self.layer, self.config.adder_depth
        m.submodules.average = average = Average(depth)
        # A slot of the adder for each channel: what waits, waits for all of them.
        slot, go, going = Signal(range(max(2, depth))), Signal(), Signal()
        m.d.sync += going.eq(go)
        m.d.comb += go.eq(Mux(slot == 0, waiting <= self.FIFO_WORDS - depth, going))
        m.d.sync += slot.eq(Mux(~walker.valid | (slot == depth - 1), 0, slot + 1))
        m.d.comb += [
            average.i_valid.eq(self.arrived & layer.average), average.i_word.eq(self.arriving),
            average.i_first.eq(delayed(m, "first", walker.first, STORED - REQUEST)),
            average.i_last.eq(delayed(m, "last", walker.last, STORED - REQUEST)),
            average.factor.eq(layer.slope),
            fifo.w_en.eq(Mux(layer.average, average.o_valid, self.arrived)),
            fifo.w_data.eq(Mux(layer.average, average.o_word, self.arriving)),
        ]
        return (Mux(layer.average, go & (slot == walker.channel), room),
                ~layer.average | walker.last)
