"""Running a program on the instruction-set simulator."""

from collections import deque

from flexdrive.flexv.isa import EXTENSIONS, OPTIONAL
from flexdrive_deploy.flexv.disassemble import source_registers
from flexdrive_deploy.flexv.symbols import Symbols

from ..iss import Hart, Memory
from ..iss.memory import BusError
from .devices import Devices, host_call
from .outcome import (
    Outcome,
    stack_span,
    verdict_of_hang,
    verdict_of_sleep,
    verdict_of_stack,
    verdict_of_tohost,
    verdict_of_trap,
)
from .trace import listing, register_text

__all__ = ["Bus", "run_iss", "trace_line"]

_SP = 2
_WFI = 0x10500073
_MTIMER = 1 << 7
# Which of several interrupts is taken: the last one, as in the core.
_PRIORITIES = (7, 3, 11, *range(16, 32))


class Bus(Memory):
    """Memory with the devices of :mod:`.devices`, and ``tohost``. Where there is memory, there is
    no device."""

    def __init__(self, regions, tohost, fromhost=None):
        super().__init__(regions)
        self._tohost, self._fromhost = tohost, fromhost
        self.exit_value = None
        self.devices = Devices()

    def load(self, address, size):
        if self._part(address, size)[0] is None:
            return self._load_parts(address, size)
        return super().load(address, size)

    def _load_parts(self, address, size):
        """Of what lies in two words each is loaded on its own."""
        value, done = 0, 0
        while done < size:
            place = (address + done) & 0xFFFFFFFF
            count = min(size - done, 4 - place % 4)
            if self._part(place, count)[0] is not None:
                part = super().load(place, count)
            else:
                word = self.devices.load(place & ~3)
                if word is None:
                    raise BusError(place)
                part = word >> 8 * (place & 3) & ((1 << 8 * count) - 1)
            value |= part << 8 * done
            done += count
        return value

    def store(self, address, size, value):
        if (self._part(address, size)[0] is None and address % 4 + size <= 4
                and self.devices.store(address, size, value)):
            return
        super().store(address, size, value)
        if address & ~3 == self._tohost or address + size - 1 & ~3 == self._tohost:
            self._tell()

    def _tell(self):
        word = super().load(self._tohost, 4)
        if word & 1 == 0 and word and self._fromhost is not None:
            word = host_call(self._bytes, word, self.devices.console)
            if word == 0:
                super().store(self._tohost, 4, 0)
                super().store(self._fromhost, 4, 1)
        if word:
            self.exit_value = word

    def _bytes(self, address, size):
        view, offset = self._part(address, size)
        return None if view is None else view[offset:offset + size]


def trace_line(record, symbols=None, interrupt=None):
    """One line of a trace: address, word, instruction, what it changed."""
    text = listing(record.pc, record.word, symbols)
    text += "".join(register_text(number, value) for number, value in record.writes.items())
    for address, size, value in record.loads:
        text += f" [{address:08x}]->{value:0{2 * size}x}"
    for address, size, value in record.stores:
        text += f" [{address:08x}]<-{value:0{2 * size}x}"
    if interrupt is not None:
        text += f" (interrupt {interrupt})"
    if record.trap is not None:
        text += f" trap {record.trap}"
    return text.rstrip()


class Stack:
    """Follows the stack pointer in the stack from ``limit`` to ``top``; core_run.cc has the same.

    A stack overflows where an instruction computes sp from sp and comes out below the limit. What
    is loaded or moved into sp is another stack, unless it lies in this one.
    """

    def __init__(self, limit, top):
        self.limit, self._top, self._inside = limit, top, False

    def overflows(self, sp, computed):
        """Whether the stack overflows as sp becomes ``sp``."""
        if computed and self._inside:
            return sp < self.limit
        self._inside = self.limit < sp <= self._top
        return False


class _Run:
    """One run under way."""

    def __init__(self, program, extensions, memory):
        self.program, self.symbols = program, Symbols(program)
        self.regions = program.regions() if memory is None else memory
        self.bus = Bus(self.regions, program.symbol("tohost", "tells when a program is done"),
                       program.symbols.get("fromhost"))
        self.hart = Hart(self.bus, program.entry,
                         extensions=extensions or EXTENSIONS + OPTIONAL)
        # Without one nothing is inside.
        self._stack = Stack(*(stack_span(program) or (0, 0)))
        self._lines = 0

    def step(self):
        """One instruction: (record, number of the interrupt whose handler it begins or None)."""
        hart, devices, interrupt = self.hart, self.bus.devices, None
        # Most of the time nothing is up, and was not before.
        if devices.time >= devices.compare or devices.software or devices.driven or self._lines:
            lines = devices.lines()
            if lines != self._lines:
                hart.csrs["mip"] = self._lines = lines
            enabled = hart.enabled_interrupts(lines)
            if enabled:
                interrupt = [n for n in _PRIORITIES if enabled >> n & 1][-1]
                hart.interrupt(interrupt)
        devices.time = (devices.time + 1) & 0xFFFFFFFFFFFFFFFF
        return hart.step(), interrupt

    def verdict(self, record):
        """(line, passed) when ``record`` ends the run, or None."""
        hart, devices, where = self.hart, self.bus.devices, self.symbols.where
        if self.bus.exit_value is not None:
            return verdict_of_tohost(self.bus.exit_value, self.program, self.regions,
                                     self.symbols)
        if record.trap is not None:
            if hart.csrs["mtvec"] == 0:
                return verdict_of_trap(record.trap, hart.csrs["mtval"], record.pc, where), False
        elif record.next_pc == record.pc and record.word in (0x6F, 0xA001):
            if not devices.armed() and not devices.lines():
                return verdict_of_hang(record.pc, where), False
        elif record.word == _WFI and not devices.lines() & hart.csrs["mie"]:
            if not devices.armed() and not devices.lines():
                return verdict_of_sleep(record.pc, where), False
            # Nothing happens until the timer rings.
            if hart.csrs["mie"] & _MTIMER and devices.armed():
                devices.time = max(devices.time, devices.compare)
        if _SP in record.writes and self._stack.overflows(
                record.writes[_SP], _SP in source_registers(record.word)):
            return verdict_of_stack(record.writes[_SP], self._stack.limit, record.pc, where), False
        return None


def run_iss(program, *, max_instructions=10_000_000, trace=None, keep=16, extensions=None,
            memory=None):
    """Run ``program`` until it writes ``tohost``. An instruction takes one tick of the timer.

    Parameters
    ----------
    trace : called with a line of text per instruction, or None.
    keep : how many last instructions the outcome shows.
    extensions : groups of instructions that exist; None for all.
    memory : the program's ``regions()``, with data that the run is to begin with; or None.

    Returns
    -------
    :class:`Outcome`
    """
    run = _Run(program, extensions, memory)
    last = deque(maxlen=keep)
    ended, count = None, 0
    while ended is None and count < max_instructions:
        step = run.step()
        count += 1
        last.append(step)
        if trace is not None:
            trace(trace_line(step[0], run.symbols, step[1]))
        ended = run.verdict(step[0])
    verdict, passed = ended or (
        f"failed: not finished after {max_instructions:,} instructions"
        f"{run.symbols.where(run.hart.pc)}", False)
    return Outcome(verdict, passed, count, None,
                   [trace_line(record, run.symbols, interrupt) for record, interrupt in last],
                   bytes(run.bus.devices.console), run.regions)
