"""flexdrive report --target flexv: a network's cycles on the cluster's RTL, by layer."""

from pathlib import Path

import numpy as np
from rich.console import Console

from flexdrive_deploy.flexv.network.loading import load_network

from .flexv_network import images_of
from .flexv_tables import layer_cycles

__all__ = ["report_flexv"]


def _random_images(network):
    """{name: one image} of integers that the inputs may have."""
    random, made = np.random.default_rng(0), {}
    for each in network.integers.inputs:
        quantiser = each.quantiser
        shape = network.inputs.get(each.value)
        if shape is None:
            continue
        integers = random.integers(quantiser.low, quantiser.high + 1, (1, *shape[1:]))
        made[each.value] = ((integers - quantiser.zero) * float(quantiser.scale)).astype(
            np.float32)
    # Inputs that the host works on first.
    for name, shape in network.inputs.items():
        made.setdefault(name, random.normal(size=(1, *shape[1:])).astype(np.float32))
    return made


def report_flexv(model, target, input_file, cores):
    """Run one image on the RTL, every integer that leaves compared; print and return (as HTML) the
    table of its layers."""
    from flexdrive_deploy.flexv.compiler.compiled import compile_network
    from flexdrive_deploy.flexv.compiler.estimate import estimated_cycles
    from flexdrive_sim.flexv.layer_figures import layer_figures
    from flexdrive_sim.flexv.session import NetworkSession
    from flexdrive_sim.progress import preparation

    network = load_network(Path(model), declared=target.declared)
    compiled = compile_network(network, l1_bytes=target.l1_kb << 10)
    images = images_of(input_file, network) if input_file else _random_images(network)
    images = {name: array[:1] for name, array in images.items()}
    with preparation(Console(stderr=True)) as notify:
        session = NetworkSession(compiled, "rtl", cores=cores, notify=notify)
    session.run(None, images)
    console = Console(highlight=False, record=True)
    console.print(f"{network.name} on {cores or 8} Flex-V cores (RTL): {network.macs:,} MAC, "
                  f"{network.weights:,} weights, {compiled.plan.peak:,} of "
                  f"{compiled.plan.l1_bytes:,} bytes of L1, {compiled.constant_bytes:,} bytes of "
                  f"constants; {session.compared:,} integers as the golden model", markup=False,
                  soft_wrap=True)
    # Of the input and the output there is none.
    estimates = [None, *estimated_cycles(compiled), None] if cores in (None, 8) else ()
    console.print(layer_cycles(layer_figures(session), estimates))
    return console.export_html()
