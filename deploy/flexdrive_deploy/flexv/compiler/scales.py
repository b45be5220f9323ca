"""Numbers of a layer's requantisation for the instruction rq.pack, which adds 32 bits.

rq.pack computes clip((sum * M + r) >> s) with M and r of 32 bits, without sign behind it. What is
to be added, D = (B << p) - (low << s), has up to 62 bits, so the larger part of it goes into what
the sum begins with:

    sum * M + D = (sum + b) * M + r        b = round(D / M), abs(r) <= abs(M) / 2

exactly. Where b would leave 32 bits the result is the same for every sum in nearly all cases; then
the weights are zeros, and b and M make that result.
"""

from dataclasses import dataclass

import numpy as np

from flexdrive_deploy.flexv.network.fixed_point import FixedPoint

__all__ = ["LayerScales", "packed_scales"]

_PACKED_BITS = (2, 4, 8)
_WORD = 1 << 31


@dataclass(frozen=True, eq=False)
class LayerScales:
    """Of each channel: what its sum begins with, its multiplier, its addend; int64 arrays.

    Attributes
    ----------
    constant : channels whose weights are to be zeros, or None: the numbers are not for rq.pack.
    """

    start: np.ndarray
    multiplier: np.ndarray
    addend: np.ndarray
    constant: np.ndarray | None = None


def _channel(multiplier, addend, shift, sums, top):
    """(start, multiplier, addend, constant) of one channel, None where 32 bits do not hold them;
    ``sums``: smallest and largest sum; results are 0 to ``top``."""
    ends = [min(max((each * multiplier + addend) >> shift, 0), top) for each in sums]
    if ends[0] == ends[1]:
        # start * 2**k >> shift
        k = min(shift, 30)
        start = ends[0] << shift - k
        return (start, 1 << k, 0, True) if start < _WORD else None
    # 2 b M differs from 2 D by at most M.
    start = (2 * addend + multiplier) // (2 * multiplier)
    rest = addend - start * multiplier
    fits = all(-_WORD <= each + start < _WORD for each in (*sums, 0)) and -_WORD <= rest < _WORD
    return (start, multiplier, rest, False) if fits else None


def packed_scales(step):
    """:class:`LayerScales` for rq.pack of a layer, or None when it cannot make its results."""
    rule, output = step.rule, step.output
    top = output.high - output.low
    if (not isinstance(rule, FixedPoint) or rule.rounding != "NEAREST" or rule.added
            or output.scale is None or output.lane not in _PACKED_BITS
            or top != (1 << output.lane) - 1):
        return None
    channels = len(step.node.weights)
    multipliers, addends = (np.broadcast_to(np.ravel(each), channels).tolist()
                            for each in (rule.multipliers[0], rule.addend))
    sums = step.node.output.low, step.node.output.high
    low = output.low << rule.shift
    found = [_channel(multiplier, (addend << rule.addend_shift) - low, rule.shift, sums, top)
             for multiplier, addend in zip(multipliers, addends, strict=True)]
    if any(each is None for each in found):
        return None
    start, multiplier, addend, constant = (np.array(part) for part in zip(*found, strict=True))
    return LayerScales(start, multiplier, addend, constant)
