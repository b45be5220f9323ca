"""Cycles per second of the cluster: the compiled engine and Verilator, on one program.

Both run a matrix multiplication on eight cores, with the same latency outside; they must need the
same number of cycles. Seconds are CPU seconds of the one thread that simulates.
"""

import tempfile
import time
from importlib.resources import files
from pathlib import Path

from flexdrive.flexv.cluster import Cluster
from flexdrive_deploy.flexv.elf import load_elf
from flexdrive_deploy.flexv.firmware import build_program
from flexdrive_deploy.hdl.verilog import emit_verilog
from flexdrive_deploy.tools import run_tool
from flexdrive_sim.flexv.drive.cluster_bench import ClusterBench, build_cluster
from flexdrive_sim.flexv.drive.network import CLUSTER
from flexdrive_sim.flexv.drive.run_cluster import outside_regions
from flexdrive_sim.flexv.kernels.cluster_matmul import ClusterMatmul
from flexdrive_sim.verilator import find_verilator

from .side_by_side import REPEATS, fastest, side_by_side

__all__ = ["run"]

_LATENCY = 6
_KERNEL = ClusterMatmul(CLUSTER.cores, depth=1152, groups=32)


def _compiled(program, notify):
    """(cycles, build seconds, CPU seconds of the fastest run)."""
    start = time.perf_counter()
    built = build_cluster(CLUSTER, notify=notify)
    building = time.perf_counter() - start
    cycles, seconds = fastest(lambda: ClusterBench(
        built, CLUSTER.cores, outside_regions(program, CLUSTER), program.entry,
        tohost=program.symbols["tohost"], latency=_LATENCY))
    return cycles, building, seconds


def _verilator(verilator, program, notify):
    """The same."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        (place / "flexv_cluster.v").write_text(
            emit_verilog(Cluster(CLUSTER), name="flexv_cluster").text)
        (place / "main.cc").write_text(
            (files(__package__) / "flexv_cluster_verilator.cc").read_text())
        (region,) = outside_regions(program, CLUSTER)
        (place / "image").write_bytes(region.data.tobytes())
        start = time.perf_counter()
        model = verilator.build("flexv_cluster", ["flexv_cluster.v", "main.cc"], place, notify)
        building = time.perf_counter() - start
        runs = [run_tool([model, "image", hex(program.entry), hex(program.symbols["tohost"]),
                          str(_LATENCY)], "running Verilator's model", place, notify)
                .stdout.split() for _ in range(REPEATS)]
        return int(runs[0][0]), building, min(float(words[1]) for words in runs)


def run(console):
    """Prints a table; returns {name: figure}."""
    with tempfile.TemporaryDirectory() as name, console.status("") as status:
        place = Path(name)
        for file, text in _KERNEL.sources().items():
            (place / file).write_text(text)
        program = load_elf(build_program([place / file for file in _KERNEL.sources()],
                                         place / "program.elf", cores=CLUSTER.cores))
        results = {"compiled engine": _compiled(program, status.update)}
        verilator = find_verilator()
        if verilator is not None:
            results[f"Verilator {verilator.version}"] = _verilator(verilator, program,
                                                                   status.update)
    return side_by_side(console, "cluster of eight cores", results)
