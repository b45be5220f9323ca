"""Simulators that run the same program: time of the compiled engine, the table of all."""

import time

from rich.table import Table

from flexdrive.errors import FlexdriveError

__all__ = ["REPEATS", "fastest", "side_by_side"]

# Runs of each simulator, of which the fastest counts.
REPEATS = 3


def fastest(make):
    """(cycles, CPU seconds of the fastest run) of the benches that ``make()`` gives, each run until
    its program has stored 1 to ``tohost``."""
    seconds = []
    for _ in range(REPEATS):
        bench = make()
        begin = time.process_time()
        reason = bench.run(1_000_000_000)
        seconds.append(time.process_time() - begin)
        if reason != "tohost" or bench.exit_value != 1:
            raise FlexdriveError(f"The program ended with {reason}, {bench.exit_value:#x}")
    return bench.cycles, min(seconds)


def side_by_side(console, title, results):
    """Print ``results``, name -> (cycles, build seconds, CPU seconds), which have to be of as many
    cycles; returns {name: figure}."""
    (first, (cycles, *_)), *others = results.items()
    for name, (count, *_) in others:
        if count != cycles:
            raise FlexdriveError(f"The {first} needs {cycles:,} cycles, {name} {count:,}")
    table = Table("simulator", title=f"{title}, {cycles:,} cycles")
    for heading in ("build s", "CPU s", "cycles/s"):
        table.add_column(heading, justify="right")
    figures = {"cycles": cycles}
    for name, (_, building, seconds) in results.items():
        table.add_row(name, f"{building:.1f}", f"{seconds:.2f}", f"{cycles / seconds:,.0f}")
        figures |= {f"{name} build s": building, f"{name} cycles/s": cycles / seconds}
    console.print(table)
    return figures
