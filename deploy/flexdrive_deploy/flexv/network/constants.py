"""Constants as the integers that a quantizer made of them.

Import folds quantized weights to real values. Here the folded value is traced back to its
quantizer, through operators that only move values, and its integers are taken from there.
"""

from dataclasses import dataclass

import numpy as np
from onnx import helper

from flexdrive_deploy.frontend import quantizers as qonnx
from flexdrive_deploy.frontend.graph import Node

from .expressions import exact
from .refusal import RefusedNode

__all__ = ["Constants", "QuantisedConstant"]

_MOVES = ("Transpose", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity")
_SYMMETRIC = "weights with zero point 0 (symmetric) of up to 8 bits"


@dataclass(frozen=True, eq=False)
class QuantisedConstant:
    """``integers * scale``, exactly.

    Attributes
    ----------
    integers : int64 array, zero point taken off.
    scale : float64 array of the same shape (broadcast).
    """

    integers: np.ndarray
    scale: np.ndarray

    def moved(self, function):
        """The same with values at other places."""
        return QuantisedConstant(function(self.integers), function(self.scale))


def along(parameter, axis, rank):
    """A scale or zero point of a QuantizeLinear as an array that broadcasts: one value, or one for
    each index of ``axis``."""
    parameter = np.asarray(parameter)
    if parameter.size == 1:
        return parameter.reshape(())
    if parameter.ndim != 1:
        raise RefusedNode("it has a scale for each block of values",
                          "one scale, or one for each output channel")
    shape = [1] * rank
    shape[axis] = parameter.size
    return parameter.reshape(shape)


class Constants:
    """The constants of an ``onnx_graph.Graph``."""

    def __init__(self, graph):
        self._graph = graph
        self._makers = {name: node for node in graph.model.graph.node for name in node.output}

    def array(self, name):
        """The value as numpy array."""
        return np.asarray(self._graph.constants[name])

    def reals(self, name):
        """The exact value as object array of Fraction."""
        found = self.quantised(name)
        if found is not None:
            return exact(found.integers) * exact(found.scale)
        values = self.array(name)
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise RefusedNode(f"the constant {name} has values that are no numbers",
                              "finite constants")
        return exact(values.astype(np.float64) if values.dtype.kind == "f" else values)

    def quantised(self, name):
        """The :class:`QuantisedConstant` of a value, or None when no quantizer made it.

        Raises
        ------
        RefusedNode
            when its parameters are not possible here.
        """
        proto = self._makers.get(name)
        if proto is None:
            return None
        if qonnx.is_quantizer(proto):
            return self._qonnx(proto)
        if proto.domain not in ("", "ai.onnx"):
            return None
        if proto.op_type == "DequantizeLinear":
            return self._dequantised(proto)
        if proto.op_type not in _MOVES:
            return None
        inner = self.quantised(proto.input[0])
        if inner is None:
            return None
        shape = self.array(name).shape
        if proto.op_type == "Transpose":
            axes = next((list(a.ints) for a in proto.attribute if a.name == "perm"), None)
            return inner.moved(lambda values: np.transpose(values, axes))
        return inner.moved(lambda values: np.reshape(values, shape))

    def _dequantised(self, proto):
        attributes = {a.name: helper.get_attribute_value(a) for a in proto.attribute}
        integers = self.array(proto.input[0])
        if integers.dtype.kind not in "iu" and "int" not in integers.dtype.name:
            raise RefusedNode(f"the constant {proto.input[0]} is {integers.dtype}", _SYMMETRIC)
        if attributes.get("block_size", 0):
            raise RefusedNode("the constant has a scale for each block of values",
                              "one scale, or one for each output channel")
        axis = attributes.get("axis", 1)
        scale = along(self.array(proto.input[1]), axis, integers.ndim).astype(np.float64)
        integers = integers.astype(np.int64)
        if len(proto.input) > 2 and proto.input[2]:
            zero = along(self.array(proto.input[2]), axis, integers.ndim).astype(np.int64)
            integers = integers - zero
        return self._checked(integers, scale, proto.output[0])

    def _qonnx(self, proto):
        node = Node(proto.name or proto.output[0], proto.op_type, proto.domain, list(proto.input),
                    list(proto.output), {}, proto)
        quantizer = qonnx.quantizer_of(node, self._graph.constants)
        if quantizer is None:
            raise RefusedNode(f"the quantizer {node.name} has parameters that are no constants",
                              "constants")
        values = self.array(proto.input[0]).astype(np.float32)
        zero = np.asarray(quantizer.zero, np.float64)
        if (zero != np.round(zero)).any():
            raise RefusedNode(f"the zero point of {node.name} is no integer", "integers")
        integers = (qonnx.integers(values, quantizer).astype(np.int64)
                    - np.round(zero).astype(np.int64))
        return self._checked(integers, np.asarray(quantizer.scale, np.float64), proto.output[0])

    @staticmethod
    def _checked(integers, scale, name):
        if not np.isfinite(scale).all():
            raise RefusedNode(f"the scale of {name} is no number", "finite scales")
        return QuantisedConstant(integers, np.broadcast_to(scale, integers.shape))
