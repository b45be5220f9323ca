"""Accuracy, cycles and differences of a network over a data set, on one machine or many."""

import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from flexdrive_deploy.compiled_model import Deployment
from flexdrive_deploy.errors import ModelError

from .chunks import kept_by_worker, run_chunks
from .data_set import DataSetRun, checked_labels, count_right, joined_differences
from .hyperdrive.drive.inference_session import Session, known_engine
from .inference import InferenceSession

__all__ = ["Evaluation", "evaluate"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Evaluation(DataSetRun):
    """What a network did over a data set, see also :class:`~.data_set.DataSetRun`.

    Attributes
    ----------
    cycles : {cycles of an image on the chip: images that took them}; empty on the golden model.
    modelled : cycles of one image by the cycle model.
    model_holds : whether every report of every image was as modelled.
    """

    cycles: dict
    modelled: int
    model_holds: bool

    def __repr__(self):
        accuracy = "" if self.right is None else f", {self.right} right ({self.accuracy:.2%})"
        return (f"<Evaluation of {self.images:,} images on {self.engine}{accuracy}, "
                f"{self.compared:,} words compared, {len(self.differences)} images differ>")


@kept_by_worker(2)
def _session(content, engine):
    """One session a worker and network: building an engine takes seconds."""
    with tempfile.TemporaryDirectory() as place:
        return Session(Deployment.from_bytes(content, Path(place)), engine)


def _evaluate_chunk(content, engine, images, first):
    """Figures of some images, for JSON."""
    session = _session(content, engine)
    name = session.deployment.outputs[0]
    answers, cycles, differences = [], {}, {}
    compared, modelled, holds = 0, 0, True
    for index, image in enumerate(images, first):
        result = session.run(image[None])
        answers.append(int(np.argmax(result.outputs[name])))
        compared += sum(chip.compared for chip in result.chips)
        modelled = sum(chip.predicted.cycles for chip in result.chips)
        holds &= all(chip.model_holds for chip in result.chips)
        if engine != "golden":
            took = str(sum(chip.cycles for chip in result.chips))
            cycles[took] = cycles.get(took, 0) + 1
        if result.difference is not None:
            differences[str(index)] = str(result.difference)
    return {"answers": answers, "cycles": cycles, "compared": compared, "modelled": modelled,
            "model_holds": holds, "differences": differences}


def evaluate(model, images, labels=None, engine="golden", executor=None, *, workers=None,
             chunk=16, keep=None, progress=None):
    """Run a network on every image of a data set.

    Parameters
    ----------
    model : what :func:`flexdrive.compile` returns, a directory that ``flexdrive compile`` wrote, or
        an :class:`~.inference.InferenceSession`, of which the model is taken.
    images : (N, ...) array of the network's one input; a memory map is read chunk by chunk.
    labels : (N,) integers, or None.
    engine : "golden", "rtl" or "pysim".
    executor : any ``concurrent.futures.Executor``: processes of this machine by default, a Dask
        cluster by ``Client(address).get_executor()``.
    workers : processes of this machine; by default one for each core.
    chunk : images of one call.
    keep : directory for finished chunks: an evaluation that was stopped goes on where it was.
    progress : shown while it runs; by default where a person looks at it.

    Returns
    -------
    :class:`Evaluation`, the same whoever computed it, and whichever workers died on the way.

    Raises
    ------
    ModelError
        when shapes, types or the engine do not fit.
    FileError
        when ``keep`` holds results of other work.
    """
    known_engine(engine)
    if isinstance(model, InferenceSession):
        model = model.model
    if not isinstance(model, Deployment):
        model = Deployment.load(model)
    if chunk < 1:
        raise ModelError(f"chunk = {chunk!r} is not possible: at least 1 image")
    images = model.checked_images(images, "The array")
    count = len(images)
    labels = checked_labels(labels, count)
    content = model.to_bytes()
    digest = hashlib.sha256(content)
    for first in range(0, count, chunk):
        digest.update(np.ascontiguousarray(images[first:first + chunk]).tobytes())

    def arguments(first):
        return lambda: (content, engine, np.ascontiguousarray(images[first:first + chunk]), first)

    parts = run_chunks(
        _evaluate_chunk, {f"{first:08d}": arguments(first) for first in range(0, count, chunk)},
        identity=f"{digest.hexdigest()} {engine} {chunk}", executor=executor, workers=workers,
        keep=keep, progress=progress, description=f"{model.name} on {engine}").values()
    answers = np.concatenate([part["answers"] for part in parts])
    cycles = {}
    for part in parts:
        for took, times in part["cycles"].items():
            cycles[int(took)] = cycles.get(int(took), 0) + times
    return Evaluation(
        engine=engine, images=count, answers=answers, right=count_right(answers, labels),
        cycles=dict(sorted(cycles.items())), modelled=max(part["modelled"] for part in parts),
        model_holds=all(part["model_holds"] for part in parts),
        compared=sum(part["compared"] for part in parts), differences=joined_differences(parts))
