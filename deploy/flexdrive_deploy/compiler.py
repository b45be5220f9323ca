"""ONNX model -> deployment: which nodes run where, in which order, as which programs."""

import heapq

from .compiled_model import ChipPart, Deployment
from .errors import FitError, ModelError
from .frontend.graph import load_graph, sub_model
from .frontend.host_part import HostPart
from .hyperdrive.codegen import lower
from .hyperdrive.ir import Average, ChipGraph, Concat
from .hyperdrive.mesh_borders import whole_config
from .hyperdrive.partition import analyse
from .hyperdrive.splitting import split_inputs

__all__ = ["chip_graphs", "compile_first", "compile_graph", "compile_model", "partition"]


class _Unit:
    """What is scheduled as one: a chain, a Concat or an average of the chip, or a node of the
    host."""

    def __init__(self, chain, nodes, position, chip, leaves=False):
        self.chain = chain
        self.chip = chip
        self.leaves = leaves        # what it makes is not in the chip's memory
        self.nodes = nodes
        self.position = position
        self.level = 0
        if chain is None:
            # The second input of a mean is its axes.
            self.reads = [name for name in nodes[0].inputs[:1 if leaves else None] if name]
            self.writes = [name for name in nodes[0].outputs if name]
        else:
            self.reads = [chain.source] + ([chain.bypass] if chain.bypass is not None else [])
            self.writes = [chain.value]


def _units(support):
    chain_of = {node: chain for chain in support.chains for node in chain.nodes}
    units = []
    for position, node in enumerate(support.graph.nodes):
        chain = chain_of.get(node)
        if chain is None:
            leaves = node in support.averages
            units.append(_Unit(None, [node], position, node in support.joins or leaves, leaves))
        elif chain.nodes[0] is node:
            units.append(_Unit(chain, chain.nodes, position, True))
    return units


def _ordered(units):
    """Units in an order in which everything is made before it is read, else as in the model."""
    maker = {name: unit for unit in units for name in unit.writes}
    waits = {unit: {maker[name] for name in unit.reads if name in maker} for unit in units}
    ready = [(unit.position, unit) for unit in units if not waits[unit]]
    heapq.heapify(ready)
    ordered = []
    while ready:
        _, unit = heapq.heappop(ready)
        ordered.append(unit)
        for other, missing in waits.items():
            if unit in missing:
                missing.discard(unit)
                if not missing:
                    heapq.heappush(ready, (other.position, other))
    assert len(ordered) == len(units), "the units depend on each other in a circle"
    return ordered, maker


def partition(support):
    """Units by part: list of lists; even places run on the host, odd ones on the chip.

    A unit goes into the earliest part of its kind in which everything that it reads is there."""
    ordered, maker = _ordered(_units(support))
    parts = []
    for unit in ordered:
        unit.level = int(unit.chip)
        for name in unit.reads:
            if name in maker:
                before = maker[name]
                away = 2 * before.leaves if unit.chip else 0
                unit.level = max(unit.level, before.level + (away or before.chip != unit.chip))
        while len(parts) <= unit.level:
            parts.append([])
        parts[unit.level].append(unit)
    return parts


def _interface(units, graph, others):
    """(values that the units read from elsewhere, values that are read elsewhere)."""
    made = [name for unit in units for name in unit.writes]
    read = dict.fromkeys(name for unit in units for name in unit.reads
                         if name not in made and name not in graph.constants)
    wanted = {name for unit in others for name in unit.reads} | set(graph.outputs)
    return list(read), [name for name in made if name in wanted]


def _unsupported(support):
    """A sentence on the first nodes that run nowhere; "" when there are none."""
    found = [f"node {placement.name}: {placement.reason}. What would pass: {placement.rewrite}"
             for placement in support.unsupported]
    more = f". {len(found) - 3} more nodes run nowhere" if len(found) > 3 else ""
    return ". ".join(text[0].upper() + text[1:] for text in found[:3]) + more


