"""CRC-32 of IEEE 802.3 over bytes or words, least significant bit first; zlib's ``crc32``."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib.wiring import In, Out

from ..emit import Shared

__all__ = ["Crc32"]

_POLYNOMIAL = 0xEDB88320    # reflected
_ONES = 0xFFFFFFFF
# What the register holds after a message and its CRC, whatever the message.
_RESIDUE = 0xDEBB20E3


def _update(state, data, width):
    """``state`` after ``width`` bits of ``data``."""
    for bit in range(width):
        odd = (state ^ data >> bit) & 1
        state = state >> 1 ^ (_POLYNOMIAL if odd else 0)
    return state


class Crc32(Shared):
    """CRC-32, ``width`` bits a cycle.

    Latency: a cycle.

    Members
    -------
    data, valid : what is added. start : begin again, with ``data`` if there is any.
    crc : of everything since ``start``. match : that ended with its own CRC.
    """

    def __init__(self, width):
        self.width = width
        super().__init__({"data": In(width), "valid": In(1), "start": In(1),
                          "crc": Out(32), "match": Out(1)}, w=width)

    def elaborate(self, platform):
        m = Module()
        state, source = Signal(32, init=_ONES), Signal(32)
        m.d.comb += [source.eq(Mux(self.start, _ONES, state)), self.crc.eq(~state),
                     self.match.eq(state == _RESIDUE)]
        # The step is linear: each bit is a sum of bits of the state and of the data.
        bits = []
        for bit in range(32):
            parts = []
            for value, step in ((source, lambda one: _update(one, 0, self.width)),
                                (self.data, lambda one: _update(0, one, self.width))):
                parts.append((value & sum((step(1 << i) >> bit & 1) << i
                                          for i in range(len(value)))).xor())
            bits.append(parts[0] ^ parts[1])
        with m.If(self.valid):
            m.d.sync += state.eq(Cat(bits))
        with m.Elif(self.start):
            m.d.sync += state.eq(_ONES)
        return m
