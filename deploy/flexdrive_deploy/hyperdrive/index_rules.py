"""Which pixels an operator of ONNX reads, axis by axis: the index rules of the standard.

Nodes that make equal shapes need not compute the same. So whether the chip can do a node is decided
from the pixels that each of its results reads, and from nothing else. Source: the operator pages of
ONNX (onnx.ai/onnx/operators): Conv, MaxPool, AveragePool, Resize, Upsample.
"""

from dataclasses import dataclass

import numpy as np

__all__ = ["Window", "opset_of", "sources", "windows"]

_AUTOMATIC = (b"SAME_UPPER", b"SAME_LOWER")


def opset_of(graph):
    """Version of ONNX's own operators in an ``onnx_graph.Graph``."""
    return max((opset.version for opset in graph.model.opset_import
                if opset.domain in ("", "ai.onnx")), default=0)


@dataclass(frozen=True)
class Window:
    """Along one axis of ``size`` pixels, result i reads i * stride - before + j * dilation for all
    j < kernel; ``before`` and ``after`` pixels of padding lie around the map."""

    size: int
    kernel: int
    stride: int
    dilation: int
    before: int
    after: int

    def made(self, automatic, ceil):
        """Number of results; ``automatic`` and ``ceil``: auto_pad and ceil_mode. A window that
        begins in the padding behind the map is none."""
        rest = self.size + self.before + self.after - (self.kernel - 1) * self.dilation - 1
        if automatic != b"NOTSET" or not ceil:
            return rest // self.stride + 1
        made = -(-rest // self.stride) + 1
        return made - ((made - 1) * self.stride >= self.size + self.before)

    def counts(self, made, padding):
        """int (made,): pixels of the map, and of its ``padding``, that each result reads. What a
        ceil_mode reaches beyond the padding is neither."""
        first, end = (-self.before, self.size + self.after) if padding else (0, self.size)
        read = (np.arange(made)[:, None] * self.stride - self.before
                + np.arange(self.kernel) * self.dilation)
        return ((read >= first) & (read < end)).sum(axis=1)


def _padding(automatic, size, kernel, stride, dilation, pads):
    if automatic not in _AUTOMATIC:
        return (0, 0) if automatic == b"VALID" else pads
    total = max((-(-size // stride) - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
    return (total // 2, -(-total // 2)) if automatic == b"SAME_UPPER" else (
        -(-total // 2), total // 2)


def windows(attributes, kernel, size):
    """(Window of the rows, Window of the columns) of a Conv or a pooling.

    Parameters
    ----------
    attributes : of the node.
    kernel, size : (rows, columns) of the kernel and of the map that it reads.
    """
    strides = attributes.get("strides", [1, 1])
    dilations = attributes.get("dilations", [1, 1])
    pads = attributes.get("pads", [0] * 4)
    automatic = attributes.get("auto_pad", b"NOTSET")

    def along(axis):
        known = size[axis], kernel[axis], strides[axis], dilations[axis]
        return Window(*known, *_padding(automatic, *known, (pads[axis], pads[axis + 2])))

    return along(0), along(1)


# coordinate_transformation_mode -> place of results y in the map, which has ``size`` pixels where
# the result has ``made``.
_PLACES = {
    b"asymmetric": lambda y, scale, size, made: y / scale,
    b"half_pixel": lambda y, scale, size, made: (y + 0.5) / scale - 0.5,
    b"pytorch_half_pixel": lambda y, scale, size, made: (
        (y + 0.5) / scale - 0.5 if made > 1 else 0 * y),
    b"tf_half_pixel_for_nn": lambda y, scale, size, made: (y + 0.5) / scale,
    b"align_corners": lambda y, scale, size, made: (
        y * (size - 1) / (made - 1) if made > 1 else 0 * y),
    b"half_pixel_symmetric": lambda y, scale, size, made: (
        size / 2 * (1 - made / (scale * size)) + (y + 0.5) / scale - 0.5),
}
_NEAREST = {
    b"floor": np.floor, b"ceil": np.ceil,
    b"round_prefer_floor": lambda place: np.ceil(place - 0.5),
    b"round_prefer_ceil": lambda place: np.floor(place + 0.5),
}


def _axis_sources(size, made, scale, way):
    """Pixel that each of ``made`` results repeats along one axis; None where the answer depends on
    the precision of the arithmetic."""
    if scale == 1 and size == made:
        return np.arange(size)
    place, nearest = way
    found = [np.clip(nearest(place(np.arange(made, dtype=kind), kind(scale), kind(size),
                                   kind(made))), 0, size - 1).astype(int)
             for kind in (np.float32, np.float64)]
    return found[0] if (found[0] == found[1]).all() else None


def _scales(node, graph, source, target):
    """Factor of every axis, or None when it is no constant or not the shapes' own."""
    opset, attributes = opset_of(graph), node.attributes
    given = dict(zip(["roi", "scales", "sizes"] if opset > 10 else ["scales"], node.inputs[1:],
                     strict=False))
    values = {what: np.asarray(graph.constants[name]).ravel() for what, name in given.items()
              if name in graph.constants}
    if "scales" in attributes:
        values["scales"] = np.asarray(attributes["scales"])
    axes = [axis % 4 for axis in attributes.get("axes", range(4))]
    factors = np.ones(4, np.float32)
    if len(values.get("sizes", ())) == len(axes):
        # With equal sizes every keep_aspect_ratio_policy is the same.
        if list(values["sizes"]) != [target[axis] for axis in axes]:
            return None
        factors[axes] = [target[axis] / source[axis] for axis in axes]
    elif len(values.get("scales", ())) == len(axes):
        factors[axes] = values["scales"]
    else:
        return None
    return factors


def sources(node, graph, source, target):
    """Pixels that a Resize or Upsample to the nearest pixel repeats.

    Parameters
    ----------
    node : onnx_graph.Node; graph : its Graph.
    source, target : shapes of four axes of what it reads and makes.

    Returns
    -------
    list of int arrays, one for each axis: the place in the map of each result; or None when it
    interpolates, when its factors are computed from the image, or when the node reads a part of
    the map (``roi``).
    """
    attributes = node.attributes
    old = opset_of(graph) <= 10
    mode = attributes.get("mode", b"nearest")
    place = _PLACES.get(b"asymmetric" if old else
                        attributes.get("coordinate_transformation_mode", b"half_pixel"))
    nearest = _NEAREST.get(b"floor" if old else
                           attributes.get("nearest_mode", b"round_prefer_floor"))
    if mode != b"nearest" or place is None or nearest is None:
        return None
    policy = attributes.get("keep_aspect_ratio_policy", b"stretch")
    factors = _scales(node, graph, source, target)
    # Opset 10 and Upsample round in a way of their own where they make a map smaller.
    if factors is None or policy != b"stretch" or (old and (factors < 1).any()):
        return None
    found = [_axis_sources(size, made, scale, (place, nearest))
             for size, made, scale in zip(source, target, factors, strict=True)]
    return None if any(axis is None for axis in found) else found
