"""Averages and pools in their other spellings."""

import numpy as np

from ..index_rules import windows

__all__ = ["PASSES"]


def _axes(editor, node):
    axes = node.attributes.get("axes")
    if len(node.inputs) > 1 and node.inputs[1]:
        axes = editor.constant(node.inputs[1])
    rank = len(editor.shape(node.inputs[0]))
    return None if axes is None or not rank else sorted(int(axis) % rank for axis in np.ravel(axes))


def flat_mean(editor, node):
    """Mean over rows and columns that drops their axes -> GlobalAveragePool, Reshape."""
    if node.domain or node.operation != "ReduceMean" or node.attributes.get("keepdims", 1):
        return False
    source = node.inputs[0]
    if not editor.is_map(source) or _axes(editor, node) != [2, 3]:
        return False
    shape = editor.shape(source)
    mean = editor.node(node, "GlobalAveragePool", [source], (1, shape[1], 1, 1))
    flat = editor.reshaped(node, mean.outputs[0], editor.shape(node.outputs[0]), node.outputs[0])
    return editor.replace(node, [mean, flat], "mean without axes")


def whole_average(editor, node):
    """AveragePool of one window, the whole map -> GlobalAveragePool; of 2x2 pixels, which the chip
    pools, with stride 2."""
    if node.domain or node.operation != "AveragePool" or not editor.is_map(node.inputs[0]):
        return False
    shape, target = editor.shape(node.inputs[0]), editor.shape(node.outputs[0])
    kernel = tuple(node.attributes["kernel_shape"])
    if kernel != shape[2:] or target[2:] != (1, 1) or shape[2:] == (1, 1) or any(
            window.before or window.after or window.dilation > 1
            for window in windows(node.attributes, kernel, shape[2:])):
        return False
    if kernel == (2, 2):
        if node.attributes.get("strides") == [2, 2]:
            return False
        made = editor.again(node, node.inputs, target, result=node.outputs[0], strides=[2, 2])
    else:
        made = editor.node(node, "GlobalAveragePool", node.inputs[:1], target,
                           result=node.outputs[0])
    return editor.replace(node, [made], "average of one window")


PASSES = {"mean without axes": flat_mean, "average of one window": whole_average}
