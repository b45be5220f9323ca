"""``flexdrive verify dotp``: the dot-product unit, every pair of values and random words."""

import click
from rich.table import Table

from ..worker_options import worker_options
from .verdict import end, printer, quantity

__all__ = ["command"]

_STRUCTURES = ("array", "islands")


@click.command(name="dotp")
@click.option("--words", type=quantity, default="1e8", show_default=True, metavar="N",
              help="Random words, in a16w16 and in all formats; 1e8 may be written.")
@click.option("--structure", "structures", type=click.Choice(_STRUCTURES), multiple=True,
              help="Only this one; both by default.")
@worker_options
def command(words, structures, workers):
    """The Flex-V dot-product unit on the compiled engine: every pair of values in each lane and
    slice, all four signedness pairs, then random words."""
    from flexdrive_sim.flexv.verify.dot_check import run_dot_check

    with workers.crew() as crew:
        rows = run_dot_check(words, structures or _STRUCTURES, **crew)
    table = Table("structure", "formats", box=None, pad_edge=False, header_style="bold")
    for name in ("comparisons", "differences"):
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(row.structure, row.formats, f"{row.comparisons:,}", str(len(row.wrong)))
    printer().print(table)
    end([text for row in rows for text in row.wrong])
