"""Writes a published topology in quantised form, weights drawn from a seed, as ONNX, and an image.

    python examples/quantised/generate.py mobilenet_v1 --weight-bits 4 -o build/mobilenet.onnx
"""

from pathlib import Path

import click
import numpy as np
import onnx
from networks import NETWORKS
from writer import SPREAD, Writer

_WIDTHS = click.Choice(["8", "4", "2"])


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("name", type=click.Choice(list(NETWORKS)))
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path),
              metavar="FILE.onnx", help="An image is written beside it, FILE.npy.")
@click.option("--size", type=click.IntRange(1), help="Rows and columns of an image.")
@click.option("--map-bits", type=_WIDTHS, default="8", show_default=True,
              help="Of maps between layers; the image has 8.")
@click.option("--weight-bits", type=_WIDTHS, default="8", show_default=True,
              help="Of all layers but the first and the last, which have 8.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the weights.")
def main(name, output, size, map_bits, weight_bits, seed):
    """Write the network NAME."""
    make, usual, step = NETWORKS[name]
    if size is not None and size % step:
        raise click.BadParameter(f"{size}: that of {name} is a multiple of {step}",
                                 param_hint="--size")
    shape = 3, size or usual, size or usual
    model = make(Writer(name, shape, seed, int(map_bits), int(weight_bits)))
    image = np.random.default_rng([seed, 1]).normal(0, SPREAD * 256, (1, *shape))
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        onnx.save(model, output)
        np.save(output.with_suffix(".npy"), np.float32(image))
    except OSError as error:
        raise click.ClickException(f"{error.filename}: {error.strerror}") from None
    print(f"{output}: {len(model.graph.node)} nodes, {output.stat().st_size / 1e6:.1f} MB; "
          f"image {output.with_suffix('.npy')}")


if __name__ == "__main__":
    main()
