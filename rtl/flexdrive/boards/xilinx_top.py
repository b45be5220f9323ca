"""A design between the pins of a 7 Series FPGA, as one component for the vendor's tool."""

from amaranth.hdl import ClockDomain, ClockSignal, Module, ResetSignal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .alive import AliveLight
from .clock_plan import XilinxPll
from .designs import system_of
from .reset import ResetTimer

__all__ = ["XilinxTop"]


class XilinxTop(wiring.Component):
    """PLL, reset and lights around a design (:mod:`.designs`); the tool adds the buffers of pins.

    Latency: that of the design.

    Parameters
    ----------
    config : a :class:`~.config.LineConfig`. plan : :class:`~.clock_plan.ClockPlan` of its clock.

    Members
    -------
    clock : of the oscillator. rx, tx : the line, from and to the host.
    alive, busy, fault : lights, see :class:`~.alive.AliveLight` and :class:`~.line.LineSystem`.
    """

    def __init__(self, config, plan):
        self.config, self.plan = config, plan
        super().__init__({"clock": In(1), "rx": In(1), "tx": Out(1), "alive": Out(1),
                          "busy": Out(1), "fault": Out(1)})

    def elaborate(self, platform):
        m = Module()
        m.domains.sync = ClockDomain("sync")
        m.submodules.pll = pll = XilinxPll(self.plan)
        m.submodules.reset = reset = ResetTimer()
        m.submodules.system = system = system_of(self.config)
        m.submodules.light = light = AliveLight(self.config.clock)
        m.d.comb += [
            pll.reference.eq(self.clock), ClockSignal().eq(pll.clock),
            reset.locked.eq(pll.locked), reset.request.eq(system.reset_request),
            ResetSignal().eq(reset.reset), system.rx.eq(self.rx), self.tx.eq(system.tx),
            light.heard.eq(system.heard), self.alive.eq(light.light),
            self.busy.eq(system.busy), self.fault.eq(system.fault),
        ]
        return m
