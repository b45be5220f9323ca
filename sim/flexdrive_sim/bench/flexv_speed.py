"""Cycles per second of the Flex-V core: the compiled engine and Verilator, on one program.

Both run the same program with memory that answers in the next cycle, the RVFI port built in; they
must need the same number of cycles. Seconds are CPU seconds of the one thread that simulates.
"""

import tempfile
import time
from importlib.resources import as_file, files
from pathlib import Path

from flexdrive.flexv.core import Core, CoreConfig
from flexdrive_deploy.flexv.elf import load_elf
from flexdrive_deploy.flexv.firmware import build_program
from flexdrive_deploy.hdl.verilog import emit_verilog
from flexdrive_deploy.tools import run_tool
from flexdrive_sim.flexv.drive.rtl_core import CoreBench, build_core
from flexdrive_sim.verilator import find_verilator

from .side_by_side import REPEATS, fastest, side_by_side

__all__ = ["run"]

_PROGRAMS = files(__package__) / "programs"


def _compiled(program, notify):
    """(cycles, build seconds, CPU seconds of the fastest run)."""
    start = time.perf_counter()
    built = build_core(notify=notify)
    building = time.perf_counter() - start
    cycles, seconds = fastest(lambda: CoreBench(
        built, program.regions(), program.entry, tohost=program.symbols["tohost"]))
    return cycles, building, seconds


def _verilator(verilator, program, notify):
    """The same."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        (place / "flexv_core.v").write_text(
            emit_verilog(Core(CoreConfig(rvfi=True)), name="flexv_core").text)
        (place / "main.cc").write_text((files(__package__) / "flexv_verilator.cc").read_text())
        (region,) = program.regions()
        (place / "image").write_bytes(region.data.tobytes())
        start = time.perf_counter()
        model = verilator.build("flexv_core", ["flexv_core.v", "main.cc"], place, notify)
        building = time.perf_counter() - start
        runs = [run_tool([model, "image", hex(program.entry),
                          hex(program.symbols["tohost"])], "running Verilator's model", place,
                         notify).stdout.split() for _ in range(REPEATS)]
        return int(runs[0][0]), building, min(float(words[2]) for words in runs)


def run(console):
    """Prints a table; returns {name: figure}."""
    with (tempfile.TemporaryDirectory() as place, console.status("") as status,
          as_file(_PROGRAMS) as programs):
        program = load_elf(build_program([programs / "kernels.c"], Path(place) / "program.elf",
                                         arguments=["-DRUNS=20"]))
        results = {"compiled engine": _compiled(program, status.update)}
        verilator = find_verilator()
        if verilator is not None:
            results[f"Verilator {verilator.version}"] = _verilator(verilator, program,
                                                                   status.update)
    return side_by_side(console, "whole core with RVFI", results)
