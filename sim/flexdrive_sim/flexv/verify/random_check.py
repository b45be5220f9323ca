"""Random programs in lockstep:
``python -m flexdrive_sim.flexv.verify.random_check COUNT [SEED]``."""

import sys
import time

import click
from rich.console import Console

from flexdrive.errors import FlexdriveError
from flexdrive.flexv.isa import EXTENSIONS

from ...preparation import preparation
from ..drive.lockstep import Lockstep, Mismatch
from ..drive.rtl_core import CoreBench, build_core
from .random_program import RandomProgram

__all__ = ["check_random"]

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


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("total", type=click.FloatRange(min=1))
@click.argument("seed", type=click.IntRange(min=0), default=0)
def main(total, seed):
    """Programs of 20,000 instructions each until TOTAL is reached, from SEED on."""
    with preparation(Console(stderr=True, highlight=False)) as notify:
        built = build_core(notify=notify)
    begun, done, traps, interrupts, cycles, first = time.time(), 0, 0, 0, 0, seed
    while done < total:
        lockstep = check_random(built, seed, 20_000)
        done += lockstep.checked
        traps += lockstep.traps
        interrupts += lockstep.interrupts
        cycles += lockstep.bench.cycles
        seed += 1
        if seed % 25 == 0:
            print(f"seeds {first} to {seed - 1}: {done:,} instructions, {cycles:,} cycles, "
                  f"{traps:,} exceptions, {interrupts:,} interrupts, {time.time() - begun:.0f} s",
                  flush=True)
    print(f"seeds {first} to {seed - 1}: {done:,} instructions in {cycles:,} cycles, "
          f"{traps:,} exceptions, {interrupts:,} interrupts: no difference", flush=True)


if __name__ == "__main__":
    try:
        main(prog_name="python -m flexdrive_sim.flexv.verify.random_check")
    except FlexdriveError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
