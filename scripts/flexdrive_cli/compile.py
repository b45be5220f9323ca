"""flexdrive compile: programs, weight streams and host parts of a network."""

from pathlib import Path

import click
from rich.console import Console

from .chip_options import chip_options, describe
from .network import CHIP_HELP, analysed, compiled


@click.command(epilog=CHIP_HELP)
@click.argument("model", metavar="MODEL.onnx", type=click.Path())
@click.option("-o", "--output", required=True, metavar="DIR", type=click.Path(path_type=Path),
              help="Where to write; an older result of this command is replaced.")
@click.option("--layer-check", is_flag=True,
              help="Let the program store every layer, for comparison.")
@chip_options
def command(model, output, layer_check, chip):
    """Compile MODEL.onnx for a chip: descriptors, weight stream, memory map, host parts,
    a readable listing.txt and a picture of the memory over time, plan.png."""
    graph, support = analysed(model, chip)
    deployment = compiled(model, graph, support, chip, layer_check)
    # A second for matplotlib, which only this command needs.
    from flexdrive_deploy.plan_picture import plan_picture
    deployment.save(output, {"plan.png": plan_picture(deployment)})
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"{output}: {deployment.name} for "
                  f"{describe(deployment.config, deployment.mesh)}", markup=False)
    for program in deployment.programs:
        console.print(
            f"  {len(program.entries)} descriptors, {len(program.words)} program words, "
            f"{len(program.weights)} weight words, {program.peak_words} of "
            f"{program.config.fm_words} words a tile", markup=False)
    console.print(f"  read {output / 'listing.txt'}, look at {output / 'plan.png'}", markup=False)
