"""Every operation of the integer graph in numpy, on (N, ...) arrays of int64.

Products are added in float64, where sums of integers below 2**53 are exact in any order; that no
accumulator leaves 32 bits is proved when the graph is made.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from flexdrive_deploy.flexv.network import ir
from flexdrive_deploy.flexv.network.fixed_point import FixedPoint, Ratio, Sign, requantisation

__all__ = ["OPERATIONS", "round_quotient"]


def _windows(values, kernel, strides, pads, dilations, border):
    """(N, C, H, W, kh, kw) windows of (N, C, H, W), ``border`` outside."""
    top, left, bottom, right = pads
    padded = np.pad(values, ((0, 0), (0, 0), (top, bottom), (left, right)),
                    constant_values=border)
    extent = [(k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True)]
    return sliding_window_view(padded, extent, (2, 3))[
        :, :, ::strides[0], ::strides[1], ::dilations[0], ::dilations[1]]


def _convolution(node, source):
    raw = (source - node.sources[0].low).astype(np.float64)
    windows = _windows(raw, node.weights.shape[2:], node.strides, node.pads, node.dilations,
                       node.border)
    weights = node.weights.astype(np.float64)
    outputs = len(weights) // node.groups
    inputs = weights.shape[1]
    if inputs == 1 and outputs == 1:
        # Tap by tap: nothing is copied.
        return sum(windows[..., i, j] * weights[:, 0, i, j, None, None]
                   for i, j in np.ndindex(*windows.shape[4:])).astype(np.int64)
    made = []
    for group in range(node.groups):
        part = windows[:, group * inputs:(group + 1) * inputs]
        own = weights[group * outputs:(group + 1) * outputs]
        made.append(np.moveaxis(np.tensordot(part, own, ((1, 4, 5), (1, 2, 3))), -1, 1))
    return np.concatenate(made, axis=1).astype(np.int64)


def _linear(node, source):
    raw = (source - node.sources[0].low).astype(np.float64)
    return (raw @ node.weights.T.astype(np.float64)).astype(np.int64)


def _window_sum(node, source):
    return _windows(source - node.zero, node.kernel, node.strides, node.pads, node.dilations,
                    0).sum((4, 5))


def _max_pool(node, source):
    nothing = np.iinfo(np.int64).min
    return _windows(source, node.kernel, node.strides, node.pads, node.dilations,
                    nothing).max((4, 5))


def round_quotient(number, divisor, rounding):
    """int64 arrays: ``number / divisor`` rounded by a mode of QONNX; ``divisor`` > 0, and twice
    it fits."""
    low = number // divisor
    rest = number - low * divisor
    twice = 2 * rest
    up = {
        "FLOOR": lambda: np.zeros(np.shape(low), bool), "CEIL": lambda: rest > 0,
        "DOWN": lambda: (rest > 0) & (low < 0), "UP": lambda: (rest > 0) & (low >= 0),
        "HALF_EVEN": lambda: (twice > divisor) | ((twice == divisor) & (low % 2 == 1)),
        "HALF_UP": lambda: (twice > divisor) | ((twice == divisor) & (low >= 0)),
        "HALF_DOWN": lambda: (twice > divisor) | ((twice == divisor) & (low < 0))}[rounding]()
    return low + up


def _requantise(node, *sources):
    rule = requantisation(node)
    moved = [source - zero for source, zero in zip(sources, node.zeros, strict=True)]
    if isinstance(rule, Sign):
        made = np.where(moved[0] * rule.multiplier + rule.addend >= 0, 1, -1)
    elif isinstance(rule, Ratio):
        made = round_quotient(moved[0] * rule.numerator, rule.denominator,
                              rule.rounding) + rule.added
    else:
        assert isinstance(rule, FixedPoint)
        total = sum(each * factor for each, factor in
                    zip(moved, rule.multipliers, strict=True)) + (rule.addend << rule.addend_shift)
        if rule.rounding == "NEAREST":
            made = total >> rule.shift
        elif rule.rounding == "SIGN":
            made = np.where(total >= 0, 1, -1)
        else:
            made = round_quotient(total, np.int64(1) << rule.shift, rule.rounding) + rule.added
    made = np.clip(made, node.output.low, node.output.high)
    return np.broadcast_to(made, (len(made), *node.output.shape))


def _pad(node, source):
    return np.pad(source, ((0, 0), *node.pads), constant_values=node.value)


def _upsample(node, source):
    for axis, factor in enumerate(node.factors, 1):
        source = np.repeat(source, factor, axis)
    return source


def _argmax(node, source):
    axis = node.axis + 1
    if node.last:
        made = source.shape[axis] - 1 - np.argmax(np.flip(source, axis), axis)
    else:
        made = np.argmax(source, axis)
    return np.expand_dims(made, axis) if node.keep else made


# Class of a node -> function of it and the arrays of its sources.
OPERATIONS = {
    ir.Convolution: _convolution, ir.Linear: _linear, ir.WindowSum: _window_sum,
    ir.MaxPool: _max_pool, ir.Requantise: _requantise, ir.Pad: _pad, ir.Upsample: _upsample,
    ir.ArgMax: _argmax,
    ir.Table: lambda node, source: node.table[source - node.sources[0].low],
    ir.Concat: lambda node, *sources: np.concatenate(sources, axis=node.axis + 1),
    ir.Transpose: lambda node, source: np.transpose(
        source, (0, *(axis + 1 for axis in node.axes))),
    ir.Reshape: lambda node, source: source.reshape(len(source), *node.output.shape)}
