"""Attributes of convolutions and pools: sizes, strides, padding."""

from ..refusal import RefusedNode

__all__ = ["Window", "flat", "window_of"]


class Window:
    """kernel, strides, dilations: (y, x). pads: (top, left, bottom, right).

    One-dimensional windows stand on one row. ``line`` says that they do.
    """

    def __init__(self, kernel, strides, dilations, pads, line):
        if line:
            kernel, strides, dilations = (1, *kernel), (1, *strides), (1, *dilations)
            pads = (0, pads[0], 0, pads[1])
        self.kernel, self.strides = tuple(kernel), tuple(strides)
        self.dilations, self.pads, self.line = tuple(dilations), tuple(pads), line


def _same(size, extent, stride, lower):
    total = max((-(-size // stride) - 1) * stride + extent - size, 0)
    small = total // 2
    return (total - small, small) if lower else (small, total - small)


def window_of(node, size, kernel, wanted):
    """The :class:`Window` of a Conv or pool.

    Parameters
    ----------
    node : onnx_graph.Node.
    size : spatial shape of its input. kernel : its kernel's.
    wanted : spatial shape of its output, by shape inference: behind ``ceil_mode``, windows stand
        over the edge by as much as that takes.
    """
    axes = len(size)
    if axes not in (1, 2):
        raise RefusedNode(f"it has {axes} spatial axes", "one or two")
    strides = tuple(node.attributes.get("strides") or [1] * axes)
    dilations = tuple(node.attributes.get("dilations") or [1] * axes)
    extents = [(k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True)]
    mode = node.attributes.get("auto_pad", b"NOTSET")
    if mode in (b"SAME_UPPER", b"SAME_LOWER"):
        sides = [_same(*each, mode == b"SAME_LOWER")
                 for each in zip(size, extents, strides, strict=True)]
        before, after = [side[0] for side in sides], [side[1] for side in sides]
    else:
        pads = node.attributes.get("pads") if mode == b"NOTSET" else None
        pads = list(pads or [0] * 2 * axes)
        before, after = pads[:axes], pads[axes:]
    if min([*before, *after]) < 0:
        raise RefusedNode(f"pads = {[*before, *after]} cut the map", "pads of 0 or more")
    for axis in range(axes):
        made = (size[axis] + before[axis] + after[axis] - extents[axis]) // strides[axis] + 1
        if made < wanted[axis]:
            after[axis] += (wanted[axis] - made) * strides[axis]
    return Window(kernel, strides, dilations, [*before, *after], axes == 1)


def flat(shape):
    """(C, L) as (C, 1, L)."""
    return (shape[0], 1, *shape[1:]) if len(shape) == 2 else tuple(shape)
