"""Running a program on the core's RTL."""

from flexdrive.errors import FlexdriveError

from .disassemble import disassemble
from .outcome import Outcome, verdict_of_tohost, verdict_of_trap
from .rtl_core import CoreBench, build_core

__all__ = ["run_rtl"]

_CHUNK = 1 << 16


def _line(row):
    pc, _, insn, flags, rd, value, rd2, value2, address, masks, wdata, _, _, cycle, *_ = row
    digits = 8 if insn & 3 == 3 else 4
    text = f"{cycle:10d}  {pc:08x}  {insn:0{digits}x}{' ' * (8 - digits)}  "
    text += f"{disassemble(insn, pc):<34}"
    text += "".join(f" x{number}={result:08x}" for number, result in ((rd2, value2), (rd, value))
                    if number)
    if masks:
        size = ((masks | masks >> 4) & 15).bit_length()
        data = wdata & ((1 << 8 * size) - 1)
        text += f" [{address:08x}]" + (f"<-{data:0{2 * size}x}" if masks >> 4 else "->")
    if flags & 2:
        text += f" (interrupt {flags >> 2})"
    return (text + (" trap" if flags & 1 else "")).rstrip()


def run_rtl(program, *, max_cycles=100_000_000, trace=None, keep=16, imem_latency=1,
            dmem_latency=1, random_stalls=0, built=None, notify=None):
    """Run ``program`` until it writes ``tohost``.

    Parameters
    ----------
    trace : called with a line of text per instruction, or None.
    imem_latency, dmem_latency : cycles from grant to response, at least 1.
    random_stalls : seed of random grants and latencies, or 0.
    built : from :func:`.rtl_core.build_core`.

    Returns
    -------
    :class:`.outcome.Outcome`
    """
    for name, value in (("imem", imem_latency), ("dmem", dmem_latency)):
        if not 1 <= value <= 32:
            raise FlexdriveError(f"The latency of {name} must be 1 to 32 cycles, not {value}")
    regions = program.regions()
    bench = CoreBench(built or build_core(notify=notify), regions, program.entry,
                      tohost=program.symbol("tohost", "tells when a program is done"),
                      imem_latency=imem_latency, dmem_latency=dmem_latency,
                      random_stalls=random_stalls, log=_CHUNK)
    passed, verdict = False, None
    while verdict is None:
        before = bench.retired
        reason = bench.run(max_cycles, before + _CHUNK)
        rows = bench.last(bench.retired - before)
        verdict, passed, stop = _verdict(bench, rows, reason, max_cycles)
        if trace is not None:
            for row in rows[:stop].tolist():
                trace(_line(row))
    shown = rows[:stop] if stop is not None else bench.last(keep)
    return Outcome(verdict, passed, before + len(rows[:stop]), bench.cycles,
                   [_line(row) for row in shown[-keep:].tolist()], bench.console, regions)


def _cause(row):
    """(cause, value) of the trap that ``row`` records, from what it tells of the instruction."""
    insn, masks = int(row["insn"]), int(row["masks"])
    if masks:
        return (5 if masks & 15 else 7), int(row["address"])
    if insn in (0x73, 0x100073, 0x9002):
        return (11 if insn == 0x73 else 3), 0
    return (1, int(row["pc"])) if insn == 0 else (2, insn)


def _verdict(bench, rows, reason, max_cycles):
    """(line or None, passed, how many of ``rows`` count)."""
    # A handler lies where there is memory; without one the trap goes to nowhere.
    for position in (rows["flags"] & 1).nonzero()[0]:
        if rows["next"][position] == 0:
            row = rows[position]
            return verdict_of_trap(*_cause(row), int(row["pc"])), False, position + 1
    if reason == "tohost":
        return *verdict_of_tohost(bench.exit_value), None
    if reason == "hang":
        pc = int(rows["pc"][-1])
        return f"failed: hangs in a jump to itself at pc {pc:#010x}", False, None
    if reason == "cycles":
        return f"failed: not finished after {max_cycles:,} cycles", False, None
    return None, False, None
