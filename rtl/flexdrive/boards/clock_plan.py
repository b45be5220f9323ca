"""The clock of a board's design from its oscillator, through the PLL of an FPGA, checked.

Sources of limits and dividers: Lattice, "ECP5 and ECP5-5G Family Data Sheet" (FPGA-DS-02012),
sysCLOCK PLL timing, and "ECP5 and ECP5-5G sysCLOCK PLL/DLL Design and User Guide" (FPGA-TN-02200);
AMD, "Artix-7 FPGAs Data Sheet: DC and AC Switching Characteristics" (DS181), table 38, and
"7 Series FPGAs Clocking Resources User Guide" (UG472).
"""

from dataclasses import dataclass

from amaranth.hdl import Instance, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..errors import ConfigurationError

__all__ = ["ECP5_PLL", "XILINX7_PLL", "ClockPlan", "Ecp5Pll", "PllLimits", "XilinxPll"]


@dataclass(frozen=True)
class PllLimits:
    """What a PLL can do.

    Attributes
    ----------
    part : what it is part of, for messages.
    source, detector, oscillator, clock : lowest and highest Hz.
    dividers : of reference, feedback and output.
    """

    part: str
    source: tuple
    detector: tuple
    oscillator: tuple
    clock: tuple
    dividers: tuple

    @property
    def middle(self):
        """Of the oscillator's range, Hz: the choice among equals."""
        return sum(self.oscillator) / 2


ECP5_PLL = PllLimits("an ECP5", (8e6, 400e6), (10e6, 400e6), (400e6, 800e6), (3.125e6, 400e6),
                     (range(1, 129),) * 3)
# PLLE2 of speed grade -1, the slowest.
XILINX7_PLL = PllLimits("a 7 Series FPGA", (19e6, 800e6), (19e6, 450e6), (800e6, 1600e6),
                        (6.25e6, 464e6), (range(1, 57), range(2, 65), range(1, 129)))


@dataclass(frozen=True)
class ClockPlan:
    """Dividers of the PLL.

    The reference is divided to the phase detector; the oscillator runs at ``multiplier`` times
    that (feedback over an output of its own that divides by it), and the clock is the oscillator
    divided by ``output``.

    Attributes
    ----------
    source : Hz of the oscillator of the board.
    reference, multiplier, output : dividers, 1 to 128.
    """

    source: int
    reference: int
    multiplier: int
    output: int

    @property
    def detector(self):
        """Hz at the phase detector."""
        return self.source / self.reference

    @property
    def oscillator(self):
        """Hz of the PLL's oscillator."""
        return self.detector * self.multiplier

    @property
    def clock(self):
        """Hz of the clock, exact to a Hz."""
        return self.oscillator / self.output

    @classmethod
    def of(cls, source, clock, limits=ECP5_PLL):
        """The plan that makes ``clock`` Hz of ``source`` Hz exactly.

        Raises
        ------
        ConfigurationError
            when the PLL cannot; names the nearest rates that it can.
        """
        low, high = limits.source
        if not low <= source <= high:
            raise ConfigurationError(f"A PLL of {limits.part} takes {low / 1e6:g} to "
                                     f"{high / 1e6:g} MHz, not {source / 1e6:g}")
        plans = list(_plans(cls, source, limits))
        exact = [plan for plan in plans if abs(plan.clock - clock) < 0.5]
        if exact:
            return min(exact, key=lambda plan: (plan.reference,
                                                abs(plan.oscillator - limits.middle)))
        rates = sorted({plan.clock for plan in plans})
        below = [rate for rate in rates if rate < clock][-1:]
        above = [rate for rate in rates if rate > clock][:1]
        near = " or ".join(f"{rate / 1e6:.6g}" for rate in below + above)
        raise ConfigurationError(f"{clock / 1e6:g} MHz is not possible from {source / 1e6:g} MHz "
                                 f"with the PLL of {limits.part}. What would pass: {near} MHz")


