"""The light that says that a board lives."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["AliveLight"]

# Shortest darkness that a person sees.
_VISIBLE_SECONDS = 0.05


class AliveLight(wiring.Component):
    """Blinks once a second and goes dark for a moment at each good frame.

    Latency: one cycle.

    Parameters
    ----------
    clock : Hz.

    Members
    -------
    heard : a good frame came. light : on.
    """

    def __init__(self, clock):
        self.clock = clock
        super().__init__({"heard": In(1), "light": Out(1)})

    def elaborate(self, platform):
        m = Module()
        second, dark = round(self.clock), round(self.clock * _VISIBLE_SECONDS)
        beat, quiet = Signal(range(second)), Signal(range(dark + 1))
        m.d.sync += beat.eq(beat + 1)
        with m.If(beat == second - 1):
            m.d.sync += beat.eq(0)
        with m.If(self.heard & (quiet == 0)):
            m.d.sync += quiet.eq(dark)
        with m.Elif(quiet != 0):
            m.d.sync += quiet.eq(quiet - 1)
        m.d.comb += self.light.eq((beat < second // 2) & (quiet == 0))
        return m
