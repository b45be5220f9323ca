"""What crossbar, caches and barriers of a cluster leave of the inner loop; results checked.

Speed of the simulation: cycles of the whole cluster a CPU second."""

import tempfile
import time
from pathlib import Path

import numpy as np

from flexdrive.errors import FlexdriveError
from flexdrive.flexv.cluster import ClusterConfig
from flexdrive_deploy.flexv.elf import load_elf
from flexdrive_deploy.flexv.firmware import build_program
from flexdrive_sim.flexv.drive.cluster_bench import build_cluster
from flexdrive_sim.flexv.drive.run_cluster import run_cluster
from flexdrive_sim.flexv.kernels.cluster_matmul import ClusterMatmul
from flexdrive_sim.progress import preparation

__all__ = ["measure", "run"]

# (K, groups of channels, words between rows)
_KERNELS = ((288, 16, 1), (576, 16, 1), (1152, 8, 1), (576, 16, 0))


def measure(kernel, built, config):
    """(cycles, mean cycles of a core without a grant in both passes, simulated cycles a CPU
    second); the accumulators are compared."""
    with tempfile.TemporaryDirectory() as place:
        for name, text in kernel.sources().items():
            (Path(place) / name).write_text(text)
        program = load_elf(build_program([Path(place) / name for name in kernel.sources()],
                                         Path(place) / "kernel.elf", cores=config.cores))
    begin = time.process_time()
    outcome, bench = run_cluster(program, config, built=built, max_cycles=2_000_000)
    seconds = time.process_time() - begin
    if not outcome.passed:
        raise FlexdriveError(f"{kernel}: {outcome.verdict}")
    memory = outcome.regions[0]
    words = memory.data[program.symbols["results"] - memory.base:].view("<u4")
    expected = kernel.expected().reshape(-1)
    if not np.array_equal(words[2:2 + len(expected)], expected):
        raise FlexdriveError(f"{kernel}: the accumulators are wrong")
    return int(words[0]), bench.counts()[:, 0].mean(), bench.cycles / seconds


def run(console):
    """Returns {name: figure}; prints a table."""
    config, figures = ClusterConfig(), {}
    with preparation(console) as notify:
        built = build_cluster(config, notify=notify)
    for depth, groups, padding in _KERNELS:
        kernel = ClusterMatmul(config.cores, depth, groups, padding)
        cycles, waits, speed = measure(kernel, built, config)
        name = f"a2w2 K={depth}, {4 * groups} channels, rows padded by {padding}"
        figures[name] = kernel.macs / cycles
        # Both passes ask for the same.
        share = waits / 2 / cycles
        console.print(f"{name:46} {cycles:6} cycles {figures[name]:7.2f} MAC/cycle, without a "
                      f"grant {100 * share:4.1f} %, simulated {speed:,.0f} cycles/s")
        figures[f"{name}, without a grant"], figures[f"{name}, cycles/s"] = share, speed
    return figures
