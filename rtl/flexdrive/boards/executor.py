"""Requests to replies: the only place that knows what a frame asks for."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream
from amaranth.lib.wiring import In, Out

from ..emit import Shared
from .frame import ADDRESS_BITS, MOST_WORDS, Header, Kind, Place, Space
from .receiver import RequestWord
from .sender import ReplyWord

__all__ = ["INPUTS", "OUTPUTS", "Executor"]

INPUTS = (Space.PROGRAM, Space.WEIGHTS, Space.PIXELS)
OUTPUTS = (Space.RESULTS, Space.REPORTS)


class Executor(Shared):
    """One request after the other; each gets one reply.

    Nothing here waits for a stream of the chip: what does not fit is answered FULL, what is not
    there yet is answered with fewer words. So every request is answered, in order, within the
    time that the line takes for the replies.

    Latency: a word of a request a cycle, two cycles a word of data in a reply.

    Parameters
    ----------
    registers : how many there are.

    Members
    -------
    i : requests. o : replies. session : to be answered for.
    address : of what is read; word of a register, of a store or of a ring stands on ``word`` one
        cycle later. space : which.
    peek : a store is read. idle : no image is computed.
    word_out, write : a word for the register at ``address``, or for the stream of ``space``.
    written, room, crc, replay, freed : of the streams, in the order of the spaces; of outputs
        ``room`` and ``crc`` are not used, of inputs ``freed``.
    free, freeing : host has the results before ``free``, bit of ``freeing`` by OUTPUTS.
    """

    def __init__(self, registers):
        self.registers = registers
        count = len(INPUTS) + len(OUTPUTS)
        super().__init__({
            "i": In(stream.Signature(RequestWord)), "o": Out(stream.Signature(ReplyWord)),
            "session": In(16), "address": Out(ADDRESS_BITS), "space": Out(Space),
            "word": In(32), "peek": Out(1), "idle": In(1), "word_out": Out(32), "write": Out(1),
            "written": In(ADDRESS_BITS).array(count), "room": In(ADDRESS_BITS).array(len(INPUTS)),
            "crc": In(32).array(len(INPUTS)), "replay": In(len(INPUTS)),
            "freed": In(ADDRESS_BITS).array(len(OUTPUTS)), "free": Out(ADDRESS_BITS),
            "freeing": Out(len(OUTPUTS))}, r=registers)

    def elaborate(self, platform):
        m = Module()
        header, place = Signal(Header), Signal(Place)
        word, left = self.i.payload.word, self.i.payload.left
        kind = Signal(Kind)                 # of the reply
        count = Signal(range(MOST_WORDS + 1))
        self._choose(m, place)
        m.d.comb += [self.address.eq(place.address), self.space.eq(place.space),
                     self.word_out.eq(word)]
        with m.FSM():
            with m.State("HEADER"):
                m.d.comb += self.i.ready.eq(1)
                m.d.sync += [header.eq(word), kind.eq(Kind.DONE), count.eq(0)]
                with m.If(self.i.valid):
                    m.next = "PLACE"
            with m.State("PLACE"):
                m.d.comb += self.i.ready.eq(1)
                with m.If(self.i.valid):
                    m.d.sync += [place.eq(word)]
                    with m.If(left == 0):
                        m.d.sync += kind.eq(Kind.ILLEGAL)
                        m.next = "REPLY"
                    with m.Else():
                        m.next = "CHECK"
            with m.State("CHECK"):
                m.next = "DRAIN"
                with m.If(header.session != self.session):
                    m.d.sync += kind.eq(Kind.STALE)
                with m.Elif((header.kind == Kind.WRITE) & self._writable):
                    m.next = "WRITE"
                    with m.If(self._input & (self._written != place.address)):
                        m.d.sync += kind.eq(Kind.GAP)
                        m.next = "DRAIN"
                    with m.Elif(self._input & (self._room < left + 1)):
                        m.d.sync += kind.eq(Kind.FULL)
                        m.next = "DRAIN"
                with m.Elif((header.kind == Kind.READ) & self._readable & (left == 1)):
                    m.next = "COUNT"
                with m.Else():
                    m.d.sync += kind.eq(Kind.ILLEGAL)
            with m.State("WRITE"):
                m.d.comb += [self.i.ready.eq(1), self.write.eq(self.i.valid)]
                with m.If(self.i.valid):
                    with m.If(~self._input):
                        m.d.sync += place.address.eq(place.address + 1)
                    with m.If(left == 0):
                        m.next = "REPLY"
            with m.State("DRAIN"):
                m.d.comb += self.i.ready.eq(1)
                with m.If(self.i.valid & (left == 0)):
                    m.next = "REPLY"
            with m.State("COUNT"):
                m.d.comb += self.i.ready.eq(1)
                m.d.sync += count.eq(Mux(word > MOST_WORDS, MOST_WORDS, word))
                with m.If(self.i.valid):
                    m.next = "FREE"
            with m.State("FREE"):
                self._free(m, place, kind, count, word)
            self._reply(m, header, place, kind, count)
        return m

    def _choose(self, m, place):
        """What the streams say of the space of this request."""
        self._input, self._output = Signal(), Signal()
        self._writable, self._readable = Signal(), Signal()
        self._written, self._room, self._crc = (Signal(ADDRESS_BITS), Signal(ADDRESS_BITS),
                                                Signal(32))
        self._freed = Signal(ADDRESS_BITS)
        with m.Switch(place.space):
            with m.Case(Space.REGISTERS):
                inside = place.address < self.registers
                m.d.comb += [self._writable.eq(inside), self._readable.eq(inside)]
            for at, space in enumerate(INPUTS):
                with m.Case(space):
                    m.d.comb += [self._input.eq(1), self._writable.eq(1),
                                 self._readable.eq(self.replay[at] & self.idle),
                                 self._written.eq(self.written[at]), self._room.eq(self.room[at]),
                                 self._crc.eq(self.crc[at])]
            for at, space in enumerate(OUTPUTS):
                with m.Case(space):
                    m.d.comb += [self._output.eq(1), self._readable.eq(1),
                                 self._written.eq(self.written[len(INPUTS) + at]),
                                 self._freed.eq(self.freed[at])]

    def _free(self, m, place, kind, count, word):
        """Last word of a READ: give room, see whether the words are there, and how many."""
        def behind(a, b):
            return (a - b)[:ADDRESS_BITS]

        kept = Signal(ADDRESS_BITS)         # words in the ring from ``free`` on
        ahead = Signal(ADDRESS_BITS)        # words from the address on
        free = word[:ADDRESS_BITS]
        m.d.comb += [
            kept.eq(behind(self._written, self._freed)),
            ahead.eq(behind(self._written, place.address)),
            self.free.eq(free),
        ]
        m.d.comb += self.i.ready.eq(1)
        with m.If(self.i.valid):
            m.next = "REPLY"
            with m.If(self._output):
                # Positions that are not in the ring change nothing.
                legal = behind(free, self._freed) <= kept
                for at, space in enumerate(OUTPUTS):
                    m.d.comb += self.freeing[at].eq(legal & (place.space == space))
                with m.If(~legal | (ahead > behind(self._written, free))):
                    m.d.sync += [kind.eq(Kind.GAP), count.eq(0)]
                with m.Elif(ahead < count):
                    m.d.sync += count.eq(ahead)

    def _reply(self, m, header, place, kind, count):
        """Header, place, then the words that were asked for, or room and CRC of a stream."""
        out, valid, ready = self.o.payload, self.o.valid, self.o.ready
        reply, where = Signal(Header), Signal(Place)
        reading = header.kind == Kind.READ
        m.d.comb += [
            reply.version.eq(header.version), reply.kind.eq(kind), reply.tag.eq(header.tag),
            reply.session.eq(self.session), where.space.eq(place.space),
            where.address.eq(Mux(self._input | self._output, self._written, place.address)),
        ]
        with m.State("REPLY"):
            m.d.comb += [valid.eq(1), out.word.eq(reply)]
            with m.If(ready):
                m.next = "WHERE"
        with m.State("WHERE"):
            m.d.comb += [valid.eq(1), out.word.eq(where),
                         out.last.eq(reading & (count == 0))]
            with m.If(ready):
                m.next = "ROOM"
                with m.If(reading):
                    m.next = "HEADER"
                    with m.If(count != 0):
                        m.next = "LOOK"
        with m.State("ROOM"):
            m.d.comb += [valid.eq(1), out.word.eq(self._room)]
            with m.If(ready):
                m.next = "CRC"
        with m.State("CRC"):
            m.d.comb += [valid.eq(1), out.word.eq(self._crc), out.last.eq(1)]
            with m.If(ready):
                m.next = "HEADER"
        with m.State("LOOK"):
            m.d.comb += self.peek.eq(self._input)
            m.next = "WORD"
        with m.State("WORD"):
            # Nothing else reads the memory now, so the word stays.
            m.d.comb += [valid.eq(1), out.word.eq(self.word), out.last.eq(count == 1)]
            with m.If(ready):
                m.d.sync += [count.eq(count - 1), place.address.eq(place.address + 1)]
                m.next = "LOOK"
                with m.If(count == 1):
                    m.next = "HEADER"
