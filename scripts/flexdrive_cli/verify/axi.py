"""``flexdrive verify axi``: a chip with AXI between bus models that others wrote."""

import click
from rich.console import Console
from rich.table import Table

from .verdict import end, printer

__all__ = ["command"]


@click.command(name="axi")
@click.option("--programs", type=click.IntRange(1), default=3, show_default=True,
              help="Random layers, each run without and with pauses.")
def command(programs):
    """Random layers on a chip with AXI, between master, sources and sinks of cocotbext-axi, under
    cocotb and Verilator; packets must be those of the golden model."""
    from flexdrive_sim.hyperdrive.verify.axi_check import run_axi
    from flexdrive_sim.progress import preparation

    table = Table("program", "pauses", box=None, pad_edge=False, header_style="bold")
    for name in ("cycles", "packets", "pixels", "reports", "result"):
        table.add_column(name, justify="right")
    faults = []
    with preparation(Console(stderr=True, highlight=False)) as notify:
        for seed, pauses, cycles, packets, pixels, reports, wrong in run_axi(programs, notify):
            table.add_row(str(seed), "random" if pauses else "none", f"{cycles:,}", str(packets),
                          f"{pixels:,}", str(reports), "DIFFERS" if wrong else "equal")
            if wrong:
                faults.append(f"program {seed}, pauses {'random' if pauses else 'none'}: {wrong}")
    printer().print(table)
    end(faults)
