"""Numbers of a layer's requantisation for the instruction rq.pack.c.

It computes clip((sum * M + (B << p)) >> s), without sign behind it: the rule of a layer itself,
with the lowest integer of its results in B. Results of fewer bits than their lane are made with
that many bits behind the point, which are dropped when they are packed.
"""

from dataclasses import dataclass

import numpy as np

from flexdrive_deploy.flexv.network.fixed_point import FixedPoint

__all__ = ["LayerScales", "packed_scales", "unused_bits"]

_PACKED_BITS = (2, 4, 8)
_WORD = 1 << 31


@dataclass(frozen=True, eq=False)
class LayerScales:
    """Of each channel: multiplier and addend; int64 arrays."""

    multiplier: np.ndarray
    addend: np.ndarray


def unused_bits(tensor):
    """Bits of a lane that no value of a tensor has."""
    return tensor.lane - (tensor.high - tensor.low).bit_length()


def packed_scales(step):
    """:class:`LayerScales` for rq.pack.c of a layer, or None when it cannot make its results."""
    rule, output = step.rule, step.output
    top = output.high - output.low
    if (not isinstance(rule, FixedPoint) or rule.rounding != "NEAREST" or rule.added
            or output.scale is None or output.lane not in _PACKED_BITS
            or top & (top + 1) or rule.shift < unused_bits(output)):
        return None
    channels = len(step.node.weights)
    multiplier, addend = (np.broadcast_to(np.ravel(each), channels).astype(np.int64)
                          for each in (rule.multipliers[0], rule.addend))
    addend = addend - (output.low << rule.shift - rule.addend_shift)
    if not ((addend >= -_WORD) & (addend < _WORD)).all():
        return None
    return LayerScales(multiplier, addend)
