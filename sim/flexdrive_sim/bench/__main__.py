"""``python -m flexdrive_sim.bench NAME [--json FILE]``: runs one benchmark."""

import importlib
import json
import platform
import sys
from pathlib import Path

import click
from rich.console import Console

from flexdrive import __version__
from flexdrive.errors import FlexdriveError

from ..engine.tools import tool_versions
from . import BENCHMARKS


@click.command()
@click.argument("name", required=False)
@click.option("--json", "path", type=click.Path(dir_okay=False, path_type=Path),
              help="Also write the figures, by name, to this file.")
@click.option("--list", "listing", is_flag=True, help="List the benchmarks.")
def main(name, path, listing):
    """Run the benchmark NAME and print its table."""
    console = Console(highlight=False)
    if listing or name is None:
        for known, (_, line) in BENCHMARKS.items():
            console.print(f"{known:12} {line}")
        sys.exit(0 if listing else 2)
    if name not in BENCHMARKS:
        raise click.UsageError(f"there is no benchmark {name!r}; there are "
                               f"{', '.join(BENCHMARKS)}")
    try:
        figures = importlib.import_module(f"{__package__}.{BENCHMARKS[name][0]}").run(console)
    except FlexdriveError as error:
        Console(stderr=True, highlight=False).print(f"error: {error}", style="bold red",
                                                    markup=False)
        sys.exit(1)
    if path is not None:
        versions = tool_versions() | {"flexdrive": __version__,
                                      "python": platform.python_version()}
        temporary = path.with_name(path.name + ".part")
        temporary.write_text(json.dumps({"benchmark": name, "figures": figures,
                                         "versions": versions}, indent=2) + "\n")
        temporary.replace(path)


main()
