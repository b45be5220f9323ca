"""Meshes at constant pixels per chip: cycles of a frame, bits on the links, words compared.

ResNet-18's binary layers with 16 channels in the first stage (seeded weights) on meshes of chips of
2 x 2 tiles x 16 channels, each holding a patch of 16 x 16 pixels of the first map. On the RTL every
word of every layer is compared with the golden model of the whole image, and every report with the
cycle model.
"""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from rich.table import Table

from flexdrive.errors import FlexdriveError
from flexdrive.hyperdrive import PRESETS
from flexdrive_deploy.compiled_model import ChipPart, Deployment
from flexdrive_deploy.hyperdrive.codegen import lower

from ..hyperdrive.drive.inference_session import Session
from ..hyperdrive.drive.runner import predict_program
from ..hyperdrive.verify.topologies import resnet18
from ..progress import preparation

__all__ = ["run"]

_PATCH = 16
_CHANNELS = 16
_MESHES = ((1, 1), (1, 2), (2, 2), (3, 3), (4, 4))
# On the RTL up to so many chips.
_RTL_CHIPS = 4
_PICTURE = Path("build/mesh-scaling.png")


def _config():
    return replace(PRESETS["digits"], rows=2, columns=2, fm_words=4096, weight_words=1152,
                   mesh=True)


def _rtl(console, program, graph, config, size):
    """Words compared and seconds of one image on the RTL."""
    deployment = Deployment("resnet18", config, [ChipPart(program, graph)],
                            {"x": (1, *graph.inputs["x"])}, graph.outputs, True)
    with preparation(console) as notify:
        session = Session(deployment, "rtl", notify=notify)
    image = np.random.default_rng(1).normal(0, 1, (1, *graph.inputs["x"])).astype(np.float16)
    start = time.process_time()
    (chip,) = session.run(image).chips
    if chip.difference is not None:
        raise FlexdriveError(f"{size}: {chip.difference}")
    if not chip.model_holds:
        raise FlexdriveError(f"{size}: {chip.cycles} cycles, modelled {chip.predicted.cycles}")
    return chip.compared, time.process_time() - start


def _draw(figures, path):
    """Cycles and bits against the number of chips, side by side."""
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot

    names = [f"{height}x{width}" for height, width in _MESHES]
    chips = [height * width for height, width in _MESHES]
    figure, (cycles, bits) = pyplot.subplots(1, 2, figsize=(8, 3), layout="constrained")
    cycles.plot(chips, [figures[f"{name} cycles"] for name in names], "o-")
    cycles.set(title="cycles of a frame", xlabel="chips", ylim=(0, None))
    bits.loglog(chips, [figures[f"{name} streamed bits"] / 1000 for name in names], "s--",
                label="maps streamed")
    bits.loglog(chips[1:], [figures[f"{name} border bits"] / 1000 for name in names[1:]], "o-",
                label="borders between chips")
    bits.set(title="kbit of maps a frame", xlabel="chips")
    bits.legend()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=100)
    pyplot.close(figure)


def run(console):
    """Prints a table, draws ``build/mesh-scaling.png``; returns {name: figure}."""
    config = _config()
    table = Table("chips", "first map", title="ResNet-18's layers, 16 x 16 pixels a chip")
    for name in ("cycles", "to 1 chip", "border kbit", "streamed kbit", "words equal", "s"):
        table.add_column(name, justify="right")
    figures, first = {}, None
    for size in _MESHES:
        graph = resnet18(_PATCH * size[0], _PATCH * size[1], channels=_CHANNELS)
        net = predict_program(lower(graph, config, mesh=size))
        compared = seconds = ""
        if size[0] * size[1] <= _RTL_CHIPS:
            words, spent = _rtl(console, lower(graph, config, layer_check=True, mesh=size), graph,
                                config, size)
            compared, seconds = f"{words:,}", f"{spent:.0f}"
        convolutions = sum(row.cycles for row in net.reports[1:-1])
        first = first or convolutions
        # The alternative: every map out of the chip and into it again.
        streamed = sum(2 * 16 * np.prod(graph.shapes[layer.target]) for layer in graph.layers[:-1])
        name = f"{size[0]}x{size[1]}"
        table.add_row(name, f"{_PATCH * size[0]} x {_PATCH * size[1]}", f"{convolutions:,}",
                      f"{100 * convolutions / first - 100:+.2f} %",
                      f"{net.border_bits / 1000:,.0f}", f"{streamed / 1000:,.0f}", compared,
                      seconds)
        figures |= {f"{name} cycles": convolutions, f"{name} border bits": net.border_bits,
                    f"{name} streamed bits": int(streamed)}
    _draw(figures, _PICTURE)
    table.caption = ("cycles of the convolutions, the chip that takes longest; streamed: maps "
                     "between layers out and in again instead of staying on the chips; "
                     f"drawn in {_PICTURE}")
    console.print(table)
    return figures
