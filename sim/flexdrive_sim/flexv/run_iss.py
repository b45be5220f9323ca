"""Running a program on the instruction-set simulator."""

from collections import deque

from flexdrive.flexv.isa import CSRS

from .disassemble import disassemble
from .iss import Hart, Memory
from .outcome import CONSOLE, Outcome, verdict_of_tohost, verdict_of_trap

__all__ = ["Bus", "run_iss", "trace_line"]


class Bus(Memory):
    """Memory with the console and ``tohost``."""

    def __init__(self, regions, tohost):
        super().__init__(regions)
        self._tohost = tohost
        self.exit_value = None
        self.console = bytearray()

    def store(self, address, size, value):
        if address == CONSOLE:
            self.console.append(value & 0xFF)
            return
        super().store(address, size, value)
        if address == self._tohost and value:
            self.exit_value = value


def trace_line(record):
    """One line of a trace: address, word, instruction, what it changed."""
    digits = 8 if record.word & 3 == 3 else 4
    text = f"{record.pc:08x}  {record.word:0{digits}x}{' ' * (8 - digits)}  "
    text += f"{disassemble(record.word, record.pc):<34}"
    text += "".join(f" x{register}={value:08x}" for register, value in record.writes.items())
    for address, size, value in record.loads:
        text += f" [{address:08x}]->{value:0{2 * size}x}"
    for address, size, value in record.stores:
        text += f" [{address:08x}]<-{value:0{2 * size}x}"
    if record.trap is not None:
        text += f" trap {record.trap}"
    return text.rstrip()


def run_iss(program, *, max_instructions=10_000_000, trace=None, keep=16, extensions=None):
    """Run ``program`` until it writes ``tohost``.

    Parameters
    ----------
    trace : called with a line of text per instruction, or None.
    keep : how many last instructions the outcome shows.

    Returns
    -------
    :class:`Outcome`
    """
    regions = program.regions()
    bus = Bus(regions, program.symbol("tohost", "tells when a program is done"))
    hart = Hart(bus, program.entry, **({} if extensions is None else {"extensions": extensions}))
    last = deque(maxlen=keep)
    vector = CSRS["mtvec"].number
    count, passed = 0, False
    verdict = f"failed: not finished after {max_instructions:,} instructions"
    while count < max_instructions:
        record = hart.step()
        count += 1
        last.append(record)
        if trace is not None:
            trace(trace_line(record))
        if bus.exit_value is not None:
            verdict, passed = verdict_of_tohost(bus.exit_value)
            break
        if record.trap is not None and hart.csrs.values[vector] == 0:
            verdict = verdict_of_trap(record.trap, hart.csrs["mtval"], record.pc)
            break
        if record.next_pc == record.pc and record.word in (0x6F, 0xA001):
            verdict = f"failed: hangs in a jump to itself at pc {record.pc:#010x}"
            break
    return Outcome(verdict, passed, count, None, [trace_line(r) for r in last],
                   bytes(bus.console), regions)
