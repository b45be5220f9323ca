"""Exchange of borders: rim pixels out as they are finished, the neighbours' pixels in.

Words travel in the order in which both sides make them, so nothing but the word and its kind goes
over a link; the receiver counts where it belongs and fills its own memories. A corner pixel goes
to the vertical neighbour with its border, and that neighbour passes it on sideways.
"""

from types import SimpleNamespace

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, enum, stream, wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out

from ..emit import Shared
from .border import CORNERS, SIDES, border_write_layout
from .descriptor import Operation
from .layer import layer_layout
from .rim import rim_layout
from .timing import delayed

__all__ = ["BorderReceiver", "BorderSender", "BorderWord", "Exchange", "Kind",
           "link_ports"]

# Lines that a sender holds for its link; a layer's tail waits when they are full.
SENDER_LINES = 32
# Corner words that wait for a link sideways.
CORNER_WORDS = 8


class Kind(enum.Enum, shape=2):
    """What a word on a link is: a border pixel of the sender, or a corner pixel that it passes on
    from its neighbour above or below."""

    BORDER = 0
    CORNER_NORTH = 1
    CORNER_SOUTH = 2


class BorderWord(data.Struct):
    """Word of a link, 18 bit."""

    pixel: 16
    kind: Kind


def link_ports():
    """The links of a chip: ``i_{side}`` and ``o_{side}`` for the four sides."""
    word = stream.Signature(BorderWord)
    return {f"i_{side}": In(word) for side in SIDES} | {f"o_{side}": Out(word) for side in SIDES}


class BorderSender(Shared):
    """Lines of rim words in, single words out.

    Members
    -------
    reserve : a line will be pushed later; only with ``room``.
    push, line, mask : a line of ``lanes`` words, and which of them are pixels of the map.
    i_corners : corner words to be passed on; they go before lines.
    o : to the link.
    idle : nothing waits.
    """

    def __init__(self, lanes):
        self.lanes = lanes
        super().__init__({
            "reserve": In(1), "room": Out(1), "push": In(1), "line": In(16 * lanes),
            "mask": In(lanes), "i_corners": In(stream.Signature(BorderWord)),
            "o": Out(stream.Signature(BorderWord)), "idle": Out(1),
        }, n=lanes)

    def elaborate(self, platform):
        m = Module()
        m.submodules.fifo = fifo = SyncFIFOBuffered(width=17 * self.lanes, depth=SENDER_LINES)
        m.submodules.corners = corners = SyncFIFOBuffered(width=18, depth=CORNER_WORDS)
        taken = Signal(range(SENDER_LINES + 1))     # places reserved or filled
        line = Signal(data.StructLayout({"words": 16 * self.lanes, "mask": self.lanes}))
        last = Signal()
        pop = Signal()
        m.d.comb += [
            self.room.eq(taken != SENDER_LINES),
            fifo.w_en.eq(self.push), fifo.w_data.eq(Cat(self.line, self.mask)),
            corners.w_en.eq(self.i_corners.valid), corners.w_data.eq(self.i_corners.payload),
            self.i_corners.ready.eq(corners.w_rdy),
            last.eq((line.mask & (line.mask - 1)) == 0),
            self.idle.eq((taken == 0) & ~line.mask.any() & (corners.level == 0)),
        ]
        m.d.sync += taken.eq(taken + self.reserve - pop)
        sent = Signal()
        with m.If(~self.o.valid | self.o.ready):
            m.d.sync += self.o.valid.eq(0)
            with m.If(corners.r_rdy):
                m.d.comb += corners.r_en.eq(1)
                m.d.sync += [self.o.valid.eq(1), self.o.payload.eq(corners.r_data)]
            with m.Elif(line.mask.any()):
                # The words of a line leave from the first tile to the last.
                lowest = Signal(self.lanes)
                m.d.comb += [lowest.eq(line.mask & (~line.mask + 1)), sent.eq(1)]
                word = 0
                for lane in range(self.lanes):
                    word = word | Mux(lowest[lane], line.words.word_select(lane, 16), 0)
                m.d.sync += [self.o.valid.eq(1), self.o.payload.pixel.eq(word),
                             self.o.payload.kind.eq(Kind.BORDER),
                             line.mask.eq(line.mask & ~lowest)]
        with m.If(fifo.r_rdy & ((line.mask == 0) | (sent & last))):
            m.d.comb += [fifo.r_en.eq(1), pop.eq(1)]
            m.d.sync += line.eq(fifo.r_data)
        return m


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


