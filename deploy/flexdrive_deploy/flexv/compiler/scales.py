"""Numbers of a layer's requantisation for the instruction rq.pack.c.

It computes clip((sum * M + (B << p)) >> s), without sign behind it: the rule of a layer itself,
with the lowest integer of its results in B. Results of fewer bits than their lane are made with
that many bits behind the point, which are dropped when they are packed.

Ties to even: B has the 1/2 and the zero point too, as for sums that cannot tie. A sum that did lie
between two integers lies on one then, the upper one, with zeros alone behind the point: the result
is the even one of this and the one below, the odd one where an odd number has been added.
"""

from dataclasses import dataclass

import numpy as np

from flexdrive_deploy.flexv.network.fixed_point import FixedPoint, Ratio

__all__ = ["EvenMean", "LayerScales", "even_mean", "packed_rounding", "packed_scales",
           "unused_bits"]

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
    if (not isinstance(rule, FixedPoint) or output.scale is None
            or output.lane not in _PACKED_BITS or top & (top + 1)):
        return None
    ties = rule.rounding == "HALF_EVEN"
    if ties:
        # With one bit for the 1/2, and none that is dropped.
        if not step.ties or rule.shift == rule.addend_shift or unused_bits(output):
            return None
    elif rule.rounding != "NEAREST" or rule.added or rule.shift < unused_bits(output):
        return None
    channels = len(step.node.weights)
    multiplier, addend = (np.broadcast_to(np.ravel(each), channels).astype(np.int64)
                          for each in (rule.multipliers[0], rule.addend))
    by = rule.shift - rule.addend_shift
    addend = addend + (rule.added - output.low << by)
    if ties:
        addend = addend + (1 << by - 1)
    # The sum itself is below 2**62.
    if ties and int(np.abs(addend).max()) << rule.addend_shift >= 1 << 62:
        return None
    if not ((addend >= -_WORD) & (addend < _WORD)).all():
        return None
    return LayerScales(multiplier, addend)


def packed_rounding(step):
    """Rounding of a layer that has packed scales: "NEAREST", "EVEN" or "ODD"."""
    if step.rule.rounding == "NEAREST":
        return "NEAREST"
    return "ODD" if step.rule.added - step.output.low & 1 else "EVEN"


@dataclass(frozen=True)
class EvenMean:
    """(sum * multiplier + addend) >> shift, ``rounding`` "EVEN" or "ODD"."""

    multiplier: int
    addend: int
    shift: int
    rounding: str


def even_mean(step):
    """:class:`EvenMean` of a step that divides by a power of two and rounds ties to even, or
    None."""
    rule, output = step.rule, step.output
    if not isinstance(rule, Ratio) or rule.rounding != "HALF_EVEN" or output.scale is None:
        return None
    numerator, denominator = (np.unique(each) for each in (rule.numerator, rule.denominator))
    if len(numerator) != 1 or len(denominator) != 1:
        return None
    (multiplier,), (divisor,) = numerator.tolist(), denominator.tolist()
    shift, added = divisor.bit_length() - 1, rule.added - output.low
    addend = (added << shift) + (divisor >> 1)
    if not shift or divisor != 1 << shift or max(abs(multiplier), abs(addend)) >= _WORD:
        return None
    return EvenMean(multiplier, addend, shift, "ODD" if added & 1 else "EVEN")
