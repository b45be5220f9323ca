"""flexdrive check: which node of a network runs where, and why."""

import sys
from pathlib import Path

import click
from rich.console import Console

from flexdrive_deploy.check_report import CheckReport
from flexdrive_deploy.frontend.graph import load_graph
from flexdrive_deploy.frontend.onnx_file import load_model

from .chip_options import chip_options
from .flexv_network import check_flexv
from .network import CHIP_HELP
from .target_options import target_options


@click.command(epilog=CHIP_HELP)
@click.argument("model", metavar="MODEL.onnx", type=click.Path())
@target_options
@chip_options
def command(model, chip, target):
    """Say for every node of MODEL.onnx whether it runs on the chip, on the host or not at all,
    with the reason and what would pass; with --target flexv, on the cluster, with its bits,
    products and weights.

    The exit status is 0 when the network runs on the chip, else 1.
    """
    if target.flexv(chip):
        check_flexv(model, target)
    report = CheckReport.of(load_graph(load_model(model)), chip.candidates(),
                            name=Path(model).stem, mesh=chip.mesh_size() if chip.mesh else None)
    Console(highlight=False).print(report, soft_wrap=True)
    sys.exit(0 if report.runs else 1)
