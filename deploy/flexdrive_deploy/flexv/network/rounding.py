"""Rounding of exact rationals, by the names that QONNX gives the modes."""

from math import floor

__all__ = ["ROUNDINGS", "canonical", "quantised_exact", "round_exact"]

# What else the modes are called.
_SAME = {"ROUND": "HALF_EVEN", "ROUND_TO_ZERO": "DOWN"}


def _half(value, upwards):
    low = floor(value)
    rest = 2 * (value - low)
    return low + (rest > 1 or (rest == 1 and upwards(low)))


# Name -> function of a Fraction. UP and HALF_UP are away from zero, DOWN and HALF_DOWN towards it.
ROUNDINGS = {
    "HALF_EVEN": lambda value: _half(value, lambda low: low % 2 == 1),
    "HALF_UP": lambda value: _half(value, lambda low: low >= 0),
    "HALF_DOWN": lambda value: _half(value, lambda low: low < 0),
    "FLOOR": floor,
    "CEIL": lambda value: -floor(-value),
    "DOWN": lambda value: floor(value) if value >= 0 else -floor(-value),
    "UP": lambda value: -floor(-value) if value >= 0 else floor(value),
}


def canonical(name):
    """The name of a mode in ``ROUNDINGS``, or None when there is no such mode."""
    name = _SAME.get(name.upper(), name.upper())
    return name if name in ROUNDINGS else None


def round_exact(value, rounding):
    """A Fraction rounded to an int."""
    return ROUNDINGS[rounding](value)


def quantised_exact(value, quantiser):
    """The integer that a quantiser (:class:`~.ir.Quantiser`) makes of a Fraction."""
    if quantiser.sign:
        return 1 if value >= 0 else -1
    inside = quantiser.zero if quantiser.inside else 0
    rounded = round_exact(value / quantiser.scale + inside, quantiser.rounding)
    return min(max(rounded + quantiser.zero - inside, quantiser.low), quantiser.high)
