"""``flexdrive bench``: benchmarks."""

import importlib
import json
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from flexdrive.errors import FlexdriveError

__all__ = ["command"]


def _list(context, _parameter, wanted):
    if not wanted or context.resilient_parsing:
        return
    from flexdrive_sim.bench import BENCHMARKS

    table = Table("benchmark", "what", box=None, pad_edge=False, header_style="bold")
    for name, (_, text) in BENCHMARKS.items():
        table.add_row(name, text)
    Console(highlight=False).print(table)
    context.exit()


@click.command(name="bench")
@click.option("--list", is_flag=True, is_eager=True, expose_value=False, callback=_list,
              help="List the benchmarks and end.")
@click.argument("name")
@click.option("--json", "file", type=click.Path(path_type=Path), metavar="FILE",
              help="Write the figures, by name, with the versions they were measured with.")
def command(name, file):
    """Run the benchmark NAME and print its table."""
    from flexdrive_sim.bench import BENCHMARKS, environment

    if name not in BENCHMARKS:
        raise click.UsageError(f"There is no benchmark {name!r}; there are "
                               f"{', '.join(BENCHMARKS)}")
    if file is not None and not file.absolute().parent.is_dir():
        raise FlexdriveError(f"{file}: its directory does not exist")
    console = Console(highlight=False)
    about = environment()
    console.print(", ".join(f"{key} {value}" for key, value in about.items()), style="dim")
    module = importlib.import_module(f"flexdrive_sim.bench.{BENCHMARKS[name][0]}")
    figures = module.run(console)
    if file is not None:
        text = json.dumps({"benchmark": name, "environment": about, "figures": figures}, indent=1)
        try:
            file.write_text(text + "\n")
        except OSError as error:
            raise FlexdriveError(f"{file}: cannot be written ({error.strerror})") from None
