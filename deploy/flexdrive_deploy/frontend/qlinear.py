"""Operators on integers (QLinearConv and its kin of ONNX and of onnxruntime) written out as
DequantizeLinear, the operator on real values, QuantizeLinear.

Their definition is just that. So there is one form in which the rest of the import meets a
quantised network. Integer inputs of a network become real ones that hold the same numbers.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper, version_converter

from ..door import guarded
from ..errors import ModelError

__all__ = ["written_out"]

_MICROSOFT = "com.microsoft"
# Scales for each channel need an axis, which DequantizeLinear has since.
_OPSET = 13
_INTEGERS = (TensorProto.INT8, TensorProto.UINT8, TensorProto.INT16, TensorProto.UINT16)
# Name -> (operator on real values, quantized inputs); scale and zero point follow each input, and
# those of the output come last.
_PLAIN = {
    "QLinearMatMul": ("MatMul", 2), "QLinearAdd": ("Add", 2), "QLinearMul": ("Mul", 2),
    "QLinearAveragePool": ("AveragePool", 1), "QLinearGlobalAveragePool": ("GlobalAveragePool", 1),
    "QLinearSigmoid": ("Sigmoid", 1), "QLinearLeakyRelu": ("LeakyRelu", 1),
    "QLinearReduceMean": ("ReduceMean", 1), "QLinearSoftmax": ("Softmax", 1)}
_OURS = ("opset", "channels_last")


class _Writer:
    def __init__(self, model):
        self.model = model
        self.ranks = {tensor.name: len(tensor.dims) for tensor in model.graph.initializer}
        self.sizes = {tensor.name: int(np.prod(tensor.dims, dtype=np.int64))
                      for tensor in model.graph.initializer}
        self.made = []

    def add(self, operation, inputs, output, name, **attributes):
        self.made.append(helper.make_node(operation, inputs, [output], name, **attributes))
        return output

    def real(self, node, at, axis=None):
        """DequantizeLinear of the input at ``at`` and of the two behind it."""
        value, scale, zero = (*node.input[at:at + 3], "", "")[:3]
        axes = {} if axis is None or self.sizes.get(scale, 1) == 1 else {"axis": axis}
        return self.add("DequantizeLinear", [value, scale, *([zero] if zero else [])],
                        f"{node.output[0]}/in{at}", f"{_name(node)}/in{at}", **axes)

    def integers(self, node, value, at):
        """QuantizeLinear with the parameters at ``at`` of the node's inputs."""
        scale, zero = (*node.input[at:at + 2], "")[:2]
        self.add("QuantizeLinear", [value, scale, *([zero] if zero else [])], node.output[0],
                 f"{_name(node)}/quantize")

    def bias(self, node, value, first, second):
        """DequantizeLinear of a bias that counts products."""
        scale = self.add("Mul", [node.input[first], node.input[second]],
                         f"{node.output[0]}/bias_scale", f"{_name(node)}/bias_scale")
        axes = {"axis": 0} if max(self.sizes.get(node.input[i], 1) for i in (first, second)) > 1 \
            else {}
        return self.add("DequantizeLinear", [value, scale], f"{node.output[0]}/bias",
                        f"{_name(node)}/bias", **axes)


def _name(node):
    return node.name or node.output[0]


def _attributes(node, without=()):
    return {a.name: helper.get_attribute_value(a) for a in node.attribute if a.name not in without}


def _conv(writer, node):
    inputs = [writer.real(node, 0), writer.real(node, 3, 0)]
    if len(node.input) > 8 and node.input[8]:
        inputs.append(writer.bias(node, node.input[8], 1, 4))
    made = writer.add("Conv", inputs, f"{node.output[0]}/real", _name(node), **_attributes(node))
    writer.integers(node, made, 6)


def _gemm(writer, node):
    attributes = _attributes(node)
    across = 0 if attributes.get("transB", 0) else 1
    inputs = [writer.real(node, 0), writer.real(node, 3, across)]
    if len(node.input) > 6 and node.input[6]:
        if attributes.get("alpha", 1.0) != 1.0:
            raise ModelError(f"Node {_name(node)}: QGemm with alpha = {attributes['alpha']:g} and "
                             "a bias. What would pass: alpha = 1")
        inputs.append(writer.bias(node, node.input[6], 1, 4))
    whole = len(node.input) > 7 and node.input[7]
    made = writer.add("Gemm", inputs, f"{node.output[0]}/real" if whole else node.output[0],
                      _name(node), **attributes)
    if whole:
        writer.integers(node, made, 7)


