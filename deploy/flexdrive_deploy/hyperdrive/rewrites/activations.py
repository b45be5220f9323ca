"""What computes value by value, from behind a Concat to its parts."""

import numpy as np

from .elementwise import pointwise, rebuilt

__all__ = ["PASSES"]

_STEPS = ("Relu", "LeakyRelu", "PRelu", "Clip", "BatchNormalization", "Mul", "Add", "Sub", "Div",
          "Max", "Min", "BipolarQuant")


def through_concat(editor, node):
    """Activation, scale, bias, normalisation of a Concat along the channels that nothing else
    reads -> of each of its parts. The same values, bit for bit."""
    found = pointwise(editor, node)
    if found is None or node.operation not in _STEPS or len(found.maps) != 1:
        return False
    concat = editor.maker(found.maps[0], "Concat")
    if concat is None or not editor.alone(concat.outputs[0]) or not editor.is_map(
            concat.outputs[0]) or concat.attributes.get("axis") not in (1, -3):
        return False
    if any(editor.maker(name) is None or name in editor.graph.outputs for name in concat.inputs):
        return False        # a part of the host's, whose values more nodes would read
    parts, order, first = [], [], 0
    for name in concat.inputs:
        shape = editor.shape(name)
        if not shape:
            return False
        here = slice(first, first + shape[1])
        part = rebuilt(editor, found, {found.maps[0]: name},
                       lambda values, here=here: values[:, here], shape)
        if part is None:
            return False
        parts.append(part)
        order.append(part.outputs[0])
        first += shape[1]
    whole = editor.again(concat, order, editor.shape(node.outputs[0]), result=node.outputs[0])
    return editor.replace(node, [*parts, whole], "through Concat")


_STEPS_BEFORE = ("Conv", "BatchNormalization", "Mul", "Div", "MaxPool", "AveragePool")


def through_relu(editor, node):
    """Scale, by positive constants, of a ReLU that nothing else reads -> the ReLU of what was
    scaled, so that the scale becomes part of the layer's. Equal in real numbers; one rounding
    less."""
    found = pointwise(editor, node)
    if found is None or node.operation not in ("Mul", "Div") or len(found.maps) != 1:
        return False
    if node.operation == "Div" and node.inputs[0] != found.maps[0]:
        return False
    (values,) = found.constants.values()
    relu = editor.maker(found.maps[0], "Relu")
    if relu is None or not editor.alone(relu.outputs[0]) or not (
            np.isfinite(values) & (values > 0)).all():
        return False
    before = editor.maker(relu.inputs[0], *_STEPS_BEFORE)
    if before is None or not editor.alone(relu.inputs[0]):
        return False        # a sum of maps, for one, is scaled before it is added
    shape = editor.shape(node.outputs[0])
    scaled = rebuilt(editor, found, {found.maps[0]: relu.inputs[0]}, lambda values: values, shape)
    assert scaled is not None, "no normalisation, which alone can be refused"
    return editor.replace(node, [scaled, editor.again(relu, scaled.outputs, shape,
                                                      result=node.outputs[0])], "through ReLU")


PASSES = {"through Concat": through_concat, "through ReLU": through_relu}
