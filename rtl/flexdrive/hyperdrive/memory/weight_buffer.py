"""Weight buffer: a ring that streams, prefetches and replays.

Source: the paper's weight buffer (WBuf) holds one block of C output channels, filled during the
first pixel and replayed for the others. Here it is a ring: a word is given back in the moment of
its last use, and the stream fills whatever is free, so the next block, or the next layer, is
fetched while the last pixels of this one run.
"""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from ...emit import Shared

__all__ = ["WeightBuffer"]


class WeightBuffer(Shared):
    """Ring of ``words`` words of ``width`` bits.

    Parameters
    ----------
    width : bits of a word.
    words : depth of the ring.
    most : words that may be asked for at once, less than ``words``.

    Latency: a word accepted in cycle t may be taken in cycle t+1; the word taken in cycle t stands
    on ``word`` from t+1 until the next is taken.

    Members
    -------
    i : weight stream; ready while the ring has room.
    ahead : bit i: more than i words can be taken now.
    take : take the next word; only with ``ahead[0]``.
    keep : the word taken stays in the ring for another pass.
    rewind : with ``take`` and ``keep``: this was the last word of the pass; go back to its first.
    word : the word taken last.
    """

    LATENCY = 1
    """Cycles from the taking of a word to it on ``word``."""

    def __init__(self, width, words, most):
        self.words = words
        super().__init__({
            "i": In(stream.Signature(width)), "ahead": Out(most),
            "take": In(1), "keep": In(1), "rewind": In(1), "word": Out(width),
        }, c=width, w=words, l=most)

    def elaborate(self, platform):
        m = Module()
        m.submodules.memory = memory = Memory(shape=len(self.word), depth=self.words, init=[])
        write = memory.write_port()
        read = memory.read_port()
        used = Signal(range(self.words + 1))      # words that are not free
        left = Signal(range(self.words + 1))      # ... that can be taken in this pass
        write_at, read_at, pass_at = (Signal(range(self.words), name=name)
                                      for name in ("write_at", "read_at", "pass_at"))
        read_next = Signal(range(self.words))
        push = Signal()
        m.d.comb += [
            self.i.ready.eq(used != self.words),
            push.eq(self.i.valid & self.i.ready),
            write.addr.eq(write_at), write.data.eq(self.i.payload), write.en.eq(push),
            read.addr.eq(read_at), read.en.eq(self.take), self.word.eq(read.data),
            read_next.eq(self._after(m, "read", read_at)),
        ]
        with m.If(push):
            m.d.sync += write_at.eq(self._after(m, "write", write_at))
        # Whether a word is taken is known late, and only chooses.
        m.d.sync += used.eq(used + push)
        with m.If(self.take & ~self.keep):
            m.d.sync += used.eq(used + push - 1)
        with m.If(self.take & self.keep & self.rewind):
            m.d.sync += [left.eq(used + push), read_at.eq(pass_at),
                         self.ahead.eq(self._exceeds(used, push))]
        with m.Else():
            m.d.sync += [left.eq(left + push), self.ahead.eq(self._exceeds(left, push))]
            with m.If(self.take):
                m.d.sync += [left.eq(left + push - 1), read_at.eq(read_next),
                             self.ahead.eq(self._exceeds(left, push, 1))]
                # Words given back move the start of the next pass along.
                with m.If(~self.keep):
                    m.d.sync += pass_at.eq(read_next)
        return m

    def _exceeds(self, count, push, less=0):
        """``ahead`` for ``count + push - less`` words, without waiting for that sum."""
        return Mux(push, *(Cat(count > bit + less - more for bit in range(len(self.ahead)))
                           for more in (1, 0)))

    def _after(self, m, name, pointer):
        following = Signal(len(pointer), name=f"{name}_following")
        m.d.comb += following.eq(pointer + 1)
        with m.If(pointer == self.words - 1):
            m.d.comb += following.eq(0)
        return following
