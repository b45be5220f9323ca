"""Channels of the stream DMA: items of one stream from memory, or to it."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream
from amaranth.lib.wiring import In, Out

from ..emit import Shared

__all__ = ["ReadChannel", "WriteChannel"]

_MEMBERS = {
    "set_address": In(1), "set_left": In(1), "value": In(32), "stop": In(1),
    "address": Out(32), "left": Out(32), "busy": Out(1), "over": Out(1),
    "request": Out(1), "word_address": Out(32), "misplaced": Out(1), "fault_address": Out(32),
    "taken": In(1), "answer": In(1)}


class _Channel(Shared):
    """What both directions have. Latency: registers count from the next cycle."""

    def __init__(self, item_bytes, **members):
        self.item_bytes = item_bytes
        super().__init__({**_MEMBERS, **members}, b=item_bytes)

    def _registers(self, m, moved, under_way, over):
        """``address`` and ``left``, which an item that has ``moved`` changes. ``under_way`` : an
        access, or a word for one. ``over`` : the last item gets where it belongs."""
        low = self.address[:self.item_bytes.bit_length() - 1]
        m.d.comb += [
            self.busy.eq((self.left != 0) | under_way), self.misplaced.eq(low != 0),
            self.word_address.eq(Cat(0, 0, self.fault_address[2:])),
        ]
        m.d.sync += self.over.eq(over & ~self.stop)
        with m.If(self.set_address):
            m.d.sync += self.address.eq(self.value)
        with m.Elif(moved):
            m.d.sync += self.address.eq(self.address + self.item_bytes)
        with m.If(self.stop):
            m.d.sync += self.left.eq(0)
        with m.Elif(self.set_left):
            m.d.sync += self.left.eq(self.value)
        with m.Elif(moved):
            m.d.sync += self.left.eq(self.left - 1)


class ReadChannel(_Channel):
    """From memory to a stream: a word is read when the one before has gone.

    Latency: an item is on offer in the cycle after ``answer``; the next word is asked for in that
    after the last item of one. No input reaches an output without a register.

    Parameters
    ----------
    item_bytes : 2 or 4; the lower half of a word comes first.

    Members
    -------
    set_address, set_left, value : store a register, while not ``busy``; ``left`` starts.
    stop : drop what is left.
    address, left : of the next item; items that the stream has not taken. busy : there are any.
    over : for one cycle, the one after: the last one was taken.
    request, word_address : a word is wanted. misplaced : the address is no multiple of the size;
        fault_address : that of the first item that is wanted of the word.
    taken : the request is under way. answer, rdata : the word comes.
    o : items.
    """

    def __init__(self, item_bytes):
        super().__init__(item_bytes, rdata=In(32), o=Out(stream.Signature(8 * item_bytes)))

    def elaborate(self, platform):
        m = Module()
        word, full, asked, moved = Signal(32), Signal(), Signal(), Signal()
        m.d.comb += [
            self.o.valid.eq(full & (self.left != 0)), moved.eq(self.o.valid & self.o.ready),
            self.o.payload.eq(word), self.fault_address.eq(self.address),
            self.request.eq((self.left != 0) & ~full & ~asked),
        ]
        last = 1
        if self.item_bytes == 2:
            m.d.comb += self.o.payload.eq(Mux(self.address[1], word[16:], word[:16]))
            last = self.address[1]
        with m.If(self.answer):
            m.d.sync += [word.eq(self.rdata), full.eq(1)]
        with m.Elif(moved & last):
            m.d.sync += full.eq(0)
        with m.If(self.taken):
            m.d.sync += asked.eq(1)
        with m.Elif(self.answer):
            m.d.sync += asked.eq(0)
        with m.If(self.left == 0):
            # What is left of a word, and one that comes after a stop, is none of the next
            # transfer's.
            m.d.sync += full.eq(0)
        self._registers(m, moved, asked, moved & (self.left == 1))
        return m


class WriteChannel(_Channel):
    """From a stream to memory: a word is written when it is full, or the last item is there; of it
    only the bytes that came.

    Latency: a word is asked to be written in the cycle after its last item came, the next item is
    taken in that after ``answer``. No input reaches an output without a register.

    Parameters
    ----------
    item_bytes : 2 or 4; the lower half of a word comes first.

    Members
    -------
    as of :class:`ReadChannel`, but
    i : items. left : items that did not come. over : for one cycle, the one after:
        the last one is in memory.
    wdata, be : what is written. answer : it is there.
    """

    def __init__(self, item_bytes):
        super().__init__(item_bytes, wdata=Out(32), be=Out(4),
                         i=In(stream.Signature(8 * item_bytes)))

    def elaborate(self, platform):
        m = Module()
        whole, asked, moved, last = Signal(), Signal(), Signal(), Signal()
        m.d.comb += [
            self.i.ready.eq((self.left != 0) & ~whole), moved.eq(self.i.valid & self.i.ready),
            last.eq(1), self.request.eq(whole & ~asked),
        ]
        if self.item_bytes == 2:
            m.d.comb += last.eq(self.address[1] | (self.left == 1))
            with m.If(moved):
                with m.If(self.address[1]):
                    m.d.sync += [self.wdata[16:].eq(self.i.payload), self.be[2:].eq(3)]
                with m.Else():
                    m.d.sync += [self.wdata[:16].eq(self.i.payload), self.be[:2].eq(3)]
        else:
            with m.If(moved):
                m.d.sync += [self.wdata.eq(self.i.payload), self.be.eq(15)]
        with m.If(moved):
            m.d.sync += whole.eq(last)
        with m.If(moved & (self.be == 0)):
            m.d.sync += self.fault_address.eq(self.address)
        with m.If(self.taken):
            m.d.sync += asked.eq(1)
        with m.If(self.answer | (self.stop & ~asked & ~self.taken)):
            m.d.sync += [asked.eq(0), whole.eq(0), self.be.eq(0)]
        dropped = Signal()      # by a stop, so what is under way is the end of nothing
        with m.If(self.stop):
            m.d.sync += dropped.eq(1)
        with m.Elif(self.set_left):
            m.d.sync += dropped.eq(0)
        self._registers(m, moved, whole, self.answer & (self.left == 0) & ~dropped)
        return m
