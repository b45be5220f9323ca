"""Control and status registers of the simulator."""

from flexdrive.flexv.isa import CSRS, EMPTY_CSRS, reset_value, writable_bits

__all__ = ["CsrFile"]

# Counters of 64 bits, what they count and their bits of mcountinhibit.
_COUNTERS = {"mcycle": 0, "minstret": 2}
_NUMBER = {name: csr.number for name, csr in CSRS.items()}
_LOW64 = (1 << 64) - 1


class CsrFile:
    """All registers of the table, by number.

    A simulator of instructions has no cycles: each instruction takes one, whether or not it traps,
    and the counters of what costs cycles stay 0. Registers that depend on time (``VOLATILE``) are
    read from ``observed`` first, where a comparison with hardware leaves what the hardware read.
    """

    VOLATILE = frozenset({CSRS[name].number for name in (
        "mcycle", "mcycleh", "cycle", "cycleh", "mip", "mhpmcounter3", "mhpmcounter4",
        "mhpmcounter5", "mhpmcounter6")})

    def __init__(self, extensions, hart_id=0):
        self._table = {csr.number: csr for csr in (*CSRS.values(), *EMPTY_CSRS.values())
                       if csr.extension in extensions}
        self.values = {number: reset_value(csr, extensions)
                       for number, csr in self._table.items()}
        self._writable = {number: writable_bits(csr, extensions)
                          for number, csr in self._table.items()}
        self.values[CSRS["mhartid"].number] = hart_id
        self.observed = None
        self._counts = dict.fromkeys(_COUNTERS, 0)
        self._written = set()
        # Reads and writes of registers that live elsewhere: number -> function.
        self.readers, self.writers = {}, {}
        for counter in _COUNTERS:
            for suffix, shift in (("", 0), ("h", 32)):
                for name in (counter, counter.removeprefix("m")):
                    self.readers[CSRS[name + suffix].number] = (
                        lambda counter=counter, shift=shift:
                        self._counts[counter] >> shift & 0xFFFFFFFF)
                self.writers[CSRS[counter + suffix].number] = (
                    lambda value, counter=counter, shift=shift:
                    self._write_counter(counter, value, shift))

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
        mask = self._writable[number]
        self.values[number] = (self.values[number] & ~mask) | (value & mask)

    def _write_counter(self, name, value, shift):
        self._counts[name] = self._counts[name] & ~(0xFFFFFFFF << shift) | value << shift
        self._written.add(name)

    def count(self, inhibited, *, retires):
        """One instruction is over; one that has written a counter is not counted by it.
        ``inhibited`` is mcountinhibit before the instruction."""
        counts = self._counts
        if retires and not inhibited and not self._written:     # as almost always
            for name in counts:
                counts[name] = (counts[name] + 1) & _LOW64
            return
        for name, bit in _COUNTERS.items():
            if (retires or name == "mcycle") and name not in self._written and (
                    not inhibited >> bit & 1):
                counts[name] = (counts[name] + 1) & _LOW64
        self._written.clear()

    def __getitem__(self, name):
        return self.values[_NUMBER[name]]

    def __setitem__(self, name, value):
        self.values[_NUMBER[name]] = value
