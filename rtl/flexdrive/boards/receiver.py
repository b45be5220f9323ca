"""From the line to requests: COBS, CRC, a ring of whole frames, the reset frame."""

from amaranth.hdl import Cat, Module, Signal, unsigned
from amaranth.lib import data, stream
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from ..bus.cobs import CobsDecoder
from ..bus.crc32 import Crc32
from ..emit import Shared
from .frame import MOST_WORDS, PROTOCOL, RESET_KEY, Header, Kind

__all__ = ["FrameReceiver", "RequestWord"]

# Header, place, data.
_LONGEST = 2 + MOST_WORDS


class RequestWord(data.Struct):
    """A word of a request; ``left``: words of the frame after it."""

    word: unsigned(32)
    left: unsigned(8)


class FrameReceiver(Shared):
    """Good frames, in order; what is damaged leaves no trace but a count.

    A frame is written to the ring while it comes, behind a word for its length, and belongs to
    the ring when its CRC is right. A frame that finds no room is dropped, so the host limits what
    it has under way: with three words more than the data for each frame, ``words`` - 1.

    No flow control: bytes come at least four cycles apart.

    Latency: the first word of a frame is offered six cycles after its zero was decoded, if none
    waits before it; three cycles a word.

    Parameters
    ----------
    words : of the ring, a power of two.
    timeout : cycles without a byte after which a frame under way is forgotten.

    Members
    -------
    byte, valid : from the line. broken : a byte was damaged.
    o : requests.
    session : of the last reset frame; survives the reset of the domain, 0 at power-up.
    reset_request : for one cycle: the domain is to be reset.
    good, bad, lost : pulses: a frame was taken, was damaged, found no room.
    """

    def __init__(self, words, timeout):
        self.words, self.timeout = words, timeout
        super().__init__({
            "byte": In(8), "valid": In(1), "broken": In(1), "o": Out(stream.Signature(RequestWord)),
            "session": Out(16), "reset_request": Out(1), "good": Out(1), "bad": Out(1),
            "lost": Out(1)}, w=words, t=timeout)

    def elaborate(self, platform):
        m = Module()
        m.submodules.decoder = decoder = CobsDecoder()
        m.submodules.crc = crc = Crc32(8)
        m.submodules.memory = memory = Memory(shape=32, depth=self.words, init=[])
        late = self._silence(m)
        m.d.comb += [
            decoder.byte.eq(self.byte), decoder.valid.eq(self.valid), decoder.abort.eq(late),
            crc.data.eq(decoder.o), crc.valid.eq(decoder.o_valid),
        ]
        bits = (self.words - 1).bit_length()
        # A bit more than an address: equal is empty.
        committed, freed = Signal(bits + 1), Signal(bits + 1)
        self._collect(m, decoder, crc, memory.write_port(), committed, freed, late)
        self._deliver(m, memory.read_port(), committed, freed)
        return m

    def _silence(self, m):
        """One cycle at 1 when the line has been silent for ``timeout``."""
        idle, late = Signal(range(self.timeout + 1)), Signal()
        m.d.sync += late.eq((idle == self.timeout - 1) & ~self.valid)
        with m.If(self.valid):
            m.d.sync += idle.eq(0)
        with m.Elif(idle != self.timeout):
            m.d.sync += idle.eq(idle + 1)
        return late

    def _collect(self, m, decoder, crc, write, committed, freed, late):
        """Bytes to words to the ring; what a frame is worth at its end."""
        count = Signal(2 + (_LONGEST + 1).bit_length())     # bytes of this frame
        words = count[2:]                                   # whole words of it
        word, following = Signal(32), Signal(32)
        header, key = Signal(Header), Signal()
        store, room, full, damaged = Signal(), Signal(), Signal(), Signal()
        end, whole, right = Signal(), Signal(), Signal()
        session = Signal(16, reset_less=True)
        m.d.comb += [
            following.eq(Cat(word[8:], decoder.o)), self.session.eq(session),
            # A cycle after its last byte word n goes behind the slot for the length.
            room.eq((committed - freed)[:len(committed)] + words < self.words),
            write.addr.eq(committed + words), write.data.eq(word), write.en.eq(store & room),
            right.eq(whole & crc.match & ~damaged & (count[:2] == 0) & (words >= 3)
                     & (header.version == PROTOCOL)),
        ]
        m.d.sync += [self.good.eq(0), self.bad.eq(0), self.lost.eq(0), self.reset_request.eq(0),
                     store.eq(decoder.o_valid & (count[:2] == 3)), end.eq(decoder.end),
                     whole.eq(decoder.good)]
        with m.If(decoder.o_valid):
            m.d.sync += word.eq(following)
            with m.If(words < _LONGEST + 1):
                m.d.sync += count.eq(count + 1)
            with m.Else():
                m.d.sync += damaged.eq(1)       # too long
            with m.If(count == 3):
                m.d.sync += header.eq(following)
            with m.If(count == 7):
                m.d.sync += key.eq(following == RESET_KEY)
        with m.If(store & ~room):
            m.d.sync += full.eq(1)
        with m.If(self.broken):
            m.d.sync += damaged.eq(1)
        with m.If(end | late):
            m.d.comb += crc.start.eq(1)
            m.d.sync += [count.eq(0), full.eq(0), damaged.eq(0)]
        with m.If(end & right & (header.kind == Kind.RESET) & key):
            m.d.sync += [self.reset_request.eq(1), session.eq(header.session)]
        with m.Elif(end & right & full):
            m.d.sync += self.lost.eq(1)
        with m.Elif(end & right):
            m.d.sync += [self.good.eq(1), committed.eq(committed + words)]
            m.d.comb += [write.addr.eq(committed), write.data.eq(words - 1), write.en.eq(1)]
        with m.Elif(end | late):
            m.d.sync += self.bad.eq((count != 0) | damaged)     # nothing between zeros is nothing

    def _deliver(self, m, read, committed, freed):
        """Committed words; the length of each frame comes first."""
        at, left, word = Signal.like(committed), Signal(8), Signal(32)
        m.d.comb += [read.addr.eq(at), read.en.eq(1), self.o.payload.word.eq(word),
                     self.o.payload.left.eq(left - 1)]
        with m.FSM():
            with m.State("IDLE"):
                with m.If(at != committed):
                    m.next = "LENGTH"
            with m.State("LENGTH"):
                m.d.sync += [left.eq(read.data), at.eq(at + 1)]
                m.next = "READ"
            with m.State("READ"):
                m.next = "TAKE"
            with m.State("TAKE"):
                # A memory is slow, and what is done with a word is long.
                m.d.sync += word.eq(read.data)
                m.next = "WORD"
            with m.State("WORD"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    m.d.sync += [at.eq(at + 1), left.eq(left - 1)]
                    m.next = "READ"
                    with m.If(left == 1):
                        m.d.sync += freed.eq(at + 1)
                        m.next = "IDLE"
