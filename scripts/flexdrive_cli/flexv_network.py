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

__all__ = ["check_flexv", "run_flexv"]


def check_flexv(model, target):
    """Print the report of a network; exit status 1 when it does not run."""
    report = check_network(Path(model), declared=target.declared)
    Console(highlight=False).print(report, soft_wrap=True)
    sys.exit(0 if report.runs else 1)


def _images(path, network):
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


def run_flexv(model, target, *, input_file, expect, output, engine, layer_check):
    """Run a network on images and print how its results compare."""
    from flexdrive_sim.flexv.session import NetworkSession

    console = Console(highlight=False, soft_wrap=True)
    network = load_network(Path(model), declared=target.declared)
    names = list(network.outputs)
    for option, path in (("--expect", expect), ("--output", output)):
        if path:
            one_file_for(names, path, option)
    wanted = load_results(expect, names) if expect else {}
    session = NetworkSession(network, engine)
    feed = session.images(_images(input_file, network))
    console.print(f"{network.name} on the Flex-V cluster ({engine}): {network.macs:,} MAC, "
                  f"{network.weights:,} weights", markup=False)
    if layer_check:
        outputs, found = session.compare(feed)
        console.print(_difference_table(found))
    else:
        outputs = dict(zip(names, session.run(None, feed), strict=True))
    count = len(next(iter(outputs.values())))
    for name, array in outputs.items():
        first = np.array2string(array[0].ravel()[:8], precision=4, separator=" ")
        console.print(f"{name}: {count} x {array.shape[1:]}, first {first}", markup=False)
    for name, array in wanted.items():
        console.print(compare(outputs[name], array, str(expect)), markup=False)
    if output:
        save_results(output, outputs)
