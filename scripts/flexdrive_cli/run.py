"""flexdrive run: a network on images, on the golden model or on the RTL."""

import sys
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
from rich.console import Console

from flexdrive_deploy.arrays import (
    compare,
    is_bundle,
    load_feeds,
    load_results,
    one_file_for,
    save_results,
)
from flexdrive_deploy.chip_choice import describe
from flexdrive_deploy.compiled_model import Deployment
from flexdrive_deploy.errors import ModelError
from flexdrive_deploy.frontend.reference import first_beyond, layer_differences
from flexdrive_sim.engine import Gate
from flexdrive_sim.hyperdrive.drive.inference_session import ENGINES
from flexdrive_sim.inference import InferenceSession
from flexdrive_sim.report.summary import Summary

from .chip_options import chip_options
from .flexv_network import run_flexv
from .frames import run_frames
from .link_options import link_options
from .network import CHIP_HELP, analysed, compiled
from .tables import difference_table, layer_table, summary_table
from .target_options import target_options

# Rounding to binary16 adds up to 0.02 over the 35 layers of ResNet-34; more is a defect or a range
# that binary16 does not hold.
DEFAULT_BOUND = 0.05


def _deployment(model, chip, layer_check):
    """(deployment, its graph) from an ONNX file; (deployment, None) from a directory that
    `flexdrive compile` wrote."""
    if not Path(model).is_dir():
        support = analysed(model, chip)
        return compiled(model, support, chip, layer_check), support.graph
    deployment = Deployment.load(model, chip.config() if chip.given else None)
    if chip.mesh and chip.mesh_size() != deployment.mesh:
        made = "{}x{}".format(*deployment.mesh) if deployment.mesh else "a single chip"
        raise ModelError(f"{model} was compiled for {made}, not for --mesh {chip.mesh}; compile "
                         "it again")
    if layer_check and not deployment.layer_check:
        raise ModelError(f"{model} was compiled without --layer-check, so its program stores the "
                         "results only; compile it again with --layer-check")
    return deployment, None


def _wanted(deployment, expect, output):
    """Name -> expected result; everything that can be wrong with the two files before a run."""
    for option, path in (("--expect", expect), ("--output", output)):
        if path:
            one_file_for(deployment.outputs, path, option)
    if output and not Path(output).parent.is_dir():
        raise ModelError(f"{output} cannot be written: there is no directory "
                         f"{Path(output).parent}")
    return load_results(expect, deployment.outputs) if expect else {}


def _compared(made, wanted, expect):
    """A line for each expected result; ModelError at the first difference."""
    for name, array in made.items():
        where = f"{expect}, {name}" if is_bundle(expect) else str(expect)
        yield (compare(array, wanted[name], where) if name in wanted else
               f"{where}: not in the file, not compared")


def _run(deployment, feeds, engine, console, options, gates):
    """Results image by image until the first difference: (outputs, Summary, stored maps of the
    first image)."""
    session = InferenceSession(deployment, engine, options=options, gates=gates, progress=console)
    summary, outputs, maps = Summary(deployment), [], {}
    for result in session.results(feeds):
        summary.add(result)
        if not outputs:
            maps = {name: words for chip in result.chips for name, words in chip.maps.items()}
        outputs.append(result.outputs)
    return outputs, summary, maps


def _compare_with_model(console, graph, deployment, maps, image, bound):
    """Print how far each layer is from the model in its own precision."""
    if graph is None:
        console.print("No comparison with the model in its own precision: a compiled directory "
                      "does not hold the model; run the ONNX file", soft_wrap=True)
        return
    differences, engine = layer_differences(graph, deployment, maps, image)
    console.print(difference_table(differences, engine, bound))
    first = first_beyond(differences, bound)
    console.print(f"float bound: first layer beyond {bound:g}: {first.layer}, {first.relative:.2g}"
                  if first else f"float bound: no layer beyond {bound:g}", markup=False,
                  soft_wrap=True)


def _warn_of_overflow(errors, summary):
    """Name the first map that left the numbers, if any did."""
    if summary.overflow is None:
        return
    image, overflow = summary.overflow
    others = summary.overflowing - 1
    errors.print(f"warning: image {image}, first in {overflow}; binary16 ends at 65504"
                 + (f"; {others} more image{'s' if others > 1 else ''} with such values"
                    if others else ""), style="yellow", markup=False, soft_wrap=True)


@click.command(epilog=CHIP_HELP)
@click.argument("model", metavar="MODEL", type=click.Path())
@click.option("--input", "input_file", required=True, type=click.Path(), metavar="X.npy",
              help="Images (N, C, H, W); of several inputs X.npz, an array for each by name.")
@click.option("--expect", type=click.Path(), metavar="Y.npy",
              help="Results (N, ...) to compare: float16 bit by bit, else the largest difference. "
              "Several: Y.npz, an array for each by name.")
