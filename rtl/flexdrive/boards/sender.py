"""From replies to the line: bytes, CRC, COBS."""

from amaranth.hdl import Module, Signal, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ..bus.cobs import CobsEncoder
from ..bus.crc32 import Crc32
from ..emit import Shared

__all__ = ["FrameSender", "ReplyWord"]


class ReplyWord(data.Struct):
    """A word of a reply."""

    word: unsigned(32)
    last: unsigned(1)


class FrameSender(Shared):
    """Words of frames to bytes of the line, least significant byte first, the CRC after the last
    word.

    Latency: that of :class:`~flexdrive.bus.cobs.CobsEncoder`, and a cycle a byte.

    Members
    -------
    i : words. o : bytes.
    """

    def __init__(self):
        super().__init__({"i": In(stream.Signature(ReplyWord)), "o": Out(stream.Signature(8))})

    def elaborate(self, platform):
        m = Module()
        m.submodules.encoder = encoder = CobsEncoder()
        m.submodules.crc = crc = Crc32(8)
        wiring.connect(m, encoder.o, wiring.flipped(self.o))
        word, left, last = Signal(32), Signal(3), Signal()
        sum_ = Signal()         # the bytes are those of the CRC
        byte = encoder.i
        m.d.comb += [
            byte.valid.eq(left != 0), byte.payload.byte.eq(word[:8]),
            byte.payload.last.eq(sum_ & (left == 1)),
            crc.data.eq(word[:8]), crc.valid.eq(byte.valid & byte.ready & ~sum_),
            self.i.ready.eq((left == 0) & ~last),
        ]
        with m.If(left == 0):
            with m.If(last):
                m.d.comb += crc.start.eq(1)
                m.d.sync += [word.eq(crc.crc), left.eq(4), last.eq(0), sum_.eq(1)]
            with m.Elif(self.i.valid):
                m.d.sync += [word.eq(self.i.payload.word), left.eq(4), last.eq(self.i.payload.last),
                             sum_.eq(0)]
        with m.Elif(byte.ready):
            m.d.sync += [word.eq(word >> 8), left.eq(left - 1)]
        return m
