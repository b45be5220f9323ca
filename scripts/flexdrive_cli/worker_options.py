"""Options that say who does long work, the same for every command.

    @click.command()
    @worker_options
    def command(workers):
        with workers.crew() as crew:
            run_campaign(..., **crew)
"""

import functools
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from flexdrive.errors import ConfigurationError
from flexdrive_deploy.tools import require_packages

__all__ = ["Workers", "worker_options"]


@dataclass(frozen=True)
class Workers:
    """What the command line says: processes of this machine, or the address of a Dask scheduler;
    where finished chunks are kept."""

    count: int | None
    address: str | None
    keep: Path | None

    @contextmanager
    def crew(self):
        """Context whose value are the options ``executor``, ``workers`` and ``keep`` of
        :func:`flexdrive_sim.chunks.run_chunks`.

        Raises
        ------
        FlexdriveError
            when both are said, or no scheduler answers.
        """
        if self.address is None:
            yield {"workers": self.count, "keep": self.keep}
            return
        if self.count is not None:
            raise ConfigurationError("--workers and --dask exclude each other")
        require_packages("--dask", "dask", distributed="distributed")
        from distributed import Client
        try:
            client = Client(self.address, timeout="10s")
        except (OSError, ValueError) as error:
            raise ConfigurationError(f"--dask {self.address}: no scheduler answers there ({error})"
                                     ) from None
        with client:
            yield {"executor": client.get_executor(), "keep": self.keep}


def worker_options(function):
    """Add the options; the command gets them as one argument ``workers``, a :class:`Workers`."""
    @click.option("--workers", "worker_count", type=click.IntRange(min=1), metavar="N",
                  help="Processes on this machine; one a core when not given.")
    @click.option("--dask", "dask_address", metavar="ADDRESS",
                  help="Scheduler of a Dask cluster, e.g. tcp://host:8786, instead of processes.")
    @click.option("--keep", type=click.Path(path_type=Path), metavar="DIR",
                  help="Where finished chunks are kept: the same command goes on where it stopped.")
    @functools.wraps(function)
    def command(*arguments, worker_count, dask_address, keep, **options):
        return function(*arguments, workers=Workers(worker_count, dask_address, keep), **options)
    return command
