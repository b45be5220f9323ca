"""What energy and time are computed from: every number with its source, each can be overridden.

Sources: R. Andri, L. Cavigelli, D. Rossi, L. Benini, "Hyperdrive: A Multi-Chip Systolically
Scalable Binary-Weight CNN Inference Engine", IEEE JETCAS 9(2), 2019 (arXiv 1804.00623); the page
of the chip Poseidon (2018, GF 22 nm FDX) at asic.ethz.ch. ``recalled`` marks what is attributed to
them but was not confirmed by arithmetic on their other figures. At 0.65 V the page's figures do not
belong to one chip: 250.9 GOp/s at 25.9 mW are 9.69 TOp/s/W, and it says 6.1. Both are here.
"""

from dataclasses import dataclass

__all__ = ["DEFAULT_VOLTAGE", "IO_ENERGY", "OPERATING_POINTS", "Assumptions", "Constant",
           "OperatingPoint", "assume"]


@dataclass(frozen=True)
class Constant:
    """A number: value in ``unit``, and where it comes from."""

    name: str
    value: float
    unit: str
    source: str


@dataclass(frozen=True)
class OperatingPoint:
    """Silicon at one voltage: clock in MHz, energy efficiency of the core in TOp/s/W; ``kind``
    tells apart points of one voltage."""

    voltage: str
    clock: float
    efficiency: float
    source: str
    kind: str = ""

    @property
    def name(self):
        """As ``--voltage`` takes it."""
        return f"{self.voltage}-{self.kind}" if self.kind else self.voltage

    @property
    def title(self):
        """As people read it."""
        return f"{self.voltage} V {self.kind.replace('-', ', ')}".strip()

    @property
    def core_energy(self):
        """pJ an operation."""
        return 1 / self.efficiency


IO_ENERGY = Constant("I/O energy", 21.0, "pJ/bit", "JETCAS 2019: LPDDR3 PHY, 28 nm")
OPERATING_POINTS = {point.name: point for point in (
    OperatingPoint("0.5", 58, 4.9, "JETCAS 2019, measured, 58 MHz and 4.9 TOp/s/W"),
    OperatingPoint("0.65", 135, 3.0, "JETCAS 2019, measured, 3.0 TOp/s/W (recalled)"),
    # Its power with the I/O of this project comes near the headline of ISVLSI 2018, 5.9 TOp/s/W.
    OperatingPoint("0.65", 160, 250.9 / 25.9,
                   "Poseidon page, typical, 250.9 GOp/s at 25.9 mW, 9.69 TOp/s/W", "typical"),
    OperatingPoint("0.65", 160, 6.1, "Poseidon page, typical, 160 MHz and 6.1 TOp/s/W",
                   "typical-6.1"),
    OperatingPoint("0.8", 158, 1.9, "JETCAS 2019, measured, 1.9 TOp/s/W (recalled)"),
    OperatingPoint("0.9", 344, 3.2, "Poseidon page, typical, 344 MHz and 3.2 TOp/s/W"),
    # 263 GOp/s over 1,568 Op a cycle; 7.10 GOp in 6.5 mJ.
    OperatingPoint("1.0", 168, 1.09, "JETCAS 2019, comparison table, 6.5 mJ (recalled)"),
)}
DEFAULT_VOLTAGE = "0.5"
_GIVEN = "given on the command line"


@dataclass(frozen=True)
class Assumptions:
    """The constants of one report."""

    voltage: str
    clock: Constant
    core_energy: Constant
    io_energy: Constant

    def __iter__(self):
        return iter((self.clock, self.core_energy, self.io_energy))


def assume(voltage=DEFAULT_VOLTAGE, *, clock=None, core_energy=None, io_energy=None):
    """:class:`Assumptions` of a published point, by name, with what is given instead: ``clock`` in
    MHz, ``core_energy`` in pJ an operation, ``io_energy`` in pJ a bit."""
    point = OPERATING_POINTS[voltage]

    def chosen(name, published, unit, given):
        source = f"{point.source}, at {point.voltage} V"
        return (Constant(name, published, unit, source) if given is None
                else Constant(name, given, unit, _GIVEN))

    return Assumptions(
        voltage, chosen("clock", point.clock, "MHz", clock),
        chosen("core energy", point.core_energy, "pJ/Op", core_energy),
        IO_ENERGY if io_energy is None
        else Constant(IO_ENERGY.name, io_energy, IO_ENERGY.unit, _GIVEN))
