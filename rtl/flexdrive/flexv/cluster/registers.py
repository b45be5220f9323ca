"""Addresses and registers of the cluster: the one table behind decoders, C header and manual."""

from dataclasses import dataclass

__all__ = ["CAUSES", "DMA_PAGE", "EVENTS", "L1_BASE", "PRIVATE_PAGE", "REGISTERS", "SHARED_PAGE",
           "WINDOW_BITS", "Register"]

# What the cluster answers itself: 4 MB, the lower half for L1.
L1_BASE, WINDOW_BITS = 0x40000000, 22
PRIVATE_PAGE, SHARED_PAGE, DMA_PAGE = (L1_BASE + 0x200000 + 0x1000 * i for i in range(3))


@dataclass(frozen=True)
class Register:
    """One register of 32 bits, or ``count`` of them side by side.

    Attributes
    ----------
    access : ``"r"``, ``"w"``, ``"rw"``, or ``"wait"``: a load that is answered when something has
        happened; until then the core sleeps.
    """

    name: str
    page: int
    offset: int
    access: str
    meaning: str
    count: int = 1

    @property
    def address(self):
        """Of the first one."""
        return self.page + self.offset


_PRIVATE = (
    ("EVENT_MASK", 0x000, "rw", "events that EVENT_WAIT and EVENT_WAIT_CLEAR wait for"),
    ("EVENT_BUFFER", 0x004, "r", "events that have come"),
    ("EVENT_CLEAR", 0x008, "w", "takes the events of the ones away"),
    ("EVENT_WAIT", 0x00C, "wait", "until an event of the mask is there; gives those that are"),
    ("EVENT_WAIT_CLEAR", 0x010, "wait", "the same, and takes away what it gives"),
    ("EVENT_SEND", 0x020, "w", "software event i for the cores of the ones", 8),
    ("BARRIER_WAIT", 0x040, "wait", "arrive at barrier i and wait until it opens; gives 0", 8),
    ("BARRIER_ARRIVE", 0x060, "w", "arrive at barrier i; event 16 + i tells that it opens", 8),
    ("MUTEX", 0x080, "wait", "load: wait for mutex i and take it; store: give it back", 8),
    ("COUNT_BANK", 0x100, "rw", "cycles in which L1 did not grant; a store clears"),
    ("COUNT_OUTSIDE", 0x104, "rw", "cycles in which an access outside or to a shared register was "
     "not over"),
    ("COUNT_EVENT", 0x108, "rw", "cycles in which a waiting load was not answered"),
    ("COUNT_FETCH", 0x10C, "rw", "cycles in which the private instruction cache waited"),
)
_SHARED = (
    ("CORES", 0x000, "r", "number of cores"),
    ("L1_BYTES", 0x004, "r", "size of L1"),
    ("TIME", 0x008, "r", "cycles since reset, lower half"),
    ("TIMEH", 0x00C, "r", "upper half"),
    ("FAULT_CAUSE", 0x010, "rw", "why the cluster has stopped, see causes; a store by the core of "
     "FAULT_CORE stops it"),
    ("FAULT_CORE", 0x014, "r", "bit 31: a fault is claimed; bits 4:0: by which core"),
    ("FAULT_PC", 0x018, "rw", "where; only the core of FAULT_CORE writes"),
    ("FAULT_VALUE", 0x01C, "rw", "value; the first core that writes claims the fault"),
    ("BUS_ERROR", 0x020, "r", "address of the first access that failed"),
    ("BUS_ERROR_CORE", 0x024, "r", "bit 31: there was one; bits 4:0: the core, 31: the DMA unit"),
    ("WAITING", 0x028, "r", "cores whose waiting load is not answered"),
    ("CACHE_FLUSH", 0x030, "w", "empties all instruction caches"),
    ("BARRIER_ARRIVERS", 0x040, "rw", "cores that barrier i waits for", 8),
    ("BARRIER_TARGETS", 0x060, "rw", "cores that barrier i wakes", 8),
    ("BARRIER_ARRIVED", 0x080, "r", "cores that have arrived at barrier i", 8),
    ("TICKET", 0x0A0, "rw", "a load gives the value and adds 1", 8),
)
_DMA = (
    ("DMA_OUTSIDE", 0x000, "w", "address outside, of a byte"),
    ("DMA_L1", 0x004, "w", "address in L1, of a byte"),
    ("DMA_LENGTH", 0x008, "w", "bytes of a row, 20 bits"),
    ("DMA_ROWS", 0x00C, "w", "rows of a plane, 16 bits"),
    ("DMA_OUTSIDE_STRIDE", 0x010, "w", "bytes from row to row outside"),
    ("DMA_L1_STRIDE", 0x014, "w", "bytes from row to row in L1"),
    ("DMA_PLANES", 0x018, "w", "planes, 16 bits"),
    ("DMA_OUTSIDE_PLANE", 0x01C, "w", "bytes from plane to plane outside"),
    ("DMA_L1_PLANE", 0x020, "w", "bytes from plane to plane in L1"),
    ("DMA_START", 0x024, "w", "bit 0: 0 into L1, 1 out of it; bits 2:1: 0 one row, 1 one plane, 2 "
     "all planes; queues the transfer"),
    ("DMA_STATUS", 0x028, "r", "transfers of this channel that are not over"),
)

REGISTERS = tuple(Register(name, page, offset, access, meaning, *count)
                  for page, table in ((PRIVATE_PAGE, _PRIVATE), (SHARED_PAGE, _SHARED),
                                      (DMA_PAGE, _DMA))
                  for name, offset, access, meaning, *count in table)
# The channel of the cluster has the same registers here; it is the host's too.
CLUSTER_CHANNEL = 0x080

# Bits of EVENT_BUFFER.
EVENTS = {"software": (0, 8), "own DMA channel": (8, 1), "cluster's DMA channel": (9, 1),
          "barrier": (16, 8)}
# Values of FAULT_CAUSE. Below 64 they are mcause of the trap that a core reports.
CAUSES = {
    64: "trap without a handler: instruction fetch from address 0",
    65: "deadlock: every core waits for a barrier or a mutex",
    66: "a transfer of the DMA unit failed",
}


def offset_of(name):
    """Offset of a register in its page."""
    return next(r.offset for r in REGISTERS if r.name == name)
