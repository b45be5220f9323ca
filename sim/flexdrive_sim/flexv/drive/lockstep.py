"""The core's RTL and the instruction-set simulator, instruction by instruction."""

import numpy as np

from flexdrive.errors import FlexdriveError

from ..iss import Hart, Memory
from .run_iss import trace_line

__all__ = ["Follower", "Lockstep", "Mismatch"]


# Causes of failed accesses to instructions, of loads, of stores.
_FAULTS = (1, 5, 7)


class Mismatch(FlexdriveError):
    """RTL and simulator differ; the message shows the last instructions and both sides."""


class Follower:
    """A hart of the simulator that does what the RTL has recorded, instruction by instruction.

    Parameters
    ----------
    memory, boot, hart : see :class:`~..iss.Hart`.
    """

    def __init__(self, memory, boot, **hart):
        self.hart = Hart(memory, boot, **hart)
        self.checked = self.interrupts = self.traps = 0
        self._history = []

    def check(self, row):
        """One more instruction; ``row``: values of a :data:`.rtl_core.RECORD`. Raises
        :class:`Mismatch`."""
        (pc, following, insn, flags, rd, value, rd2, value2, address, masks, wdata, _rdata,
         _lines, _cycle, sources, rs1, rs2) = row
        hart = self.hart
        if flags & 2:
            number = flags >> 2
            if not hart.enabled_interrupts(1 << number):
                self.fail(f"interrupt {number} was not enabled", row[13])
            hart.interrupt(number)
            self.interrupts += 1
        hart.csrs.observed = value if rd else None
        # What the registers that it names hold.
        read = tuple(hart.x[sources >> at & 31] for at in (0, 5))
        record = hart.step()
        self.traps += record.trap is not None
        self._history.append(record)
        del self._history[:-30]
        writes = {}
        if rd2:
            writes[rd2] = value2
        if rd:
            writes[rd] = value
        got = (pc, insn, following, bool(flags & 1), writes, self._access(address, masks, wdata),
               rs1, rs2, sources >> 10)
        wanted = (record.pc, record.word, record.next_pc, record.trap is not None, record.writes,
                  hart.attempt, *read, int(record.trap in _FAULTS))
        if got != wanted:
            self.fail("an instruction", row[13], got, wanted)
        self.checked += 1

    @staticmethod
    def _access(address, masks, wdata):
        if masks & 15:
            return ("load", address, (masks & 15).bit_length())
        if masks:
            size = (masks >> 4).bit_length()
            return ("store", address, size, wdata & ((1 << 8 * size) - 1))
        # A load that waits beside the pipeline has no mask.
        return ("load", address, 4) if address else None

    def fail(self, what, cycle, got=None, wanted=None):
        """Raise :class:`Mismatch` with the last instructions and what differs."""
        lines = [trace_line(record) for record in self._history]
        names = ("pc", "word", "next pc", "trap", "writes", "access", "rs1", "rs2", "fault")
        if got is not None and wanted is not None:
            lines += [f"{name}: RTL {_text(a)}, simulator {_text(b)}"
                      for name, a, b in zip(names, got, wanted, strict=True) if a != b]
        raise Mismatch(f"RTL and simulator differ in {what} after {self.checked} instructions "
                       f"(cycle {cycle}):\n" + "\n".join(lines))


class Lockstep(Follower):
    """Runs a :class:`.rtl_core.CoreBench` and checks each retired instruction.

    Parameters
    ----------
    bench : the RTL, at its reset. regions : another copy of the same memory, for the simulator.
    """

    def __init__(self, bench, regions, boot, **hart):
        super().__init__(Memory(regions), boot, **hart)
        self.bench, self.regions = bench, regions

    def run(self, instructions, patience=1_000_000):
        """Check ``instructions`` more; returns why the RTL stopped. To retire none of them within
        ``patience`` cycles is a failure: wfi may wait that long for a rare interrupt."""
        goal = self.checked + instructions
        while self.checked < goal:
            part = min(goal - self.checked, len(self.bench.records))
            before = self.bench.retired
            reason = self.bench.run(self.bench.cycles + patience, self.checked + part)
            for row in self.bench.last(self.bench.retired - self.checked).tolist():
                self.check(row)
            if reason == "cycles" and self.bench.retired == before:
                self.fail("the RTL stands still", self.bench.cycles)
            if reason in ("tohost", "hang"):
                return reason
        return "instructions"

    def compare_memory(self):
        """Both memories after a run. The RTL may have stored for an instruction that has not
        retired yet; a few instructions later it has not."""
        for _ in range(20):
            places = [int(ours.base + different[0]) for ours, theirs in
                      zip(self.regions, self.bench.regions, strict=True)
                      if len(different := np.flatnonzero(ours.data != theirs.data))]
            if not places:
                return
            self.run(1)
        self.fail(f"memory at {places[0]:#x}", self.bench.cycles)


def _text(value):
    if isinstance(value, dict):
        return "{" + ", ".join(f"x{k}: {v:#x}" for k, v in value.items()) + "}"
    if isinstance(value, tuple):
        return "(" + ", ".join(_text(v) for v in value) + ")"
    return f"{value:#x}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
