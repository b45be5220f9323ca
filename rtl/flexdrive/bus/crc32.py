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
        columns = ([(source[i], _update(1 << i, 0, self.width)) for i in range(32)]
                   + [(self.data[i], _update(0, 1 << i, self.width)) for i in range(self.width)])
        with m.If(self.valid):
            m.d.sync += [state[bit].eq(Cat(value for value, column in columns
                                           if column >> bit & 1).xor()) for bit in range(32)]
        with m.Elif(self.start):
            m.d.sync += state.eq(_ONES)
        return m
