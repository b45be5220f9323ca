"""Constant nodes, computed at import: by onnxruntime, and quantizers by :mod:`.quantizers`."""

from math import prod

import numpy as np

from ..errors import ModelError
from . import quantizers as qonnx
from .evaluator import Evaluator
from .kernels import kernel, protos, single

__all__ = ["constant_outputs", "is_identity"]

# A folded tensor larger than this would be a network that generates its weights.
FOLD_LIMIT = 1 << 26


def _size(node, graph):
    """Elements that a node makes; beyond ``FOLD_LIMIT`` when it is not known."""
    shapes = [graph.shapes.get(name) for name in node.outputs if name]
    if any(shape is None for shape in shapes):
        return FOLD_LIMIT + 1
    return sum(prod(shape) for shape in shapes)


def _folded(node, graph):
    if qonnx.is_quantizer(node.proto):
        return qonnx.fold(node, graph.constants)
    if _size(node, graph) > FOLD_LIMIT or kernel(node, graph).refusal:
        return None
    model, fed = single(node, graph, protos(node, graph))
    try:
        values = Evaluator(model).run(fed)
    except ModelError as error:
        raise ModelError(f"Node {node.name}: onnxruntime cannot compute this constant: {error}"
                         ) from None
    return [np.asarray(values[name]) if name else None for name in node.outputs]


def constant_outputs(node, graph, known):
    """The node's outputs as arrays when they are the same for every image, else None.

    Parameters
    ----------
    node : onnx_graph.Node.
    graph : onnx_graph.Graph, with the constants, types and shapes that are known by now.
    known : name of a node -> (constant inputs, outputs) of an earlier import of the same model;
        filled here.
    """
    if node.operation == "Shape" and not node.domain and node.inputs[0] in graph.shapes:
        shape = graph.shapes[node.inputs[0]]
        return [np.array(shape[node.attributes.get("start", 0):
                               node.attributes.get("end", len(shape))], np.int64)]
    if not all(name in graph.constants for name in node.inputs if name):
        return None
    arrays = [graph.constants[name] for name in node.inputs if name]
    if node.name in known:
        before, outputs = known[node.name]
        if all(one is other for one, other in zip(before, arrays, strict=True)):
            return outputs
    outputs = _folded(node, graph)
    if outputs is not None:
        known[node.name] = arrays, outputs
    return outputs


def is_identity(node, constants):
    """Identity, or Dropout at inference."""
    if node.domain or node.operation not in ("Identity", "Dropout"):
        return False
    training = node.inputs[2] if len(node.inputs) > 2 else ""
    return len(node.outputs) == 1 and not (training and np.any(constants.get(training, True)))
