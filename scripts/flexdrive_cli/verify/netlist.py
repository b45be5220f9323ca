"""``flexdrive verify netlist``: a chip as the cells of an FPGA."""

import click
from rich.console import Console
from rich.table import Table

from .verdict import end, printer

__all__ = ["command"]


@click.command(name="netlist")
@click.option("--programs", type=click.IntRange(1), default=10, show_default=True,
              help="Random layers.")
def command(programs):
    """A small chip after synthesis for an ECP5, its cells simulated by yosys' models: random
    layers give the words of the golden model in the cycles of the RTL. The netlist is looked over
    for what simulation does not show: driven resets of block RAM, latches, loops of logic, several
    drivers, clocks. Synthesis and compilation take minutes."""
    from flexdrive_sim.mapped.chip_check import check_chip
    from flexdrive_sim.progress import preparation

    table = Table("program", box=None, pad_edge=False, header_style="bold")
    for name in ("cycles", "pixels", "reports", "result"):
        table.add_column(name, justify="right")
    with preparation(Console(stderr=True, highlight=False)) as notify:
        cells, wrong, runs = check_chip(programs, notify=notify)
    for run in runs:
        table.add_row(str(run.seed), f"{run.cycles:,}", f"{run.pixels:,}", str(run.reports),
                      "DIFFERS" if run.wrong else "equal")
        if run.wrong:
            wrong.append(f"program {run.seed}: {run.wrong}")
    table.caption = ", ".join(f"{count:,} {kind}" for kind, count in sorted(cells.items()))
    printer().print(table)
    end(wrong)
