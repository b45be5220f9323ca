"""What stands between a design and the pins of a board."""

from amaranth.hdl import (
    ClockDomain,
    ClockSignal,
    Elaboratable,
    Instance,
    Module,
    ResetSignal,
    Signal,
)
from amaranth.lib import io

from ..emit import emit_rtlil
from .alive import AliveLight
from .clock_plan import Ecp5Pll
from .designs import system_of
from .reset import ResetTimer

__all__ = ["BoardTop", "Pins"]

SYSTEM = "flexdrive_system"


class Pins:
    """Names of what a board calls its pins, as (resource, number, subsignal or None); None for a
    light that it has not.

    Parameters
    ----------
    clock, rx, tx, alive, busy, fault
    """

    def __init__(self, *, clock, rx, tx, alive, busy, fault):
        self.clock, self.rx, self.tx = clock, rx, tx
        self.alive, self.busy, self.fault = alive, busy, fault


def _ports(platform, pins):
    """Ports of pins (name -> pin), without buffers; each resource is asked for once."""
    found, ports = {}, {}
    for name, (resource, number, part) in pins.items():
        if (resource, number) not in found:
            parts = [each.name for each in platform.lookup(resource, number).ios] if part else []
            found[resource, number] = platform.request(
                resource, number, dir=dict.fromkeys(parts, "-") if part else "-")
        port = found[resource, number]
        ports[name] = getattr(port, part) if part else port
    return ports


class BoardTop(Elaboratable):
    """Clock, reset, buffers and lights around a design (:mod:`.designs`).

    Lights: ``alive`` blinks once a second and goes dark for a moment at each good frame, ``busy``
    while the design works, ``fault`` when something went wrong.

    Parameters
    ----------
    config : a :class:`~.config.LineConfig`. pins : :class:`Pins`.
    plan : :class:`~.clock_plan.ClockPlan` for the PLL of an ECP5; None: the clock is that of the
        oscillator.
    """

    def __init__(self, config, pins, plan=None):
        self.config, self.pins, self.plan = config, pins, plan

    def elaborate(self, platform):
        m = Module()
        # Shared modules are emitted once, which a platform of Amaranth does not do.
        platform.add_file("system.il", emit_rtlil(system_of(self.config), name=SYSTEM).text)
        ports = _ports(platform, {name: pin for name, pin in vars(self.pins).items() if pin})
        m.submodules.clock_buffer = clock = io.Buffer("i", ports["clock"])
        m.domains.sync = ClockDomain("sync")
        m.submodules.reset = reset = ResetTimer()
        m.d.comb += ResetSignal().eq(reset.reset)
        if self.plan:
            m.submodules.pll = pll = Ecp5Pll(self.plan)
            m.d.comb += [pll.reference.eq(clock.i), ClockSignal().eq(pll.clock),
                         reset.locked.eq(pll.locked)]
        else:
            m.d.comb += [ClockSignal().eq(clock.i), reset.locked.eq(1)]
        names = {}
        for name, direction in (("rx", "i"), ("tx", "o"), ("alive", "o"), ("busy", "o"),
                                ("fault", "o")):
            if name not in ports:
                names[name] = Signal(name=name)
                continue
            m.submodules[f"{name}_buffer"] = buffer = io.Buffer(direction, ports[name])
            names[name] = buffer.i if direction == "i" else buffer.o
        heard = Signal()
        m.submodules.system = Instance(
            SYSTEM, i_clk=ClockSignal(), i_rst=ResetSignal(), i_rx=names["rx"],
            o_tx=names["tx"], o_busy=names["busy"], o_fault=names["fault"], o_heard=heard,
            o_reset_request=reset.request)
        m.submodules.alive = alive = AliveLight(self.config.clock)
        m.d.comb += [alive.heard.eq(heard), names["alive"].eq(alive.light)]
        return m
