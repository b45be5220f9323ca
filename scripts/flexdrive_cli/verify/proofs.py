"""``flexdrive verify proofs``: formal proofs."""

from pathlib import Path

import click
from rich.table import Table

from ..worker_options import worker_options
from .faults import page_option
from .verdict import end, printer

__all__ = ["command"]

# flexdrive_sim.proofs.runs.PARTS, imported late
PARTS = ("flexv", "flexv-cluster", "flexv-core", "link")


@click.command(name="proofs")
@click.argument("part", type=click.Choice(PARTS))
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--timeout", type=click.IntRange(min=1), default=900, show_default=True,
              metavar="SECONDS", help="For each proof.")
@click.option("--trace", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
              help="Waveforms of counterexamples.")
@worker_options
@page_option("PART-proofs")
def command(part, names, timeout, trace, workers, page):
    """Prove what is claimed of a PART of the hardware, all of it or the proofs of these NAMES, with
    SymbiYosys and the solvers z3 and Bitwuzla.

    Ends with status 1 at a counterexample, or when a tool fails; a proof that ran out of its time
    says how far it came.
    """
    from flexdrive_sim.proofs.runs import proofs_page, run_proofs
    from flexdrive_sim.results import checked_page

    if page is not None:
        if names:
            raise click.UsageError("--page is for all proofs of a part, without NAMES")
        checked_page(page)
    with workers.crew() as crew:
        rows = run_proofs(part, names, timeout=timeout, **crew)
    table = Table("proof", "mode", "result", box=None, pad_edge=False, header_style="bold")
    for name in ("cycles", "seconds"):
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(row.name, f"{row.mode} {row.depth}", row.status, str(row.reached),
                      "-" if row.seconds is None else f"{row.seconds:.0f}")
        if row.trace and trace is not None:
            trace.mkdir(parents=True, exist_ok=True)
            (trace / f"{row.name}.vcd").write_text(row.trace)
    printer().print(table)
    if page is not None:
        page.write_text(proofs_page(part, rows, timeout))
    end([f"{row.name}: {row.error or 'a counterexample'}" for row in rows if row.failed])
