"""The end of a link that border pixels go into."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, stream
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out

from ...emit import Shared
from .word import WORD_BITS, BorderWord, Kind

__all__ = ["CORNER_WORDS", "SENDER_LINES", "BorderSender"]

# Lines that a sender holds for its link; a layer's tail waits when they are full.
SENDER_LINES = 32
# Corner words that wait for a link sideways.
CORNER_WORDS = 8


class BorderSender(Shared):
    """Lines of rim words in, single words out.

    Latency: the first word of a line pushed in cycle t is on ``o`` from t + 4, the others follow
    one a cycle; a corner word accepted in t is there from t + 3. Both if nothing waits before them.

    Members
    -------
    reserve : a line will be pushed later; only with ``room``.
    push, line, mask : a line of ``lanes`` words, and which of them are pixels of the map.
    i_corners : corner words to be passed on; they go before lines.
    start : a map begins whose corner words will come: they go after the lines that are here now,
        which are of maps before it.
    o : to the link.
    idle : nothing waits.
    """

    def __init__(self, lanes):
        self.lanes = lanes
        super().__init__({
            "start": In(1), "reserve": In(1), "room": Out(1), "push": In(1), "line": In(16 * lanes),
            "mask": In(lanes), "i_corners": In(stream.Signature(BorderWord)),
            "o": Out(stream.Signature(BorderWord)), "idle": Out(1),
        }, n=lanes)

    def elaborate(self, platform):
        m = Module()
        m.submodules.fifo = fifo = SyncFIFOBuffered(width=17 * self.lanes, depth=SENDER_LINES)
        m.submodules.corners = corners = SyncFIFOBuffered(width=WORD_BITS, depth=CORNER_WORDS)
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
        here = Signal(range(SENDER_LINES + 2))      # lines of which not all words have left
        older = Signal.like(here)                   # those of them from before `start`
        left, older_left = Signal.like(here), Signal.like(here)
        m.d.comb += [
            left.eq(here - (sent & last) - (pop & (fifo.r_data[16 * self.lanes:] == 0))),
            older_left.eq(Mux(older < here - left, 0, older - (here - left))),
        ]
        m.d.sync += [here.eq(left + self.reserve), older.eq(Mux(self.start, left, older_left))]
        with m.If(~self.o.valid | self.o.ready):
            m.d.sync += self.o.valid.eq(0)
            with m.If(corners.r_rdy & (older == 0)):
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
