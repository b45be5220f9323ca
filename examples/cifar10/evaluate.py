"""Accuracy of cifar10.onnx on test images: onnxruntime in float32, golden model, RTL.

    python examples/cifar10/evaluate.py --data DIRECTORY [--engine golden|rtl] [--per-class N]

The directory holds ``test.tar`` (../common/images.py). The images are the first N files of each
class, all of them without the option. The golden model runs the chip's program; with ``--engine
rtl`` the RTL runs it too, every word that it sends and its cycles are compared, and the status is 1
when they differ. With ``--frames`` the images of a chunk are one program on a chip with ``overlap``
that moves 8 words a cycle: the next one's map comes while one is computed. All images take hours:
with ``--keep DIRECTORY`` results stay there chunk by chunk, and the same command goes on.
"""

import pathlib
import sys
import time
from dataclasses import replace

import click
import numpy as np
from rich.console import Console
from rich.table import Table

from flexdrive.errors import FlexdriveError
from flexdrive_cli.worker_options import worker_options
from flexdrive_deploy.chip_choice import describe, read_config
from flexdrive_deploy.compiler import compile_model
from flexdrive_deploy.frontend.evaluator import Evaluator
from flexdrive_deploy.frontend.graph import load_model
from flexdrive_sim.evaluation import evaluate

sys.path.append(str(pathlib.Path(__file__).parents[1] / "common"))

from images import CLASSES, read_images

HERE = pathlib.Path(__file__).parent
MODEL, CHIP = HERE / "cifar10.onnx", HERE / "chip.toml"
CHUNK = 20                                                    # images for a worker at a time


def chip(frames):
    """The example's chip; with ``frames``, with streams that keep up beside its layers."""
    config = read_config(CHIP)
    return replace(config, overlap=True, stream_words=8) if frames else config


def selected(path, per_class):
    """(images, labels) of the first ``per_class`` files of each class; None: of all."""
    images, labels = read_images(path)
    kept = np.concatenate([np.flatnonzero(labels == number)[:per_class]
                           for number in range(len(CLASSES))])
    return images[kept], labels[kept]


def float_logits(images):
    """onnxruntime, float32."""
    model = Evaluator(load_model(MODEL))
    return np.concatenate([model.run({"images": part.astype(np.float32)})["logits"]
                           for part in np.array_split(images, -(-len(images) // 250))])


@click.command(help=__doc__.splitlines()[0])
@click.option("--data", type=click.Path(path_type=pathlib.Path), required=True,
              help="Directory of test.tar.")
@click.option("--engine", type=click.Choice(["golden", "rtl"]), default="golden",
              show_default=True)
@click.option("--per-class", type=click.IntRange(min=1), help="Images of each class, default all.")
@click.option("--frames", is_flag=True, help="The images of a chunk as one program.")
@worker_options
def main(data, engine, per_class, frames, workers):
    console = Console(highlight=False, soft_wrap=True)
    images, labels = selected(data / "test.tar", per_class)
    deployment = compile_model(load_model(MODEL), chip(frames), name="cifar10")
    console.print(f"{len(images)} images on {describe(deployment.config)}")
    logits = {"float32, onnxruntime": float_logits(images)}
    start = time.monotonic()
    try:
        with workers.crew() as crew:
            found = evaluate(deployment, images.astype(np.float32), labels, engine, chunk=CHUNK,
                             frames=frames, outputs=True, **crew)
    except FlexdriveError as error:
        raise click.ClickException(str(error)) from None
    seconds = time.monotonic() - start
    logits[{"golden": "golden model", "rtl": "RTL"}[engine]] = found.outputs
    console.print(accuracy_table(logits, labels))
    console.print(f"{engine}: {seconds:.0f} s")
    if engine == "rtl" and not say_comparison(console, found):
        sys.exit(1)


def accuracy_table(logits, labels):
    """Right answers of each engine, and how far the engine is from float32."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("model", "images", "right", "accuracy", "other answer", "largest difference"):
        table.add_column(name, justify="left" if name == "model" else "right")
    reference = next(iter(logits.values()))
    for name, values in logits.items():
        right = int((values.argmax(axis=1) == labels).sum())
        other = int((values.argmax(axis=1) != reference.argmax(axis=1)).sum())
        table.add_row(name, str(len(labels)), str(right), f"{right / len(labels):.2%}", str(other),
                      f"{np.abs(values - reference).max():.3f}")
    return table


def say_comparison(console, found):
    """Print what was compared; returns whether all of it was equal."""
    difference = next((f"image {image}: {text}" for image, text in found.differences.items()), None)
    console.print(f"{found.compared:,} words of the RTL compared with the golden model: "
                  f"{difference or 'all equal'}")
    cycles = ", ".join(f"{cycles:,} ({count:,} images)" for cycles, count in found.cycles.items())
    console.print(f"cycles an image: {cycles}; "
                  f"{'all as modelled' if found.model_holds else 'NOT as modelled'}")
    return difference is None and found.model_holds


if __name__ == "__main__":
    main()
