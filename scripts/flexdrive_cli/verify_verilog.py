"""``flexdrive verify verilog``: emitted Verilog in a four-state simulator."""

import contextlib
import io
import sys
import tempfile
from pathlib import Path

import click
from rich.console import Console

from .verilog import command as verilog

__all__ = ["command"]


@click.command(name="verilog")
@click.argument("directories", nargs=-1, metavar="[DIR]...",
                type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--target", "targets", multiple=True, metavar="TARGET",
              help="Without DIR: of this target alone; may be repeated.")
def command(directories, targets):
    """Simulate Verilog that `flexdrive verilog` wrote into DIR in Icarus Verilog, everything
    unknown until one edge of reset.

    Without DIR: every target in every configuration that is linted. Each runs under the rules of
    Verilog and of SystemVerilog, with registers that begin with the values in the text and with
    X; outputs may not be X, results must be as the golden models say. Ends with status 1 if
    anything is not.
    """
    from flexdrive_sim.four_state import CASES, LANGUAGES, POWER_UPS, simulate

    if directories and targets:
        raise click.UsageError("--target is for a run without DIR")
    printer, failed = Console(highlight=False, soft_wrap=True), 0
    with tempfile.TemporaryDirectory() as place:
        cases = ([(directory, str(directory)) for directory in directories] or
                 [(None, f"{target} {options}".strip()) for target, options in CASES
                  if not targets or target in targets])
        for number, (directory, name) in enumerate(cases):
            made = directory or _emitted(name, Path(place) / str(number))
            for language in LANGUAGES:
                for power_up in POWER_UPS:
                    outcome = simulate(made, language, power_up)
                    failed += not outcome.passed
                    printer.print(f"{'ok    ' if outcome.passed else 'FAILED'}  {language}  "
                                  f"{power_up:4}  {name}: {outcome.text}")
        printer.print(f"{len(cases) * len(LANGUAGES) * len(POWER_UPS)} simulations, "
                      f"{failed} failed")
    if failed:
        sys.exit(1)


def _emitted(case, directory):
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        verilog.main([*case.split(), "-o", str(directory)], standalone_mode=False)
    return directory
