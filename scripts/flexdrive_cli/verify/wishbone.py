"""``flexdrive verify wishbone``: the core behind a Wishbone slave that others wrote."""

import click
from rich.console import Console
from rich.table import Table

from .verdict import end, printer

__all__ = ["command"]


@click.command(name="wishbone")
@click.option("--mode", type=click.Choice(["pipelined", "standard"]), default="pipelined",
              show_default=True, help="Mode of the core's masters.")
@click.option("--accesses", type=click.IntRange(1, 1000), default=300, show_default=True,
              help="Of a program.")
@click.option("--programs", type=click.IntRange(1), default=3, show_default=True,
              help="Each with a slave slower by two cycles.")
def command(mode, accesses, programs):
    """Programs of loads and stores on the core behind the slave of cocotbext-wishbone, under cocotb
    and Verilator; memory in the end must be that of the simulator."""
    from flexdrive_sim.flexv.verify.wishbone_check import run_wishbone
    from flexdrive_sim.progress import preparation

    table = Table("answers after", box=None, pad_edge=False, header_style="bold",
                  title=f"{mode}, {accesses} accesses a program")
    for name in ("cycles", "fetches", "loads", "stores", "of these refused", "memory"):
        table.add_column(name, justify="right")
    wrong = []
    with preparation(Console(stderr=True, highlight=False)) as notify:
        for slowest, cycles, fetches, seen, equal in run_wishbone(mode, accesses, programs, notify):
            kinds = [sum(n for (kind, *_), n in seen.items() if kind == wanted)
                     for wanted in ("load", "store")]
            refused = sum(n for (*_, there), n in seen.items() if not there)
            table.add_row(f"0 to {slowest} cycles", f"{cycles:,}", f"{fetches:,}",
                          *map(str, (*kinds, refused)), "equal" if equal else "DIFFERS")
            if not equal:
                wrong.append(f"slave of 0 to {slowest} cycles: memory differs from the simulator's")
    printer().print(table)
    end(wrong)
