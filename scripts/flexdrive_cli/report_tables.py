"""Tables of `flexdrive report`, for a terminal of 80 columns."""

from rich.table import Table

from flexdrive_sim.report.against import lines
from flexdrive_sim.report.units import quantity

__all__ = ["against_table", "cost_table", "phase_table"]

# Column -> phases that it sums up; what moves maps or waits between layers is one column here.
_COLUMNS = {"accumulate": ("accumulate",), "tail": ("tail exposed",), "weights": ("weight stall",),
            "empty": ("empty turns",), "fill": ("fill",), "other": ("transfer", "between")}


def phase_table(report):
    """Cycles by layer and phase."""
    columns = {name: phases for name, phases in _COLUMNS.items()
               if name != "empty" or report.phases["empty turns"]}
    table = Table(box=None, pad_edge=False, header_style="bold", show_footer=True,
                  footer_style="bold")
    table.add_column("layer", "together", overflow="fold", max_width=24)
    table.add_column("cycles", f"{report.cycles:,}", justify="right", no_wrap=True)
    for name, phases in columns.items():
        table.add_column(name, f"{sum(report.phases[phase] for phase in phases):,}",
                         justify="right", no_wrap=True)
    for layer in report.layers:
        table.add_row(layer.title, f"{layer.cycles:,}", *(
            f"{sum(layer.phases[phase] for phase in phases):,}" for phases in columns.values()))
    table.caption = ("tail: not hidden; weights: waited for; "
                     + ("empty: turns of adders without a pixel; " if "empty" in columns else "")
                     + "fill: to the first step; other: maps moved, waits between layers")
    table.caption_justify = "left"
    return table


def _bits(report):
    return ", ".join(f"{term.name} {term.bits:,}" for term in report.traffic)


def cost_table(report):
    """Utilisation, memory, bits, energy, rates."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    used, available = report.summary.feature_words
    clock = report.assumptions.clock
    table.add_row("cycles", f"{report.cycles:,}, {report.layer_cycles:,} of them in convolutions")
    if report.further:
        table.add_row("", f"{report.further:,} each further frame, one after the other")
    table.add_row("utilisation", f"{report.utilisation:.2%} of the cycles in convolutions "
                  f"accumulate, {report.occupancy:.1%} of the units on real outputs")
    table.add_row("memory", f"{used:,} of {available:,} words a tile")
    table.add_row("bits", _bits(report))
    table.add_row("frames/s", f"{report.frame_rate:,.1f} at {clock.value:g} MHz, "
                  f"{report.layer_rate:,.1f} without transfers")
    if report.further:
        table.add_row("", f"{report.further_rate:,.1f} one after the other")
    for name, published in (("energy", True), ("with all I/O", False)):
        table.add_row(name, f"core {quantity(report.core_energy(), 'J')} + I/O "
                      f"{quantity(report.io_energy(published), 'J')} = "
                      f"{quantity(report.energy(published), 'J')} a frame "
                      f"({quantity(report.io_bits(published), 'bit')}), "
                      f"{report.system_efficiency(published):.2f} TOp/s/W")
    table.add_row("core", f"{report.core_efficiency:.2f} TOp/s/W, "
                  f"{quantity(report.operations, 'Op')} a frame")
    for constant in report.assumptions:
        table.add_row(constant.name, f"{constant.value:.4g} {constant.unit}: {constant.source}")
    return table


def against_table(report):
    """Published figures of this frame, None when nothing was published of it."""
    found = lines(report)
    if not found:
        return None
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("ResNet-34 at 224 x 224", no_wrap=True)
    table.add_column("published", justify="right", no_wrap=True)
    table.add_column("here", justify="right", no_wrap=True)
    table.add_column("why it differs", overflow="fold")
    for line in found:
        table.add_row(line.quantity, line.published, line.here, line.why,
                      style=None if line.agrees else "yellow")
    return table
