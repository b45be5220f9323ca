"""From the core's accesses to registers and memory."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..flexv.core.bus import DATA_PORT
from .ports import device_port

__all__ = ["DeviceBus", "MemoryShare"]


class DeviceBus(wiring.Component):
    """Accesses to pages of registers are answered here, all others go on to ``memory``.

    A register that is not there, may not be read or may not be written answers ``err``, and nothing
    happens.

    Latency: one cycle from grant to response, as ``memory`` must have; requests and responses of
    the memory pass without a clock.

    Parameters
    ----------
    pages : of :class:`~.registers.Page`.

    Members
    -------
    core : connect with the core's data port. memory : what is on no page.
    pages : registers of each page, see :func:`~.ports.device_port`.
    """

    def __init__(self, pages):
        self._pages = pages
        super().__init__({"core": In(DATA_PORT), "memory": Out(DATA_PORT),
                          **{page.name.lower(): Out(device_port(page.bits)) for page in pages}})

    def elaborate(self, platform):
        m = Module()
        core, memory = self.core, self.memory
        here, word, good = Signal(), Signal(32), Signal()
        for page in self._pages:
            port, inside = getattr(self, page.name.lower()), Signal(name=f"in_{page.name.lower()}")
            m.d.comb += [
                inside.eq(core.addr[page.bits:] == page.base >> page.bits),
                port.address.eq(core.addr[2:page.bits]), port.word.eq(core.wdata),
                port.bytes.eq(core.be),
                port.write.eq(core.req & inside & core.we & port.writable),
            ]
            with m.If(inside):
                m.d.comb += [here.eq(1), word.eq(port.read_word),
                             good.eq(Mux(core.we, port.writable, port.readable))]
        answered, kept, failed = Signal(), Signal(32), Signal()
        m.d.sync += [answered.eq(core.req & here), kept.eq(word), failed.eq(~good)]
        m.d.comb += [
            memory.req.eq(core.req & ~here), core.gnt.eq(here | memory.gnt),
            core.rvalid.eq(answered | memory.rvalid),
            core.rdata.eq(Mux(answered, kept, memory.rdata)),
            core.err.eq(Mux(answered, failed, memory.err)),
            *(getattr(memory, name).eq(getattr(core, name))
              for name in ("addr", "we", "be", "wdata")),
        ]
        return m


class MemoryShare(wiring.Component):
    """A memory's port for two: ``first`` goes in front, ``second`` has what it leaves.

    While ``first`` asks in no two cycles that follow each other, ``second`` waits for one cycle at
    most. An access that was not granted may be followed by one of the other; what stands behind
    ``memory`` must not mind.

    Latency: one cycle from grant to response, as ``memory`` must have; no other.

    Members
    -------
    first, second : ports of users. memory : connect with the memory's.
    """

    def __init__(self):
        super().__init__({"first": In(DATA_PORT), "second": In(DATA_PORT),
                          "memory": Out(DATA_PORT)})

    def elaborate(self, platform):
        m = Module()
        first, second, memory, turn = self.first, self.second, self.memory, Signal()
        m.d.sync += turn.eq(first.req)      # whose the response is
        m.d.comb += [
            memory.req.eq(first.req | second.req), first.gnt.eq(memory.gnt),
            second.gnt.eq(memory.gnt & ~first.req),
            first.rvalid.eq(memory.rvalid & turn), second.rvalid.eq(memory.rvalid & ~turn),
            *(getattr(port, name).eq(getattr(memory, name))
              for port in (first, second) for name in ("rdata", "err")),
            *(getattr(memory, name).eq(Mux(first.req, getattr(first, name), getattr(second, name)))
              for name in ("addr", "we", "be", "wdata")),
        ]
        return m
