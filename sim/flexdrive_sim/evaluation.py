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
from .hyperdrive.drive.frames_session import FramesSession, one_program
from .hyperdrive.drive.inference_session import Session, known_engine
from .inference import InferenceSession

__all__ = ["Evaluation", "evaluate"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Evaluation(DataSetRun):
    """What a network did over a data set, see also :class:`~.data_set.DataSetRun`.

    Attributes
    ----------
    cycles : {cycles of an image on the chip: images that took them}; empty on the golden model.
        Of frames one after the other: from the last word of the image before.
    modelled : cycles of one image by the cycle model; of frames one after the other, of one more.
    model_holds : whether every report of every image was as modelled.
    outputs : the network's first result of all images, (N, ...), or None.
    """

    cycles: dict
    modelled: int
    model_holds: bool
    outputs: np.ndarray | None = None

    def __repr__(self):
        accuracy = "" if self.right is None else f", {self.right} right ({self.accuracy:.2%})"
        return (f"<Evaluation of {self.images:,} images on {self.engine}{accuracy}, "
                f"{self.compared:,} words compared, {len(self.differences)} images differ>")


@kept_by_worker(2)
def _session(content, engine, frames=False):
    """One session a worker and network: building an engine takes seconds."""
    with tempfile.TemporaryDirectory() as place:
        made = FramesSession if frames else Session
        return made(Deployment.from_bytes(content, Path(place)), engine)


def _frames_chunk(session, images, first):
    """Figures of some images as one program, and their results."""
    (name,) = session.deployment.inputs
    found = session.run_frames({name: images})
    times = [] if found.ends is None else [int(found.ends[0]), *np.diff(found.ends).tolist()]
    outputs = found.outputs[session.deployment.outputs[0]]
    return {"answers": [int(np.argmax(output)) for output in outputs],
            "cycles": {str(took): times.count(took) for took in times},
            "compared": found.compared, "modelled": found.more, "model_holds": found.model_holds,
            "differences": {} if found.difference is None else
            {str(first + found.difference[0]): str(found.difference[1])}}, list(outputs)


def _evaluate_chunk(content, engine, images, first, frames, keep_outputs):
    """Figures of some images, for JSON."""
    session = _session(content, engine, frames)
    figures, outputs = (_frames_chunk if frames else _images_chunk)(session, images, first)
    if keep_outputs:
        figures["outputs"] = [output.astype(np.float64).tolist() for output in outputs]
        figures["type"] = str(outputs[0].dtype)
    return figures


def _images_chunk(session, images, first):
    """Figures of some images, one program each, and their results."""
    name, engine = session.deployment.outputs[0], session.engine
    answers, cycles, differences, outputs = [], {}, {}, []
    compared, modelled, holds = 0, 0, True
    for index, image in enumerate(images, first):
        result = session.run(image[None])
        answers.append(int(np.argmax(result.outputs[name])))
        outputs.append(result.outputs[name][0])
        compared += sum(chip.compared for chip in result.chips)
        modelled = sum(chip.predicted.cycles for chip in result.chips)
        holds &= all(chip.model_holds for chip in result.chips)
        if engine != "golden":
            took = str(sum(chip.cycles for chip in result.chips))
            cycles[took] = cycles.get(took, 0) + 1
        if result.difference is not None:
            differences[str(index)] = str(result.difference)
    return {"answers": answers, "cycles": cycles, "compared": compared, "modelled": modelled,
            "model_holds": holds, "differences": differences}, outputs


def evaluate(model, images, labels=None, engine="golden", executor=None, *, workers=None,
             chunk=16, keep=None, progress=None, frames=False, outputs=False):
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
    frames : the images of a chunk are one program, the next one's map is sent while one is
        computed.
    outputs : whether the network's first result of every image is returned as well.

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
    if frames:
        one_program(model)
    count = len(images)
    labels = checked_labels(labels, count)
    content = model.to_bytes()
    digest = hashlib.sha256(content)
    for first in range(0, count, chunk):
        digest.update(np.ascontiguousarray(images[first:first + chunk]).tobytes())

    def arguments(first):
        return lambda: (content, engine, np.ascontiguousarray(images[first:first + chunk]), first,
                        frames, outputs)

    parts = run_chunks(
        _evaluate_chunk, {f"{first:08d}": arguments(first) for first in range(0, count, chunk)},
        identity=f"{digest.hexdigest()} {engine} {chunk} {frames} {outputs}", executor=executor,
        workers=workers, keep=keep, progress=progress,
        description=f"{model.name} on {engine}").values()
    answers = np.concatenate([part["answers"] for part in parts])
    cycles = {}
    for part in parts:
        for took, times in part["cycles"].items():
            cycles[int(took)] = cycles.get(int(took), 0) + times
    return Evaluation(
        engine=engine, images=count, answers=answers, right=count_right(answers, labels),
        cycles=dict(sorted(cycles.items())), modelled=max(part["modelled"] for part in parts),
        model_holds=all(part["model_holds"] for part in parts),
        compared=sum(part["compared"] for part in parts), differences=joined_differences(parts),
        outputs=np.concatenate([np.array(part["outputs"], part["type"]) for part in parts])
        if outputs else None)
