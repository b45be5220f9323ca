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
from ..data_set import DataSetRun, checked_labels, count_right, joined_differences
from .session import FLEXV_ENGINES, IntegerDifferenceError, NetworkSession

__all__ = ["NetworkEvaluation", "evaluate_network"]


@dataclass(frozen=True, eq=False, kw_only=True)
class NetworkEvaluation(DataSetRun):
    """What a network did over a data set, see also :class:`~flexdrive_sim.data_set.DataSetRun`.

    Attributes
    ----------
    unlike : answers that are not onnxruntime's.
    cycles : of each image on the RTL, in order; empty elsewhere.
    """

    unlike: int
    cycles: list


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
    labels = checked_labels(labels, len(images))
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
        engine=engine, images=len(images), answers=answers, right=count_right(answers, labels),
        unlike=int((answers != others).sum()),
        cycles=[each for part in parts for each in part["cycles"]],
        compared=sum(part["compared"] for part in parts), differences=joined_differences(parts))
