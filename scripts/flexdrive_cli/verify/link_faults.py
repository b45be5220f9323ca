"""``flexdrive verify link-faults``: faults on the wires of one link."""

import click

from ..worker_options import worker_options
from .faults import page_option, run

__all__ = ["command"]


@click.command(name="link-faults")
@click.option("--count", type=click.IntRange(min=1), default=1500, show_default=True,
              help="Faults on each of ten configurations.")
@worker_options
@page_option("link-faults")
def command(count, workers, page):
    """Random words over a link, each run with one random fault on its wires: no word may be wrong,
    both ends must learn of the fault in time, and with retransmission a fault that passes must be
    survived."""
    from flexdrive_sim.hyperdrive.verify.link_faults import CONFIGS, link_page, run_link_faults

    run(run_link_faults, link_page, lambda index: str(CONFIGS[index]), ("survived", "harmless"),
        count, workers, page)
