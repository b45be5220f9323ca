"""flexdrive report: what a network costs on a chip, as a table and as one HTML page."""

import os
from pathlib import Path

import click
from rich.console import Console

from flexdrive.errors import FlexdriveError
from flexdrive_deploy.chip_choice import describe
from flexdrive_deploy.host_share import HostShare
from flexdrive_sim.engine import Gate
from flexdrive_sim.report import DEFAULT_VOLTAGE, OPERATING_POINTS, assume, predicted_report

from .chip_options import chip_options
from .flexv_report import report_flexv
from .link_options import link_options
from .network import CHIP_HELP, analysed, compiled
from .report_tables import against_table, cost_table, phase_table
from .target_options import target_options

POSITIVE = click.FloatRange(min=0, min_open=True)


def _write(directory, text):
    """``directory``/report.html, whole or not at all; returns its path."""
    path = directory / "report.html"
    temporary = directory / f".report.html.{os.getpid()}.tmp"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        temporary.write_text(text, "utf-8")
        temporary.replace(path)
    except OSError as error:
        raise FlexdriveError(f"{path} cannot be written ({error.strerror})") from None
    finally:
        if directory.is_dir():
            temporary.unlink(missing_ok=True)
    return path


@click.command(epilog=CHIP_HELP)
@click.argument("model", metavar="MODEL.onnx", type=click.Path())
@click.option("-o", "--output", required=True, metavar="DIR", type=click.Path(path_type=Path),
              help="Where report.html is written.")
@click.option("--voltage", type=click.Choice(list(OPERATING_POINTS)), default=DEFAULT_VOLTAGE,
              show_default=True, help="Of the published silicon: its clock and core energy.")
@click.option("--clock", type=POSITIVE, metavar="MHZ", help="Instead of the published clock.")
@click.option("--core-energy", type=POSITIVE, metavar="PJ",
              help="pJ an operation, instead of the published.")
@click.option("--io-energy", type=POSITIVE, metavar="PJ",
              help="pJ a bit, instead of the published 21.")
@click.option("--weight-interval", type=click.IntRange(min=1), default=1, show_default=True,
              metavar="N", help="Cycles from one weight word to the next, at least.")
@click.option("--frames", is_flag=True,
              help="Of frames one after the other as well: one program, the next one's map sent "
              "while one is computed.")
@click.option("--input", "input_file", type=click.Path(), metavar="X.npy",
              help="With --target flexv: the image that is run; random integers when not given.")
@click.option("--cores", type=click.IntRange(1, 8), metavar="N",
              help="With --target flexv: cores that work.  [default: 8]")
@target_options
@chip_options
@link_options()
def command(model, output, voltage, clock, core_energy, io_energy, weight_interval, frames,
            input_file, cores, chip, links, target):
    """Say what MODEL.onnx costs: cycles of every layer by phase, bits, memory, energy and frames a
    second, next to the published figures. From the cycle model, which equals the RTL; no RTL runs.
    With --target flexv: cycles of every layer on the cluster's RTL, and what its cores wait for.
    """
    if target.flexv(chip, **{"--voltage": voltage != DEFAULT_VOLTAGE, "--clock": clock,
                             "--core-energy": core_energy, "--io-energy": io_energy,
                             "--weight-interval": weight_interval != 1, "--frames": frames,
                             "options of links": links.given}):
        _write(output, report_flexv(model, target, input_file, cores))
        return
    if input_file or cores:
        raise FlexdriveError(f"{'--input' if input_file else '--cores'} is for --target flexv")
    options = links.options(chip)
    support = analysed(model, chip)
    deployment = compiled(model, support, chip)
    report = predicted_report(
        deployment, assume(voltage, clock=clock, core_energy=core_energy, io_energy=io_energy),
        options=options, gates={"i_weights": Gate.every(weight_interval)}, frames=frames)
    # A second for matplotlib, only now that nothing can go wrong any more.
    from flexdrive_sim.report.page import page
    named = describe(deployment.config, deployment.mesh)
    path = _write(output, page(report, named))
    console = Console(highlight=False)
    console.print(f"{deployment.name} on {named}", markup=False, soft_wrap=True)
    for table in (phase_table(report), cost_table(report), against_table(report)):
        if table is not None:
            console.print(table)
            console.print()
    console.print(HostShare.of(support, deployment).table(
        1 / (report.further_rate or report.frame_rate)))
    console.print()
    console.print(f"read {path}", markup=False, soft_wrap=True)
