"""Intervals of expressions, exactly."""

from fractions import Fraction

import numpy as np

__all__ = ["value_range"]


def value_range(source):
    """(low, high) that no value of a Sum is outside of, over all channels: Fractions."""
    low = high = np.asarray(source.offset, object)
    for term in source.terms:
        ends = [term.factor * (end - term.zero) for end in (term.tensor.low, term.tensor.high)]
        low, high = low + np.minimum(*ends), high + np.maximum(*ends)
    low, high = Fraction(min(np.ravel(low))), Fraction(max(np.ravel(high)))
    if source.low is not None:
        low, high = max(low, source.low), max(high, source.low)
    if source.high is not None:
        low, high = min(low, source.high), min(high, source.high)
    return low, high
