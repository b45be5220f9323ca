"""One hart: fetch, decode, execute, traps."""

from dataclasses import dataclass, field

from flexdrive.flexv.isa import BY_NAME, COMPRESSED, CSRS, EXTENSIONS, instructions

from . import requant_units, xpulp_units  # noqa: F401  (they register their units)
from .arithmetic import MASK
from .csrs import CsrFile
from .flexv_units import FlexvState
from .memory import BusError
from .traps import Trap
from .units import UNITS, access

__all__ = ["Hart", "Retired", "Trap"]


_INHIBIT = CSRS["mcountinhibit"].number
# First and last instruction and repetitions of each hardware loop.
_LOOPS = tuple(tuple(CSRS[f"lp{level}_{name}"].number for name in ("start", "end", "count"))
               for level in (0, 1))


@dataclass(slots=True)
class Retired:
    """What one instruction did.

    Attributes
    ----------
    pc, next_pc, word : address, address of what follows, instruction as fetched (16 or 32 bits).
    writes : {register: value}.
    loads, stores : lists of (address, size, value).
    trap : cause of the exception that it raised instead of executing, or None.
    """

    pc: int
    next_pc: int = 0
    word: int = 0
    writes: dict = field(default_factory=dict)
    loads: list = field(default_factory=list)
    stores: list = field(default_factory=list)
    trap: int | None = None


class Hart:
    """A core in machine mode.

    Parameters
    ----------
    memory : :class:`.memory.Memory`, or anything with its ``load`` and ``store``.
    pc : where execution starts.
    extensions : groups of instructions that exist.
    """

    def __init__(self, memory, pc, *, extensions=EXTENSIONS, hart_id=0):
        self.memory, self.pc = memory, pc
        self.x = [0] * 32
        self.csrs = CsrFile(extensions, hart_id)
        self.word, self.length = 0, 4
        self.record = Retired(pc)
        # The memory access of the current instruction, whether or not it succeeds.
        self.attempt = None
        # Whether it jumps, branches or returns.
        self.transferred = False
        self._next = pc
        self._decoded = {}
        # By opcode, so that a new word meets few candidates.
        self._by_opcode = {}
        for entry in instructions(extensions):
            self._by_opcode.setdefault(entry.encoding.match & 0x7F, []).append(entry)
        self.flexv = FlexvState(self)
        self._loops = "xpulp_loop" in extensions

    # What instructions may do.

    def write(self, register, value):
        if register:
            self.x[register] = value
            self.record.writes[register] = value

    def jump(self, target):
        self.transferred = True
        self._next = target & MASK

    def load(self, address, size):
        self.attempt = ("load", address, size)
        value = access(self.memory.load, 5, address, size)
        self.record.loads.append((address, size, value))
        return value

    def store(self, address, size, value):
        self.attempt = ("store", address, size, value & ((1 << 8 * size) - 1))
        access(self.memory.store, 7, address, size, value)
        self.record.stores.append((address, size, value & ((1 << 8 * size) - 1)))

    def leave_trap(self):
        status = self.csrs["mstatus"]
        self.csrs["mstatus"] = status & ~0x88 | (status >> 4 & 8) | 0x80
        self.jump(self.csrs["mepc"])

    # Execution.

    def step(self):
        """Execute one instruction; returns :class:`Retired`."""
        self.record = record = Retired(self.pc)
        self.attempt = None
        self.transferred = False
        inhibited = self.csrs.values[_INHIBIT]
        try:
            word = self._fetch()
            record.word = self.word = word
            execute = self._decoded.get(word)
            if execute is None:
                execute = self._decoded[word] = self._decode(word)
            self._next = (self.pc + self.length) & MASK
            execute(self)
            if self._loops:
                self._loop_back()
        except Trap as trap:
            record.trap = trap.cause
            record.writes.clear()
            self._enter_trap(trap.cause, trap.value)
        self.csrs.count(inhibited, retires=record.trap is None)
        record.next_pc = self.pc = self._next
        return record

    def _loop_back(self):
        """At the last instruction of a loop, unless it went elsewhere or changed a loop."""
        values = self.csrs.values
        for start, end, count in _LOOPS:
            if self.pc == values[end] and values[count] > 1:
                if self.transferred or self._changes_loops():
                    return
                values[count] -= 1
                self._next = values[start]
                return

    def _changes_loops(self):
        opcode, number = self.word & 0x7F, self.word >> 20
        return self.length == 4 and (opcode == 0x7B or (
            opcode == 0x73 and self.word >> 12 & 3 and 0x7C0 <= number <= 0x7C6))

    def interrupt(self, number):
        """Take interrupt ``number`` instead of the next instruction."""
        self._next = self.pc
        self._enter_trap(0x80000000 | number, 0)
        self.pc = self._next

    def enabled_interrupts(self, pending):
        """Of the ``pending`` bits, those that may interrupt now."""
        return pending & self.csrs["mie"] if self.csrs["mstatus"] & 8 else 0

    def _enter_trap(self, cause, value):
        csrs = self.csrs
        status = csrs["mstatus"]
        csrs["mstatus"] = status & ~0x88 | (status << 4 & 0x80)
        csrs["mepc"], csrs["mcause"], csrs["mtval"] = self.pc, cause, value
        vector = csrs["mtvec"]
        offset = 4 * (cause & 31) if vector & 1 and cause >> 31 else 0
        self._next = ((vector & ~3) + offset) & MASK

    def _fetch(self):
        try:
            word = self.memory.fetch(self.pc)
        except BusError as error:
            raise Trap(1, error.address) from None
        self.length = 4 if word & 3 == 3 else 2
        return word

    def _decode(self, word):
        if word & 3 != 3:
            for short in COMPRESSED:
                if short.matches(word):
                    entry = BY_NAME[short.target]
                    return UNITS[entry.unit](entry, short.expand(word))
        else:
            for entry in self._by_opcode.get(word & 0x7F, ()):
                if entry.encoding.matches(word):
                    return UNITS[entry.unit](entry, entry.encoding.decode(word))

        def illegal(hart):
            raise Trap(2, hart.word)
        return illegal
