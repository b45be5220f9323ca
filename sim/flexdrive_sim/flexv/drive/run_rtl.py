"""Running a program on the core's RTL."""

from contextlib import nullcontext

from flexdrive.errors import FlexdriveError
from flexdrive_deploy.flexv.symbols import Symbols

from .devices import CLINT
from .outcome import (
    Outcome,
    stack_span,
    verdict_of_hang,
    verdict_of_sleep,
    verdict_of_stack,
    verdict_of_tohost,
    verdict_of_trap,
)
from .rtl_core import CoreBench, build_core
from .trace import listing, register_text

__all__ = ["record_line", "run_rtl"]

_CHUNK = 1 << 16


def record_line(row, symbols, core=None):
    """One line of a trace: cycle, address, word, instruction, what it changed. ``row``: values of
    a :data:`.rtl_core.RECORD`."""
    pc, _, insn, flags, rd, value, rd2, value2, address, masks, wdata, _, _, cycle, *_ = row
    who = "" if core is None else f"{core:2d}  "
    text = f"{cycle:10d}  {who}{listing(pc, insn, symbols)}"
    text += "".join(register_text(number, result)
                    for number, result in ((rd2, value2), (rd, value)) if number)
    if masks:
        size = ((masks | masks >> 4) & 15).bit_length()
        data = wdata & ((1 << 8 * size) - 1)
        text += f" [{address:08x}]" + (f"<-{data:0{2 * size}x}" if masks >> 4 else "->")
    if flags & 2:
        text += f" (interrupt {flags >> 2})"
    return (text + (" trap" if flags & 1 else "")).rstrip()


def run_rtl(program, *, max_cycles=100_000_000, trace=None, keep=16, imem_latency=1,
            dmem_latency=1, random_stalls=0, built=None, preparing=None):
    """Run ``program`` until it writes ``tohost``.

    Parameters
    ----------
    trace : called with a line of text per instruction, or None.
    imem_latency, dmem_latency : cycles from grant to response, at least 1.
    random_stalls : seed of random grants and latencies, or 0.
    built : from :func:`.rtl_core.build_core`; if None, it is built here.
    preparing : context for that whose value is the ``notify`` of ``build_core``, or None.

    Returns
    -------
    :class:`.outcome.Outcome`
    """
    for name, value in (("imem", imem_latency), ("dmem", dmem_latency)):
        if not 1 <= value <= 32:
            raise FlexdriveError(f"The latency of {name} must be 1 to 32 cycles, not {value}")
    regions = program.regions()
    symbols = Symbols(program)
    tohost = program.symbol("tohost", "tells when a program is done")
    with preparing or nullcontext() as notify:
        built = built or build_core(notify=notify)
    bench = CoreBench(built, regions, program.entry, tohost=tohost,
                      fromhost=program.symbols.get("fromhost"), clint=CLINT,
                      stack=stack_span(program),
                      imem_latency=imem_latency, dmem_latency=dmem_latency,
                      random_stalls=random_stalls, log=_CHUNK)
    passed, verdict = False, None
    while verdict is None:
        before = bench.retired
        reason = bench.run(max_cycles, before + _CHUNK)
        rows = bench.last(bench.retired - before)
        verdict, passed, stop = _verdict(bench, rows, reason, max_cycles, symbols.where)
        if verdict is None and reason == "tohost":
            verdict, passed = verdict_of_tohost(bench.exit_value, program, regions, symbols)
        if trace is not None:
            for row in rows[:stop].tolist():
                trace(record_line(row, symbols))
    shown = rows[:stop] if stop is not None else bench.last(keep)
    return Outcome(verdict, passed, before + len(rows[:stop]), bench.cycles,
                   [record_line(row, symbols) for row in shown[-keep:].tolist()], bench.console,
                   regions)


def _cause(row):
    """(cause, value) of the trap that ``row`` records, from what it tells of the instruction."""
    insn, masks = int(row["insn"]), int(row["masks"])
    if masks:
        return (5 if masks & 15 else 7), int(row["address"])
    if insn in (0x73, 0x100073, 0x9002):
        return (11 if insn == 0x73 else 3), 0
    return (1, int(row["pc"])) if insn == 0 else (2, insn)


def _verdict(bench, rows, reason, max_cycles, where):
    """(line or None, passed, how many of ``rows`` count), but for a value in tohost."""
    # A handler lies where there is memory; without one the trap goes to nowhere.
    for position in (rows["flags"] & 1).nonzero()[0]:
        if rows["next"][position] == 0:
            row = rows[position]
            return (verdict_of_trap(*_cause(row), int(row["pc"]), where), False, position + 1)
    last = bench.last(1)
    pc, following = (int(last[0]["pc"]), int(last[0]["next"])) if len(last) else (0, 0)
    if reason == "hang":
        return verdict_of_hang(pc, where), False, None
    if reason == "stack":
        return verdict_of_stack(bench.sp, bench.stack[0], pc, where), False, None
    if reason == "sleep":
        # A wfi retires when it wakes.
        return verdict_of_sleep(following, where), False, None
    if reason == "cycles":
        return f"failed: not finished after {max_cycles:,} cycles{where(pc)}", False, None
    return None, False, None