class Exchange(Shared):
    """Senders and receivers of the four sides.

    Members
    -------
    layer, start : the operation, as of :class:`~flexdrive.hyperdrive.sequencer.Sequencer`.
    complete : everything that operations so far receive has arrived.
    write, rim : a value is written in all tiles (CONV). wanted : it waits to be.
    load, row, column, load_rim, word : a word is written in one tile (LOAD).
    room : the senders that the waiting value or word needs can take it.
    lines_{side} : the results of the tiles along a side, two cycles after ``write``.
    i_{side}, o_{side} : links.
    {side}_write, {corner}_write : received words.
    idle : nothing waits to be sent.
    """

    def __init__(self, config):
        self.config = config
        lanes = {side: config.columns if side in ("north", "south") else config.rows
                 for side in SIDES}
        self.lanes = lanes
        super().__init__({
            "layer": In(layer_layout(config)), "start": In(1), "complete": Out(1),
            "wanted": In(1), "write": In(1), "rim": In(rim_layout()),
            "loading": In(1), "load": In(1), "row": In(range(config.rows)),
            "column": In(range(config.columns)), "load_rim": In(rim_layout()), "word": In(16),
            "room": Out(1), "idle": Out(1),
            **{f"lines_{side}": In(16 * lanes[side]) for side in SIDES},
            **link_ports(),
            **{f"{side}_write": Out(border_write_layout(config.border_words, lanes[side]))
               for side in SIDES},
            **{f"{corner}_write": Out(border_write_layout(config.corner_words, 1))
               for corner in CORNERS},
        }, m=config.rows, n=config.columns, c=config.channels, l=config.adder_depth,
            e=config.border_words, k=config.corner_words)

    def elaborate(self, platform):
        m = Module()
        layer = self.layer
        senders = {side: BorderSender(self.lanes[side]) for side in SIDES}
        receivers = {side: BorderReceiver(self.config, vertical=side in ("north", "south"))
                     for side in SIDES}
        for side in SIDES:
            m.submodules[f"send_{side}"] = senders[side]
            m.submodules[f"receive_{side}"] = receivers[side]
            wiring.connect(m, senders[side].o, wiring.flipped(getattr(self, f"o_{side}")))
            wiring.connect(m, wiring.flipped(getattr(self, f"i_{side}")), receivers[side].i)
        m.d.comb += self.idle.eq(Cat(sender.idle for sender in senders.values()).all())
        self._send(m, senders)
        self._receive(m, receivers)
        # A vertical neighbour's first and last pixels go on to the left and to the right.
        for target, end in (("west", "first"), ("east", "last")):
            offered = {side: receivers[side].pass_on & getattr(receivers[side], end)
                       & getattr(layer, target) for side in ("north", "south")}
            corners = senders[target].i_corners
            north = Signal(name=f"{target}_takes_north")
            m.d.comb += [
                north.eq(offered["north"]),
                corners.payload.pixel.eq(Mux(north, receivers["north"].i.payload.pixel,
                                             receivers["south"].i.payload.pixel)),
                corners.payload.kind.eq(Mux(north, Kind.CORNER_NORTH, Kind.CORNER_SOUTH)),
                corners.valid.eq(Cat(offered[side] & receivers[side].passed
                                     for side in ("north", "south")).any()),
            ]
        for side in ("north", "south"):
            needs = []
            for target, end in (("west", "first"), ("east", "last")):
                wanted = getattr(receivers[side], end) & getattr(layer, target)
                free = senders[target].i_corners.ready
                if side == "south":         # the north goes first
                    free = free & ~(receivers["north"].pass_on & getattr(receivers["north"], end)
                                    & getattr(layer, target))
                needs.append(~wanted | free)
            m.d.comb += receivers[side].passed.eq(needs[0] & needs[1])
        return m

    def _send(self, m, senders):
        """Reserve a place for a line in the cycle of its write, push it two cycles later."""
        layer, room = self.layer, []
        rows, columns = layer.full_rows, layer.full_columns
        masks = {
            "rows": Cat((rows > i) | ((rows == i) & self.rim.inside_rows)
                        for i in range(self.config.rows)),
            "columns": Cat((columns > j) | ((columns == j) & self.rim.inside_columns)
                           for j in range(self.config.columns)),
        }
        for side, sender in senders.items():
            axis, at = ("columns", self.column) if side in ("north", "south") else (
                "rows", self.row)
            sends = layer.exchange & getattr(layer, side)
            needed = Signal(name=f"needs_{side}")
            mask = Signal(self.lanes[side], name=f"mask_{side}")
            m.d.comb += [
                needed.eq(sends & ((self.wanted & getattr(self.rim, side))
                                   | (self.loading & getattr(self.load_rim, side)))),
                sender.reserve.eq(needed & (self.write | self.load)),
                mask.eq(Mux(self.load, 1 << at, masks[axis])),
            ]
            room.append(~needed | sender.room)
            m.d.comb += [
                sender.push.eq(delayed(m, f"push_{side}", sender.reserve, 2)),
                sender.mask.eq(delayed(m, f"mask_{side}", mask, 2)),
                sender.line.eq(Mux(delayed(m, f"load_{side}", self.load, 2),
                                   delayed(m, f"word_{side}", self.word, 2).replicate(
                                       self.lanes[side]),
                                   getattr(self, f"lines_{side}"))),
            ]
        m.d.comb += self.room.eq(Cat(room).all())

    def _receive(self, m, receivers):
        layer = self.layer
        here = ((layer.full_rows != 0) | (layer.last_rows != 0)) & (
            (layer.full_columns != 0) | (layer.last_columns != 0))
        for side, receiver in receivers.items():
            m.d.comb += [
                receiver.layer.eq(layer), receiver.start.eq(self.start & layer.exchange),
                receiver.active.eq(here & getattr(layer, side)),
                getattr(self, f"{side}_write").eq(receiver.write),
            ]
            if side in ("west", "east"):
                m.d.comb += [
                    receiver.corners.eq(Cat(layer.north, layer.south)),
                    getattr(self, f"north_{side}_write").eq(receiver.corner_write[0]),
                    getattr(self, f"south_{side}_write").eq(receiver.corner_write[1]),
                ]
        m.d.comb += self.complete.eq(Cat(r.done for r in receivers.values()).all())
