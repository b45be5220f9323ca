"""What crossbar, caches and barriers of a cluster leave of the inner loop and of layers; results
checked.

Speed of the simulation: cycles of the whole cluster a CPU second."""

import tempfile
import time
from pathlib import Path

import numpy as np
from rich.table import Table

from flexdrive.errors import FlexdriveError
from flexdrive.flexv.cluster import ClusterConfig
from flexdrive_deploy.flexv.elf import load_elf
from flexdrive_deploy.flexv.firmware import build_program
from flexdrive_sim.flexv.drive.cluster_bench import build_cluster
from flexdrive_sim.flexv.drive.run_cluster import run_cluster
from flexdrive_sim.flexv.kernels.cluster_matmul import ClusterMatmul
from flexdrive_sim.progress import preparation

from .cluster_layers import COMPARED, LAYERS, measure_layer

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
    figures |= _layers(console)
    return figures | _compared(console, figures)


def _layers(console):
    """The same of layers of networks."""
    table = Table("layer", box=None, pad_edge=False)
    for heading in ("cycles", "MAC/cycle", "products", "bank", "event", "fetch", "rest"):
        table.add_column(heading, justify="right")
    figures = {}
    with preparation(console) as notify:
        for layer in LAYERS:
            found, products = measure_layer(layer, notify)
            waits = [each / found.cycles for each in (found.bank, found.event, found.fetch)]
            rest = 1 - products - sum(waits)
            figures[layer.name] = found.macs / found.cycles
            figures |= {f"{layer.name}, {name}": share for name, share in zip(
                ("products", "bank", "event", "fetch", "rest"), (products, *waits, rest),
                strict=True)}
            table.add_row(layer.name, f"{found.cycles:,}", f"{figures[layer.name]:.1f}",
                          *(f"{100 * share:.1f} %" for share in (products, *waits, rest)))
    console.print(table)
    return figures


def _compared(console, figures):
    """The same layers by kernels without the extensions; ``figures`` of the best format."""
    table = Table("layer", "kernels", box=None, pad_edge=False)
    for heading in ("cycles", "MAC/cycle", "a2w2 is faster by"):
        table.add_column(heading, justify="right")
    layers, found = {layer.name: layer for layer in LAYERS}, {}
    with preparation(console) as notify:
        for name, instructions in COMPARED:
            layer, _ = measure_layer(layers[name], notify, instructions)
            rate = layer.macs / layer.cycles
            gain = figures[f"{name.split()[0]} a2w2"] / rate
            found |= {f"{name}, {instructions}": rate, f"{name}, {instructions}, gain": gain}
            table.add_row(name, instructions, f"{layer.cycles:,}", f"{rate:.2f}", f"{gain:.1f}")
    console.print(table)
    return found
