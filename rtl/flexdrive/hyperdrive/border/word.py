"""What travels over the links of a mesh."""

from amaranth.hdl import Shape
from amaranth.lib import data, enum, stream
from amaranth.lib.wiring import In, Out

from .memory import SIDES

__all__ = ["WORD_BITS", "BorderWord", "Kind", "link_ports"]


class Kind(enum.Enum, shape=2):
    """What a word on a link is: a border pixel of the sender, or a corner pixel that it passes on
    from its neighbour above or below."""

    BORDER = 0
    CORNER_NORTH = 1
    CORNER_SOUTH = 2


class BorderWord(data.Struct):
    """Word of a link."""

    pixel: 16
    kind: Kind


WORD_BITS = Shape.cast(BorderWord).width
"""Bits of a :class:`BorderWord`."""


def link_ports():
    """The links of a chip: ``i_{side}`` and ``o_{side}`` for the four sides."""
    word = stream.Signature(BorderWord)
    return {f"i_{side}": In(word) for side in SIDES} | {f"o_{side}": Out(word) for side in SIDES}
