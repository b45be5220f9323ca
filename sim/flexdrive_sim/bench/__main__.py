"""``python -m flexdrive_sim.bench NAME [--json FILE]``."""

import importlib
import json
import sys
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from flexdrive.errors import FlexdriveError

from . import BENCHMARKS, environment


def _list(context, _parameter, wanted):
    if wanted:
        table = Table("benchmark", "what", box=None, pad_edge=False, header_style="bold")
        for name, (_, text) in BENCHMARKS.items():
            table.add_row(name, text)
        Console(highlight=False).print(table)
        context.exit()


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--list", is_flag=True, is_eager=True, expose_value=False, callback=_list,
              help="List the benchmarks and end.")
@click.argument("name", type=click.Choice(list(BENCHMARKS)))
@click.option("--json", "file", type=click.Path(path_type=Path), metavar="FILE",
              help="Write the figures, by name, with the versions they were measured with.")
def main(name, file):
    """Run one benchmark and print its table."""
    console = Console(highlight=False)
    about = environment()
    console.print(", ".join(f"{key} {value}" for key, value in about.items()), style="dim")
    figures = importlib.import_module(f"{__package__}.{BENCHMARKS[name][0]}").run(console)
    if file is not None:
        text = json.dumps({"benchmark": name, "environment": about, "figures": figures},
                          indent=1)
        try:
            file.write_text(text + "\n")
        except OSError as error:
            raise FlexdriveError(f"Cannot write {file}: {error.strerror}") from None


if __name__ == "__main__":
    try:
        main(prog_name="scripts/bench")
    except FlexdriveError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
