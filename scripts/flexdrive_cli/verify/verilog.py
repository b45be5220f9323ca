"""``flexdrive verify verilog``: emitted Verilog in a four-state simulator."""

import contextlib
import io
import tempfile
from pathlib import Path

import click
from rich.table import Table

from ..verilog import command as verilog
from ..worker_options import worker_options
from .verdict import end, printer

__all__ = ["command"]


@click.command(name="verilog")
@click.argument("directories", nargs=-1, metavar="[DIR]...",
                type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--target", "targets", multiple=True, metavar="TARGET",
              help="Without DIR: of this target alone; may be repeated.")
@worker_options
def command(directories, targets, workers):
    """Simulate Verilog that `flexdrive verilog` wrote into DIR in Icarus Verilog, everything
    unknown until one edge of reset.

    Without DIR: every target but the faces of buses and the cluster, in every configuration that is
    linted. Each runs under the rules of Verilog and of SystemVerilog, with registers that begin
    with the values in the text and with X; outputs may not be X, results must be as the golden
    models say.
    """
    from flexdrive_sim.campaign import run_campaign
    from flexdrive_sim.four_state import SIMULATED

    if directories and targets:
        raise click.UsageError("--target is for a run without DIR")
    names = ([str(directory.absolute()) for directory in directories] or
             [f"{target} {options}".strip() for target, options in SIMULATED
              if not targets or target in targets])
    with workers.crew() as crew:
        found = run_campaign(simulated, {f"{number:03d}": (name, bool(directories))
                                         for number, name in enumerate(names)},
                             name="Icarus Verilog", **crew)
    table = Table("rules", "power-up", "", box=None, pad_edge=False, header_style="bold")
    table.add_column("target and what was said", overflow="fold")
    wrong, count = [], 0
    for name, outcomes in zip(names, found.values(), strict=True):
        for language, power_up, passed, text in outcomes:
            count += 1
            table.add_row(language, power_up, "ok" if passed else "FAILED", f"{name}: {text}")
            if not passed:
                wrong.append(f"{name}, rules of {language}, power-up {power_up}: {text}")
    table.caption = f"{count} simulations, {len(wrong)} failed"
    printer().print(table)
    end(wrong)


def simulated(name, there):
    """(rules, power-up, whether it passed, what was said) of each simulation of a target with
    options, or of a directory that is there."""
    from flexdrive_sim.four_state import LANGUAGES, POWER_UPS, simulate

    with tempfile.TemporaryDirectory() as place:
        directory = Path(name) if there else _emitted(name, Path(place))
        found = []
        for language in LANGUAGES:
            for power_up in POWER_UPS:
                outcome = simulate(directory, language, power_up)
                found.append([language, power_up, outcome.passed, outcome.text])
        return found


def _emitted(case, directory):
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        verilog.main([*case.split(), "-o", str(directory)], standalone_mode=False)
    return directory
