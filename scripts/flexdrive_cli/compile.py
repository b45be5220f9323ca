"""flexdrive compile: programs, weight streams and host parts of a network."""

from pathlib import Path

import click
from rich.console import Console

from flexdrive_deploy.arrays import load_feeds
from flexdrive_deploy.chip_choice import describe
from flexdrive_deploy.compiled_model import ChipPart
from flexdrive_deploy.exports import export
from flexdrive_deploy.files import array_bytes
from flexdrive_deploy.hyperdrive.streams import chip_streams, chip_vectors

from .chip_options import chip_options
from .export_option import export_option
from .flexv_network import compile_flexv
from .network import CHIP_HELP, analysed, compiled
from .target_options import target_options

__all__ = ["command"]


def _vectors(deployment, path):
    """The pixels of the first image of ``path``: a {name: Words} for each of the programs."""
    # Only this needs the golden model.
    from flexdrive_sim.hyperdrive.drive.inference_session import Session

    feeds = deployment.checked_feeds(load_feeds(path, deployment.inputs), str(path))
    result = Session(deployment).run({name: images[:1] for name, images in feeds.items()})
    return [chip_vectors(program, chip.sent, chip.stored)
            for program, chip in zip(deployment.programs, result.chips, strict=True)]


def _files(deployment, vectors, formats):
    """What stands beside the program's own .npy: name -> content."""
    files, vectors = {}, iter(vectors)
    for index, part in enumerate(deployment.parts):
        if not isinstance(part, ChipPart):
            continue
        pixels = next(vectors, {})
        files |= {f"{index}-chip-{name}.npy": array_bytes(words.data)
                  for name, words in pixels.items()}
        for name, words in (chip_streams(part.program) | pixels).items():
            files |= export(f"{index}-chip-{name}", words, formats, owner=deployment.name)
    return files


@click.command(epilog=CHIP_HELP)
@click.argument("model", metavar="MODEL.onnx", type=click.Path())
@click.option("-o", "--output", required=True, metavar="DIR", type=click.Path(path_type=Path),
              help="Where to write; an older result of this command is replaced.")
@click.option("--layer-check", is_flag=True,
              help="Let the program store every layer, for comparison.")
@click.option("--vectors", type=click.Path(), metavar="X.npy",
              help="Also write what the chip gets and must send for the first image of this file.")
@export_option("every stream of the chips")
@target_options
@chip_options
def command(model, output, layer_check, vectors, formats, chip, target):
    """Compile MODEL.onnx for a chip: descriptors, weight stream, memory map, host parts,
    a readable listing.txt and a picture of the memory over time, plan.png; with --target flexv,
    C with its kernels, a program, listing.txt and plan.png."""
    if target.flexv(chip, **{"--vectors": vectors, "--export": formats}):
        compile_flexv(model, target, output, layer_check=layer_check)
        return
    support = analysed(model, chip)
    deployment = compiled(model, support, chip, layer_check)
    pixels = _vectors(deployment, vectors) if vectors else []
    # A second for matplotlib, which only this command needs.
    from flexdrive_deploy.hyperdrive.plan_picture import plan_picture
    deployment.save(output, {"plan.png": plan_picture(deployment),
                             **_files(deployment, pixels, formats)})
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"{output}: {deployment.name} for "
                  f"{describe(deployment.config, deployment.mesh)}", markup=False)
    for program in deployment.programs:
        console.print(
            f"  {len(program.entries)} descriptors, {len(program.words)} program words, "
            f"{len(program.weights)} weight words, {program.peak_words} of "
            f"{program.config.fm_words} words a tile", markup=False)
    console.print(f"  read {output / 'listing.txt'}, look at {output / 'plan.png'}", markup=False)
