"""Running a program on the cluster's RTL."""

from contextlib import nullcontext
from dataclasses import replace

from flexdrive.errors import FlexdriveError
from flexdrive.flexv.cluster import ClusterConfig
from flexdrive.flexv.cluster.registers import CAUSES as CLUSTER_CAUSES
from flexdrive.flexv.cluster.registers import L1_BASE, REGISTERS, WINDOW_BITS
from flexdrive_deploy.flexv.symbols import Symbols

from .cluster_bench import ClusterBench, build_cluster
from .outcome import CAUSES, Outcome, verdict_of_tohost
from .run_rtl import record_line

__all__ = ["outside_regions", "run_cluster"]

_ADDRESS = {register.name: register.address for register in REGISTERS}
_DMA_CULPRIT = 31
_LOG = 1 << 16      # instructions


def outside_regions(program, config):
    """The program's memory outside of the cluster. Raises :class:`FlexdriveError` for content in
    L1, which nothing loads before the start, and where L1 is too small for it."""
    for address, content, size in program.segments:
        if address >> WINDOW_BITS != L1_BASE >> WINDOW_BITS:
            continue
        if any(content):
            raise FlexdriveError(f"The program has data at {address:#010x} in L1, which nothing "
                                 f"loads; what is marked FLEXV_L1 begins as zero")
        end = address + size - L1_BASE
        if end > config.l1_bytes:
            raise FlexdriveError(f"The program needs {end:,} bytes of L1; the cluster has "
                                 f"{config.l1_bytes:,}")
    return [region for region in program.regions()
            if region.base >> WINDOW_BITS != L1_BASE >> WINDOW_BITS]


def run_cluster(program, config=None, *, max_cycles=100_000_000, latency=6, random_stalls=0,
                activity=0, trace=None, built=None, preparing=None, enter=None):
    """Run ``program`` on all cores until it writes ``tohost``.

    Parameters
    ----------
    config : :class:`flexdrive.flexv.cluster.ClusterConfig`
    latency : cycles from grant to answer outside, at least 1.
    random_stalls : seed of random grants and latencies outside, or 0.
    activity : cycles whose activity is recorded, see :class:`.cluster_bench.ClusterBench`.
    trace : called with a line of text per instruction, in the order in which they retire: cycle,
        core, instruction, what it changed; or None. Another library is built for it.
    built : from :func:`.cluster_bench.build_cluster`, with ``config.core.rvfi`` for a trace; if
        None, it is built here.
    enter : called with the memory outside before the start, or None.
    preparing : context for that whose value is the ``notify`` of ``build_cluster``, or None.

    Returns
    -------
    (:class:`.outcome.Outcome`, :class:`.cluster_bench.ClusterBench`)
    """
    config = config or ClusterConfig()
    if not 1 <= latency <= 1000:
        raise FlexdriveError(f"The latency outside must be 1 to 1000 cycles, not {latency}")
    most = program.symbols.get("__cores")
    if most is not None and config.cores > most:
        raise FlexdriveError(f"The program is built for at most {most} cores, the cluster has "
                             f"{config.cores}; build it with --cores {config.cores}")
    symbols, regions = Symbols(program), outside_regions(program, config)
    if enter is not None:
        enter(regions)
    tohost = program.symbol("tohost", "tells when a program is done")
    if trace is not None:
        config = replace(config, core=replace(config.core, rvfi=True))
    with preparing or nullcontext() as notify:
        built = built or build_cluster(config, notify=notify)
    bench = ClusterBench(built, config.cores, regions, program.entry, tohost=tohost,
                         latency=latency, random_stalls=random_stalls, activity=activity,
                         log=0 if trace is None else _LOG)
    while True:
        reason = bench.run(max_cycles)
        if trace is not None:
            cores, records = bench.retired()
            for core, row in zip(cores.tolist(), records.tolist(), strict=True):
                trace(record_line(row, symbols, core))
        if reason != "room":
            break
    if reason == "tohost":
        verdict, passed = verdict_of_tohost(bench.exit_value, program, regions, symbols)
    else:
        verdict = {"fault": _fault, "idle": _idle}.get(reason, _unfinished)(bench, symbols)
        passed = False
    return Outcome(verdict, passed, None, bench.cycles, [], bench.console, regions), bench


def _fault(bench, symbols):
    cause, core, pc, value = (bench.load(_ADDRESS[f"FAULT_{name}"])
                              for name in ("CAUSE", "CORE", "PC", "VALUE"))
    core &= 31
    if cause not in CLUSTER_CAUSES:
        return (f"failed: core {core}: unexpected trap, cause {cause & 63} "
                f"({CAUSES.get(cause & 63, 'unknown')}), mepc {pc:#010x}{symbols.where(pc)}, "
                f"mtval {value:#x}")
    where = "" if core == _DMA_CULPRIT else f"core {core}: "
    text = f"failed: {where}{CLUSTER_CAUSES[cause]}"
    if bench.load(_ADDRESS["BUS_ERROR_CORE"]) >> 31:
        text += f"; the first access that failed was to {bench.load(_ADDRESS['BUS_ERROR']):#010x}"
    if CLUSTER_CAUSES[cause].startswith("deadlock"):
        text += _arrivals(bench)
    return text


def _arrivals(bench):
    """What has arrived at the barriers that are not open."""
    texts = []
    for i in range(8):
        try:
            arrived = bench.load(_ADDRESS["BARRIER_ARRIVED"] + 4 * i)
            arrivers = bench.load(_ADDRESS["BARRIER_ARRIVERS"] + 4 * i)
        except FlexdriveError:
            break
        if arrived:
            texts.append(f"; barrier {i}: {arrived:#x} of {arrivers:#x} have arrived")
    return "".join(texts)


def _idle(bench, _):
    return (f"failed: all cores sleep (mask {bench.asleep:#x}) for events that only the host could "
            f"send{_arrivals(bench)}")


def _unfinished(bench, _):
    return (f"failed: not finished after {bench.cycles:,} cycles; asleep: mask "
            f"{bench.asleep:#x}")
