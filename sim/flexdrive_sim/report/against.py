"""A report beside the publication: what agrees, what does not, and why."""

from dataclasses import dataclass

from .constants import OPERATING_POINTS, assume
from .published import RESNET34

__all__ = ["Line", "is_published_frame", "lines", "remarks"]


@dataclass(frozen=True)
class Line:
    """A published figure and this report's, as text, whether they agree in the published digits,
    and why not."""

    quantity: str
    published: str
    here: str
    agrees: bool
    why: str = ""


def is_published_frame(report):
    """Whether this is ResNet-34 at 224 x 224 on the published array, at the published voltage and
    energies."""
    summary, config, frame = report.summary, report.deployment.config, RESNET34
    return ((summary.weight_bits, summary.input_bits) == (frame.weight_bits, frame.input_bits)
            and report.deployment.units == frame.units == config.units
            and config.adder_depth == 1)


def _line(quantity, published, here, form, why=""):
    """``form`` has the published number of digits; ``here`` gets four digits."""
    agrees = form.format(published) == form.format(here)
    return Line(quantity, form.format(published), f"{here:,.4g}" if abs(here) < 1e4
                else f"{here:,.0f}", agrees, "" if agrees else why)


def _headline(report):
    """ISVLSI 2018's efficiency of the system beside those of the chip's page at 0.65 V."""
    def system(name):
        core = report.core_energy(assume(name))
        return core, report.operations / (core + report.io_energy()) * 1e-12

    (core, by_power), (stated_core, stated) = system("0.65-typical"), system("0.65-typical-6.1")
    point = OPERATING_POINTS["0.65-typical"]
    return _line("ISVLSI 2018, system at 0.65 V, TOp/s/W", RESNET34.headline, by_power, "{:.1f}",
                 f"{point.source}: {1e3 * core:.3f} mJ and {1e3 * report.io_energy():.3f} mJ of "
                 f"I/O. With the 6.1 TOp/s/W of the same page {1e3 * stated_core:.3f} mJ, "
                 f"{stated:.2f} TOp/s/W")


def lines(report):
    """:class:`Line` of each published figure of the frame; none for other networks."""
    if not is_published_frame(report):
        return []
    frame, serial = RESNET34, sum(layer.serial for layer in report.layers)
    rate = report.operations * report.layer_rate * 1e-9
    used = report.summary.feature_words[0] * report.deployment.config.rows \
        * report.deployment.config.columns
    voltage = f"the figures are for {frame.voltage} V and 21 pJ/bit"
    return [
        _line("cycles of the sums, million", frame.steps / 1e6,
              sum(layer.steps for layer in report.layers) / 1e6, "{:.2f}"),
        _line("cycles of all layers, million", frame.cycles / 1e6, report.layer_cycles / 1e6,
              "{:.2f}", "scale, bypass, bias and write-back run beside the next block's sums. With "
              f"the published serial tail it would be {serial:,}: the publication counts four of "
              "the sixteen additions of a bypass"),
        _line("utilisation, %", 100 * frame.utilisation, 100 * report.utilisation, "{:.1f}",
              "the hidden tail; the published share counts the tail's operations as work"),
        _line("operations, 10^9", frame.operations / 1e9, report.operations / 1e9, "{:.2f}"),
        _line("feature-map memory, words", frame.memory_words, used, "{:,.0f}"),
        _line("weights and map in, Mbit", frame.io_bits / 1e6, report.io_bits() / 1e6, "{:.1f}"),
        _line("I/O, mJ", frame.io_energy, 1e3 * report.io_energy(), "{:.1f}", voltage),
        _line("core, mJ", frame.core_energy, 1e3 * report.core_energy(), "{:.1f}", voltage),
        _line("core and I/O, mJ", frame.total_energy, 1e3 * report.energy(), "{:.1f}",
              "4.9 TOp/s/W is 1.45 mJ for the core; the published sum was made from 1.4"
              if report.assumptions.voltage == frame.voltage else voltage),
        _line("core, TOp/s/W", frame.core_efficiency, report.core_efficiency, "{:.1f}", voltage),
        _line("system, TOp/s/W", frame.efficiency, report.system_efficiency(), "{:.1f}", voltage),
        _headline(report),
        _line("throughput of the layers, GOp/s", frame.throughput, rate, "{:.0f}",
              "no cycles for the tail (at the published clock)"
              if report.assumptions.voltage == frame.voltage else voltage),
    ]


def remarks(report):
    """Sentences on what the publication counts otherwise, with this network's numbers."""
    serial = sum(layer.serial for layer in report.layers)
    moved = report.phases["transfer"]
    rest = report.io_bits(published=False) - report.io_bits()
    said = [
        f"Published: the tail follows each block, {serial:,} cycles for the layers of this network "
        f"on these tiles. Here it runs beside the next block: {report.layer_cycles:,}.",
        f"Published: the frame begins with the map on the chip. Here {moved:,} cycles move maps, a "
        f"word a cycle, so {report.frame_rate:,.1f} frames a second instead of "
        f"{report.layer_rate:,.1f}.",
        f"Published: I/O is weights, the map in and borders. Here also maps out, scales, biases, "
        f"descriptors{', corners, kinds of words' if report.deployment.mesh else ''}: "
        f"{rest:,} bits, {report.system_efficiency(False):.2f} instead of "
        f"{report.system_efficiency():.2f} TOp/s/W.",
        "Energy of the core is the silicon's energy an operation, measured on ResNet-34 where "
        "nearly all units work; stalls and transfers are not charged, units that work outside of "
        f"the map are ({report.occupancy:.1%} of the working ones are inside).",
        "The host's layers (usually the first convolution and the head) are in neither.",
    ]
    if report.deployment.mesh:
        said.append("Published: several chips compute as fast as their peaks add up to. Here "
                    "borders are awaited, and tiles are whole.")
    return said
