"""What a program prints on a Flex-V core behind a serial line: characters for the host."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib.wiring import In, Out

from ..emit import Shared
from ..flexv.core.bus import DATA_PORT
from .frame import ADDRESS_BITS
from .streams import OutputRing

__all__ = ["CONSOLE", "Console"]

CONSOLE = 0x10000000    # a byte that is stored there is printed (firmware/flexv.h)


class Console(Shared):
    """Takes the stores to :data:`CONSOLE` out of a core's accesses; all others go on to ``memory``.

    Each character is a word of a ring, in its lowest byte. While the ring is full, a store waits.
    Of other bytes of that word stores have no effect, and loads give 0.

    Latency: one cycle from grant to response; of the memory's responses, none.

    Parameters
    ----------
    words : of the ring, a power of two.

    Members
    -------
    dbus : connect with the core's port of that name. memory : accesses of one cycle from grant to
        response.
    full : a store waits.
    written, freed, free, freeing, address, word : of the ring (:class:`~.streams.OutputRing`).
    """

    def __init__(self, words):
        self.words = words
        super().__init__({
            "dbus": In(DATA_PORT), "memory": Out(DATA_PORT), "full": Out(1),
            "written": Out(ADDRESS_BITS), "freed": Out(ADDRESS_BITS), "free": In(ADDRESS_BITS),
            "freeing": In(1), "address": In(range(words)), "word": Out(32)}, w=words)

    def elaborate(self, platform):
        m = Module()
        m.submodules.ring = ring = OutputRing(self.words)
        core, memory = self.dbus, self.memory
        here, prints, taken, answered = Signal(), Signal(), Signal(), Signal()
        m.d.comb += [
            here.eq(core.addr == CONSOLE), prints.eq(core.req & here & core.we & core.be[0]),
            ring.i.valid.eq(prints), ring.i.payload.eq(core.wdata[:8]),
            self.full.eq(prints & ~ring.i.ready), taken.eq(core.req & here & ~self.full),
            memory.req.eq(core.req & ~here), core.gnt.eq(Mux(here, taken, memory.gnt)),
            core.rvalid.eq(answered | memory.rvalid), core.err.eq(memory.err),
            core.rdata.eq(Mux(answered, 0, memory.rdata)),
            self.written.eq(ring.written), self.freed.eq(ring.freed), ring.free.eq(self.free),
            ring.freeing.eq(self.freeing), ring.address.eq(self.address), self.word.eq(ring.word),
            *(getattr(memory, name).eq(getattr(core, name))
              for name in ("addr", "we", "be", "wdata")),
        ]
        m.d.sync += answered.eq(taken)
        return m
