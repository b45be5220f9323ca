"""On-chip memory for the ports of a Flex-V core (:mod:`flexdrive.flexv.core.bus`)."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In

from ..errors import ConfigurationError
from ..flexv.core.bus import DATA_PORT, INSTRUCTION_PORT

__all__ = ["ObiRam", "memory_ports", "serve"]


def _program_words(init, base, words):
    """The words of a list, or of a loaded program's segments, from address ``base``."""
    segments = getattr(init, "segments", None)
    if segments is None:
        found = [int(word) for word in init]
        if len(found) > words:
            raise ConfigurationError(f"ObiRam of {4 * words} bytes: init has {4 * len(found)}")
        return found
    content = bytearray(4 * words)
    for address, data, size in segments:
        if not base <= address <= address + size <= base + len(content):
            raise ConfigurationError(
                f"ObiRam from {base:#x} to {base + len(content):#x} does not hold the segment of "
                f"{size} bytes at {address:#x}. What would pass: another base or a larger size")
        content[address - base:address - base + len(data)] = data
    return [int.from_bytes(content[i:i + 4], "little") for i in range(0, len(content), 4)]


class ObiRam(wiring.Component):
    """Memory with a port for instructions and one for data, both served in every cycle.

    An access is granted at once and has its response in the next cycle. Accesses outside of the
    memory have ``err`` with their response, and change nothing. A word that is stored and fetched
    in the same cycle is fetched as it becomes. One true dual-port block RAM with byte enables
    (ECP5: 4 DP16KD for 8 KB). Latency: 1 cycle from grant to response.

    Parameters
    ----------
    init : 32-bit words from ``base`` on, or a program (:func:`flexdrive.flexv.load_elf`).
    base : address of the first byte, a multiple of ``size``.
    size : bytes, a power of two, at least 8.

    Members
    -------
    ibus, dbus : connect with the core's ports of the same names.
    """

    def __init__(self, *, init=(), base=0, size=65536):
        if size < 8 or size & (size - 1):
            raise ConfigurationError(f"ObiRam: size = {size} is not possible: a power of two, at "
                                     "least 8 bytes")
        if base % size or not 0 <= base < 1 << 32:
            raise ConfigurationError(f"ObiRam: base = {base:#x} is not possible: a multiple of the "
                                     f"size, {size:#x}, below 2**32")
        self.base, self.size = base, size
        self._init = _program_words(init, base, size // 4)
        super().__init__({"ibus": In(INSTRUCTION_PORT), "dbus": In(DATA_PORT)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.memory = memory = Memory(shape=32, depth=self.size // 4, init=self._init)
        fetch, load, store = memory_ports(memory)
        bits = (self.size - 1).bit_length()
        serve(m, self.ibus, fetch, base=self.base, bits=bits)
        serve(m, self.dbus, load, store, base=self.base, bits=bits)
        return m


def memory_ports(memory):
    """Ports of a memory that fetch, load and store in every cycle, the latter with byte enables.

    What is fetched is what is being stored to that word, if anything is: block RAM leaves a word
    open that one port reads while the other writes it, so yosys would make a second memory for
    a port that reads what was there before.
    """
    store = memory.write_port(granularity=8)
    return memory.read_port(transparent_for=(store,)), memory.read_port(), store


def serve(m, port, read, store=None, *, base, bits, enabled=1):
    """Connect a port of a core with ports of a memory: every access is granted at once and has its
    response a cycle later, with ``err`` where there is no memory.

    Parameters
    ----------
    port : of :mod:`flexdrive.flexv.core.bus`. read, store : ports of the memory, the latter with
        byte enables; without it the port only reads.
    base : address of the first byte. bits : of addresses inside of the memory.
    enabled : whether accesses are made and answered.
    """
    here, there, access = Signal(), Signal(), Signal()
    m.d.comb += [
        here.eq(port.addr[bits:] == base >> bits), port.gnt.eq(1), access.eq(port.req & enabled),
        read.addr.eq(port.addr[2:bits]), read.en.eq(access), port.rdata.eq(read.data),
        port.err.eq(port.rvalid & ~there),
    ]
    m.d.sync += [port.rvalid.eq(access), there.eq(here)]
    if store is not None:
        m.d.comb += [read.en.eq(access & ~port.we), store.addr.eq(read.addr),
                     store.data.eq(port.wdata),
                     store.en.eq(port.be & (access & port.we & here).replicate(4))]