def _plans(kind, source, limits):
    """All plans within the limits."""
    def within(value, what):
        return what[0] <= value <= what[1]

    references, multipliers, outputs = limits.dividers
    for reference in references:
        if not within(source / reference, limits.detector):
            continue
        for multiplier in multipliers:
            oscillator = source / reference * multiplier
            if within(oscillator, limits.oscillator):
                yield from (kind(source, reference, multiplier, output) for output in outputs
                            if within(oscillator / output, limits.clock))


class _Pll(wiring.Component):
    """A PLL that makes the clock of a plan.

    Latency: none that is counted in cycles; ``clock`` has no relation to a cycle of anything until
    ``locked``.

    Parameters
    ----------
    plan : :class:`ClockPlan`.

    Members
    -------
    reference : clock of the board. clock, locked : what is made of it; ``clock`` is good while
        ``locked``.
    """

    def __init__(self, plan):
        self.plan = plan
        super().__init__({"reference": In(1), "clock": Out(1), "locked": Out(1)})


class Ecp5Pll(_Pll):
    """The PLL of a plan.

    Latency and members: see :class:`_Pll`.
    """

    def elaborate(self, platform):
        m = Module()
        plan, feedback = self.plan, Signal()
        fixed = {"PLLRST_ENA": "DISABLED", "INTFB_WAKE": "DISABLED", "STDBY_ENABLE": "DISABLED",
                 "DPHASE_SOURCE": "DISABLED", "FEEDBK_PATH": "CLKOP", "CLKFB_DIV": 1}
        for name, letter, divider in (("CLKOP", "A", plan.multiplier), ("CLKOS", "B", plan.output)):
            fixed |= {f"OUTDIVIDER_MUX{letter}": f"DIV{letter}", f"{name}_ENABLE": "ENABLED",
                      f"{name}_DIV": divider, f"{name}_CPHASE": divider - 1, f"{name}_FPHASE": 0}
        m.submodules.pll = Instance(
            "EHXPLLL", *(("p", name, value) for name, value in fixed.items()),
            p_CLKI_DIV=plan.reference,
            a_FREQUENCY_PIN_CLKI=f"{plan.source / 1e6:g}",
            a_FREQUENCY_PIN_CLKOP=f"{plan.detector / 1e6:g}",
            a_FREQUENCY_PIN_CLKOS=f"{plan.clock / 1e6:g}",
            # What the vendor's tool writes for a loop of middle bandwidth.
            a_ICP_CURRENT="12", a_LPF_RESISTOR="8", a_MFG_ENABLE_FILTEROPAMP="1",
            a_MFG_GMCREF_SEL="2",
            i_CLKI=self.reference, i_CLKFB=feedback, o_CLKOP=feedback, o_CLKOS=self.clock,
            o_LOCK=self.locked, i_RST=0, i_STDBY=0, i_PHASESEL0=0, i_PHASESEL1=0, i_PHASEDIR=1,
            i_PHASESTEP=1, i_PHASELOADREG=1, i_PLLWAKESYNC=0, i_ENCLKOP=0, i_ENCLKOS=0)
        return m


class XilinxPll(_Pll):
    """The PLLE2 of a plan, and the buffers of its clocks.

    Latency and members: see :class:`_Pll`.
    """

    def elaborate(self, platform):
        m = Module()
        plan, made, feedback = self.plan, Signal(), Signal()
        m.submodules.pll = Instance(
            "PLLE2_BASE", p_CLKIN1_PERIOD=round(1e9 / plan.source, 3),
            p_DIVCLK_DIVIDE=plan.reference, p_CLKFBOUT_MULT=plan.multiplier,
            p_CLKOUT0_DIVIDE=plan.output, i_CLKIN1=self.reference, i_CLKFBIN=feedback,
            o_CLKFBOUT=feedback, o_CLKOUT0=made, o_LOCKED=self.locked, i_PWRDWN=0, i_RST=0)
        m.submodules.buffer = Instance("BUFG", i_I=made, o_O=self.clock)
        return m
