"""Layers whose maps lie outside of L1: they come and go in stripes of rows.

A stripe of the output needs some rows of each source. Of a source outside they are fetched into one
of two buffers, with the border that the layer reads; the output's rows leave from one of two.
"""

from dataclasses import dataclass, replace

import numpy as np

from flexdrive_deploy.flexv.network import ir
from flexdrive_deploy.flexv.network.fixed_point import Ratio

from .storage import Border, canonical, storage_of

__all__ = ["Rows", "may_stripe", "rows_of", "stripe_storage", "window_of"]

_KINDS = (ir.Convolution, ir.Requantise, ir.Table, ir.MaxPool, ir.WindowSum)


@dataclass(frozen=True)
class Rows:
    """Source rows of a stripe of the output: rows first..first + count - 1 of the map, under
    ``above`` rows and over ``below`` rows of border."""

    first: int
    count: int
    above: int
    below: int


def window_of(step):
    """(kernel, stride, dilation, padding above) along rows of a step."""
    node = step.node
    if isinstance(node, ir.Convolution):
        return node.weights.shape[2], node.strides[0], node.dilations[0], node.pads[0]
    if isinstance(node, ir.MaxPool | ir.WindowSum):
        return node.kernel[0], node.strides[0], node.dilations[0], node.pads[0]
    return 1, 1, 1, 0


def may_stripe(step):
    """Whether a step can work on stripes."""
    channels, height, _ = canonical(step.output.shape)
    # Of one row the channels of a sum over a window come apart.
    apart = isinstance(step.node, ir.WindowSum) and channels > 4
    if not isinstance(step.node, _KINDS) or (height < 2 and not apart):
        return False
    if any(rows_of(step, row, 1).count < 1 for row in range(height)):
        return False
    if not isinstance(step.node, ir.Requantise):
        return True
    rule = step.rule
    arrays = ([rule.numerator, rule.denominator] if isinstance(rule, Ratio) else
              [*getattr(rule, "multipliers", [getattr(rule, "multiplier", np.zeros(()))]),
               rule.addend])
    return all(array.ndim < 2 or array.shape[-2] == 1 for array in arrays)


def rows_of(step, begin, count):
    """The :class:`Rows` that output rows begin..begin + count - 1 of a step read."""
    height = canonical(step.sources[0].shape)[1]
    kernel, stride, dilation, pad = window_of(step)
    first = begin * stride - pad
    last = (begin + count - 1) * stride - pad + (kernel - 1) * dilation
    inside = max(first, 0), min(last, height - 1)
    return Rows(inside[0], inside[1] - inside[0] + 1, inside[0] - first, last - inside[1])


def stripe_storage(step, tensor, count, borders):
    """Storage of a stripe: of the output's ``count`` rows, or of what they read of a source; the
    border's rows are rows of it."""
    if tensor is step.output:
        return replace(storage_of(tensor), height=count)
    kernel, stride, dilation, _ = window_of(step)
    border = borders.get(tensor.name, Border()) if isinstance(step.node, ir.Convolution) \
        else Border()
    sides = Border(0, border.left, 0, border.right, border.value)
    return replace(storage_of(tensor, sides),
                   height=(count - 1) * stride + (kernel - 1) * dilation + 1)
