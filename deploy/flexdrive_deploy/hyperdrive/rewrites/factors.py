"""Weights whose magnitude is a factor of the input channel times one of the output channel."""

import numpy as np

from ..patterns import begin
from ..refusal import Refusal

__all__ = ["PASSES"]


def _powers(values):
    """Whether numbers are positive powers of two, or 0."""
    fractions, _ = np.frexp(values)
    return bool(((fractions == 0.5) | (values == 0)).all())


def input_factors(editor, node):
    """Convolution with a factor for each input channel -> Mul of its map, then the convolution with
    weights of one magnitude an output channel. Of factors that are powers of two only: a product
    with them rounds nothing (but for numbers that leave the range of binary16)."""
    if node.domain or node.operation != "Conv" or node.attributes.get("group", 1) != 1:
        return False
    weights = editor.constant(node.inputs[1])
    if weights is None or not editor.is_map(node.inputs[0]) or not np.isfinite(weights).all():
        return False
    magnitudes = np.abs(weights.astype(np.float64)).max(axis=(0, 2, 3))
    if not magnitudes.all():
        return False
    factors = magnitudes / magnitudes.max()
    if (factors == 1).all() or not _powers(factors):
        return False
    shape = editor.shape(node.inputs[0])
    plain = (weights / factors[:, None, None]).astype(weights.dtype)
    scaled = editor.node(node, "Mul", [node.inputs[0], editor.store(
        factors[:, None, None], node.outputs[0])], shape)
    made = editor.again(node, [scaled.outputs[0], editor.store(plain, node.inputs[1]),
                               *node.inputs[2:]], editor.shape(node.outputs[0]),
                        result=node.outputs[0])
    if isinstance(begin(made, editor.graph, editor.config), Refusal):
        return False
    return editor.replace(node, [scaled, made], "factors of input channels")


PASSES = {"factors of input channels": input_factors}
