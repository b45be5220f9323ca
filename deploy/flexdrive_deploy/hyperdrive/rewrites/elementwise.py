"""Operations that compute every value by itself, and how they commute with moving values about."""

from dataclasses import dataclass

import numpy as np

from ...frontend import quantizers as qonnx

__all__ = ["Pointwise", "pointwise", "rebuilt"]

# Of one map, without constants.
_UNARY = ("Abs", "Ceil", "Elu", "Erf", "Exp", "Floor", "Gelu", "HardSigmoid", "HardSwish",
          "Identity", "LeakyRelu", "Mish", "Neg", "Relu", "Selu", "Sigmoid", "Softplus", "Sqrt",
          "Tanh")
# Of a map and a constant, or of maps of one shape.
_BINARY = ("Add", "Div", "Max", "Min", "Mul", "PRelu", "Sub", "Sum")
_COMMON = (*_UNARY, *_BINARY, "BatchNormalization", "Clip")
# Of a map and one scale, in QONNX's domains.
_QUANTIZERS = ("BipolarQuant",)


@dataclass(frozen=True)
class Pointwise:
    """A node that computes every value by itself.

    Attributes
    ----------
    node : onnx_graph.Node.
    maps : its inputs that are maps, all of the shape of its result.
    constants : index of an input -> array, broadcast to that shape where it is no scalar.
    """

    node: object
    maps: list
    constants: dict


def pointwise(editor, node):
    """The :class:`Pointwise` of a node, None of one that is none: other operations, maps that are
    broadcast, parameters that are computed."""
    known = _QUANTIZERS if qonnx.is_quantizer(node.proto) else () if node.domain else _COMMON
    if node.operation not in known or len(node.outputs) != 1:
        return None
    shape, constants, maps = editor.shape(node.outputs[0]), {}, []
    attributes, norm = node.attributes, node.operation == "BatchNormalization"
    if not shape or attributes.get("training_mode", 0) or not attributes.get("spatial", 1):
        return None
    parameters = norm or node.operation in ("Clip", "PRelu", *_QUANTIZERS)
    for index, name in enumerate(node.inputs):
        values = editor.constant(name)
        if not name:
            continue
        if values is None:
            if editor.shape(name) != shape or (index and parameters):
                return None
            maps.append(name)
        elif norm and index:
            if values.shape != shape[1:2]:
                return None
            constants[index] = np.broadcast_to(values.reshape(-1, *[1] * (len(shape) - 2)), shape)
        elif values.size == 1:
            constants[index] = values.reshape(())
        else:
            constants[index] = np.broadcast_to(values, shape)
    return Pointwise(node, maps, constants) if maps else None


def _compact(values):
    """Values of a map (1, C, ...) as (C, 1, ...) where pixels do not differ, else as they are."""
    pixels = values.reshape(*values.shape[:2], -1)
    if values.ndim < 2 or len(values) != 1 or (pixels != pixels[:, :, :1]).any():
        return values
    return pixels[0, :, 0].reshape(-1, *[1] * (values.ndim - 2))


def rebuilt(editor, found, names, transform, shape, result=None):
    """The same operation of other values.

    Parameters
    ----------
    found : Pointwise.
    names : its maps -> the names to read instead.
    transform : what becomes of a constant of the shape of the old result: array -> array of
        ``shape``.
    result : name of the result, when it is one that exists already.

    Returns
    -------
    Node, or None when a BatchNormalization has not one parameter for each channel any more.
    """
    node, inputs = found.node, []
    norm = node.operation == "BatchNormalization"
    for index, name in enumerate(node.inputs):
        if index not in found.constants:
            inputs.append(names.get(name, name))
        elif found.constants[index].ndim == 0:
            plain = node.operation in ("Clip", *_QUANTIZERS) or editor.shape(name) == (1,)
            inputs.append(name if plain else editor.store(found.constants[index].reshape(1), name))
        else:
            values = _compact(transform(found.constants[index]))
            if norm and values.size != shape[1]:
                return None
            inputs.append(editor.store(values.ravel() if norm else values, name))
    return editor.again(node, inputs, shape, result=result)
