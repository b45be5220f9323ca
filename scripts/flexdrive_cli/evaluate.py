"""flexdrive evaluate: a network over a data set, on this machine or on a Dask cluster."""

import sys
from pathlib import Path

import click
from rich.console import Console

from flexdrive_deploy.api import compile
from flexdrive_deploy.arrays import load_array
from flexdrive_deploy.chip_choice import describe
from flexdrive_deploy.compiled_model import Deployment
from flexdrive_deploy.errors import ModelError
from flexdrive_sim.evaluation import evaluate
from flexdrive_sim.hyperdrive.drive.inference_session import ENGINES

from .chip_options import chip_options
from .flexv_evaluate import evaluate_flexv
from .network import CHIP_HELP
from .tables import answers_table
from .target_options import target_options
from .worker_options import worker_options


def _deployment(model, chip):
    if Path(model).is_dir():
        return Deployment.load(model, chip.config() if chip.given else None)
    return compile(model, chip.config() if chip.given else None,
                   mesh=chip.mesh_size() if chip.mesh else None)


def _table(found):
    table = answers_table(found)
    verdict = "as modelled" if found.model_holds else f"MODELLED {found.modelled:,}"
    if found.cycles:
        counts = ", ".join(f"{cycles:,} ({times:,} images)" if len(found.cycles) > 1
                           else f"{cycles:,}" for cycles, times in found.cycles.items())
        table.add_row("cycles an image", f"{counts} measured, {verdict}")
        table.add_row("compared", f"{found.compared:,} words with the golden model, "
                      f"{len(found.differences)} images differ")
    else:
        table.add_row("cycles an image", f"{found.modelled:,} modelled")
    return table


@click.command(epilog=CHIP_HELP)
@click.argument("model", metavar="MODEL", type=click.Path())
@click.option("--images", "images_file", required=True, type=click.Path(), metavar="X.npy",
              help="Images (N, C, H, W).")
@click.option("--labels", "labels_file", type=click.Path(), metavar="Y.npy",
              help="Right classes (N,), integers.")
@click.option("--engine", type=click.Choice([*ENGINES, "c", "iss"]), default="golden",
              show_default=True, help="As of `flexdrive run`.")
@click.option("--chunk", type=click.IntRange(min=1), default=16, show_default=True, metavar="N",
              help="Images that a worker takes at once.")
@worker_options
@target_options
@chip_options
def command(model, images_file, labels_file, engine, chunk, workers, chip, target):
    """Run MODEL (an ONNX file, or a directory that `flexdrive compile` wrote) on every image and
    count right answers.

    Words that differ from the golden model are named and end with status 1.
    """
    console, errors = Console(highlight=False), Console(stderr=True, highlight=False)
    images = load_array(images_file)
    labels = load_array(labels_file) if labels_file else None
    if target.flexv(chip):
        evaluate_flexv(model, target, images, labels, engine, chunk, workers)
        return
    if engine not in ENGINES:
        raise ModelError(f"--engine {engine} is for --target flexv")
    deployment = _deployment(model, chip)
    console.print(f"{deployment.name} on {describe(deployment.config, deployment.mesh)}",
                  markup=False, soft_wrap=True)
    with workers.crew() as crew:
        found = evaluate(deployment, images, labels, engine, chunk=chunk, **crew)
    console.print(_table(found))
    for image, text in list(found.differences.items())[:10]:
        errors.print(f"error: {engine} differs from the golden model, image {image}: {text}",
                     style="bold red", markup=False, soft_wrap=True)
    if found.differences or not found.model_holds:
        sys.exit(1)
