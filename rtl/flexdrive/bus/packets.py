"""Words of a chip's streams as buses carry them: parts of 32 bits, and where a packet ends."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, stream
from amaranth.lib.wiring import In, Out

from ..emit import Shared
from ..hyperdrive.descriptor.report import Report

__all__ = ["REPORT_WORDS", "Packet", "ReportWords", "StorePackets", "WeightJoin"]

REPORT_WORDS = Report.as_shape().size // 32
"""Words of 32 bits of a report, lowest first."""


class Packet(data.StructLayout):
    """A word of ``width`` bits and whether it is the ``last`` of its packet."""

    def __init__(self, width):
        super().__init__({"word": width, "last": 1})


class WeightJoin(Shared):
    """Weight words from their parts of 32 bits, lowest first.

    Latency: a word is on offer one cycle after its last part came; a part a cycle. No combinational
    path but from ``o.ready`` to ``i.ready``.

    Parameters
    ----------
    width : bits of a weight word; what exceeds them in its last part is ignored.

    Members
    -------
    i : parts. o : weight words.
    """

    def __init__(self, width):
        self.width, self.parts = width, -(-width // 32)
        super().__init__({"i": In(stream.Signature(32)), "o": Out(stream.Signature(width))},
                         w=width)

    def elaborate(self, platform):
        m = Module()
        held, word = Signal(range(self.parts + 1)), Signal(32 * self.parts)
        m.d.comb += [
            self.o.valid.eq(held == self.parts), self.o.payload.eq(word),
            self.i.ready.eq(~self.o.valid | self.o.ready),
        ]
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [word.eq(Cat(word, self.i.payload)[32:]),
                         held.eq(Mux(self.o.valid, 1, held + 1))]
        with m.Elif(self.o.valid & self.o.ready):
            m.d.sync += held.eq(0)
        return m


class StorePackets(Shared):
    """Finds the last word of each STORE.

    A word is kept until the chip says what it was: if another one comes, it was not the last; if a
    report comes, it was. That is right because a chip offers the report of an operation after the
    last word of a STORE has left it (``Chip``: an operation is complete when it has), and a word of
    the next STORE only after that report was first offered. It needs no arithmetic on descriptors,
    and so holds for averages, refused descriptors and whatever a STORE may become.

    A reset of the chip ends the packet that is open with the word that is kept: a bus master that
    waits for the end of a packet gets one.

    Latency: a word is on offer two cycles after it came, or after the next one did if that is
    later; the last one two cycles after the report was first offered. A word a cycle. No
    combinational path but from ``o.ready`` to ``i.ready``.

    Members
    -------
    i : words of the chip.
    report : the chip offers a report that it did not offer before.
    abandon : the chip is reset: no further word will come of what is under way.
    o : :class:`Packet`.
    """

    def __init__(self):
        super().__init__({"i": In(stream.Signature(16)), "report": In(1), "abandon": In(1),
                          "o": Out(stream.Signature(Packet(16)))})

    def elaborate(self, platform):
        m = Module()
        kept, word, last, move = Signal(), Signal(16), Signal(), Signal()
        m.d.comb += [
            move.eq(kept & (last | self.i.valid) & (~self.o.valid | self.o.ready)),
            self.i.ready.eq(~kept | move),
        ]
        with m.If(move):
            m.d.sync += [self.o.valid.eq(1), self.o.payload.word.eq(word),
                         self.o.payload.last.eq(last)]
        with m.Elif(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [kept.eq(1), word.eq(self.i.payload), last.eq(0)]
        with m.Elif(move):
            m.d.sync += kept.eq(0)
        with m.If((self.report | self.abandon) & kept & ~move):
            m.d.sync += last.eq(1)
        return m


class ReportWords(Shared):
    """Reports as packets of :data:`REPORT_WORDS` words.

    Latency: the first word is on offer one cycle after the report came, then a word a cycle; the
    next report is taken with the last word. No combinational path but from ``o.ready`` to
    ``i.ready``.

    Members
    -------
    i : reports. o : :class:`Packet`.
    """

    def __init__(self):
        super().__init__({"i": In(stream.Signature(Report)),
                          "o": Out(stream.Signature(Packet(32)))})

    def elaborate(self, platform):
        m = Module()
        left, words = Signal(range(REPORT_WORDS + 1)), Signal(32 * REPORT_WORDS)
        m.d.comb += [
            self.o.valid.eq(left != 0), self.o.payload.word.eq(words),
            self.o.payload.last.eq(left == 1),
            self.i.ready.eq((left == 0) | ((left == 1) & self.o.ready)),
        ]
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [words.eq(self.i.payload), left.eq(REPORT_WORDS)]
        with m.Elif(self.o.valid & self.o.ready):
            m.d.sync += [words.eq(words >> 32), left.eq(left - 1)]
        return m
