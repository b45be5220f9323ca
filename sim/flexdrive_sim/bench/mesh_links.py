"""What links between chips cost: cycles against their width, gates against a single chip.

Cycles of the layers of ResNet-18 at reduced size (:mod:`.mesh`) on 2 x 2 chips, from the cycle
model, some of them also on the RTL, where every word, every report and the total must be equal.
Gates of a chip of 2 x 2 tiles x 4 channels as it stands alone, with borders, with links.
"""

from dataclasses import replace

import numpy as np
from rich.table import Table

from flexdrive.errors import FlexdriveError
from flexdrive.hyperdrive import PRESETS
from flexdrive.hyperdrive.chip import Chip
from flexdrive.hyperdrive.link import LinkConfig
from flexdrive.hyperdrive.mesh_chip import MeshChip, MeshOptions
from flexdrive_deploy.compiled_model import ChipPart, Deployment
from flexdrive_deploy.hdl.synth import gate_area
from flexdrive_deploy.hyperdrive.codegen import lower

from ..hyperdrive.drive.inference_session import Session
from ..hyperdrive.drive.runner import predict_program
from ..hyperdrive.verify.topologies import resnet18
from ..progress import preparation

__all__ = ["run"]

_SIZE = (2, 2)
_LINKS = {
    "streams": MeshOptions(),
    "weights forwarded": MeshOptions(forward_weights=True),
    **{f"{width} bit": MeshOptions(link=LinkConfig(width=width)) for width in (1, 2, 4, 8, 18)},
    "64 bit": MeshOptions(link=LinkConfig(width=64, crc=32, reverse_width=8)),
    "4 bit, retransmission": MeshOptions(link=LinkConfig(width=4, retransmit=True)),
}
_RTL = ("1 bit", "4 bit, retransmission")
_PARTS = {
    "one chip": None,
    "with borders": MeshOptions(),
    "and weights forwarded": MeshOptions(forward_weights=True),
    "and links of 4 bit": MeshOptions(link=LinkConfig(width=4)),
    "and retransmission": MeshOptions(link=LinkConfig(width=4, retransmit=True)),
}


def _config():
    return replace(PRESETS["digits"], rows=2, columns=2, fm_words=4096, weight_words=1152,
                   mesh=True)


def _checked(console, graph, config, options):
    """Cycles on the RTL; every word and every report must be as modelled."""
    part = ChipPart(lower(graph, config, layer_check=True, mesh=_SIZE), graph)
    deployment = Deployment("net", config, [part], {"x": (1, *graph.inputs["x"])}, graph.outputs,
                            True)
    image = np.random.default_rng(1).normal(0, 1, (1, *graph.inputs["x"])).astype(np.float16)
    with preparation(console) as notify:
        session = Session(deployment, "rtl", options=options, notify=notify)
    (chip,) = session.run(image).chips
    if chip.difference is not None or not chip.model_holds:
        raise FlexdriveError(f"The RTL differs: {chip.difference or 'cycles'}")
    return chip.compared


def run(console):
    """Prints two tables; returns {name: figure}."""
    figures = {}
    graph = resnet18(32, 32, channels=16)
    table = Table("chips joined by", title="Layers of ResNet-18, 2 x 2 chips, 16 x 16 pixels each")
    for heading in ("cycles", "more", "words equal (RTL)"):
        table.add_column(heading, justify="right")
    first = None
    for name, options in _LINKS.items():
        predicted = predict_program(lower(graph, _config(), mesh=_SIZE), options)
        cycles = sum(report.cycles for report in predicted.reports[1:-1])
        first = first or cycles
        figures[name] = cycles
        compared = (f"{_checked(console, graph, _config(), options):,}" if name in _RTL else "")
        table.add_row(name, f"{cycles:,}", f"{100 * cycles / first - 100:.2f} %", compared)
    table.caption = "cycles of the convolutions, the chip that takes longest in each"
    console.print(table)
    config = replace(PRESETS["tiny"], mesh=True, border_words=256, corner_words=64)
    table = Table("chip of 2 x 2 tiles x 4 channels", title="Area")
    for heading in ("gate equivalents", "more", "flip-flops", "memory bits"):
        table.add_column(heading, justify="right")
    first = None
    for name, options in _PARTS.items():
        component = (Chip(replace(config, mesh=False)) if options is None
                     else MeshChip(config, options))
        area = gate_area(component)
        first = first or area.gate_equivalents
        figures[f"{name}, gate equivalents"] = area.gate_equivalents
        table.add_row(name, f"{area.gate_equivalents:,.0f}",
                      f"{area.gate_equivalents - first:,.0f}", f"{area.flip_flops:,}",
                      f"{area.memory_bits:,}")
    console.print(table)
    return figures
