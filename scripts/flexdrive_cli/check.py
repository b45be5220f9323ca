"""flexdrive check: which node of a network runs where, and why."""

import sys
from dataclasses import replace

import click
from onnx import TensorProto
from rich.console import Console
from rich.table import Table

from flexdrive_deploy.compiler import compile_graph
from flexdrive_deploy.errors import FitError, ModelError
from flexdrive_deploy.hyperdrive.diagnostics import obstacles

from .chip_options import chip_options, describe
from .network import CHIP_HELP, analysed, compiled

_STYLES = {"chip": "green", "host": "yellow", "unsupported": "bold red"}


def _table(placements):
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("node", overflow="fold", max_width=28)
    table.add_column("operation", overflow="fold", max_width=18)
    table.add_column("runs on")
    table.add_column("why", overflow="fold")
    for placement in placements:
        why = placement.reason
        if placement.rewrite:
            why += f"; would pass: {placement.rewrite}"
        table.add_row(placement.name, placement.operation, placement.where, why,
                      style=_STYLES[placement.where] if placement.where == "unsupported" else None)
    return table


def _obstacles(found):
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("nodes", justify="right")
    table.add_column("not on the chip", overflow="fold", max_width=24)
    table.add_column("because", overflow="fold")
    table.add_column("would pass", overflow="fold")
    for obstacle in found:
        more = " ..." if obstacle.count > 1 else ""
        table.add_row(str(obstacle.count), f"{obstacle.operation} {obstacle.first}{more}",
                      obstacle.reason, obstacle.rewrite or "-",
                      style=_STYLES["unsupported"] if obstacle.unsupported else None)
    return table


def _precision(graph, support):
    """Types in which the host computes, "" when nothing is left for it."""
    host = {placement.name for placement in support.placements if placement.where == "host"}
    kinds = {TensorProto.DataType.Name(graph.types[name]).lower() for node in graph.nodes
             if node.name in host for name in node.outputs if graph.types.get(name)}
    return ", ".join(sorted("float32" if kind == "float" else kind for kind in kinds))


def _larger_array(graph, support, config, mesh):
    """Rows and columns of the smallest multiple of the array that holds the network, or None."""
    for factor in range(2, 9):
        rows, columns = factor * config.rows, factor * config.columns
        if max(rows * (mesh or (1, 1))[0], columns * (mesh or (1, 1))[1]) > 255:
            return None
        try:
            compile_graph(graph, support, replace(config, rows=rows, columns=columns), name="",
                          mesh=mesh)
            return rows, columns
        except FitError:
            continue
    return None


def _suggest(console, graph, support, chip):
    """Say which array would hold a network that does not fit."""
    config = chip.config()
    larger = _larger_array(graph, support, config, chip.mesh_size() if chip.mesh else None)
    if larger:
        console.print("would fit: " + describe(replace(config, rows=larger[0], columns=larger[1])),
                      markup=False, soft_wrap=True)


@click.command(epilog=CHIP_HELP)
@click.argument("model", metavar="MODEL.onnx", type=click.Path())
@chip_options
def command(model, chip):
    """Say for every node of MODEL.onnx whether it runs on the chip, on the host or not at all,
    with the reason and what would pass.

    The exit status is 0 when the network runs on the chip, else 1.
    """
    console = Console(highlight=False)
    graph, support = analysed(model, chip)
    console.print(_table(support.placements), markup=False)
    left = [placement for placement in support.placements if not placement.gone]
    counts = {where: sum(placement.where == where for placement in left) for where in _STYLES}
    gone = len(support.placements) - len(left)
    precision = _precision(graph, support)
    console.print("\n" + ", ".join(f"{count} {where}" for where, count in counts.items())
                  + (f", {gone} gone at import" if gone else "")
                  + (f"; the host computes in {precision}" if precision else ""))
    found = obstacles(support.placements)
    if found:
        console.print()
        console.print(_obstacles(found), markup=False)
        console.print()
    try:
        deployment = compiled(model, graph, support, chip)
    except ModelError as error:
        console.print(f"does not run: {error}", style="bold red", markup=False, soft_wrap=True)
        if isinstance(error, FitError):
            _suggest(console, graph, support, chip)
        sys.exit(1)
    used = max(program.peak_words for program in deployment.programs)
    programs = len(deployment.programs)
    moved = sum(program.input_words + program.output_words for program in deployment.programs)
    console.print(f"runs on {describe(deployment.config, deployment.mesh)}\n"
                  f"uses {used:,} words a tile, {programs} program{'s' if programs > 1 else ''}, "
                  f"{moved:,} words to and from the host",
                  markup=False, soft_wrap=True)
