"""What travels over the links of a mesh."""

from amaranth.lib import data, enum, stream
from amaranth.lib.wiring import In, Out

from .memory import SIDES

__all__ = ["BorderWord", "Kind", "link_ports"]


class Kind(enum.Enum, shape=2):
    """What a word on a link is: a border pixel of the sender, or a corner pixel that it passes on
    from its neighbour above or below."""

    BORDER = 0
    CORNER_NORTH = 1
    CORNER_SOUTH = 2


class BorderWord(data.Struct):
    """Word of a link, 18 bit."""

    pixel: 16
    kind: Kind


def link_ports():
    """The links of a chip: ``i_{side}`` and ``o_{side}`` for the four sides."""
    word = stream.Signature(BorderWord)
    return {f"i_{side}": In(word) for side in SIDES} | {f"o_{side}": Out(word) for side in SIDES}
