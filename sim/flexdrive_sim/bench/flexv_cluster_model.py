"""The cycle model of the cluster beside its RTL: each kernel's count of both."""

import tempfile
from pathlib import Path

import numpy as np
from rich.table import Table

from flexdrive_deploy.flexv.compiler.compiled import compile_network
from flexdrive_deploy.flexv.elf import load_elf
from flexdrive_deploy.flexv.firmware import build_program
from flexdrive_sim.flexv.drive.cluster_bench import build_cluster
from flexdrive_sim.flexv.drive.network import CLUSTER, ClusterNetwork, PredictedNetwork
from flexdrive_sim.flexv.drive.predict_cluster import predict_cluster
from flexdrive_sim.flexv.drive.run_cluster import run_cluster
from flexdrive_sim.flexv.kernels.cluster_matmul import ClusterMatmul
from flexdrive_sim.flexv.session import NetworkSession
from flexdrive_sim.progress import preparation

from .cluster_layers import LAYERS

__all__ = ["layer_cycles", "matmul_cycles", "run"]

# K, groups of channels, words between rows.
_MATMULS = ((288, 16, 1), (576, 16, 1), (576, 16, 0))
_LONGEST = 2_000_000


def matmul_cycles(kernel, built):
    """(cycles of the RTL, predicted) of a run from reset to its end, then of the kernel alone."""
    made = []
    with tempfile.TemporaryDirectory() as place:
        files = []
        for name, text in kernel.sources().items():
            files.append(Path(place) / name)
            files[-1].write_text(text)
        elf = build_program(files, Path(place) / "kernel.elf", cores=CLUSTER.cores)
        for simulate, options in ((run_cluster, {"built": built}), (predict_cluster, {})):
            program = load_elf(elf)
            outcome, _ = simulate(program, CLUSTER, max_cycles=_LONGEST, **options)
            memory = outcome.regions[0]
            at = program.symbols["results"] - memory.base
            made.append((outcome.cycles, int(memory.data[at:].view("<u4")[0])))
    return tuple(zip(*made, strict=True))


def layer_cycles(layer, notify=None):
    """Arrays (part of the run) of the cycles of a layer's network, of the RTL and predicted; the
    layer alone is the last part but one."""
    session = NetworkSession(layer.model())
    images, compiled = session.images({"x": layer.image()}), compile_network(session.network)
    made = []
    for kind in (ClusterNetwork, PredictedNetwork):
        with tempfile.TemporaryDirectory() as place:
            network = kind(compiled, place, notify=notify)
        network.run(images)
        made.append(np.diff(network.times[-1]))
    return tuple(made)


def run(console):
    """Prints a table; returns {name: figure}."""
    table, figures = Table("kernel", box=None, pad_edge=False), {}
    for heading in ("RTL", "predicted", "difference"):
        table.add_column(heading, justify="right")

    def row(name, measured, predicted):
        table.add_row(name, f"{measured:,}", f"{predicted:,}", f"{predicted - measured:+,}")
        figures[f"{name}, RTL"], figures[f"{name}, predicted"] = measured, predicted

    with preparation(console) as notify:
        built = build_cluster(CLUSTER, notify=notify)
        for depth, groups, padding in _MATMULS:
            name = f"matmul a2w2 K={depth}, rows padded by {padding}"
            whole, alone = matmul_cycles(ClusterMatmul(CLUSTER.cores, depth, groups, padding),
                                         built)
            row(name, *alone)
            row(f"{name}, from reset", *whole)
        for layer in LAYERS:
            measured, predicted = layer_cycles(layer, notify)
            row(layer.name, int(measured[-2]), int(predicted[-2]))
            row(f"{layer.name}, whole run", int(measured.sum()), int(predicted.sum()))
    console.print(table)
    return figures
