"""The integer graph: what a quantised network computes, in integers, for one image.

Shapes leave the batch out. Two kinds of tensors: maps, whose values have up to eight bits, and
accumulators of 32 bits. Layers make accumulators; :class:`Requantise` makes a map of them (or of
maps) with one rounding. Factors are exact rationals, in object arrays of ``Fraction``; integers
for the hardware are derived from them in :mod:`.fixed_point`.

A layer multiplies what memory holds, ``u = q - low`` of its source, which has no sign; what the
zero point contributes is part of the addend behind it.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import prod

import numpy as np

__all__ = [
    "ArgMax", "Concat", "Convolution", "Input", "IntegerGraph", "Linear", "MaxPool", "Node", "Pad",
    "Quantiser", "Requantise", "Reshape", "Table", "Tensor", "Transpose", "Upsample", "WindowSum"]

# Widths of a lane in memory.
_LANES = (2, 4, 8, 16, 32)


@dataclass(frozen=True, eq=False)
class Tensor:
    """Integers of one image.

    Attributes
    ----------
    name : unique in the graph; that of the ONNX value whose integers these are.
    shape : without the batch.
    low, high : no value is outside of these, proved.
    scale, zero : real value = (integer - zero) * scale; scale is None of an accumulator.
    """

    name: str
    shape: tuple
    low: int
    high: int
    scale: Fraction | None = None
    zero: int = 0

    @property
    def bits(self):
        """Bits that ``value - low`` takes."""
        return max(1, (self.high - self.low).bit_length())

    @property
    def lane(self):
        """Bits of one value in memory: 2, 4, 8, 16 or 32."""
        return next(lane for lane in _LANES if lane >= self.bits) if self.scale else 32

    @property
    def size(self):
        """Number of values."""
        return prod(self.shape)


@dataclass(frozen=True)
class Quantiser:
    """How real values become integers: clip(round(x / scale) + zero).

    Attributes
    ----------
    scale : Fraction, greater than 0.
    low, high : range of the integers, after a narrower Clip.
    rounding : name of :mod:`.rounding`.
    inside : whether the zero point is added before rounding (QONNX) or behind it (ONNX).
    sign : -1 and 1 only, by the sign of x, 0 being positive.
    """

    scale: Fraction
    zero: int
    low: int
    high: int
    rounding: str = "HALF_EVEN"
    inside: bool = False
    sign: bool = False


@dataclass(frozen=True, eq=False)
class Input:
    """A real value that the host quantises: ``value`` is its name in the ONNX graph."""

    value: str
    quantiser: Quantiser
    tensor: Tensor


@dataclass(frozen=True, eq=False)
class Node:
    """Something that makes ``output`` from ``sources``; ``name`` is that of an ONNX node."""

    name: str
    sources: tuple
    output: Tensor

    @property
    def macs(self):
        """Products of one image."""
        return 0

    @property
    def weight_count(self):
        """Number of weights."""
        return 0


@dataclass(frozen=True, eq=False, kw_only=True)
class _Weighted(Node):
    """``least_bits``: of a weight in memory, where it has more than its values need."""

    weights: np.ndarray
    least_bits: int = 2

    @property
    def weight_count(self):
        return self.weights.size

    @property
    def weight_bits(self):
        """Width of a lane that holds every weight, signed: 2, 4 or 8."""
        low, high = int(self.weights.min(initial=0)), int(self.weights.max(initial=0))
        return next(lane for lane in _LANES if lane >= self.least_bits
                    and -(1 << lane - 1) <= low and high < 1 << lane - 1)


@dataclass(frozen=True, eq=False)
class Convolution(_Weighted):
    """Accumulators of (O, H, W): sum of weight * u, u = q - low of the source (I, H, W).

    Attributes
    ----------
    weights : int64 (O, I / groups, kh, kw).
    strides, dilations : (y, x). pads : (top, left, bottom, right).
    border : u of a pixel outside.
    """

    strides: tuple
    pads: tuple
    dilations: tuple
    groups: int
    border: int

    @property
    def macs(self):
        return prod(self.output.shape) * prod(self.weights.shape[1:])

    @property
    def depthwise(self):
        """Whether every channel is computed from one."""
        return self.weights.shape[1] == 1 and self.groups > 1


@dataclass(frozen=True, eq=False)
class Linear(_Weighted):
    """Accumulators of (..., O): sum of weight * u over the last axis of the source (..., K).

    ``weights`` is int64 (O, K).
    """

    @property
    def macs(self):
        return prod(self.output.shape) * self.weights.shape[1]


@dataclass(frozen=True, eq=False)
class WindowSum(Node):
    """Accumulators of (C, H, W): sum of q - zero over the part of a window that is in the map.

    ``zero`` is the zero point that the source is read with.
    """

    kernel: tuple
    strides: tuple
    pads: tuple
    dilations: tuple
    zero: int


@dataclass(frozen=True, eq=False)
class MaxPool(Node):
    """The largest of a window's part that is in the map, (C, H, W)."""

    kernel: tuple
    strides: tuple
    pads: tuple
    dilations: tuple


@dataclass(frozen=True, eq=False)
class Requantise(Node):
    """clip(round(sum of (source - zero) * factor + offset) + added), one rounding.

    Attributes
    ----------
    zeros : an integer for each source.
    factors : for each source an object array of Fraction that broadcasts to the output's shape,
        in steps of the output.
    offset : the same.
    added : integer that is added behind the rounding.
    rounding : name of :mod:`.rounding`, or "SIGN": 1 where the sum is >= 0, else -1.
    exact : whether the rational itself is rounded, not its product with a 31-bit multiplier.
    """

    zeros: tuple
    factors: tuple
    offset: np.ndarray
    added: int
    rounding: str
    exact: bool = False


@dataclass(frozen=True, eq=False)
class Table(Node):
    """``table[q - low]`` of the source's integers."""

    table: np.ndarray


@dataclass(frozen=True, eq=False)
class Concat(Node):
    """Sources behind each other along ``axis``."""

    axis: int


@dataclass(frozen=True, eq=False)
class Pad(Node):
    """``value`` (before, after) of each axis."""

    pads: tuple
    value: int


@dataclass(frozen=True, eq=False)
class Transpose(Node):
    """Axis i of the output is axis ``axes[i]`` of the source."""

    axes: tuple


@dataclass(frozen=True, eq=False)
class Reshape(Node):
    """The same integers in the output's shape."""


@dataclass(frozen=True, eq=False)
class Upsample(Node):
    """Every value ``factors[i]`` times along axis i."""

    factors: tuple


@dataclass(frozen=True, eq=False)
class ArgMax(Node):
    """Index of the largest along ``axis``; of equals the first, or the last."""

    axis: int
    keep: bool
    last: bool


@dataclass(eq=False)
class IntegerGraph:
    """A quantised network.

    Attributes
    ----------
    name : of the network.
    inputs : list of Input.
    nodes : list of Node in order of execution.
    """

    name: str
    inputs: list
    nodes: list

    @property
    def tensors(self):
        """Name -> Tensor, inputs first."""
        return {tensor.name: tensor for tensor in
                [*(each.tensor for each in self.inputs), *(node.output for node in self.nodes)]}
