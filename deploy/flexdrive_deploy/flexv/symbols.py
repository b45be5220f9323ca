"""Names and lines of addresses in a program.

Line numbers are read from the program's DWARF by pyelftools.
"""

from bisect import bisect_right
from functools import cached_property
from pathlib import PurePath

from elftools.common.exceptions import DWARFError, ELFError
from elftools.elf.elffile import ELFFile

__all__ = ["Symbols"]

# What pyelftools raises for damaged debug information, without which a program runs.
_DAMAGED = (ELFError, DWARFError, AssertionError, ArithmeticError, LookupError, OSError, TypeError,
            ValueError)


class Symbols:
    """Of a :class:`.elf.Program`."""

    def __init__(self, program):
        self._program = program
        self._addresses = [address for address, _ in program.labels]

    def name(self, address):
        """The label at ``address`` itself, or None."""
        position = bisect_right(self._addresses, address) - 1
        if position < 0 or self._addresses[position] != address:
            return None
        return self._program.labels[position][1]

    def place(self, address):
        """The label before ``address`` and the distance from it, ``main+0x4``; None outside the
        program's code."""
        position = bisect_right(self._addresses, address) - 1
        if position < 0 or not any(s.address <= address < s.address + len(s.content)
                                   for s in self._program.code):
            return None
        start, name = self._program.labels[position]
        return name if start == address else f"{name}+{address - start:#x}"

    def named(self, address):
        """`` <name>`` for what lies at ``address``: a place in the code, or the start of data."""
        name = self.place(address) or self._data.get(address)
        return f" <{name}>" if name else ""

    def line(self, address):
        """``file:line`` of the code at ``address``, or None."""
        if self.place(address) is None:
            return None
        try:
            with open(self._program.path, "rb") as file:
                elf = ELFFile(file)
                if not elf.has_dwarf_info():
                    return None
                information = elf.get_dwarf_info()
                return next(filter(None, (
                    _line_in_unit(information.line_program_for_CU(unit), address)
                    for unit in information.iter_CUs() if _may_hold(unit, address))), None)
        except _DAMAGED:
            return None

    def where(self, address):
        """`` in main+0x4 (program.c:3)``, or what of it is known."""
        place, line = self.place(address), self.line(address)
        return (f" in {place}" if place else "") + (f" ({line})" if line else "")

    @cached_property
    def _data(self):
        return {address: name for name, address in self._program.symbols.items()}


def _may_hold(unit, address):
    """Whether a compilation unit may have code at ``address``: most are one piece."""
    attributes = unit.get_top_DIE().attributes
    if "DW_AT_high_pc" not in attributes:
        return True
    low, high = attributes["DW_AT_low_pc"].value, attributes["DW_AT_high_pc"]
    end = high.value if high.form == "DW_FORM_addr" else low + high.value
    return low <= address < end


def _line_in_unit(program, address):
    """``file:line`` by a unit's line program, or None."""
    if program is None:
        return None
    # What ends a sequence has no line; it goes before what begins there.
    rows = sorted(((entry.state.address, not entry.state.end_sequence, entry.state.file,
                    entry.state.line) for entry in program.get_entries()
                   if entry.state is not None), key=lambda row: row[:2])
    position = bisect_right(rows, address, key=lambda row: row[0]) - 1
    if position < 0 or not rows[position][1]:
        return None
    _, _, file, line = rows[position]
    # Since version 5 of DWARF files are numbered from 0.
    first = 0 if program["version"] >= 5 else 1
    name = program["file_entry"][file - first].name.decode(errors="replace")
    return f"{PurePath(name).name}:{line}"
