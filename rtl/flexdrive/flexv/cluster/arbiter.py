"""Fair choice of one request."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["RoundRobin", "chosen", "lowest"]


def lowest(bits):
    """The lowest one of ``bits`` alone."""
    return (bits & -bits)[:len(bits)]


def chosen(grant, values):
    """The value beside the one of ``grant``; 0 if there is none."""
    result = 0
    for i, value in enumerate(values):
        result = result | (value & grant[i].replicate(len(value)))
    return result


class RoundRobin(wiring.Component):
    """One of ``count`` requests, in turn: the next above the last that was taken.

    Combinational. Who keeps asking waits for at most ``count`` - 1 others.

    Members
    -------
    requests : who asks. grant : one of them, if there is one. take : it is taken at this edge.
    """

    def __init__(self, count):
        self._count = count
        super().__init__({"requests": In(count), "grant": Out(count), "take": In(1)})

    def elaborate(self, platform):
        m = Module()
        above, later = Signal(self._count), Signal(self._count)
        m.d.comb += [
            later.eq(self.requests & above),
            self.grant.eq(Mux(later.any(), lowest(later), lowest(self.requests))),
        ]
        with m.If(self.take & self.requests.any()):
            m.d.sync += above.eq(~(self.grant | (self.grant - 1)))
        return m