def _refuse_unsupported(support):
    nowhere = _unsupported(support)
    if not support.chains:
        # First, since a network without such a layer needs another change than any other advice.
        reasons = [f"{placement.name}: {placement.reason}" for placement in support.placements
                   if placement.operation == "Conv"][:3]
        raise ModelError("No layer of the network runs on the chip" +
                         (f" ({'; '.join(reasons)})" if reasons else ": it has no convolution")
                         + ". What would pass: 1x1 or 3x3 convolutions with padding kernel//2 and "
                         "stride 1 or 2 whose weights are plus or minus one value per output "
                         "channel" + (f". {nowhere}" if nowhere else ""))
    if nowhere:
        raise ModelError(f"{nowhere}. (`flexdrive check` lists every node.)")


def _chip_graph(group, graph, inputs, outputs, config, mesh):
    """ChipGraph of the units of one part."""
    shapes = {name: graph.shapes[name][1:] for name in inputs}
    chip = ChipGraph(
        shapes, [unit.chain.layer() for unit in group if unit.chain], outputs,
        [Concat(unit.nodes[0].name, tuple(unit.reads), *unit.writes) for unit in group
         if not unit.chain and not unit.leaves],
        [Average(unit.nodes[0].name, *unit.reads, *unit.writes) for unit in group
         if unit.leaves])
    return split_inputs(chip, whole_config(config, *mesh) if mesh else config, mesh=bool(mesh))


def _parts(support):
    """(units, values that they read from elsewhere, values that are read elsewhere) of every part,
    in order."""
    groups = [units for units in partition(support) if units]
    for group in groups:
        others = [unit for units in groups if units is not group for unit in units]
        yield group, *_interface(group, support.graph, others)


def chip_graphs(support, config, mesh=None):
    """The :class:`~.hyperdrive.ir.ChipGraph` of every part that runs on the chip, in order;
    parameters as of :func:`compile_graph`."""
    return [_chip_graph(group, support.graph, inputs, outputs, config, mesh)
            for group, inputs, outputs in _parts(support) if group[0].chip]


def compile_graph(support, config, *, name, layer_check=False, mesh=None):
    """Make a deployment of an analysed graph; parameters and errors as in ``compile_model``."""
    graph = support.graph
    _refuse_unsupported(support)
    parts = []
    for group, inputs, outputs in _parts(support):
        if not group[0].chip:
            nodes = [node for unit in group for node in unit.nodes]
            parts.append(HostPart(sub_model(graph, nodes, inputs, outputs)))
            parts[-1].check()
            continue
        chip = _chip_graph(group, graph, inputs, outputs, config, mesh)
        program = lower(chip, config, layer_check=layer_check, mesh=mesh)
        parts.append(ChipPart(program, chip))
    return Deployment(name, config, parts, {name: graph.shapes[name] for name in graph.inputs},
                      graph.outputs, layer_check)


def compile_first(support, configs, **options):
    """``compile_graph`` for the first of ``configs`` that holds the network; the FitError is that
    of the last."""
    for config in configs[:-1]:
        try:
            return compile_graph(support, config, **options)
        except FitError:
            continue
    return compile_graph(support, configs[-1], **options)


def compile_model(model, config, *, name="network", layer_check=False, mesh=None):
    """Make a network ready for a chip.

    Parameters
    ----------
    model : onnx.ModelProto.
    config : ChipConfig.
    name : of the network, for reports.
    layer_check : store every layer's output for comparison.
    mesh : (height, width) of a mesh of such chips (``config.mesh``), or None.

    Returns
    -------
    Deployment

    Raises
    ------
    ModelError
        when a node is not supported, no layer runs on the chip, or shapes do not fit.
    FitError
        when a memory of the chip is too small.
    """
    return compile_graph(analyse(load_graph(model), config), config, name=name,
                         layer_check=layer_check, mesh=mesh)
