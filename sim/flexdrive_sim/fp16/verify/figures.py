"""Prints the table of size and speed in ``docs/results/fp16.md``:
``python -m flexdrive_sim.fp16.verify.figures``."""

import time

import numpy as np

from ...area import ecp5_area, ecp5_frequency, generic_area
from . import OPERATIONS, Verifier

__all__ = ["nanoseconds_per_cycle"]

_SEEDS = (1, 2, 3)


def nanoseconds_per_cycle(operation, depth, *, pairs=1 << 20, repeats=10):
    """Processor time of one cycle of the compiled model with random operands, oracle and
    comparison included; the fastest of ``repeats`` runs."""
    verifier = Verifier(operation, depth=depth)
    a, b = np.random.default_rng(0).integers(0, 1 << 16, (2, pairs), dtype=np.uint16)
    best = float("inf")
    for _ in range(repeats):
        start = time.process_time_ns()
        verifier.check(a, b)
        best = min(best, (time.process_time_ns() - start) / pairs)
    return best


def _main():
    print("| operator | depth | GE | flip-flops | LUT4 | CCU2C | multipliers | wide: LUT4 | MHz |"
          " ns/cycle |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for operation in ("add", "mul", "max"):
        for depth in (1, 2, 3, 4) if operation != "max" else (1,):
            kind = OPERATIONS[operation][0]
            generic = generic_area(kind(depth=depth))
            narrow = ecp5_area(kind(depth=depth))
            wide = ecp5_area(kind(depth=depth), options="")
            clocks = [ecp5_frequency(kind(depth=depth), seed=seed) for seed in _SEEDS]
            speed = nanoseconds_per_cycle(operation, depth)
            print(f"| {kind.__name__} | {depth} | {generic.gate_equivalents:g} | "
                  f"{generic.flip_flops} | {narrow.lut4} | {narrow.ccu2c} | {narrow.mult18x18d} | "
                  f"{wide.lut4} | {min(clocks):.1f} to {max(clocks):.1f} | {speed:.0f} |",
                  flush=True)


if __name__ == "__main__":
    _main()
