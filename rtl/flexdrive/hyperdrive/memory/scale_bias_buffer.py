"""Scale and bias buffer: the channels of two groups of blocks, read by index."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from ...emit import Shared
from ..descriptor.layer import ScaleBias

__all__ = ["ParameterBuffer"]


class ParameterBuffer(Shared):
    """Ring of ``words`` (a power of two) parameter words.

    Latency: a word accepted in cycle t can be read from t+1; the word read in cycle t stands on
    ``word`` from t+1 until the next read.

    Members
    -------
    i : parameter stream; ready while the ring has room.
    stored : words in the ring.
    index, read : read the word that many places after the oldest.
    word : the word read last.
    release, released : give back the oldest ``released`` words.
    """

    def __init__(self, words):
        assert words & (words - 1) == 0
        self.words = words
        super().__init__({
            "i": In(stream.Signature(ScaleBias)), "stored": Out(range(words + 1)),
            "index": In(range(words)), "read": In(1), "word": Out(ScaleBias),
            "release": In(1), "released": In(range(words + 1)),
        }, w=words)

    def elaborate(self, platform):
        m = Module()
        m.submodules.memory = memory = Memory(shape=32, depth=self.words, init=[])
        write = memory.write_port()
        read = memory.read_port()
        oldest = Signal(range(self.words))
        write_at = Signal(range(self.words))
        push = Signal()
        m.d.comb += [
            self.i.ready.eq(self.stored != self.words),
            push.eq(self.i.valid & self.i.ready),
            write.addr.eq(write_at), write.data.eq(self.i.payload), write.en.eq(push),
            # The width of a power of two wraps the sum.
            read.addr.eq(oldest + self.index), read.en.eq(self.read),
            self.word.eq(read.data),
        ]
        with m.If(push):
            m.d.sync += write_at.eq(write_at + 1)
        m.d.sync += self.stored.eq(self.stored + push)
        with m.If(self.release):
            m.d.sync += [oldest.eq(oldest + self.released),
                         self.stored.eq(self.stored + push - self.released)]
        return m
