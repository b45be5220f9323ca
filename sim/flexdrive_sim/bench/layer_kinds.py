"""What the optional kinds of layers cost in gates, and what they give in cycles.

Gates of one tile and of the sequencer of a chip with 16 channels. Cycles of depthwise layers and
poolings of the shapes of MobileNetV1 (Howard et al., arXiv 1704.04861, table 1) on 7 x 7 x 16
tiles, from the cycle model: channelwise, with several lanes, and as one group a channel, which any
chip does. One shape also runs on the RTL of a smaller array, every word and every report compared.
"""

from dataclasses import replace

import numpy as np
from rich.table import Table

from flexdrive.errors import FlexdriveError
from flexdrive.hyperdrive import PRESETS
from flexdrive.hyperdrive.control.controller import Sequencer
from flexdrive.hyperdrive.tile.tile import Tile
from flexdrive_deploy.compiled_model import ChipPart, Deployment
from flexdrive_deploy.hdl.synth import gate_area
from flexdrive_deploy.hyperdrive.codegen import lower
from flexdrive_deploy.hyperdrive.ir import MINUS_ZERO, ONE, ChipGraph, ConvLayer

from ..hyperdrive.drive.inference_session import Session
from ..hyperdrive.drive.runner import predict_program
from ..progress import preparation

__all__ = ["CONFIG", "compared_words", "layer_graph", "layer_rows", "run"]

CONFIG = replace(PRESETS["paper"], fm_words=65536, channelwise=True)
_OPTIONS = {"no option": {}, "leaky": {"leaky": True}, "channelwise": {"channelwise": True},
            "ternary": {"ternary": True},
            "channelwise, ternary": {"channelwise": True, "ternary": True},
            **{f"channelwise, {lanes} lanes": {"channelwise": True, "channelwise_lanes": lanes}
               for lanes in (2, 4, 8)}}
_LANES = (4, 8)
# Name, channels, edge of the output, kernel, stride, maximum.
_LAYERS = (
    ("depthwise 3x3", 32, 112, 3, 1, False), ("depthwise 3x3, stride 2", 64, 56, 3, 2, False),
    ("depthwise 3x3", 128, 56, 3, 1, False), ("depthwise 3x3", 256, 28, 3, 1, False),
    ("depthwise 3x3", 512, 14, 3, 1, False), ("depthwise 3x3", 1024, 7, 3, 1, False),
    ("maximum 2x2, stride 2", 64, 56, 2, 2, True), ("maximum 3x3, stride 2", 64, 56, 3, 2, True),
)


def layer_graph(channels, edge, kernel, stride, maximum, *, channelwise):
    """:class:`ChipGraph` of one layer: input ``x``, output ``y`` of ``edge`` x ``edge`` pixels."""
    random = np.random.default_rng(0)
    layer = ConvLayer(
        name="layer", source="x", target="y", stride=stride, channelwise=channelwise,
        maximum=maximum, groups=1 if channelwise else channels,
        weights=random.integers(0, 2, (channels, 1, kernel, kernel), dtype=np.uint8),
        alpha=np.full(channels, ONE, np.uint16), beta=np.full(channels, MINUS_ZERO, np.uint16))
    return ChipGraph({"x": (channels, edge * stride, edge * stride)}, [layer], ["y"])


def layer_rows(program):
    """(entry, descriptor, predicted report) of each CONV of the layer of :func:`layer_graph`."""
    return [(entry, descriptor, report) for entry, descriptor, report in zip(
        program.entries, program.descriptors, predict_program(program).reports, strict=True)
        if entry.name == "layer" and entry.writes]


def _cycles(graph, lanes=1):
    """(cycles of the layer, share of units x cycles that do a multiply-accumulate of a result)."""
    program = lower(graph, replace(CONFIG, channelwise_lanes=lanes))
    rows = layer_rows(program)
    cycles = sum(report.cycles for _, _, report in rows)
    done = sum(program.additions(entry, descriptor) for entry, descriptor, _ in rows)
    return cycles, done / (cycles * CONFIG.units)


def compared_words(console, **options):
    """Words of one layer of each kind on the RTL of 2 x 2 tiles, equal to the golden model."""
    config = replace(CONFIG, rows=2, columns=2, fm_words=16384, **options)
    words, session = 0, None
    for name, *_, kernel, stride, maximum in _LAYERS[1], _LAYERS[2], _LAYERS[6], _LAYERS[7]:
        graph = layer_graph(32, 16, kernel, stride, maximum, channelwise=True)
        part = ChipPart(lower(graph, config), graph)
        made = Deployment(name, config, [part], {"x": (1, *graph.inputs["x"])}, ["y"])
        if session is None:
            with preparation(console) as notify:
                session = Session(made, "rtl", notify=notify)
        session.deployment = made
        image = np.random.default_rng(1).normal(0, 1, (1, *graph.inputs["x"])).astype(np.float16)
        (chip,) = session.run(image).chips
        if chip.difference is not None or not chip.model_holds:
            raise FlexdriveError(f"{name}: the RTL differs: {chip.difference or 'cycles'}")
        words += chip.compared
    return words


def _area(console):
    table = Table("16 channels", title="Gate equivalents")
    for heading in ("tile", "more", "sequencer", "more"):
        table.add_column(heading, justify="right")
    figures, first = {}, None
    for name, options in _OPTIONS.items():
        config = replace(PRESETS["paper"], rows=2, columns=2, **options)
        sizes = [gate_area(kind(config)).gate_equivalents for kind in (Tile, Sequencer)]
        first = first or sizes
        table.add_row(name, *(cell for size, base in zip(sizes, first, strict=True) for cell in (
            f"{size:,.0f}", f"{100 * size / base - 100:+.1f} %")))
        figures |= {f"tile, {name}": sizes[0], f"sequencer, {name}": sizes[1]}
    console.print(table)
    return figures


def run(console):
    """Prints two tables; returns {name: figure}."""
    figures = _area(console)
    table = Table("layer", "channels", "output", box=None, title="Cycles on 7 x 7 x 16, L = 1")
    for heading in ("channelwise", "of the units", "as groups", "times",
                    *(f"{lanes} lanes" for lanes in _LANES), "of the units", "times"):
        table.add_column(heading, justify="right")
    for name, *shape in _LAYERS:
        cycles, share = _cycles(layer_graph(*shape, channelwise=True))
        row = [name, str(shape[0]), f"{shape[1]} x {shape[1]}", f"{cycles:,}", f"{share:.1%}"]
        if shape[-1]:
            row += ["", ""]
        else:
            groups, _ = _cycles(layer_graph(*shape, channelwise=False))
            row += [f"{groups:,}", f"{groups / cycles:.2f}"]
            figures[f"{name}, {shape[0]}, as groups"] = groups
        figures[f"{name}, {shape[0]}"] = cycles
        for lanes in _LANES:
            several, share = _cycles(layer_graph(*shape, channelwise=True), lanes)
            row.append(f"{several:,}")
            figures[f"{name}, {shape[0]}, {lanes} lanes"] = several
        table.add_row(*row, f"{share:.1%}", f"{cycles / several:.2f}")
    figures["words compared"] = compared_words(console)
    table.caption = (f"four kinds on the RTL of 2 x 2 tiles: {figures['words compared']:,} words "
                     "equal")
    console.print(table)
    return figures
