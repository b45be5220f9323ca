"""Streams between the link and the chip: words with positions in, items out, and back."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from ..bus.crc32 import Crc32
from ..emit import Shared
from .frame import ADDRESS_BITS

__all__ = ["InputStore", "ItemPacker", "OutputRing", "items_per_word"]


def items_per_word(width):
    """Items of ``width`` bits in a word of the link; larger ones take several words."""
    return max(1, 32 // width)


class InputStore(Shared):
    """Words from the link to items for the chip: a memory that is replayed for each image, or a
    ring.

    Words are written at one position after the other, as far as there is room. Replayed, word 0
    is read first for each image, and nothing makes room; as a ring, each word is read once.
    An image begins with a fresh word. A ``partial`` store may do both: the first ``keep`` words are
    read for each image, before those of the ring that the rest of the memory is.

    Latency: three cycles from a word to its first item, two from ``start``; then an item a cycle.

    Parameters
    ----------
    width : bits of an item. Of 32 and fewer, as many as go into a word from bit 0 on; of more, a
        whole number of words, lowest first.
    depth : words.
    partial : words may be kept of what does not fit.

    Members
    -------
    word, write : a word, at position ``written``; only while there is ``room``. room : words.
    crc : CRC-32 of all words written.
    replay, items : how, and items of an image; constant while images are computed.
    keep, words : (``partial``) words that are kept without ``replay``, less than the depth; when it
        is not 0, words of an image, these among them. Set before the first word comes.
    start : an image begins; the one before has had all its items.
    o : items.
    peek_address, peek : read the memory, only with ``replay`` and between images; the word is on
        ``peek_word`` one cycle later.
    """

    def __init__(self, width, depth, partial=False):
        self.width, self.depth, self.partial = width, depth, partial
        super().__init__({
            "word": In(32), "write": In(1), "written": Out(ADDRESS_BITS),
            "room": Out(range(depth + 1)), "crc": Out(32), "replay": In(1), "items": In(32),
            "start": In(1), "o": Out(stream.Signature(width)),
            "peek_address": In(range(depth)), "peek": In(1), "peek_word": Out(32),
            **({"keep": In(range(depth)), "words": In(32)} if partial else {}),
        }, w=width, d=depth, **({"p": 1} if partial else {}))

    def elaborate(self, platform):
        m = Module()
        m.submodules.memory = memory = Memory(shape=32, depth=self.depth, init=[])
        m.submodules.crc = crc = Crc32(32)
        write, read = memory.write_port(), memory.read_port()
        write_at, read_at = Signal(range(self.depth)), Signal(range(self.depth))
        used = Signal(range(self.depth + 1))    # words that occupy the memory
        ahead = Signal(range(self.depth + 1))   # ... that can be read yet; of the ring, with keep
        m.d.comb += [
            write.addr.eq(write_at), write.data.eq(self.word), write.en.eq(self.write),
            crc.data.eq(self.word), crc.valid.eq(self.write), self.crc.eq(crc.crc),
            self.room.eq(self.depth - used), self.peek_word.eq(read.data),
        ]
        with m.If(self.write):
            m.d.sync += [write_at.eq(self._after(write_at)), self.written.eq(self.written + 1)]
        fetched, move, fetch = Signal(), Signal(), Signal()
        left = Signal(32)       # items of this image to come
        there, freed, counts = Signal(), Signal(), Signal()
        m.d.comb += [
            there.eq((ahead != 0) & ((left != 0) | ~self.replay)), freed.eq(~self.replay),
            counts.eq(1), fetch.eq(there & (~fetched | move) & ~self.start),
            read.addr.eq(read_at), read.en.eq(fetch),
        ]
        with m.If(self.peek):
            m.d.comb += [read.addr.eq(self.peek_address), read.en.eq(1)]
        m.d.sync += [ahead.eq(ahead + (self.write & counts) - (fetch & (freed | self.replay))),
                     used.eq(used + self.write - (fetch & freed))]
        with m.If(fetch):
            m.d.sync += [fetched.eq(1), read_at.eq(self._after(read_at))]
        with m.Elif(move):
            m.d.sync += fetched.eq(0)
        drop = Signal()
        m.d.comb += drop.eq(self.start & self.replay)
        with m.If(drop):
            m.d.sync += [fetched.eq(0), read_at.eq(0), ahead.eq(used + self.write)]
        if self.partial:
            self._keep(m, read_at, ahead, fetch, there, freed, counts)
        self._items(m, read.data, fetched, move, left, drop)
        return m

    def _keep(self, m, read_at, ahead, fetch, there, freed, counts):
        """The first words are read for each image, and then those of the ring behind them."""
        keeping, kept = Signal(), Signal(range(self.depth))
        whole = Signal()                        # all that are kept are there
        turn = Signal(range(self.depth))        # ... of this image to be read
        budget = Signal(32)                     # words of this image to be read
        ring_at = Signal(range(self.depth))
        m.d.comb += [keeping.eq((self.keep != 0) & ~self.replay), whole.eq(kept == self.keep)]
        with m.If(keeping):
            # Nothing of the next image is read ahead: it begins with the first word.
            m.d.comb += [there.eq((budget != 0) & whole & ((turn != 0) | (ahead != 0))),
                         freed.eq(turn == 0), counts.eq(whole)]
            with m.If(~whole):
                m.d.sync += ring_at.eq(self.keep)
                with m.If(self.write):
                    m.d.sync += kept.eq(kept + 1)
            with m.If(fetch):
                m.d.sync += budget.eq(budget - 1)
                with m.If(turn != 0):
                    m.d.sync += turn.eq(turn - 1)
                with m.Else():
                    m.d.sync += ring_at.eq(self._after(ring_at))
                with m.If(turn == 1):
                    m.d.sync += read_at.eq(ring_at)
            with m.If(self.start):
                m.d.sync += [turn.eq(self.keep), budget.eq(self.words), read_at.eq(0)]

    def _items(self, m, data, fetched, move, left, drop):
        """Cut words into items, or join them."""
        taken, over = Signal(), Signal()
        m.d.comb += [taken.eq(self.o.valid & self.o.ready), over.eq(taken & (left == 1))]
        with m.If(taken):
            m.d.sync += left.eq(left - 1)
        with m.If(self.start):
            m.d.sync += left.eq(self.items)
        # Parts are items of a word, or words of an item.
        parts = max(items_per_word(self.width), -(-self.width // 32))
        held = Signal(range(parts + 1))
        word = Signal(max(32, 32 * parts) if self.width > 32 else 32)
        if self.width <= 32:
            m.d.comb += [self.o.valid.eq((held != 0) & (left != 0)), self.o.payload.eq(word),
                         move.eq(fetched & ((held == 0) | (taken & ((held == 1) | over))))]
            with m.If(taken):
                m.d.sync += [held.eq(held - 1), word.eq(word >> self.width)]
            with m.If(over):
                m.d.sync += held.eq(0)
            with m.If(move):
                m.d.sync += [held.eq(parts), word.eq(data)]
        else:
            m.d.comb += [self.o.valid.eq((held == parts) & (left != 0)), self.o.payload.eq(word),
                         move.eq(fetched & ((held != parts) | taken))]
            with m.If(taken):
                m.d.sync += held.eq(0)
            with m.If(move):
                m.d.sync += word.eq((word >> 32) | (data << 32 * (parts - 1)))
                with m.If(taken):
                    m.d.sync += held.eq(1)
                with m.Else():
                    m.d.sync += held.eq(held + 1)
        with m.If(drop):
            m.d.sync += held.eq(0)

    def _after(self, pointer):
        following = (pointer + 1)[:len(pointer)]
        if self.partial:
            return Mux(pointer == self.depth - 1, Mux(self.replay, 0, self.keep), following)
        if self.depth & (self.depth - 1) == 0:
            return following
        return Mux(pointer == self.depth - 1, 0, following)


class ItemPacker(Shared):
    """Items from the chip to words of the link: pairs of 16 bits, or larger items cut.

    Latency: a word is on offer one cycle after its last item came.

    Parameters
    ----------
    width : bits of an item: 16, or a multiple of 32.

    Members
    -------
    i : items. flush : fill the word that is begun with zeros; only while no item comes.
    o : words, lowest first. empty : none is held.
    """

    def __init__(self, width):
        self.width = width
        super().__init__({"i": In(stream.Signature(width)), "flush": In(1),
                          "o": Out(stream.Signature(32)), "empty": Out(1)}, w=width)

    def elaborate(self, platform):
        m = Module()
        parts = max(2 if self.width == 16 else 1, self.width // 32)
        held = Signal(range(parts + 1))
        word = Signal(max(32, self.width))
        m.d.comb += [self.empty.eq(held == 0), self.o.payload.eq(word)]
        if self.width == 16:
            m.d.comb += [self.o.valid.eq(held == 2), self.i.ready.eq((held != 2) | self.o.ready)]
            with m.If(self.i.valid & self.i.ready):
                with m.If(held == 1):
                    m.d.sync += [word[16:].eq(self.i.payload), held.eq(2)]
                with m.Else():
                    m.d.sync += [word.eq(self.i.payload), held.eq(1)]
            with m.Elif((held == 2) & self.o.ready):
                m.d.sync += held.eq(0)
            with m.Elif(self.flush & (held == 1)):
                m.d.sync += held.eq(2)
        else:
            m.d.comb += [self.o.valid.eq(held != 0), self.i.ready.eq(held == 0)]
            with m.If(self.i.valid & self.i.ready):
                m.d.sync += [word.eq(self.i.payload), held.eq(parts)]
            with m.Elif(self.o.valid & self.o.ready):
                m.d.sync += [word.eq(word >> 32), held.eq(held - 1)]
        return m


class OutputRing(Shared):
    """Words for the host, kept until it says that it has them.

    After the words of an image comes their CRC-32.

    Latency: a word can be read in the cycle after it was taken, and is there one cycle later.

    Parameters
    ----------
    depth : words, a power of two.

    Members
    -------
    i : words. finish : there are no more of this image; held until ``finished``, in whose cycle
        the CRC is written.
    written : position of the next word. freed : position of the oldest that is kept.
    free, freeing : with ``freeing``, ``free`` becomes ``freed``; between that and ``written``.
    address, word : read the memory; the word is there one cycle later.
    """

    def __init__(self, depth):
        self.depth = depth
        super().__init__({
            "i": In(stream.Signature(32)), "finish": In(1), "finished": Out(1),
            "written": Out(ADDRESS_BITS), "freed": Out(ADDRESS_BITS), "free": In(ADDRESS_BITS),
            "freeing": In(1), "address": In(range(depth)), "word": Out(32)}, d=depth)

    def elaborate(self, platform):
        m = Module()
        m.submodules.memory = memory = Memory(shape=32, depth=self.depth, init=[])
        m.submodules.crc = crc = Crc32(32)
        write, read = memory.write_port(), memory.read_port()
        room, push = Signal(), Signal()
        m.d.comb += [
            room.eq((self.written - self.freed)[:ADDRESS_BITS] != self.depth),
            self.i.ready.eq(room), push.eq(self.i.valid & room),
            crc.data.eq(self.i.payload), crc.valid.eq(push), crc.start.eq(self.finished),
            self.finished.eq(self.finish & ~self.i.valid & room),
            write.addr.eq(self.written), write.data.eq(self.i.payload),
            write.en.eq(push | self.finished), read.addr.eq(self.address), read.en.eq(1),
            self.word.eq(read.data),
        ]
        with m.If(self.finished):
            m.d.comb += write.data.eq(crc.crc)
        with m.If(write.en):
            m.d.sync += self.written.eq(self.written + 1)
        with m.If(self.freeing):
            m.d.sync += self.freed.eq(self.free)
        return m
