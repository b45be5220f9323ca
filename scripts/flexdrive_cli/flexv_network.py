"""Commands on quantised networks for the Flex-V cluster: what `check` and `run` do with
``--target flexv``."""

import sys
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from flexdrive_deploy.arrays import (
    compare,
    is_bundle,
    load_array,
    load_results,
    one_file_for,
    save_results,
)
from flexdrive_deploy.errors import FileError, ModelError
from flexdrive_deploy.flexv.network.loading import check_network, load_network

from .flexv_tables import layer_cycles

__all__ = ["check_flexv", "compile_flexv", "images_of", "run_flexv"]

# Of RAM for the program: constants and a trace of every layer.
_PROGRAM_BYTES = 64 << 20


def check_flexv(model, target):
    """Print the report of a network; exit status 1 when it does not run."""
    report = check_network(Path(model), declared=target.declared)
    Console(highlight=False).print(report, soft_wrap=True)
    sys.exit(0 if report.runs else 1)


def images_of(path, network):
    """{name: array} of a file: .npz with an array for each input, or one array."""
    if not is_bundle(path) or len(network.inputs) == 1:
        return {next(iter(network.inputs)): load_array(path)}
    try:
        return load_results(path, list(network.inputs))
    except FileError as error:
        raise ModelError(f"--input {error}") from None


def _difference_table(found):
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("map or result", overflow="fold", max_width=40)
    for name in ("values", "differ", "share", "largest", "classes"):
        table.add_column(name, justify="right", no_wrap=True)
    for each in found:
        table.add_row(each.name, f"{each.values:,}", f"{each.differing:,}", f"{each.share:.4%}",
                      f"{each.largest:.3g}", "" if each.classes is None else str(each.classes))
    table.caption = "beside onnxruntime, which computes the model as it stands in float32"
    table.caption_justify = "left"
    return table


def compile_flexv(model, target, output, *, layer_check):
    """Write the C of a network, the program and the plan."""
    from flexdrive_deploy.flexv.compiler.build import build_elf
    from flexdrive_deploy.flexv.compiler.compiled import compile_network
    from flexdrive_deploy.flexv.compiler.plan_picture import plan_picture
    from flexdrive_sim.progress import preparation

    network = load_network(Path(model), declared=target.declared)
    compiled = compile_network(network, l1_bytes=target.l1_kb << 10)
    compiled.write(output)
    (output / "plan.png").write_bytes(plan_picture(compiled))
    with preparation(Console(stderr=True)) as notify:
        program = build_elf(output, trace=layer_check, memory=_PROGRAM_BYTES, notify=notify)
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"{output}: {network.name} for the Flex-V cluster, {network.macs:,} MAC",
                  markup=False)
    chunks = sum(len(each) for _, each in compiled.plan.chunks.values())
    console.print(f"  {len(compiled.steps.steps)} steps, {compiled.plan.peak:,} of "
                  f"{compiled.plan.l1_bytes:,} bytes of L1, {compiled.constant_bytes:,} bytes of "
                  f"constants in {chunks} transfers", markup=False)
    console.print(f"  read {output / 'network.c'} and {output / 'listing.txt'}, look at "
                  f"{output / 'plan.png'}, run {program}", markup=False)


def run_flexv(model, target, *, input_file, expect, output, engine, layer_check, cores=None):
    """Run a network on images and print how its results compare."""
    from flexdrive_deploy.flexv.compiler.compiled import compile_network
    from flexdrive_sim.flexv.layer_figures import layer_figures
    from flexdrive_sim.flexv.session import FLEXV_ENGINES, NetworkSession
    from flexdrive_sim.progress import preparation

    console = Console(highlight=False, soft_wrap=True)
    network = load_network(Path(model), declared=target.declared)
    names = list(network.outputs)
    for option, path in (("--expect", expect), ("--output", output)):
        if path:
            one_file_for(names, path, option)
    wanted = load_results(expect, names) if expect else {}
    if engine not in FLEXV_ENGINES:
        raise ModelError(f"--engine {engine}: --target flexv has {', '.join(FLEXV_ENGINES)}")
    with preparation(Console(stderr=True)) as notify:
        session = NetworkSession(
            network if engine == "golden" else compile_network(network,
                                                               l1_bytes=target.l1_kb << 10),
            engine, layer_check=layer_check, cores=cores, notify=notify)
    feed = session.images(images_of(input_file, network))
    console.print(f"{network.name} on the Flex-V cluster ({engine}): {network.macs:,} MAC, "
                  f"{network.weights:,} weights", markup=False)
    if layer_check and engine == "golden":
        outputs, found = session.compare(feed)
        console.print(_difference_table(found))
    else:
        outputs = dict(zip(names, session.run(None, feed), strict=True))
    if session.compared:
        console.print(f"{session.compared:,} integers compared with the golden model, all equal",
                      markup=False)
    if session.cycles and not layer_check:
        console.print(layer_cycles(layer_figures(session)))
    count = len(next(iter(outputs.values())))
    for name, array in outputs.items():
        first = np.array2string(array[0].ravel()[:8], precision=4, separator=" ")
        console.print(f"{name}: {count} x {array.shape[1:]}, first {first}", markup=False)
    for name, array in wanted.items():
        console.print(compare(outputs[name], array, str(expect)), markup=False)
    if output:
        save_results(output, outputs)
