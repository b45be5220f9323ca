"""Control and status registers of the simulator."""

from flexdrive.flexv.isa import CSRS

__all__ = ["CsrFile"]

_COUNTERS = {"mcycle": 0, "minstret": 2, "mhpmcounter3": 3, "mhpmcounter4": 4, "mhpmcounter5": 5,
             "mhpmcounter6": 6}


class CsrFile:
    """All registers of the table, by number.

    Registers that depend on time (``VOLATILE``) are read from ``observed`` first, where a
    comparison with hardware leaves what the hardware read.
    """

    VOLATILE = frozenset({CSRS[name].number for name in (
        "mcycle", "mcycleh", "cycle", "cycleh", "mip", "mhpmcounter3", "mhpmcounter4",
        "mhpmcounter5", "mhpmcounter6")})

    def __init__(self, extensions, hart_id=0):
        self._table = {csr.number: csr for csr in CSRS.values() if csr.extension in extensions}
        self.values = {number: csr.reset for number, csr in self._table.items()}
        self.values[CSRS["mhartid"].number] = hart_id
        self.observed = None
        self.retired = 0
        self._written_retired = False
        # Reads and writes of registers that live elsewhere: number -> function.
        self.readers, self.writers = {}, {}
        for suffix, shift in (("", 0), ("h", 32)):
            for name in ("minstret", "instret"):
                self.readers[CSRS[name + suffix].number] = (
                    lambda shift=shift: self.retired >> shift & 0xFFFFFFFF)
            self.writers[CSRS["minstret" + suffix].number] = (
                lambda value, shift=shift: self._write_retired(value, shift))

    def exists(self, number):
        return number in self._table

    def read(self, number):
        if number in self.VOLATILE and self.observed is not None:
            return self.observed
        reader = self.readers.get(number)
        return reader() if reader is not None else self.values[number]

    def write(self, number, value):
        writer = self.writers.get(number)
        if writer is not None:
            writer(value)
            return
        mask = self._table[number].writable
        self.values[number] = (self.values[number] & ~mask) | (value & mask)

    def _write_retired(self, value, shift):
        self.retired = self.retired & ~(0xFFFFFFFF << shift) | value << shift
        self._written_retired = True

    def count_retired(self, inhibited):
        """One instruction has retired; one that wrote the counter does not count itself.
        ``inhibited`` is mcountinhibit before the instruction."""
        if not self._written_retired and not inhibited & 4:
            self.retired = (self.retired + 1) & 0xFFFFFFFFFFFFFFFF
        self._written_retired = False

    def __getitem__(self, name):
        return self.values[CSRS[name].number]

    def __setitem__(self, name, value):
        self.values[CSRS[name].number] = value
