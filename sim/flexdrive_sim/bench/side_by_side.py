"""The table of simulators that ran the same program."""

from rich.table import Table

from flexdrive.errors import FlexdriveError

__all__ = ["side_by_side"]


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