@click.option("--output", type=click.Path(), metavar="Z.npy",
              help="Where to write the results; several: Z.npz.")
@click.option("--engine", type=click.Choice([*ENGINES, "c", "iss"]), default="golden",
              show_default=True, help="golden: numpy; rtl: RTL, compiled; pysim: RTL on Amaranth's "
              "simulator; with --target flexv, c: the C on this machine; iss: the program on the "
              "instruction-set simulator; rtl: on the cluster's RTL.")
@click.option("--layer-check", is_flag=True,
              help="Compare every word of every layer, not only what leaves the chip; with "
              "--target flexv and the golden engine, with onnxruntime.")
@click.option("--float-bound", type=click.FloatRange(min=0), metavar="X",
              help="With --layer-check: name the first layer that is further from the model in "
              "its own precision than X times the layer's largest magnitude; "
              f"{DEFAULT_BOUND} when not given.")
@click.option("--weight-interval", type=click.IntRange(min=1), default=1, show_default=True,
              metavar="N", help="Cycles from one weight word to the next, at least.")
@click.option("--frames", is_flag=True,
              help="All images as one program: the next one's map is sent while one is computed "
              "(most with --overlap and --stream-words).")
@click.option("--cores", type=click.IntRange(1, 8), metavar="N",
              help="With --target flexv and the engine rtl: cores that work.  [default: 8]")
@target_options
@chip_options
@link_options()
def command(model, input_file, expect, output, engine, layer_check, float_bound, weight_interval,
            frames, cores, chip, links, target):
    """Run MODEL (an ONNX file, or a directory that `flexdrive compile` wrote) on images.

    What the RTL stores is compared with the golden model word by word; the first difference is
    named and ends the run with status 1.
    """
    if target.flexv(chip, **{"--float-bound": float_bound is not None,
                             "--weight-interval": weight_interval != 1, "--frames": frames,
                             "options of links": links.given}):
        run_flexv(model, target, input_file=input_file, expect=expect, output=output,
                  engine=engine, layer_check=layer_check, cores=cores)
        return
    if cores is not None:
        raise ModelError("--cores is for --target flexv")
    if engine not in ENGINES:
        raise ModelError(f"--engine {engine} is for --target flexv")
    if float_bound is not None and not layer_check:
        raise ModelError("--float-bound is for the comparison of layers; add --layer-check")
    if frames and layer_check:
        raise ModelError("--frames and --layer-check exclude each other: stores that are only "
                         "compared would stand between the frames")
    run_model(model, chip, input_file, engine, expect=expect, output=output,
              layer_check=layer_check, float_bound=float_bound, links=links,
              gates={"i_weights": Gate.every(weight_interval)}, frames=frames)


def run_model(model, chip, input_file, engine, *, expect=None, output=None, layer_check=False,
              float_bound=None, links=None, gates=None, frames=False):
    """Run a model and print what it gave; ends the process when a word differs.

    Parameters
    ----------
    model, input_file, expect, output, layer_check, float_bound, frames : as of the command.
    chip : :class:`~.chip_options.ChipChoice`.
    engine : of :class:`flexdrive_sim.hyperdrive.drive.inference_session.Session`.
    links : :class:`~.link_options.LinkChoice` of a mesh, or None.
    gates : stream name -> pattern.
    """
    console, errors = Console(highlight=False), Console(stderr=True, highlight=False)
    deployment, source = _deployment(model, chip, layer_check)
    options = links and links.options(replace(chip, mesh=chip.mesh or deployment.mesh))
    feeds = deployment.checked_feeds(load_feeds(input_file, deployment.inputs), str(input_file))
    wanted = _wanted(deployment, expect, output)
    if frames:
        run_frames(deployment, feeds, engine, gates=gates, output=output,
                   compared=lambda made: _compared(made, wanted, expect) if expect else ())
        return
    console.print(f"{deployment.name} on {describe(deployment.config, deployment.mesh)}",
                  markup=False, soft_wrap=True)
    results, summary, maps = _run(deployment, feeds, engine, errors, options, gates)
    _warn_of_overflow(errors, summary)
    if summary.difference:
        errors.print(f"error: {engine} differs from the golden model, image "
                     f"{len(results) - 1}: {summary.difference}", style="bold red",
                     markup=False, soft_wrap=True)
        sys.exit(1)
    console.print(layer_table(summary))
    if layer_check:
        _compare_with_model(console, source, deployment, maps,
                            {name: images[:1] for name, images in feeds.items()},
                            DEFAULT_BOUND if float_bound is None else float_bound)
    console.print(summary_table(summary, engine))
    made = {name: np.concatenate([result[name] for result in results])
            for name in deployment.outputs}
    verdicts = list(_compared(made, wanted, expect)) if expect else []
    if output:
        save_results(output, made)
    for verdict in verdicts:
        console.print(verdict, markup=False, soft_wrap=True)