def _concat(writer, node):
    inputs = [writer.real(node, at) for at in range(2, len(node.input), 3)]
    made = writer.add("Concat", inputs, f"{node.output[0]}/real", _name(node), **_attributes(node))
    writer.integers(node, made, 0)


def _plain(writer, node):
    operation, count = _PLAIN[node.op_type]
    attributes = _attributes(node)
    if attributes.get("channels_last", 0):
        raise ModelError(f"Node {_name(node)}: {node.op_type} with channels_last = 1. What would "
                         "pass: channels_last = 0")
    attributes = {name: value for name, value in attributes.items() if name not in _OURS}
    axis = writer.ranks.get(node.input[3], 2) - 1 if node.op_type == "QLinearMatMul" else None
    inputs = [writer.real(node, 3 * index, axis if index else None) for index in range(count)]
    made = writer.add(operation, inputs, f"{node.output[0]}/real", _name(node), **attributes)
    writer.integers(node, made, 3 * count)


_WRITERS = dict.fromkeys(_PLAIN, _plain) | {
    "QLinearConv": _conv, "QGemm": _gemm, "QLinearConcat": _concat}


def _real_inputs(model):
    """Integer inputs as real ones that hold the same numbers."""
    stored = {tensor.name for tensor in model.graph.initializer}
    made = []
    for value in model.graph.input:
        kind = value.type.tensor_type.elem_type
        if kind not in _INTEGERS or value.name in stored:
            continue
        outer = value.name
        inner = f"{outer}/integers"
        for node in model.graph.node:
            node.input[:] = [inner if name == outer else name for name in node.input]
        value.type.tensor_type.elem_type = TensorProto.FLOAT
        one, nothing = f"{outer}/one", f"{outer}/zero"
        dtype = helper.tensor_dtype_to_np_dtype(kind)
        model.graph.initializer.extend([numpy_helper.from_array(np.ones((), np.float32), one),
                                        numpy_helper.from_array(np.zeros((), dtype), nothing)])
        made.append(helper.make_node("QuantizeLinear", [outer, one, nothing], [inner], inner))
    nodes = [*made, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def written_out(model):
    """A model without operators on integers; the model itself when it has none.

    Parameters
    ----------
    model : onnx.ModelProto.

    Raises
    ------
    ModelError
        when one of them has attributes that it cannot be written out with.
    """
    known = [node for node in model.graph.node
             if node.domain in ("", "ai.onnx", _MICROSOFT) and node.op_type in _WRITERS]
    foreign = [node for node in model.graph.node if node.domain == _MICROSOFT
               and node.op_type in ("QuantizeLinear", "DequantizeLinear")]
    integers = [value for value in model.graph.input
                if value.type.tensor_type.elem_type in _INTEGERS]
    if not known and not foreign and not integers:
        return model
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    for node in copy.graph.node:
        if node.domain == _MICROSOFT and node.op_type in ("QuantizeLinear", "DequantizeLinear"):
            node.domain = ""
    writer = _Writer(copy)
    for node in copy.graph.node:
        if node.domain in ("", "ai.onnx", _MICROSOFT) and node.op_type in _WRITERS:
            with guarded(f"Node {_name(node)} ({node.op_type})", "complete", ModelError):
                _WRITERS[node.op_type](writer, node)
        else:
            writer.made.append(node)
    nodes = [onnx.NodeProto.FromString(node.SerializeToString()) for node in writer.made]
    del copy.graph.node[:]
    copy.graph.node.extend(nodes)
    del copy.graph.value_info[:]
    _real_inputs(copy)
    version = max((opset.version for opset in copy.opset_import
                   if opset.domain in ("", "ai.onnx")), default=1)
    if version < _OPSET:
        for opset in copy.opset_import:
            if opset.domain in ("", "ai.onnx"):
                opset.version = _OPSET
        # What changed since the model's own opset is not only quantizers.
        if any(node.op_type not in _SINCE for node in copy.graph.node):
            with guarded(f"The model of opset {version}", "one that can be brought to opset "
                         f"{_OPSET}", ModelError):
                for opset in copy.opset_import:
                    if opset.domain in ("", "ai.onnx"):
                        opset.version = version
                copy = version_converter.convert_version(copy, _OPSET)
    return copy


# The same in all opsets from 10 to 13.
_SINCE = frozenset([
    "Conv", "MatMul", "Gemm", "Add", "Mul", "AveragePool", "MaxPool", "GlobalAveragePool",
    "Sigmoid", "LeakyRelu", "Concat", "Relu", "Flatten", "Reshape", "Transpose", "QuantizeLinear",
    "DequantizeLinear"])
