"""What crosses the cable: frames, their words, the spaces that they address. docs/board-link.md.

A frame is a whole number of 32-bit words, least significant byte first: header, place, data, and
the CRC-32 of all of them. It travels in COBS (:mod:`flexdrive.bus.cobs`).
"""

from amaranth.hdl import unsigned
from amaranth.lib import data, enum

__all__ = ["ADDRESS_BITS", "MOST_WORDS", "PROTOCOL", "RESET_KEY", "Header", "Kind", "Place",
           "Space"]

PROTOCOL = 1            # version of everything on this page
MOST_WORDS = 64         # data words of a frame
ADDRESS_BITS = 28
RESET_KEY = 0x54455352  # "RSET": the second word of a reset frame


class Kind(enum.Enum, shape=unsigned(4)):
    """First thing that a frame says. Below 8: of the host, else of the board."""

    NONE = 0        # no frame
    READ = 1        # data: count, and for results the position before which all was received
    WRITE = 2       # data: the words
    RESET = 3       # everything but memories begins again, in the session of this frame
    DONE = 8        # reply: as asked
    GAP = 9         # reply: the position is not the next one, nothing was done; ``place`` is
    FULL = 10       # reply: there is no room for so many words, nothing was done
    STALE = 11      # reply: the frame is of another session
    ILLEGAL = 12    # reply: no such space, length, or not while images are computed


class Space(enum.Enum, shape=unsigned(4)):
    """What an address is an address of."""

    REGISTERS = 0   # flexdrive.boards.registers
    PROGRAM = 1     # stream of descriptors and their payloads
    WEIGHTS = 2     # stream of weights, packed
    PIXELS = 3      # stream of pixels, two a word
    RESULTS = 4     # pixels from the chip, two a word; a CRC-32 after each image
    REPORTS = 5     # reports of the chip, five words each; a CRC-32 after each image


class Header(data.Struct):
    """First word of a frame."""

    version: unsigned(4)
    kind: Kind
    tag: unsigned(8)        # of a request, and of the reply to it
    session: unsigned(16)   # of the last reset frame; 0 since power-up


class Place(data.Struct):
    """Second word: where. Streams count words since the reset, modulo 2**28."""

    address: unsigned(ADDRESS_BITS)
    space: Space
