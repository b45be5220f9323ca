"""ResNet-20 on the cluster's RTL with the core's extensions and with XpulpV2 alone; every result is
compared.

    python examples/quantised/compare.py

Maps of 4 and weights of 2 bits by all instructions; the same network by XpulpV2, whose weights are
stored as wide as maps and which software widens to bytes, by masks or field by field; 8 bits
everywhere by XpulpV2 and by all instructions. Sums, pools and copies have the same kernels in all
of them.
"""

import numpy as np
from networks import resnet20
from rich.console import Console
from rich.table import Table
from writer import SPREAD, Writer

from flexdrive_deploy.flexv.compiler.compiled import compile_network
from flexdrive_deploy.flexv.network.loading import load_network
from flexdrive_sim.flexv.golden.network import run
from flexdrive_sim.flexv.layer_figures import layer_figures
from flexdrive_sim.flexv.session import NetworkSession
from flexdrive_sim.progress import preparation

NARROW = "maps of 4, weights of 2 bits"


# (name, bits of maps, of weights, instructions).
COMPARED = ((NARROW, 4, 2, "flexv"), (NARROW, 4, 2, "xpulpv2"), (NARROW, 4, 2, "xpulpv2-extract"),
            ("8 bits", 8, 8, "xpulpv2"), ("8 bits", 8, 8, "flexv"))


def measured(model, instructions):
    """(cycles of convolutions, of all) of an image on the RTL.

    Raises
    ------
    SystemExit
        when a result differs from the golden model's.
    """
    network = load_network(model)
    (name,) = network.inputs
    pixels = np.random.default_rng(1).normal(0, SPREAD * 256, (1, 3, 32, 32))
    images = {name: pixels.astype(np.float32)}
    with preparation(Console(stderr=True)) as notify:
        session = NetworkSession(compile_network(network, instructions=instructions), "rtl",
                                 notify=notify)
    made = session.run(None, images)
    wanted, _ = run(network, images)
    if any(not np.array_equal(a, wanted[b]) for a, b in zip(made, network.outputs, strict=True)):
        raise SystemExit(f"error: results of {instructions} differ from the golden model")
    figures = layer_figures(session)
    return (sum(each.cycles for each in figures if each.macs),
            sum(each.cycles for each in figures))


def main():
    table = Table("network", "instructions", "convolutions", "all", "to the first")
    first = None
    for name, map_bits, weight_bits, instructions in COMPARED:
        model = resnet20(Writer("resnet20", (3, 32, 32), 0, map_bits, weight_bits))
        convolutions, cycles = measured(model, instructions)
        first = first or cycles
        table.add_row(name, instructions, f"{convolutions:,}", f"{cycles:,}",
                      f"{cycles / first:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()
