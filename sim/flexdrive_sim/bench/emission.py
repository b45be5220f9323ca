"""Elaboration and Verilog of whole chips: seconds, size, modules."""

import time

from rich.table import Table

from flexdrive.emit import emit_rtlil
from flexdrive.hyperdrive import ChipConfig
from flexdrive.hyperdrive.chip import Chip
from flexdrive_deploy.verilog import emit_verilog

__all__ = ["run"]


def run(console):
    """Returns, for each array, seconds of RTLIL and of RTLIL and Verilog, kB, modules."""
    table = Table("array", "units", "RTLIL s", "RTLIL and Verilog s", "kB", "modules", box=None)
    figures = {}
    for rows, columns, channels in ((1, 1, 16), (7, 7, 16), (32, 32, 16)):
        config = ChipConfig(rows=rows, columns=columns, channels=channels)
        begin = time.perf_counter()
        design = emit_rtlil(Chip(config))
        rtlil = time.perf_counter() - begin
        begin = time.perf_counter()
        text = str(emit_verilog(Chip(config)).text)
        total = time.perf_counter() - begin
        name = f"{rows} x {columns} x {channels}"
        row = {"units": config.units, "RTLIL s": rtlil, "total s": total,
               "kB": len(text) / 1000, "modules": len(design.modules)}
        figures |= {f"{name} {key}": value for key, value in row.items()}
        table.add_row(name, f"{config.units:,}", f"{rtlil:.2f}", f"{total:.2f}",
                      f"{row['kB']:.0f}", str(row["modules"]))
    console.print(table)
    return figures
