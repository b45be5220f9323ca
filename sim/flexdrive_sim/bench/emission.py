"""Elaboration and Verilog of the published chip and of a larger array."""

import time
from dataclasses import replace

from rich.table import Table

from flexdrive.emit import emit_rtlil
from flexdrive.hyperdrive import PRESETS
from flexdrive.hyperdrive.chip import Chip
from flexdrive_deploy.hdl.verilog import verilog_of

__all__ = ["run"]

_SIZES = ((1, 1, 1), (7, 7, 16), (32, 32, 16))


def run(console):
    """Wall time in seconds, kB of 1,000 bytes. Returns {name: figure}."""
    table = Table("chip", title="Emission")
    for heading in ("elaboration s", "Verilog s", "together s", "kB", "modules"):
        table.add_column(heading, justify="right")
    # The first run of yosys in a process of this machine fills the disk cache.
    verilog_of(emit_rtlil(Chip(PRESETS["tiny"]), name="chip"))
    figures = {}
    for rows, columns, channels in _SIZES:
        name = f"{rows}x{columns}x{channels}"
        config = replace(PRESETS["paper"], rows=rows, columns=columns, channels=channels)
        start = time.perf_counter()
        design = emit_rtlil(Chip(config), name="hyperdrive_chip")
        elaborated = time.perf_counter()
        verilog = verilog_of(design)
        done = time.perf_counter()
        size = len(verilog.text.encode()) / 1000
        figures |= {f"{name} elaboration s": elaborated - start, f"{name} Verilog s":
                    done - elaborated, f"{name} together s": done - start, f"{name} kB": size,
                    f"{name} modules": len(verilog.instances)}
        table.add_row(name, f"{elaborated - start:.2f}", f"{done - elaborated:.2f}",
                      f"{done - start:.2f}", f"{size:.0f}", str(len(verilog.instances)))
    console.print(table)
    return figures
