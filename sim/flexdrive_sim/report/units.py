"""Quantities with the prefix that their size asks for."""

from math import floor, log10

__all__ = ["quantity", "scale"]

_PREFIXES = {-15: "f", -12: "p", -9: "n", -6: "µ", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T"}


def scale(value):
    """(prefix, factor) that bring ``value`` between 1 and 1,000 where there is one for that."""
    power = 0 if not value else 3 * floor(log10(abs(value)) / 3)
    power = min(max(power, min(_PREFIXES)), max(_PREFIXES))
    return _PREFIXES[power], 10.0 ** -power


def quantity(value, unit, digits=4):
    """``value`` in ``unit`` with ``digits`` significant digits: 1.466e-06, "J" -> "1.466 µJ"."""
    prefix, factor = scale(value)
    text = f"{value * factor:.{digits}g}"
    if float(text) >= 1000:     # rounding made it the next
        prefix, factor = scale(1000 / factor)
        text = f"{value * factor:.{digits}g}"
    return f"{text} {prefix}{unit}"
