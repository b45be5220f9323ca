"""What stands between a System and the pins of an ECP5 board."""

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
from .clock_plan import ClockPlan, Ecp5Pll
from .reset import ResetTimer
from .system import System

__all__ = ["Ecp5Top", "Pins"]

# Shortest darkness that a person sees.
_VISIBLE_SECONDS = 0.05
SYSTEM = "flexdrive_system"


class Pins:
    """Names of what a board calls its pins, as (resource, number, subsignal or None).

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


class Ecp5Top(Elaboratable):
    """PLL, reset, buffers and lights around a :class:`~.system.System`.

    Lights: ``alive`` blinks once a second and goes dark for a moment at each good frame, ``busy``
    while images are computed, ``fault`` as its register says.

    Parameters
    ----------
    config : :class:`~.config.SystemConfig`. pins : :class:`Pins`. source : Hz of the oscillator.
    """

    def __init__(self, config, pins, source):
        self.config, self.pins = config, pins
        self.plan = ClockPlan.of(source, config.clock)

    def elaborate(self, platform):
        m = Module()
        # Shared modules are emitted once, which a platform of Amaranth does not do.
        platform.add_file("system.il", emit_rtlil(System(self.config), name=SYSTEM).text)
        m.submodules.pll = pll = Ecp5Pll(self.plan)
        ports = _ports(platform, vars(self.pins))
        m.submodules.clock_buffer = clock = io.Buffer("i", ports["clock"])
        m.domains.sync = ClockDomain("sync")
        m.submodules.reset = reset = ResetTimer()
        m.d.comb += [pll.reference.eq(clock.i), ClockSignal().eq(pll.clock),
                     reset.locked.eq(pll.locked), ResetSignal().eq(reset.reset)]
        names = {}
        for name, direction in (("rx", "i"), ("tx", "o"), ("alive", "o"), ("busy", "o"),
                                ("fault", "o")):
            m.submodules[f"{name}_buffer"] = buffer = io.Buffer(direction, ports[name])
            names[name] = buffer.i if direction == "i" else buffer.o
        heard = Signal()
        m.submodules.system = Instance(
            SYSTEM, i_clk=ClockSignal(), i_rst=ResetSignal(), i_rx=names["rx"],
            o_tx=names["tx"], o_busy=names["busy"], o_fault=names["fault"], o_heard=heard,
            o_reset_request=reset.request)
        m.d.comb += names["alive"].eq(self._blink(m, heard))
        return m

    def _blink(self, m, heard):
        second, dark = round(self.config.clock), round(self.config.clock * _VISIBLE_SECONDS)
        beat, quiet = Signal(range(second)), Signal(range(dark + 1))
        m.d.sync += beat.eq(beat + 1)
        with m.If(beat == second - 1):
            m.d.sync += beat.eq(0)
        with m.If(heard & (quiet == 0)):
            m.d.sync += quiet.eq(dark)
        with m.Elif(quiet != 0):
            m.d.sync += quiet.eq(quiet - 1)
        return (beat < second // 2) & (quiet == 0)
