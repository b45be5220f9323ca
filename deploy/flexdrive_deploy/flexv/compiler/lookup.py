"""Sums of maps of 4 or 2 bits as tables."""

from fractions import Fraction

import numpy as np

from flexdrive_deploy.flexv.network import ir
from flexdrive_deploy.flexv.network.fixed_point import FixedPoint
from flexdrive_deploy.flexv.network.rounding import round_exact

__all__ = ["lookup_table"]

_BITS = (4, 2)


def _rounded(total, rule):
    """What the rule of a sum makes of it."""
    if rule.rounding == "NEAREST":
        return total >> rule.shift
    if rule.rounding == "SIGN":
        return 1 if total >= 0 else -1
    return round_exact(Fraction(total, 1 << rule.shift), rule.rounding) + rule.added


def lookup_table(step):
    """uint8 array [upper * 16 + lower] of a sum of one or two maps of the result's width: for the 4
    bits of the first map ``lower`` and those of the second ``upper`` (one lane, or two lanes of 2
    bits) the 4 bits of the result; or None when the step is no such sum."""
    node, rule, bits = step.node, step.rule, step.output.lane
    if (not isinstance(node, ir.Requantise) or not isinstance(rule, FixedPoint)
            or bits not in _BITS or len(step.sources) > len(_BITS) or step.output.scale is None
            or any(each.lane != bits or each.scale is None for each in node.sources)):
        return None
    numbers = [np.unique(each) for each in (*rule.multipliers, rule.addend)]
    if any(len(each) != 1 for each in numbers):
        return None
    *multipliers, addend = (int(each[0]) for each in numbers)
    low, high = step.output.low, step.output.high

    def stored(*values):
        total = addend << rule.addend_shift
        for value, multiplier, source, zero in zip(values, multipliers, node.sources, node.zeros,
                                                   strict=False):
            total += (value + source.low - int(zero)) * multiplier
        return min(max(_rounded(total, rule), low), high) - low

    lane = (1 << bits) - 1
    return np.array([sum(stored(lower >> at & lane, upper >> at & lane) << at
                         for at in range(0, 4, bits))
                     for upper in range(16) for lower in range(16)], np.uint8)
