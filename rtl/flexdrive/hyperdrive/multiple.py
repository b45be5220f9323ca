"""Multiples by small constants, without a multiplier."""

from amaranth.hdl import Mux

__all__ = ["multiple", "multiple_of"]


def multiple_of(value, count):
    """``value`` times the constant ``count``, as shifts and additions."""
    terms = [value << bit for bit in range(count.bit_length()) if count >> bit & 1]
    return sum(terms[1:], terms[0]) if terms else 0


def multiple(value, count, most):
    """``value`` times ``count``, a value of 1 to ``most``; what it is for 0 does not matter."""
    result = value
    for number in range(2, most + 1):
        result = Mux(count == number, multiple_of(value, number), result)
    return result
