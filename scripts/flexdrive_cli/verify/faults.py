"""What the two fault campaigns share: their option and their table."""

import time
from pathlib import Path

import click
from rich.table import Table

from .verdict import end, printer

__all__ = ["page_option", "run"]


def page_option(name):
    """The option ``--page``: where a command writes its page of docs/results."""
    return click.option("--page", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
                        help=f"Also write the results as a page, docs/results/{name}.md.")


def run(campaign, page_of, setup_of, good, count, workers, page):
    """Run a campaign, print its table, write its page, end.

    Parameters
    ----------
    campaign : function of a count and who does it. page_of : of campaign, count and seconds.
    setup_of : what set-up number n is, a text. good : outcomes of faults that changed nothing.
    """
    from flexdrive_sim.results import checked_page

    page = None if page is None else checked_page(page)
    start = time.monotonic()
    with workers.crew() as crew:
        found = campaign(count, **crew)
    seconds = time.monotonic() - start
    table = Table("fault", "repeats", box=None, pad_edge=False, header_style="bold")
    for name in ("with effect", "results right", "stopped", "failed", "cycles to stop"):
        table.add_column(name, justify="right")
    for row in found.rows():
        right = sum(row.outcomes[name] for name in good)
        failed = sum(runs for outcome, runs in row.outcomes.items()
                     if outcome.startswith("FAILED"))
        table.add_row(row.kind.name, "yes" if row.retransmit else "no", f"{row.runs:,}",
                      f"{right:,}", f"{row.runs - right - failed:,}", f"{failed:,}",
                      "-" if row.last is None else f"{row.last:,}")
    table.caption = (f"{found.effective:,} of {found.runs:,} faults changed something, "
                     f"{len(found.failures):,} failures, {seconds:.0f} s")
    printer().print(table)
    if page is not None:
        page.write_text(page_of(found, count, seconds))
    end([f"{outcome.removeprefix('FAILED: ')}: {setup_of(index)}, seed {seed}"
         for index, seed, outcome in found.failures])
