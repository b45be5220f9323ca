"""Layers over one axis, (N, C, L), as layers on a map of one row.

A kernel of k columns becomes one of k x k whose other rows read nothing but padding: they add
zeros, or are no maximum, so that they may hold any weights, and binary ones stay binary.
"""

import numpy as np

from ..index_rules import windows

__all__ = ["PASSES"]

_POOLS = ("MaxPool", "AveragePool")


def _square(editor, node, kernel):
    """Attributes of the window over a map of one row, or None where rows would read pixels."""
    attributes, length = node.attributes, editor.shape(node.inputs[0])[2]
    if attributes.get("dilations", [1]) != [1] or attributes.get("ceil_mode", 0):
        return None
    # The rules of the axis, beside an axis of nothing.
    found = windows({name: values * 2 if name != "pads" else [0, values[0], 0, values[1]]
                     for name, values in attributes.items()
                     if name in ("strides", "dilations", "pads")}
                    | {"auto_pad": attributes.get("auto_pad", b"NOTSET")},
                    (1, kernel), (1, length))[1]
    above = (kernel - 1) // 2
    return {"kernel_shape": [kernel] * 2, "strides": [found.stride] * 2,
            "pads": [above, found.before, kernel - 1 - above, found.after]}


def _windowed(editor, node, source):
    """New nodes of a Conv or a pooling over one axis, the last of them of four axes."""
    shape = editor.shape(node.outputs[0])
    shape = (*shape[:2], 1, shape[2])
    weights = editor.constant(node.inputs[1]) if node.operation == "Conv" else None
    kernel = weights.shape[2] if weights is not None else node.attributes["kernel_shape"][0]
    square = _square(editor, node, kernel)
    if square is None or len(node.outputs) > 1:
        return None
    if weights is not None:
        rows = np.repeat(weights[:, :, None], kernel, axis=2)
        inputs = [source, editor.store(rows, node.inputs[1]), *node.inputs[2:]]
        return [editor.node(node, "Conv", inputs, shape,
                            group=node.attributes.get("group", 1), **square)]
    if node.operation == "MaxPool":
        return [editor.node(node, "MaxPool", [source], shape, **square)]
    # The rows of padding count, so the sum is divided by k times as much.
    if not node.attributes.get("count_include_pad", 0) and any(square["pads"][1::2]):
        return None
    mean = editor.node(node, "AveragePool", [source], shape, count_include_pad=1, **square)
    factor = editor.store([float(kernel)], node.outputs[0])
    return [mean, editor.node(node, "Mul", [mean.outputs[0], factor], shape)] if kernel > 1 else [
        mean]


def over_time(editor, node):
    """Conv, MaxPool, AveragePool, GlobalAveragePool of (1, C, L) -> of (1, C, 1, L), between two
    Reshapes."""
    if node.domain or node.operation not in ("Conv", *_POOLS, "GlobalAveragePool"):
        return False
    source = editor.shape(node.inputs[0])
    if len(source) != 3 or source[0] != 1 or len(editor.shape(node.outputs[0])) != 3:
        return False
    if node.operation == "Conv" and editor.constant(node.inputs[1]) is None:
        return False
    first = editor.reshaped(node, node.inputs[0], (1, source[1], 1, source[2]))
    made = ([editor.node(node, "GlobalAveragePool", first.outputs, (1, source[1], 1, 1))]
            if node.operation == "GlobalAveragePool" else _windowed(editor, node, first.outputs[0]))
    if made is None:
        return False
    last = editor.reshaped(node, made[-1].outputs[0], editor.shape(node.outputs[0]),
                           node.outputs[0])
    return editor.replace(node, [first, *made, last], "layer over one axis")


PASSES = {"layer over one axis": over_time}
