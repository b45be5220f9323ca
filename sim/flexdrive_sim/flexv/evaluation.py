"""Quantised networks over data sets: right answers, what differs from onnxruntime, cycles."""

import hashlib
from dataclasses import dataclass

import numpy as np

from flexdrive_deploy.errors import ModelError
from flexdrive_deploy.flexv.network.declared import parse_declarations
from flexdrive_deploy.flexv.network.loading import load_network
from flexdrive_deploy.frontend.evaluator import Evaluator
from flexdrive_deploy.frontend.onnx_file import model_and_name

from ..chunks import kept_by_worker, run_chunks
from .session import FLEXV_ENGINES, IntegerDifferenceError, NetworkSession

__all__ = ["NetworkEvaluation", "evaluate_network"]


@dataclass(frozen=True, eq=False)
class NetworkEvaluation:
    """What a network did over a data set.

    Attributes
    ----------
    engine : of :class:`~.session.NetworkSession`. images : how many.
    answers : (N,) index of the largest of the first result's values.
    right : answers that are the label; None without labels.
    unlike : answers that are not onnxruntime's.
    cycles : of each image on the RTL, in order; empty elsewhere.
    compared : integers compared with the golden model.
    differences : {image: text of its first difference from the golden model}.
    """

    engine: str
    images: int
    answers: np.ndarray
    right: int | None
    unlike: int
    cycles: list
    compared: int
    differences: dict

    @property
    def accuracy(self):
        """Share of right answers, None without labels."""
        return None if self.right is None else self.right / self.images


@kept_by_worker(2)
def _session(content, declarations, engine):
    """(session, onnxruntime) of a worker: building takes seconds."""
    network = load_network(content, declared=parse_declarations(declarations))
    model, _ = model_and_name(content)
    return NetworkSession(network, engine), Evaluator(model)


def _evaluate_chunk(content, declarations, engine, images, first):
    """Figures of some images, for JSON."""
    session, evaluator = _session(content, declarations, engine)
    (name,), output = session.network.inputs, next(iter(session.network.outputs))
    answers, others, cycles, differences, compared = [], [], [], {}, 0
    for index, image in enumerate(images.astype(np.float32), first):
        others.append(int(np.argmax(evaluator.run({name: image[None]})[output])))
        try:
            (made,) = session.run([output], {name: image[None]})
            answers.append(int(np.argmax(made)))
            compared += session.compared
            cycles += session.cycles
        except IntegerDifferenceError as error:
            answers.append(-1)
            differences[str(index)] = str(error)
    return {"answers": answers, "others": others, "cycles": cycles, "compared": compared,
            "differences": differences}


def evaluate_network(content, images, labels=None, engine="golden", executor=None, *,
                     declarations=(), workers=None, chunk=16, keep=None, progress=None):
    """Run a network of one input on every image of a data set.

    Parameters
    ----------
    content : bytes of the ONNX file. images : (N, ...). labels : (N,) integers, or None.
    engine : of :class:`~.session.NetworkSession`.
    declarations : texts as of ``--quantise-input``.
    executor, workers, chunk, keep, progress : as of :func:`flexdrive_sim.evaluation.evaluate`.

    Returns
    -------
    :class:`NetworkEvaluation`

    Raises
    ------
    ModelError
        when the network does not run on the cluster, or shapes or the engine do not fit.
    """
    if engine not in FLEXV_ENGINES:
        raise ModelError(f"engine = {engine!r} is none of {', '.join(FLEXV_ENGINES)}")
    network = load_network(content, declared=parse_declarations(declarations))
    if len(network.inputs) != 1:
        raise ModelError("A network with several inputs is not evaluated over a data set; run it "
                         "on arrays of each")
    images = np.asarray(images)
    NetworkSession(network).images(images[:1])
    if labels is not None:
        labels = np.asarray(labels)
        if labels.shape != (len(images),) or labels.dtype.kind not in "iu":
            raise ModelError(f"The labels have shape {labels.shape} and type {labels.dtype}; "
                             f"{len(images)} images take ({len(images)},) integers")
    digest = hashlib.sha256(content + repr(tuple(declarations)).encode())
    digest.update(np.ascontiguousarray(images).tobytes())

    def arguments(first):
        return lambda: (content, tuple(declarations), engine,
                        np.ascontiguousarray(images[first:first + chunk]), first)

    parts = run_chunks(
        _evaluate_chunk, {f"{first:08d}": arguments(first)
                          for first in range(0, len(images), chunk)},
        identity=f"flexv {digest.hexdigest()} {engine} {chunk}", executor=executor,
        workers=workers, keep=keep, progress=progress,
        description=f"{network.name} on {engine}").values()
    answers, others = (np.array([each for part in parts for each in part[name]])
                       for name in ("answers", "others"))
    return NetworkEvaluation(
        engine, len(images), answers,
        None if labels is None else int((answers == labels).sum()), int((answers != others).sum()),
        [each for part in parts for each in part["cycles"]],
        sum(part["compared"] for part in parts),
        {int(index): text for part in parts for index, text in part["differences"].items()})
