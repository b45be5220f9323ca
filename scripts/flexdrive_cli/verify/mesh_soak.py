"""``flexdrive verify mesh-soak``: random meshes for hours."""

import time

import click

from flexdrive.errors import FlexdriveError

from ..worker_options import worker_options
from .faults import page_option
from .random import table_of
from .verdict import end, printer

__all__ = ["command"]


@click.command(name="mesh-soak")
@click.option("--meshes", type=click.IntRange(min=1), default=100_000, metavar="N",
              help="At most so many.")
@click.option("--hours", type=click.FloatRange(min=0, min_open=True, max=1e6), default=1.0,
              show_default=True, metavar="H", help="No mesh is begun after so long.")
@click.option("--first", type=click.IntRange(min=0), metavar="SEED",
              help="Number of the first mesh; by default the one behind the last on the page, or "
              "0.")
@worker_options
@page_option("mesh-random")
def command(meshes, hours, first, workers, page):
    """Random meshes of random chips, links and programs, one after the other; every word, every
    report and every cycle is compared. A page gets one more row."""
    from flexdrive_sim.hyperdrive.verify.mesh_soak import next_mesh, soak_page
    from flexdrive_sim.random_checks import run_random
    from flexdrive_sim.results import checked_page

    before = ""
    if page is not None and checked_page(page).exists():
        before = page.read_text()
    start = time.monotonic()
    with workers.crew() as crew:
        found = run_random("meshes", meshes, next_mesh(before) if first is None else first,
                           seconds=3600 * hours, **crew)
    spent = (time.monotonic() - start) / 3600
    if not found.done:
        raise FlexdriveError("No mesh was begun; more --hours would pass")
    printer().print(table_of({"meshes": found}))
    end(found.wrong)
    if page is not None:
        page.write_text(soak_page(before, found, spent))
