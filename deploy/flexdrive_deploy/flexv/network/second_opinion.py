"""What onnxruntime makes of a quantised network, beside its exact integers.

onnxruntime computes the model as it stands, without optimisations, in float32: products of real
values, sums in its own order. It rounds each value that lies near a half its own way, and such
differences grow from layer to layer.
"""

from dataclasses import dataclass

import numpy as np

from flexdrive_deploy.errors import ModelError
from flexdrive_deploy.frontend.evaluator import Evaluator
from flexdrive_deploy.frontend.graph import sub_model

from .expressions import Sum

__all__ = ["Difference", "differences"]


@dataclass(frozen=True)
class Difference:
    """Values of one map or result that onnxruntime has otherwise.

    Attributes
    ----------
    name : of the ONNX value.
    values : compared. differing : how many differ. largest : in steps of the map; real for a result
        that is no map.
    classes : images whose largest value is another one; None of maps.
    """

    name: str
    values: int
    differing: int
    largest: float
    classes: int | None = None

    @property
    def share(self):
        """Of the values that differ."""
        return self.differing / self.values


def _maps(network):
    """name -> Tensor of maps that are values of the ONNX graph too."""
    graph = network.graph
    return {name: tensor for name, tensor in network.integers.tensors.items()
            if tensor.scale is not None and name in graph.types and name not in graph.inputs
            and len(graph.shapes.get(name, ())) == len(tensor.shape) + 1}


def _difference(name, made, wanted, tolerance, classes=None):
    apart = np.abs(made.astype(np.float64) - wanted)
    return Difference(name, made.size, int((apart > tolerance).sum()), float(apart.max(initial=0)),
                      classes)


def differences(network, images, outputs, integers):
    """Compare with onnxruntime.

    Parameters
    ----------
    network : QuantisedNetwork.
    images : name of an input -> (N, ...) float32.
    outputs, integers : what the golden model made of them: all results, all tensors.

    Returns
    -------
    list of Difference: maps in order of execution, then results.

    Raises
    ------
    ModelError
        when onnxruntime cannot compute the model.
    """
    graph, maps = network.graph, _maps(network)
    names = [*maps, *(name for name in graph.outputs if name not in maps)]
    try:
        evaluator = Evaluator(sub_model(graph, graph.nodes, graph.inputs, names))
        count = len(next(iter(images.values())))
        parts = [evaluator.run({name: array[index:index + 1] for name, array in images.items()})
                 for index in range(count)]
    except ModelError as error:
        raise ModelError(f"onnxruntime cannot compute the model as it stands: {error}") from None
    wanted = {name: np.concatenate([np.asarray(part[name]) for part in parts]) for name in names}
    found = []
    for name, tensor in maps.items():
        theirs = wanted[name].astype(np.float64)
        if wanted[name].dtype.kind == "f":
            theirs = np.round(theirs / float(tensor.scale)) + tensor.zero
        found.append(_difference(name, integers[name], theirs, 0.5))
    for name in graph.outputs:
        made, theirs = outputs[name], wanted[name].astype(np.float64)
        classes = None
        if made.ndim == 2 and made.shape[1] > 1:
            classes = int((made.argmax(1) != theirs.argmax(1)).sum())
        value = network.leaving.get(name)
        # Sums of integers are rounded to float32 once here, in every step there.
        tolerance = 1e-5 * max(1.0, float(np.abs(theirs).max(initial=0))) if isinstance(
            value, Sum) else 0
        found.append(_difference(name, made, theirs, tolerance, classes))
    return found
