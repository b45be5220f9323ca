"""Memory of a Flex-V core that is loaded and read over the link."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from ..bus.crc32 import Crc32
from ..bus.obi_ram import memory_ports, serve
from ..emit import Shared
from ..flexv.core.bus import DATA_PORT, INSTRUCTION_PORT
from .frame import ADDRESS_BITS

__all__ = ["CoreMemory"]


class CoreMemory(Shared):
    """Memory with a port for instructions and one for data; the latter is the link's while the
    core does not run.

    Words from the link have positions, one after the other since the reset; the word at position 0
    is written at ``offset``, and after the last word of the memory comes the first. Accesses of
    the core outside of the memory have ``err`` with their response and change nothing.

    Latency: one cycle from grant to response, and from ``peek`` to ``peek_word``.

    Parameters
    ----------
    words : of 32 bits, a power of two.
    base : address of the first byte, a multiple of the size.

    Members
    -------
    ibus, dbus : connect with the core's ports of the same names.
    running : the memory is the core's.
    word, write : a word from the link, at position ``written``; not while ``running``.
    offset : constant while words come. written : position of the next word. crc : CRC-32 of all.
    peek_address, peek : read a word, not while ``running``; it is on ``peek_word`` a cycle later.
    """

    def __init__(self, words, base):
        self.words, self.base = words, base
        super().__init__({
            "ibus": In(INSTRUCTION_PORT), "dbus": In(DATA_PORT), "running": In(1), "word": In(32),
            "write": In(1), "offset": In(range(words)), "written": Out(ADDRESS_BITS),
            "crc": Out(32), "peek_address": In(range(words)), "peek": In(1), "peek_word": Out(32),
        }, w=words, b=base)

    def elaborate(self, platform):
        m = Module()
        m.submodules.memory = memory = Memory(shape=32, depth=self.words, init=[])
        m.submodules.crc = crc = Crc32(32)
        fetch, load, store = memory_ports(memory)
        bits = (4 * self.words - 1).bit_length()
        serve(m, self.ibus, fetch, base=self.base, bits=bits, enabled=self.running)
        serve(m, self.dbus, load, store, base=self.base, bits=bits, enabled=self.running)
        at = Signal(range(self.words))
        m.d.comb += [at.eq(self.written + self.offset), self.peek_word.eq(load.data),
                     crc.data.eq(self.word), crc.valid.eq(self.write), self.crc.eq(crc.crc)]
        with m.If(~self.running):
            # One port of a block RAM, for either.
            m.d.comb += [load.addr.eq(Mux(self.write, at, self.peek_address)),
                         load.en.eq(self.peek), store.data.eq(self.word),
                         store.en.eq(self.write.replicate(4))]
        with m.If(self.write):
            m.d.sync += self.written.eq(self.written + 1)
        return m
