"""``flexdrive verify random``: random programs on the core and on clusters, on chips, on meshes."""

import click
from rich.table import Table

from ..worker_options import worker_options
from .verdict import end, printer

__all__ = ["command", "table_of"]

# flexdrive_sim.random_checks.KINDS, imported late
KINDS = ("core", "clusters", "chips", "meshes")


def table_of(found):
    """A table of {kind: :class:`~flexdrive_sim.random_checks.RandomFound`}."""
    table = Table("what", "seeds", box=None, pad_edge=False, header_style="bold")
    table.add_column("compared", overflow="fold")
    table.add_column("differences", justify="right")
    for kind, one in found.items():
        counts = ", ".join(f"{number:,} {name}" for name, number in one.counts.items())
        table.add_row(kind, f"{one.first} to {one.first + one.done - 1}", counts,
                      str(len(one.wrong)))
    return table


@click.command(name="random")
@click.argument("kinds", nargs=-1, type=click.Choice(KINDS),
                metavar="[core|clusters|chips|meshes]...")
@click.option("--count", type=click.IntRange(min=1), metavar="N",
              help="Seeds of each kind; 50 programs of 20,000 instructions, 20 of 20,000 cycles on "
              "clusters, 6 chips and 4 meshes with 40 programs each when not given.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True,
              help="The first; its successors follow.")
@worker_options
def command(kinds, count, seed, workers):
    """Random programs in lockstep with the Flex-V simulator, on one core and on all of a cluster
    with data that they share; random layers on random chips and on random meshes, against the
    golden model (every word) and the cycle model (every report).

    The same seeds give the same results on any number of workers.
    """
    from flexdrive_sim.random_checks import KINDS as known
    from flexdrive_sim.random_checks import run_random

    found = {}
    with workers.crew() as crew:
        for kind in kinds or KINDS:
            found[kind] = run_random(kind, count or known[kind].count, seed, **crew)
    printer().print(table_of(found))
    end([text for one in found.values() for text in one.wrong])
