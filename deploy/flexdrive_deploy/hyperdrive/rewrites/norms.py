"""Scale and bias in front of a convolution, taken into it where that is exact."""

import numpy as np

from ..patterns import begin
from ..refusal import Refusal
from .elementwise import pointwise

__all__ = ["PASSES"]


def _affine(found):
    """(factor, addend) of a scale or a bias of each value, as arrays of the map's shape, or None of
    another operation; float64."""
    node, constants = found.node, {index: values.astype(np.float64)
                                   for index, values in found.constants.items()}
    if len(found.maps) != 1:
        return None
    if node.operation == "BatchNormalization":
        gamma, beta, mean, variance = (constants[index] for index in range(1, 5))
        factor = gamma / np.sqrt(variance + node.attributes.get("epsilon", 1e-5))
        return factor, beta - mean * factor
    first = node.inputs[0] == found.maps[0]
    other = constants.get(1 if first else 0)
    if other is None:
        return None
    if node.operation == "Mul":
        return other, np.zeros(1)
    if node.operation == "Div" and first and other.all():
        return 1 / other, np.zeros(1)
    if node.operation == "Add":
        return np.ones(1), other
    return (np.ones(1), -other) if node.operation == "Sub" and first else None


def _by_channel(values, count):
    """float64 (C,) of values that are one a channel, else None."""
    if values.size == 1:
        return np.full(count, float(values.ravel()[0]))
    pixels = values.reshape(count, -1)
    return pixels[:, 0] if (pixels == pixels[:, :1]).all() else None


def _unpadded(node):
    return not any(node.attributes.get("pads", ())) and node.attributes.get(
        "auto_pad", b"NOTSET") in (b"NOTSET", b"VALID")


def before(editor, node):
    """Convolution of a scaled map -> of the map, its signs and scale changed; where the factors of
    all channels are equal but for the sign, and nothing is added, or there is no padding (which
    would have been added to). Only where the step could not be folded into the layer before it."""
    if node.domain or node.operation != "Conv" or node.attributes.get("group", 1) != 1:
        return False
    step = editor.maker(node.inputs[0])
    found = pointwise(editor, step) if step is not None else None
    weights = editor.constant(node.inputs[1])
    if found is None or weights is None or not editor.is_map(node.inputs[0]):
        return False
    affine = _affine(found)
    if affine is None or _folds(editor, found.maps[0]):
        return False
    count = editor.shape(node.inputs[0])[1]
    factor, addend = (_by_channel(values, count) for values in affine)
    if factor is None or addend is None or not np.isfinite(factor).all() or (
            factor == 0).any() or len(set(np.abs(factor))) != 1 or (
            addend.any() and not _unpadded(node)):
        return False
    bias = editor.constant(node.inputs[2]) if len(node.inputs) > 2 and node.inputs[2] else None
    if bias is None and len(node.inputs) > 2 and node.inputs[2]:
        return False
    scale = abs(factor[0])
    shape = editor.shape(node.outputs[0])
    signed = weights * np.sign(factor).astype(weights.dtype)[:, None, None]
    added = (weights.astype(np.float64).sum(axis=(2, 3)) * addend).sum(axis=1) + (
        0 if bias is None else bias)
    made = [editor.again(node, [found.maps[0], editor.store(signed, node.inputs[1])], shape)]
    if isinstance(begin(made[0], editor.graph, editor.config), Refusal):
        return False        # the host's, which would round otherwise
    for operation, values in (("Mul", [scale]), ("Add", added[:, None, None])):
        if np.any(np.asarray(values) != (operation == "Mul")):
            made.append(editor.node(node, operation, [
                made[-1].outputs[0], editor.store(values, node.outputs[0])], shape))
    made[-1] = editor.again(made[-1], made[-1].inputs, shape, result=node.outputs[0])
    return editor.replace(node, made, "scale before convolution")


def _folds(editor, name):
    """Whether a step that reads ``name`` is folded into the layer that makes it."""
    maker = editor.maker(name)
    return (maker is not None and editor.alone(name) and not maker.domain and maker.operation in (
        "Conv", "BatchNormalization", "Mul", "Div", "Add", "Sub", "MaxPool", "AveragePool"))


PASSES = {"scale before convolution": before}
