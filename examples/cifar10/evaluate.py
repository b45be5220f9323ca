"""Accuracy of cifar10.onnx on test images: onnxruntime in float32, golden model, RTL.

    python examples/cifar10/evaluate.py --data DIRECTORY [--engine golden|rtl] [--per-class N]

The directory holds ``test.tar`` (../common/images.py). The images are the first N files of each
class, all of them without the option. The golden model runs the chip's program; with ``--engine
rtl`` the RTL runs it too, every word that it sends and its cycles are compared, and the status is 1
when they differ. All images take half an hour to hours: with ``--keep DIRECTORY`` results stay
there batch by batch, and a second run continues.
"""

import argparse
import hashlib
import os
import pathlib
import pickle
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from flexdrive_deploy.chip_choice import describe, read_config
from flexdrive_deploy.compiled_model import ChipPart
from flexdrive_deploy.compiler import compile_model
from flexdrive_deploy.frontend.evaluator import Evaluator
from flexdrive_deploy.frontend.graph import load_model
from flexdrive_deploy.hyperdrive.ir import half_bits
from flexdrive_sim.hyperdrive.drive.inference_session import Session
from flexdrive_sim.hyperdrive.golden.chip import GoldenChip
from flexdrive_sim.progress import preparation

sys.path.append(str(pathlib.Path(__file__).parents[1] / "common"))

from images import CLASSES, read_images

HERE = pathlib.Path(__file__).parent
MODEL, CHIP = HERE / "cifar10.onnx", HERE / "chip.toml"
BATCH = 20                                                    # images for a process at a time


@dataclass(frozen=True)
class Batch:
    """What an engine made of some images: logits (n, 10), words compared, first difference or
    None, whether all cycles were as modelled, cycles of an image or None."""

    logits: np.ndarray
    compared: int = 0
    difference: str | None = None
    as_modelled: bool = True
    cycles: int | None = None


class Runner:
    """The compiled network on one engine; made once in each process."""

    current = None

    def __init__(self, engine):
        self.deployment = compile_model(load_model(MODEL), read_config(CHIP), name="cifar10")
        self.session = None
        if engine == "rtl":
            with preparation(Console(stderr=True, highlight=False)) as notify:
                self.session = Session(self.deployment, "rtl", notify=notify)

    @classmethod
    def start(cls, engine):
        """Initializer of a process."""
        cls.current = cls(engine)

    @classmethod
    def batch(cls, images, path=None):
        """Images uint8 (n, 3, 32, 32) -> Batch, read from ``path`` or written there."""
        if path is None:
            return cls.run(images)
        if not path.exists():
            temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
            temporary.write_bytes(pickle.dumps(cls.run(images)))
            temporary.replace(path)
        return pickle.loads(path.read_bytes())

    @classmethod
    def run(cls, images):
        """Images uint8 (n, 3, 32, 32) -> Batch."""
        runner, inputs = cls.current, images.astype(np.float32)[:, None]
        if runner.session is None:
            return Batch(np.array([runner.golden(image) for image in inputs]))
        results = [runner.session.run(image) for image in inputs]
        chips = [chip for result in results for chip in result.chips]
        return Batch(np.array([result.outputs["logits"][0] for result in results]),
                     sum(chip.compared for chip in chips),
                     next((str(chip.difference) for chip in chips if chip.difference), None),
                     all(chip.model_holds for chip in chips), chips[0].cycles)

    def golden(self, image):
        """Logits (10,) of one image, the chip's programs on the golden model."""
        values = {next(iter(self.deployment.inputs)): image}
        for part in self.deployment.parts:
            if not isinstance(part, ChipPart):
                values |= part.run(values)
                continue
            program = part.program
            pixels = program.pack({name: half_bits(values[name][0]) for name in part.inputs})
            sent = GoldenChip(program.config).execute(program.words, program.weights, pixels)
            values |= {name: words.view(np.float16)[None].astype(np.float32)
                       for name, words in program.unpack(np.ascontiguousarray(sent)).items()}
        return values["logits"][0]


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


def engine_batches(engine, images, processes, keep, console):
    """All images in ``processes`` processes: list of Batch; batch k of n has images k, k + n, ...
    ``keep`` : directory of finished batches, named by all that they depend on, or None."""
    count = -(-len(images) // BATCH)
    parts, paths = [images[first::count] for first in range(count)], [None] * count
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        base = hashlib.sha256(MODEL.read_bytes() + CHIP.read_bytes() + engine.encode())
        for number, part in enumerate(parts):
            name = base.copy()
            name.update(part.tobytes())
            paths[number] = keep / f"{name.hexdigest()[:16]}.pickle"
    if engine == "rtl":
        Runner(engine)      # builds the compiled engine once, before all processes want it
    with ProcessPoolExecutor(processes, initializer=Runner.start, initargs=(engine,)) as pool:
        return list(track(pool.map(Runner.batch, parts, paths), engine, count, console=console))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=pathlib.Path, required=True, help="directory of test.tar")
    parser.add_argument("--engine", choices=("golden", "rtl"), default="golden")
    parser.add_argument("--per-class", type=int, help="images of each class, default all")
    parser.add_argument("--keep", type=pathlib.Path, help="directory of finished batches")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    console = Console(highlight=False, soft_wrap=True)
    images, labels = selected(arguments.data / "test.tar", arguments.per_class)
    console.print(f"{len(images)} images on {describe(read_config(CHIP))}")
    logits = {"float32, onnxruntime": float_logits(images)}
    start = time.monotonic()
    batches = engine_batches(arguments.engine, images, arguments.processes, arguments.keep,
                             console)
    seconds = time.monotonic() - start
    made = logits[{"golden": "golden model", "rtl": "RTL"}[arguments.engine]] = np.empty(
        (len(images), len(CLASSES)), np.float32)
    for first, batch in enumerate(batches):
        made[first::len(batches)] = batch.logits
    console.print(accuracy_table(logits, labels))
    console.print(f"{arguments.engine}: {seconds:.0f} s in {arguments.processes} processes")
    if arguments.engine == "rtl" and not say_comparison(console, batches):
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


def say_comparison(console, batches):
    """Print what was compared; returns whether all of it was equal."""
    difference = next((batch.difference for batch in batches if batch.difference), None)
    modelled = all(batch.as_modelled for batch in batches)
    console.print(f"{sum(batch.compared for batch in batches):,} words of the RTL compared with "
                  f"the golden model: {difference or 'all equal'}")
    console.print(f"cycles: {batches[0].cycles:,} an image, "
                  f"{'all as modelled' if modelled else 'NOT as modelled'}")
    return difference is None and modelled


if __name__ == "__main__":
    main()
