"""Counters that notice silence."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["Timer"]


class Timer(wiring.Component):
    """Latency: ``expired`` rises ``period`` cycles after the last cycle with ``restart`` (or after
    reset, which counts as one unless ``expired_at_reset``) and stays until the next.

    Members
    -------
    restart : begin again. expired : time is up.
    """

    restart: In(1)
    expired: Out(1)

    def __init__(self, period, *, expired_at_reset=False):
        self.period = period
        self.expired_at_reset = expired_at_reset
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        left = Signal(range(self.period), init=0 if self.expired_at_reset else self.period - 1)
        m.d.comb += self.expired.eq(left == 0)
        with m.If(self.restart):
            m.d.sync += left.eq(self.period - 1)
        with m.Elif(~self.expired):
            m.d.sync += left.eq(left - 1)
        return m
