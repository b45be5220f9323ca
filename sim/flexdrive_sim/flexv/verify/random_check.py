"""Random programs in lockstep."""

from flexdrive.errors import FlexdriveError
from flexdrive.flexv.isa import EXTENSIONS

from ...chunks import kept_by_worker
from ..drive.lockstep import Lockstep, Mismatch
from ..drive.rtl_core import CoreBench, build_core
from .random_program import RandomProgram

__all__ = ["check_random", "check_random_core"]

# Software, timer, external and local interrupts.
_LINES = 0xFFFF0888


def check_random(built, seed, instructions, extensions=EXTENSIONS, *, fastest=1, **options):
    """Run one random program on both sides; latencies (from ``fastest`` on), stalls and interrupts
    follow from the seed; ``options``: see :class:`~..drive.rtl_core.CoreBench`. Returns the
    :class:`Lockstep`; raises :class:`Mismatch`."""
    interrupts = seed % 2 == 1
    program = RandomProgram(seed, extensions=extensions, interrupts=interrupts)
    bench = CoreBench(
        built, program.regions(), program.entry, imem_latency=fastest + seed // 2 % 3,
        dmem_latency=fastest + seed // 6 % 3, random_stalls=seed if seed % 3 else 0,
        interrupts=(seed, (50, 300, 3000)[seed % 5 % 3], _LINES) if interrupts else None, **options)
    lockstep = Lockstep(bench, program.regions(), program.entry, extensions=extensions)
    try:
        lockstep.run(instructions)
        lockstep.compare_memory()
    except Mismatch as error:
        raise Mismatch(f"seed {seed}: {error}") from None
    return lockstep


@kept_by_worker(1)
def _built():
    return build_core()


def check_random_core(seed, instructions=20_000):
    """One random program on the core with all extensions: numbers of ``instructions``, ``cycles``,
    ``exceptions`` and ``interrupts``, and what was ``wrong`` or None."""
    built = _built()
    try:
        lockstep = check_random(built, seed, instructions)
    except FlexdriveError as error:
        return {"instructions": 0, "wrong": str(error)}
    return {"instructions": lockstep.checked, "cycles": lockstep.bench.cycles,
            "exceptions": lockstep.traps, "interrupts": lockstep.interrupts, "wrong": None}
