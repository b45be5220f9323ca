"""Beats of the pixel streams: consecutive channels of one pixel, one word a lane.

They lie behind each other in one tile, so in different banks. Bank and lane differ by where the
first one lies: words are rotated once for the chip, and a bank of every tile has one lane.
"""

from amaranth.hdl import Mux

__all__ = ["from_banks", "to_banks"]


def _rotated(words, by, rotate):
    for bit, chosen in enumerate(by):
        words = Mux(chosen, rotate(words, 16 << bit), words)
    return words


def to_banks(words, first):
    """Words of a beat in the order of banks: that of bank b in lane b modulo their number, which is
    a power of two; ``first``: lane of the first word's bank."""
    return _rotated(words, first, lambda value, bits: value.rotate_left(bits))


def from_banks(words, first):
    """The inverse of :func:`to_banks`."""
    return _rotated(words, first, lambda value, bits: value.rotate_right(bits))
