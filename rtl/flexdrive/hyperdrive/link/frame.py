"""What travels over the wires: phits, frames, their CRC, and the codes of what can go wrong.

A *phit* is what the data wires carry in one cycle with ``valid``; ``last`` marks the last phit
of a frame. A frame is its beat, its fields in order, zeros up to whole phits, then the CRC; the
least significant bit goes first. The CRC covers everything before it, also the zeros, so every
bit that travels is protected. The beat alternates from frame to frame: wires that are frozen at a
valid frame, and a frame that is lost or doubled though it carries no word, are noticed by it.
"""

from dataclasses import dataclass

from amaranth.hdl import Cat, Module, unsigned
from amaranth.lib import data, enum, wiring
from amaranth.lib.crc import catalog
from amaranth.lib.wiring import In, Out

from ...emit import Shared

__all__ = ["CRCS", "FrameCrc", "FrameFormat", "Kind", "LinkError", "PhitSignature"]

# By width. All reflected: their bit order on the wire is the order of the polynomial, so that a
# burst on the wire is a burst to the code. The comment gives the longest frame, CRC included,
# within which any so many flipped bits are found (asserted by the tests).
CRCS = {
    5: catalog.CRC5_USB,        # 2 bits within 31
    8: catalog.CRC8_ROHC,       # 3 bits within 127
    16: catalog.CRC16_DNP,      # 5 bits within 151
    32: catalog.CRC32_JAMCRC,     # 5 bits within 300
}


class LinkError(enum.Enum, shape=unsigned(3)):
    """The first fault that this end of a link saw; it stays until reset."""

    NONE = 0
    CRC = 1         # a frame of the right length with a wrong CRC
    FRAMING = 2     # a frame of a wrong length
    SEQUENCE = 3    # a frame that is not the next one (word or beat): one was lost or doubled
    CREDIT = 4      # more words than there is room for, or more room than there can be
    TIMEOUT = 5     # no good frame for LinkConfig.timeout cycles
    RETRY = 6       # LinkConfig.retries replays in a row have not brought one word


class Kind(enum.Enum, shape=unsigned(1)):
    """Kind of a forward frame."""

    IDLE = 0        # keep-alive: no word, the sequence number of the word that would come next
    WORD = 1


class PhitSignature(wiring.Signature):
    """Wires of one direction, seen from the end that drives them; no flow control.

    Members
    -------
    data : one phit. valid : it counts. last : it ends a frame.
    """

    def __init__(self, width):
        super().__init__({"data": Out(width), "valid": Out(1), "last": Out(1)})


@dataclass(frozen=True, kw_only=True)
class FrameFormat:
    """One kind of frame: beat and ``fields`` as (name, bits), on ``width`` wires, with a CRC of
    ``crc`` bits."""

    fields: tuple
    width: int
    crc: int

    @property
    def phits(self):
        """Phits of a frame."""
        bits = 1 + sum(bits for _, bits in self.fields) + self.crc
        return -(-bits // self.width)

    @property
    def latency(self):
        """Cycles from the load of a frame to the state that it changes at the other end, on wires
        without latency: register of the wires, phits, register of the verdict."""
        return self.phits + 2

    @property
    def bits(self):
        """Bits of a frame on the wire."""
        return self.phits * self.width

    @property
    def message_bits(self):
        """Bits before the CRC."""
        return self.bits - self.crc

    @property
    def layout(self):
        """Layout of the message: ``beat``, the fields, then ``zeros``."""
        used = 1 + sum(bits for _, bits in self.fields)
        return data.StructLayout({"beat": 1, **dict(self.fields),
                                  "zeros": self.message_bits - used})

    def message(self, value):
        """View of the message bits of a frame."""
        return data.View(self.layout, value[:self.message_bits])

    def crc_masks(self):
        """The CRC as linear functions of the message: for each of its bits (constant, mask)."""
        compute = CRCS[self.crc](self.message_bits).compute
        zero = compute([0])
        columns = [compute([1 << bit]) ^ zero for bit in range(self.message_bits)]
        return [(zero >> bit & 1, sum((column >> bit & 1) << index
                                      for index, column in enumerate(columns)))
                for bit in range(self.crc)]

    @property
    def accepts_dead_wires(self):
        """All data wires at 0, or all at 1, look like a frame with the right CRC."""
        zeros = sum(constant << bit for bit, (constant, _) in enumerate(self.crc_masks()))
        ones = sum((constant ^ mask.bit_count() & 1) << bit
                   for bit, (constant, mask) in enumerate(self.crc_masks()))
        return zeros == 0 or ones == (1 << self.crc) - 1


class FrameCrc(Shared):
    """CRC of a message, combinational.

    Members
    -------
    message : the bits before the CRC. bits : the CRC, bit by bit (as one port, the sums of all
        bits become one expression, on which C++ compilers take minutes).
    """

    def __init__(self, frame):
        self.frame = frame
        super().__init__({"message": In(frame.message_bits), "bits": Out(1).array(frame.crc)},
                         m=frame.message_bits, c=frame.crc)

    def elaborate(self, platform):
        m = Module()
        for bit, (constant, mask) in zip(self.bits, self.frame.crc_masks(), strict=True):
            taken = [self.message[index] for index in range(len(self.message))
                     if mask >> index & 1]
            m.d.comb += bit.eq(Cat(taken).xor() ^ constant)
        return m
