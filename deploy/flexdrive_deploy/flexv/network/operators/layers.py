"""Conv, Gemm and MatMul."""

from fractions import Fraction

import numpy as np

from ..expressions import Constant, Sum, Term, exact
from ..ir import Convolution, Linear, Reshape, Tensor
from ..refusal import RefusedNode
from .windows import flat, window_of

__all__ = ["bias_offset", "conv", "gemm", "matmul"]

_LIMIT = 1 << 31
# A bias whose scale is that of the products, rounded to float32, counts products.
_SAME_SCALE = Fraction(1, 1 << 20)
_WEIGHTS = ("weights of a quantizer (DequantizeLinear of integers, Quant or BipolarQuant), "
            "of up to 8 bits")


def _weights(importer, value, what="its weights"):
    """QuantisedConstant of a weight input."""
    if not isinstance(value, Constant):
        raise RefusedNode(f"{what} are computed from the image: a product of two maps",
                          "constant weights")
    found = importer.constants.quantised(value.name)
    if found is None:
        raise RefusedNode(f"{what} are real-valued", _WEIGHTS)
    low, high = int(found.integers.min(initial=0)), int(found.integers.max(initial=0))
    if low < -128 or high > 127:
        raise RefusedNode(f"{what} less their zero point go from {low} to {high}",
                          "-128 to 127: symmetric weights")
    return found


def _channel_scales(constant, axis):
    """Scale of each index of an output channel's axis."""
    scales = np.moveaxis(constant.scale, axis, 0).reshape(constant.scale.shape[axis], -1)
    if (scales != scales[:, :1]).any():
        raise RefusedNode("its weights have scales along another axis than the output channels",
                          "one scale, or one for each output channel")
    return exact(scales[:, 0])


def _proved(importer, weights, tensor, border):
    """(low, high) of the accumulators over all channels.

    Raises
    ------
    RefusedNode
        when 32 bits may not hold one.
    """
    top = max(tensor.high - tensor.low, border)
    flattened = weights.reshape(len(weights), -1)
    low = int(np.minimum(flattened, 0).sum(1).min(initial=0)) * top
    high = int(np.maximum(flattened, 0).sum(1).max(initial=0)) * top
    if low < -_LIMIT or high >= _LIMIT:
        raise RefusedNode(f"its accumulators may reach {max(-low, high)}, 32 bits do not hold that",
                          "fewer inputs a channel, or fewer bits")
    return low, high


def bias_offset(importer, name, factor, shape):
    """Offset of a bias: object array that broadcasts to ``shape``.

    Parameters
    ----------
    factor : object array, real value of one product; None when that is not one term's.
    """
    found = importer.constants.quantised(name)
    if found is not None and factor is not None:
        wide = found.scale.reshape(shape)
        unit, wide = np.broadcast_arrays(np.asarray(factor, object), wide)
        if all(each and abs(Fraction(scale) / each - 1) < _SAME_SCALE
               for each, scale in zip(unit.ravel().tolist(), wide.ravel().tolist(), strict=True)):
            return np.asarray(exact(found.integers.reshape(shape)) * factor, object)
    return np.asarray(importer.constants.reals(name).reshape(shape), object)


def _behind_zero(weights, view, factor, shape):
    """What the zero point contributes: minus zero * sum of the weights, in real values."""
    sums = exact(weights.reshape(len(weights), -1).sum(1)).reshape(shape)
    return np.asarray(-(view.zero - view.tensor.low) * sums * factor, object)


