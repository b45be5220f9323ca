"""Random programs in lockstep: ``python -m flexdrive_sim.flexv.random_check COUNT [SEED]``."""

import sys
import time

from flexdrive.flexv.isa import EXTENSIONS

from .lockstep import Lockstep, Mismatch
from .random_program import RandomProgram
from .rtl_core import CoreBench, build_core

__all__ = ["check_random"]

# Software, timer, external and local interrupts.
_LINES = 0xFFFF0888


def check_random(built, seed, instructions, extensions=EXTENSIONS):
    """Run one random program on both sides; latencies, stalls and interrupts follow from the
    seed. Returns the :class:`Lockstep`; raises :class:`Mismatch`."""
    interrupts = seed % 2 == 1
    program = RandomProgram(seed, extensions=extensions, interrupts=interrupts)
    bench = CoreBench(
        built, program.regions(), program.entry, imem_latency=1 + seed // 2 % 3,
        dmem_latency=1 + seed // 6 % 3, random_stalls=seed if seed % 3 else 0,
        interrupts=(seed, (50, 300, 3000)[seed % 5 % 3], _LINES) if interrupts else None)
    lockstep = Lockstep(bench, program.regions(), program.entry, extensions=extensions)
    try:
        lockstep.run(instructions)
        lockstep.compare_memory()
    except Mismatch as error:
        raise Mismatch(f"seed {seed}: {error}") from None
    return lockstep


def main():
    """Programs of 20,000 instructions each until the total is reached."""
    total = int(float(sys.argv[1]))
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    built = build_core(notify=print)
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
    main()
