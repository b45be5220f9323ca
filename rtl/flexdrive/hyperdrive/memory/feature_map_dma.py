"""Feature maps between the host's streams and the tiles' memories.

A map travels row by row, column by column, channels innermost, over its real height and width;
one beat a cycle, that is up to ``stream_words`` channels of a pixel. For an average it is walked
once for every L beats of channels.
"""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out

from ...emit import Shared
from ..border_position import rim_layout
from ..descriptor.layer import layer_layout
from ..timing import REQUEST, STORED, delayed
from .beat import from_banks, to_banks
from .global_average import Average
from .map_walker import MapWalker, walk_parameters

__all__ = ["Transfer"]


class Transfer(Shared):
    """LOAD and STORE. A beat a cycle; an average sends one for each beat of channels, and takes L
    cycles for L of them of a pixel, whether there are as many or not. A beat that goes to
    neighbours takes a cycle for each of its words, as their links have one each.

    Latency: the first beat is written or read FIRST_WORD cycles after ``load`` or ``store`` at the
    earliest. One of ``i`` is written in the cycle of its acceptance (combinational); one that
    has arrived in cycle t is on ``o`` from t + FIFO (:mod:`~flexdrive.hyperdrive.timing`) if none
    waits before it, means :meth:`.global_average.Average.latency_of` cycles later. ``done`` rises
    DONE cycles after the last beat was written or has left on ``o``.

    Members
    -------
    load, store : one-cycle start of an operation; ``layer`` stable from then on.
    done : high once the operation is complete (STORE: its last beat has left on ``o``).
    i, o : pixel streams, a beat of binary16 words each.
    write, address, count, word : store ``word`` in the order of banks, from ``address`` on; always
        granted, as nothing else runs, but with ``config.overlap``. count : words of the beat, where
        there may be several.
    read : fetch the beat at ``address``. ``row``, ``column`` : its tile, for both.
    pending, granted, complete : (``config.overlap``) as of
        :class:`~flexdrive.hyperdrive.memory.arbiter.Arbiter`; a beat is over when it is complete.
        ``i.ready`` depends on it in the same cycle.
    loading, rim : a LOAD wants the next word, for this place; ``room`` : it may have it.
    arrived, arriving : a beat fetched before is at ``arriving``; comes back in order. Of several
        words: in the order of banks, and a cycle before ``arrived``.
    sends : (mesh, beats of several words) the words of this place go to neighbours.
    send, sending : (the same) the word ``sending`` of the beat goes.
    """

    FIFO_WORDS = 16
    """Beats that may be on their way from the memories to the host."""
    FIRST_WORD = 2
    """Cycles from the start to the walker on the first word."""
    DONE = 2
    """Cycles from the last word to ``done``."""

    def __init__(self, config):
        self.config = config
        super().__init__({
            "layer": In(layer_layout(config)), "load": In(1), "store": In(1),
            "done": Out(1, init=1),
            "i": In(stream.Signature(config.beat_bits)),
            "o": Out(stream.Signature(config.beat_bits)),
            "write": Out(1), "read": Out(1), "address": Out(16), "word": Out(config.beat_bits),
            "row": Out(range(config.rows)), "column": Out(range(config.columns)),
            "arrived": In(1), "arriving": In(config.beat_bits), "loading": Out(1), "room": In(1),
            "rim": Out(rim_layout()),
            **({"count": Out(range(config.stream_words + 1))} if config.own_ways else {}),
            **({"pending": Out(config.stream_words), "granted": In(config.stream_words),
                "complete": In(1)} if config.overlap else {}),
            **({"sends": In(1), "send": Out(1), "sending": Out(16)} if self._parts else {}),
        }, m=config.rows, n=config.columns, **walk_parameters(config),
            **({"x": True} if self._parts else {}))

    @property
    def _parts(self):
        """Beats may be taken word by word."""
        return self.config.mesh and self.config.stream_words > 1

    def elaborate(self, platform):
        m = Module()
        m.submodules.walker = walker = MapWalker(self.config)
        m.submodules.fifo = fifo = SyncFIFOBuffered(width=self.config.beat_bits,
                                                    depth=self.FIFO_WORDS)
        waiting = Signal(range(self.FIFO_WORDS + 1))    # beats to be sent that have been read
        loading = Signal()
        storing = Signal()
        walked = Signal()
        sent = Signal()
        arriving = self._lanes(m, walker)
        read_next, kept = self._average(m, walker, waiting, fifo, arriving)
        last_part = self._in_parts(m, walker) if self._parts else 1
        complete = self.complete if self.config.overlap else 1
        m.d.comb += [
            walker.layer.eq(self.layer), walker.start.eq(self.load | self.store),
            walker.step.eq((self.write | self.read) & complete),
            self.loading.eq(loading & walker.valid), self.rim.eq(walker.rim),
            self.i.ready.eq(self.loading & self.room & last_part & complete),
            self.write.eq(self.loading & self.room & last_part & self.i.valid),
            self.read.eq(storing & walker.valid & read_next),
            self.address.eq(walker.address), self.row.eq(walker.row),
            self.column.eq(walker.column),
            self.o.valid.eq(fifo.r_rdy), self.o.payload.eq(fifo.r_data),
            fifo.r_en.eq(self.o.ready), sent.eq(self.o.valid & self.o.ready),
        ]
        m.d.sync += waiting.eq(waiting + (self.read & complete & kept) - sent)
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

    def _lanes(self, m, walker):
        """Words between the order of channels and that of banks; returns those of a STORE."""
        if not self.config.own_ways:
            m.d.comb += self.word.eq(self.i.payload)
            return self.arriving
        first = walker.address[:(self.config.stream_words - 1).bit_length()]
        whole, arriving = self.arriving, Signal(self.config.beat_bits)
        m.d.comb += [self.count.eq(walker.count), self.word.eq(to_banks(self.i.payload, first))]
        if self.config.overlap:
            whole = self._gather(m)
        m.d.sync += arriving.eq(from_banks(
            whole, delayed(m, "first_lane", first, STORED - 1 - REQUEST)))
        return arriving

    def _gather(self, m):
        """Words of a beat that come one after the other, as the convolution leaves their banks; in
        other cycles they are 0. Returns those that are here."""
        every = (1 << self.config.stream_words) - 1
        pending, early = Signal(self.config.stream_words, init=every), Signal(self.arriving.shape())
        m.d.comb += self.pending.eq(pending)
        with m.If(self.write | self.read):
            m.d.sync += pending.eq(Mux(self.complete, every, pending & ~self.granted))
        over = delayed(m, "over", self.read & self.complete, STORED - 1 - REQUEST)
        here = Signal(self.arriving.shape())
        m.d.comb += here.eq(self.arriving | early)
        m.d.sync += early.eq(Mux(over, 0, here))
        return here

    def _in_parts(self, m, walker):
        """Words of a beat for neighbours one by one; returns whether this is the last."""
        part = Signal(range(self.config.stream_words))
        last = Signal()
        m.d.comb += [
            last.eq(~self.sends | (part + 1 == walker.count)),
            self.send.eq(self.loading & self.i.valid & self.room),
            self.sending.eq(self.i.payload.word_select(part, 16)),
        ]
        with m.If(self.send):
            m.d.sync += part.eq(Mux(last, 0, part + 1))
        return last

    def _average(self, m, walker, waiting, fifo, arriving):
        """The way of a fetched word to the output, also through the sums; returns whether the next
        may be fetched, and whether it gives a word to be sent."""
        room = waiting != self.FIFO_WORDS
        if not self.config.channelwise:
            m.d.comb += [fifo.w_en.eq(self.arrived), fifo.w_data.eq(arriving)]
            return room, 1
        layer, depth = self.layer, self.config.adder_depth
        averages = [Average(depth) for _ in range(self.config.stream_words)]
        first, last = (delayed(m, name, value, STORED - REQUEST) for name, value in (
            ("first", walker.first), ("last", walker.last)))
        # A slot of the adder for each channel: what waits, waits for all of them.
        slot, go, going = Signal(range(max(2, depth))), Signal(), Signal()
        m.d.sync += going.eq(go)
        m.d.comb += go.eq(Mux(slot == 0, waiting <= self.FIFO_WORDS - depth, going))
        m.d.sync += slot.eq(Mux(~walker.valid | (slot == depth - 1), 0, slot + 1))
        m.d.comb += [
            fifo.w_en.eq(Mux(layer.average, averages[0].o_valid, self.arrived)),
            fifo.w_data.eq(Mux(layer.average, Cat(unit.o_word for unit in averages), arriving)),
        ]
        for lane, average in enumerate(averages):
            m.submodules[f"average{lane or ''}"] = average
            m.d.comb += [
                average.i_valid.eq(self.arrived & layer.average),
                average.i_word.eq(arriving.word_select(lane, 16)), average.i_first.eq(first),
                average.i_last.eq(last), average.factor.eq(layer.slope),
            ]
        return (Mux(layer.average, go & (slot == walker.channel), room),
                ~layer.average | walker.last)
