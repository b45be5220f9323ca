"""The operands of a node that is folded into a layer: maps and constants."""

import numpy as np

__all__ = ["operands", "per_channel"]


def per_channel(graph, name, shape):
    """A constant that is one value for each channel of a map of ``shape`` (1, C, H, W) that it is
    broadcast to: float64 (C,); or None."""
    if name not in graph.constants:
        return None
    values = np.asarray(graph.constants[name])
    try:
        if values.dtype.kind not in "fiu" or np.broadcast_shapes(values.shape, shape) != shape:
            return None
    except ValueError:
        return None
    pixels = np.broadcast_to(values, shape)[0].reshape(shape[1], -1).astype(np.float64)
    return None if (pixels != pixels[:, :1]).any() else pixels[:, 0].copy()


def operands(chain, node, graph):
    """(per-channel constant or None, name of the other operand)."""
    other = [name for name in node.inputs if name != chain.value]
    if len(other) != 1:
        return None, chain.value
    return per_channel(graph, other[0], chain.shape), other[0]