def conv(importer, node, values):
    """Conv of a map with constant weights."""
    view = importer.view(values[0])
    constant = _weights(importer, values[1])
    shape = importer.shape(node.outputs[0])
    window = window_of(node, view.tensor.shape[1:], constant.integers.shape[2:], shape[1:])
    tensor = view.tensor
    border = view.zero - tensor.low
    if any(window.pads) and not 0 <= border < 1 << tensor.lane:
        raise RefusedNode(f"its border is {view.zero}, which the map's {tensor.lane} bits from "
                          f"{tensor.low} on do not hold", "a zero point within the map's range")
    weights = constant.integers
    if window.line:
        weights = weights[:, :, None]
        tensor = importer.add(Reshape, [tensor],
                              importer.like(tensor, f"{tensor.name}/row", flat(tensor.shape)))
    low, high = _proved(importer, weights, tensor, border if any(window.pads) else 0)
    made = Tensor(importer.tensor_name(f"{node.outputs[0]}/sums"), flat(shape), low, high)
    importer.add(Convolution, [tensor], made, weights=weights, strides=window.strides,
                 pads=window.pads, dilations=window.dilations,
                 groups=node.attributes.get("group", 1), border=border if any(window.pads) else 0)
    if window.line:
        made = importer.add(Reshape, [made], importer.like(made, f"{made.name}/line", shape))
    channels = (-1, *[1] * (len(shape) - 1))
    factor = np.asarray(_channel_scales(constant, 0).reshape(channels) * view.scale, object)
    offset = _behind_zero(weights, view, factor, channels)
    if len(values) > 2 and values[2] is not None:
        if not isinstance(values[2], Constant):
            raise RefusedNode("its bias is computed from the image", "a constant bias")
        offset = offset + bias_offset(importer, values[2].name, factor, channels)
    return [Sum(shape, (Term(made, 0, factor),), np.asarray(offset, object))]


def _linear(importer, node, view, weights, scales):
    """Sum of a Linear; weights (O, K), scales (O,)."""
    shape = importer.shape(node.outputs[0])
    low, high = _proved(importer, weights, view.tensor, 0)
    made = Tensor(importer.tensor_name(f"{node.outputs[0]}/sums"), shape, low, high)
    importer.add(Linear, [view.tensor], made, weights=weights)
    factor = np.asarray(scales * view.scale, object)
    return Sum(shape, (Term(made, 0, factor),), _behind_zero(weights, view, factor, (-1,)))


def gemm(importer, node, values):
    """Gemm of a map with constant weights."""
    if node.attributes.get("transA", 0):
        raise RefusedNode("transA = 1 puts the batch last", "transA = 0")
    view = importer.view(values[0])
    constant = _weights(importer, values[1])
    if not node.attributes.get("transB", 0):
        constant = constant.moved(np.transpose)
    alpha, beta = (Fraction(float(np.float32(node.attributes.get(name, 1.0))))
                   for name in ("alpha", "beta"))
    scales = np.asarray(_channel_scales(constant, 0) * alpha, object)
    made = _linear(importer, node, view, constant.integers, scales)
    if len(values) < 3 or values[2] is None or beta == 0:
        return [made]
    if not isinstance(values[2], Constant):
        raise RefusedNode("its third input is computed from the image", "a constant bias")
    count = np.size(importer.constants.array(values[2].name))
    shape = () if count == 1 else (count,)
    if count not in (1, *made.shape):
        raise RefusedNode("its bias is no row", "a bias of one number for each output")
    bias = bias_offset(importer, values[2].name, made.terms[0].factor if shape else None, shape)
    return [Sum(made.shape, made.terms, np.asarray(made.offset + bias * beta, object))]


def matmul(importer, node, values):
    """MatMul of a map with a constant matrix."""
    if isinstance(values[0], Constant):
        raise RefusedNode("its constant is the first input", "the constant as second input: "
                          "MatMul(x, W), with Transpose where that is needed")
    view = importer.view(values[0])
    constant = _weights(importer, values[1], "its second input's values")
    while constant.integers.ndim > 2 and constant.integers.shape[0] == 1:
        constant = constant.moved(lambda each: each[0])
    if constant.integers.ndim != 2 or not view.tensor.shape:
        raise RefusedNode(f"its weights have {constant.integers.ndim} axes", "a matrix (K, O)")
    constant = constant.moved(np.transpose)
    return [_linear(importer, node, view, constant.integers, _channel_scales(constant, 0))]
