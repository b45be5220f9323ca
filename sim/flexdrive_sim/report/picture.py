"""The picture of a classification run: images with answers, utilisation per layer."""

import os
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

__all__ = ["save_picture"]

_GOOD, _BAD, _BAR = "#1a7f37", "#cf222e", "#4477aa"


def _images(figure, images, answers, labels, title):
    columns = 8
    rows = -(-len(images) // columns)
    axes = figure.subplots(rows, columns, squeeze=False)
    figure.suptitle(title, fontsize=10)
    for axis in axes.flat:
        axis.set_axis_off()
    for axis, image, answer, label in zip(axes.flat, images, answers, labels, strict=False):
        axis.imshow(image, cmap="gray_r", interpolation="nearest")
        text = f"{answer}" if answer == label else f"{answer}, is {label}"
        axis.set_title(text, fontsize=9, color=_GOOD if answer == label else _BAD)


def _utilisation(figure, summary):
    layers = summary.convolutions
    axis = figure.subplots()
    names = [layer.entry.name for layer in layers]
    shares = [100 * layer.utilisation for layer in layers]
    bars = axis.barh(range(len(names)), shares, color=_BAR)
    axis.bar_label(bars, [f"{share:.0f} %, {layer.cycles:,} cycles"
                          for share, layer in zip(shares, layers, strict=True)],
                   padding=3, fontsize=8)
    axis.set_yticks(range(len(names)), names, fontsize=8)
    axis.invert_yaxis()
    axis.set_xlim(0, 140)
    axis.set_xticks(range(0, 101, 25))
    axis.set_xlabel("accumulate-active cycles, %", fontsize=9)
    axis.set_title("utilisation per layer", fontsize=10)
    axis.spines[["top", "right"]].set_visible(False)


def save_picture(path, images, answers, labels, summary, title):
    """Write a PNG, whole or not at all.

    Parameters
    ----------
    path : of the file; its directory exists.
    images : (n, h, w) numbers; answers, labels : (n,) integers.
    summary : Summary of the run, for the bars.
    title : over the images.
    """
    path = Path(path)
    figure = Figure(figsize=(12, 5), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subfigures(1, 2)
    _images(left, images, answers, labels, title)
    _utilisation(right, summary)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        figure.savefig(temporary, dpi=110, format="png")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
