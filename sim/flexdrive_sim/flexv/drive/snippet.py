"""Short pieces of machine code on simulator and RTL alike, for directed tests."""

import numpy as np

from flexdrive.errors import FlexdriveError
from flexdrive.flexv.isa import BY_NAME, CSRS, EXTENSIONS, OPTIONAL

from ..iss import Hart, Memory, Region
from .rtl_core import CoreBench

__all__ = ["CODE", "DATA", "POINTER", "SIZE", "Snippet", "code", "load_constant", "write_csr"]

CODE, DATA, SIZE = 0x80000000, 0x80010000, 1 << 16
# Holds DATA when a snippet begins; a snippet uses x30 and x31 for nothing of its own.
POINTER = 2
_TOHOST = DATA + SIZE - 64


def code(name, **fields):
    """The bytes of one instruction; fields that are not given are zero."""
    encoding = BY_NAME[name].encoding
    return encoding.encode(**{field: fields.pop(field, 0) for field in encoding.fields},
                           **fields).to_bytes(4, "little")


def load_constant(register, value):
    """Two instructions that set ``register`` to a 32-bit value."""
    low = ((value & 0xFFF) ^ 0x800) - 0x800
    high = (value - low) & 0xFFFFF000
    return (code("lui", rd=register, simm=high - (high >> 31 << 32))
            + code("addi", rd=register, rs1=register, simm=low))


def write_csr(name, value, scratch=31):
    """Instructions that write a CSR, by name."""
    return load_constant(scratch, value) + code("csrrw", csr=CSRS[name].number, rs1=scratch)


class Snippet:
    """Machine code between a prologue, which sets x2 to the data, and an end that stores to tohost.

    Parameters
    ----------
    body : bytes. data : initial words of the data memory, from :data:`DATA` on.
    """

    # The address that ends a run.
    TOHOST = _TOHOST

    def __init__(self, body, data=()):
        self.content = (load_constant(POINTER, DATA) + body + load_constant(31, _TOHOST)
                        + code("addi", rd=30, simm=1) + code("sw", rs1=31, rs2=30)
                        + code("jal"))
        self.data = np.asarray(data, np.uint32)

    @property
    def start(self):
        """Address of the body."""
        return CODE + len(load_constant(POINTER, DATA))

    def regions(self):
        """Its memory: code, then data."""
        text, data = np.zeros(SIZE, np.uint8), np.zeros(SIZE, np.uint8)
        text[:len(self.content)] = np.frombuffer(self.content, np.uint8)
        data[:4 * len(self.data)] = self.data.view(np.uint8)
        return [Region(CODE, text), Region(DATA, data)]

    def simulate(self, limit=200_000, *, machine=Hart, **hart):
        """Run on the simulator; returns the data memory as words."""
        regions = self.regions()
        machine = machine(Memory(regions), CODE,
                          **{"extensions": EXTENSIONS + OPTIONAL, **hart})
        words = regions[1].data.view(np.uint32)
        place = (_TOHOST - DATA) // 4
        for _ in range(limit):
            machine.step()
            if words[place]:
                return words
        raise FlexdriveError(f"The snippet has not ended after {limit:,} instructions")

    def bench(self, built, **options):
        """The RTL about to run it, see :class:`.rtl_core.CoreBench`."""
        return CoreBench(built, self.regions(), CODE, tohost=_TOHOST, **options)

    def run(self, built, limit=1_000_000, **options):
        """Run on the RTL; returns the data memory as words."""
        bench = self.bench(built, **options)
        reason = bench.run(limit)
        if reason != "tohost":
            raise FlexdriveError(f"The snippet ended with {reason!r} after {bench.cycles:,} cycles")
        return bench.regions[1].data.view(np.uint32)
