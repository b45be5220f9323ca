"""Matrix products with binary weights as 1x1 convolutions on a map of one pixel."""

import numpy as np

from ..patterns import begin
from ..refusal import Refusal

__all__ = ["PASSES"]


def _factors(editor, node):
    """(weights (out, in), factor, bias (out,) or None) of a product of one row, or None."""
    weights = editor.constant(node.inputs[1])
    source, target = editor.shape(node.inputs[0]), editor.shape(node.outputs[0])
    if weights is None or weights.ndim != 2 or len(source) != 2 or source[0] != 1 or (
            len(target) != 2):
        return None
    if node.operation == "MatMul":
        return weights.T, 1.0, None
    attributes = node.attributes
    if attributes.get("transA", 0):
        return None
    bias = None
    if len(node.inputs) > 2 and node.inputs[2]:
        bias = editor.constant(node.inputs[2])
        if bias is None:
            return None
        # As wide as the factor is computed: in the type of the model.
        factor = bias.dtype.type(attributes.get("beta", 1.0))
        bias = np.broadcast_to(bias * factor, target).ravel()
    return (weights if attributes.get("transB", 0) else weights.T,
            attributes.get("alpha", 1.0), bias)


def product(editor, node):
    """Gemm, MatMul of (1, K) by constant weights that a layer of the chip takes -> Reshape to
    (1, K, 1, 1), Conv 1x1, alpha, bias, Reshape. Equal in real numbers, sums in the chip's
    order."""
    if node.domain or node.operation not in ("Gemm", "MatMul"):
        return False
    found = _factors(editor, node)
    if found is None:
        return False
    weights, factor, bias = found
    outputs, inputs = weights.shape
    shape = (1, outputs, 1, 1)
    made = [editor.reshaped(node, node.inputs[0], (1, inputs, 1, 1))]

    def then(operation, constant, *attributes):
        made.append(editor.node(node, operation, [
            made[-1].outputs[0], editor.store(constant, node.outputs[0])], shape))

    then("Conv", weights[:, :, None, None])
    if isinstance(begin(made[-1], editor.graph, editor.config), Refusal):
        return False
    if factor != 1:
        then("Mul", [factor])
    if bias is not None:
        then("Add", bias[:, None, None])
    made.append(editor.reshaped(node, made[-1].outputs[0], editor.shape(node.outputs[0]),
                                node.outputs[0]))
    return editor.replace(node, made, "matrix product as convolution")


PASSES = {"matrix product as convolution": product}
