"""The reset of a board's design: held until the clock is good, and for a while on request."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["ResetTimer"]


class ResetTimer(wiring.Component):
    """Makes the reset of a domain, in the same clock; the registers here have none themselves.

    Latency: ``reset`` rises one cycle after ``request`` and falls ``cycles`` after the last cycle
    of it; two cycles later after ``locked``.

    Parameters
    ----------
    cycles : that the reset lasts.

    Members
    -------
    locked : asynchronous: the clock is good. request : the domain asks for its reset.
    reset : synchronous, high from power-up.
    """

    def __init__(self, cycles=64):
        self.cycles = cycles
        super().__init__({"locked": In(1), "request": In(1), "reset": Out(1, init=1)})

    def elaborate(self, platform):
        m = Module()
        # Two registers before anything depends on the pin; no reset may clear what makes it.
        synced = Signal(2, reset_less=True)
        left = Signal(range(self.cycles + 1), init=self.cycles, reset_less=True)
        reset = Signal(init=1, reset_less=True)
        m.d.sync += synced.eq(Cat(self.locked, synced[0]))
        m.d.comb += self.reset.eq(reset)
        with m.If(~synced[1] | self.request):
            m.d.sync += [left.eq(self.cycles), reset.eq(1)]
        with m.Elif(left != 0):
            m.d.sync += left.eq(left - 1)
        with m.Else():
            m.d.sync += reset.eq(0)
        return m
