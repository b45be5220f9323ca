"""Writes a published topology with seeded binary weights as ONNX, and an image for it.

    python examples/topologies/generate.py resnet34 -o build/resnet34.onnx
"""

import re
from pathlib import Path

import click
import numpy as np
import onnx
from builder import Builder
from networks import NETWORKS


def _size(_context, _parameter, text):
    if text is None:
        return None
    match = re.fullmatch(r"(\d+)(?:x(\d+))?", text)
    if not match:
        raise click.BadParameter(f"{text!r} is not HEIGHTxWIDTH, such as 224x224")
    return int(match[1]), int(match[2] or match[1])


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("name", type=click.Choice(list(NETWORKS)))
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path),
              metavar="FILE.onnx", help="An image is written beside it, FILE.npy.")
@click.option("--size", callback=_size, metavar="HxW",
              help="Height and width of an image.  [default: the published]")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the weights.")
@click.option("--binary-first", is_flag=True, help="Binary weights in the first layer too.")
@click.option("--ternary", is_flag=True, help="One of three binary weights is zero.")
def main(name, output, size, seed, **weights):
    """Write the network NAME."""
    network = NETWORKS[name]
    size = size or (network.size,) * 2
    if any(edge < network.step or edge % network.step for edge in size):
        raise click.BadParameter(f"{size[0]}x{size[1]}: both edges of {name} are multiples of "
                                 f"{network.step}", param_hint="--size")
    if network.only and size != (network.size,) * 2:
        raise click.BadParameter(f"{size[0]}x{size[1]}: {name} is made for {network.size}x"
                                 f"{network.size} only", param_hint="--size")
    model = network.make(Builder(name, (3, *size), seed, **weights))
    image = np.random.default_rng([seed, 1]).normal(0, 1, (1, 3, *size)).astype(np.float32)
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        onnx.save(model, output)
        np.save(output.with_suffix(".npy"), image)
    except OSError as error:
        raise click.ClickException(f"{error.filename}: {error.strerror}") from None
    print(f"{output}: {len(model.graph.node)} nodes, {output.stat().st_size / 1e6:.1f} MB; "
          f"image {output.with_suffix('.npy')}")


if __name__ == "__main__":
    main()
