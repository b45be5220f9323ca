"""``flexdrive verify mesh-faults``: faults between chips of a mesh."""

import click

from ..worker_options import worker_options
from .faults import page_option, run

__all__ = ["command"]


@click.command(name="mesh-faults")
@click.option("--count", type=click.IntRange(min=1), default=2200, show_default=True,
              help="Faults on each of seven meshes; 2,200 take 20 minutes.")
@worker_options
@page_option("mesh-faults")
def command(count, workers, page):
    """Random chains of convolutions on meshes of chips, each run with one random fault between two
    chips: no wrong result may be called good, and no chip may hang."""
    from flexdrive_sim.hyperdrive.verify.mesh_faults import described, mesh_page, run_mesh_faults

    run(run_mesh_faults, mesh_page, described, ("right",), count, workers, page)
