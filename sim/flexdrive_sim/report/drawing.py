"""The pictures of a report, as SVG to stand inside the page."""

import io
import re
import zlib

from matplotlib import rc_context
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from .phases import PHASES
from .units import scale

__all__ = ["COLOURS", "energy_picture", "inline_svg", "phase_picture"]

COLOURS = dict(zip(PHASES, ("#4477aa", "#bbbbbb", "#ee6677", "#ccbb44", "#66ccee", "#228833",
                            "#aa3377"), strict=True))
# The same report gives the same file: no date, identifiers from the content; text stays text.
_SVG = {"svg.fonttype": "none", "svg.hashsalt": "flexdrive", "font.family": "sans-serif"}
_BAR, _HEAD = 0.19, 1.1             # inches


def inline_svg(text):
    """An SVG file as an element of a page: without the lines before it, with identifiers of its
    own (those of two pictures may be equal)."""
    element = text[text.index("<svg"):]
    prefix = f"p{zlib.crc32(element.encode()):08x}-"
    return re.sub(r'(\bid="|url\(#|href="#)', rf"\1{prefix}", element)


def _svg(figure):
    with rc_context(_SVG):
        FigureCanvasSVG(figure)
        content = io.StringIO()
        figure.savefig(content, format="svg", metadata={"Date": None, "Creator": None})
    return inline_svg(content.getvalue())


def _bars(axis, layers, names):
    """A stack of the phases ``names`` for each layer."""
    left = [0] * len(layers)
    for name in names:
        widths = [layer.phases[name] for layer in layers]
        if any(widths):
            axis.barh(range(len(layers)), widths, left=left, color=COLOURS[name], label=name,
                      height=0.8)
        left = [start + width for start, width in zip(left, widths, strict=True)]
    axis.xaxis.set_major_formatter("{x:,.0f}")
    axis.tick_params(labelsize=8)
    axis.locator_params(axis="x", nbins=4)
    axis.margins(y=0.01)
    axis.spines[["top", "right"]].set_visible(False)


def phase_picture(report):
    """Cycles of every layer by phase, and beside them those that neither accumulate nor move
    maps: SVG text."""
    layers = report.layers
    figure = Figure(figsize=(11, _HEAD + _BAR * len(layers)), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=(3, 2))
    _bars(left, layers, PHASES)
    _bars(right, layers, [name for name in PHASES if name not in ("accumulate", "transfer")])
    left.set_yticks(range(len(layers)), [layer.title for layer in layers], fontsize=8,
                    parse_math=False)
    left.invert_yaxis()
    left.set_xlabel("cycles", fontsize=8)
    right.set_xlabel("of them neither accumulating nor moving maps", fontsize=8)
    figure.legend(*left.get_legend_handles_labels(), loc="outside upper center", ncols=7,
                  fontsize=8, frameon=False)
    return _svg(figure)


def energy_picture(report):
    """Energy of a frame, core and I/O, at every published voltage: SVG text."""
    figure = Figure(figsize=(6, 2.4), layout="constrained")
    axis = figure.subplots()
    points = list(report.over_voltages())
    prefix, factor = scale(max(core + io for _, core, io, *_ in points))
    cores, ios = ([factor * energy for energy in energies] for energies in
                  zip(*((core, io) for _, core, io, *_ in points), strict=True))
    axis.barh(range(len(points)), cores, color=COLOURS["accumulate"], label="core")
    bars = axis.barh(range(len(points)), ios, left=cores, color=COLOURS["tail exposed"],
                     label="I/O")
    axis.bar_label(bars, [f" {efficiency:.1f} TOp/s/W" for *_, efficiency, _ in points],
                   fontsize=8)
    axis.set_yticks(range(len(points)), [f"{point.title}, {point.clock:g} MHz"
                                         for point, *_ in points], fontsize=8)
    axis.set_xlabel(f"{prefix}J a frame", fontsize=8)
    axis.set_xlim(0, 1.25 * max(core + io for core, io in zip(cores, ios, strict=True)))
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(fontsize=8, frameon=False, loc="lower right")
    return _svg(figure)
