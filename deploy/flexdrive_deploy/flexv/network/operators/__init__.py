"""ONNX operators on the cluster: name -> function of (importer, node, values) that gives an
expression for each output."""

from ..expressions import Index, View
from ..ir import ArgMax, Tensor
from ..refusal import RefusedNode
from . import elementwise, layers, quantisers, structure

__all__ = ["LAYERS", "OPERATORS", "QUANTISERS"]


def _argmax(importer, node, values):
    """Index of the largest value of a map."""
    if not isinstance(values[0], View):
        raise RefusedNode("its input was not quantized", "a quantizer in front of it, or the host")
    rank = len(importer.graph.shapes[node.inputs[0]])
    axis = node.attributes.get("axis", 0) % rank - 1
    if axis < 0:
        raise RefusedNode("it compares images", "axis = 1 or behind")
    keep = bool(node.attributes.get("keepdims", 1))
    source = values[0].tensor
    shape = importer.shape(node.outputs[0])
    output = Tensor(importer.tensor_name(node.outputs[0]), shape, 0, source.shape[axis] - 1)
    importer.add(ArgMax, [source], output, axis=axis, keep=keep,
                 last=bool(node.attributes.get("select_last_index", 0)))
    return [Index(output)]


# Operators with weights: what cannot run on the host, behind the cluster.
LAYERS = {"Conv": layers.conv, "Gemm": layers.gemm, "MatMul": layers.matmul}
QUANTISERS = {
    "QuantizeLinear": quantisers.quantize_linear, "DequantizeLinear": quantisers.dequantize_linear,
    "Quant": quantisers.quant, "IntQuant": quantisers.quant, "BipolarQuant": quantisers.quant,
    "Trunc": quantisers.trunc}
OPERATORS = dict.fromkeys(elementwise.FUNCTIONS, elementwise.function) | LAYERS | QUANTISERS | {
    "Add": elementwise.add, "Sum": elementwise.add, "Sub": elementwise.subtract,
    "Mul": elementwise.multiply, "Div": elementwise.divide, "Neg": elementwise.negate,
    "BatchNormalization": elementwise.batch_normalization, "Relu": elementwise.relu,
    "Clip": elementwise.clip, "Min": elementwise.clip, "Max": elementwise.clip,
    "Transpose": structure.transpose, "Reshape": structure.reshape, "Flatten": structure.reshape,
    "Squeeze": structure.reshape, "Unsqueeze": structure.reshape, "Concat": structure.concat,
    "Pad": structure.pad, "Resize": structure.resize, "Upsample": structure.upsample,
    "MaxPool": structure.max_pool, "GlobalMaxPool": structure.global_max,
    "AveragePool": structure.average_pool, "GlobalAveragePool": structure.global_average,
    "ReduceMean": structure.reduce, "ReduceSum": structure.reduce, "ArgMax": _argmax}
