"""What the cluster does one after the other: kernel calls with their constants.

A layer and the requantisation behind it are one step; a Reshape that leaves all values where they
are is none.
"""

from dataclasses import dataclass, field

from flexdrive_deploy.errors import ModelError
from flexdrive_deploy.flexv.network import ir
from flexdrive_deploy.flexv.network.fixed_point import Ratio, Sign, requantisation
from flexdrive_deploy.flexv.network.prune import tensors_of

from .columns import by_columns
from .storage import Border, canonical

__all__ = ["Step", "Steps", "steps_of"]


@dataclass(eq=False)
class Step:
    """One kernel call, or a few that belong together.

    Attributes
    ----------
    node : the ir.Node whose kernel it is.
    sources : tensors that it reads. output : tensor that it makes.
    finish : Requantise that is part of it, or None.
    ties, funnel : whether the core rounds ties (``requant_ties``), has the lane funnel
        (``macload_funnel``).
    planar_source, planar_output : whether the map is planar (:mod:`.planar`). compared : whether
    kernels of XpulpV2 alone make it (:mod:`.xpulp_kernel`), which have no results
        of 32 bits: C makes those.
    """

    node: ir.Node
    sources: tuple
    output: ir.Tensor
    finish: ir.Requantise | None = None
    ties: bool = True
    funnel: bool = True
    planar_source: bool = False
    planar_output: bool = False
    compared: bool = False

    @property
    def name(self):
        """Of the ONNX node."""
        return self.node.name

    @property
    def rule(self):
        """FixedPoint, Ratio or Sign of what it requantises, or None."""
        requantise = self.node if isinstance(self.node, ir.Requantise) else self.finish
        return None if requantise is None else requantisation(requantise)


@dataclass(eq=False)
class Steps:
    """A network as steps.

    Attributes
    ----------
    steps : in order. inputs : (Input, tensor that memory holds of it).
    columns : name of such a tensor -> Columns, of inputs that are written as windows.
    outputs : tensors that leave.
    alias : name of a tensor -> the tensor in whose place it lies.
    borders : name of a tensor -> Border that layers read around it.
    """

    steps: list
    inputs: list
    outputs: list
    alias: dict
    borders: dict = field(default_factory=dict)
    columns: dict = field(default_factory=dict)

    def place(self, tensor):
        """The tensor in whose place another lies; itself for most."""
        return self.alias.get(tensor.name, tensor)


def _by_channel(rule, shape):
    """Whether numbers of a rule are one for each channel of a map, or one."""
    if isinstance(rule, Ratio):
        return False
    arrays = ([rule.multiplier, rule.addend] if isinstance(rule, Sign) else
              [*rule.multipliers, rule.addend])
    return all(array.size == 1 or (array.ndim == len(shape)
                                   and array.size == array.shape[0] == shape[0])
               for array in arrays)


def _as_convolution(node, source):
    """A Linear behind a Reshape of (C, H, W) as Convolution with a kernel of the whole map."""
    channels, height, width = canonical(source.shape)
    output = ir.Tensor(node.output.name, node.output.shape, node.output.low, node.output.high)
    return ir.Convolution(
        node.name, (source,), output,
        weights=node.weights.reshape(-1, channels, height, width), strides=(1, 1),
        pads=(0, 0, 0, 0), dilations=(1, 1), groups=1, border=0)


class _Lowering:
    def __init__(self, network):
        graph = network.integers
        self.graph = graph
        self.readers = {}
        for node in graph.nodes:
            for source in node.sources:
                self.readers.setdefault(source.name, []).append(node)
        self.leaving = {tensor.name for value in network.leaving.values()
                        for tensor in tensors_of(value)}
        self.alias, self.direct = {}, {}
        self.inputs = {each.tensor.name: each for each in graph.inputs}
        self.loaded = {each.tensor.name: each.tensor for each in graph.inputs}
        self.steps, self.done, self.columns = [], set(), {}

    def place(self, tensor):
        return self.alias.get(tensor.name, tensor)

    def _alone(self, tensor):
        """The one node that reads a tensor, or None."""
        readers = self.readers.get(tensor.name, [])
        return readers[0] if len(readers) == 1 and tensor.name not in self.leaving else None

    def _reshape(self, node):
        (source,) = node.sources
        readers = self.readers.get(node.output.name, [])
        if canonical(source.shape) == canonical(node.output.shape):
            self.alias[node.output.name] = self.place(source)
        elif source.name in self.inputs and self._alone(source):
            # The host writes it in this shape at once.
            self.loaded[source.name] = node.output
        elif node.output.name not in self.leaving and all(
                isinstance(reader, ir.Linear) and len(node.output.shape) == 1
                and node.output.scale is not None for reader in readers):
            self.direct[node.output.name] = self.place(source)
        else:
            self.steps.append(Step(node, (self.place(source),), node.output))

    def _layer(self, node):
        source = node.sources[0]
        if isinstance(node, ir.Linear):
            if len(source.shape) != 1:
                raise ModelError(f"Node {node.name}: a matrix product over the last of "
                                 f"{len(source.shape)} axes is not compiled. What would pass: "
                                 "images as (N, K), or a 1x1 convolution")
            source = self.direct.get(source.name, self.place(source))
            node = _as_convolution(node, source)
        elif source.name in self.inputs and self._alone(source):
            node = self._by_columns(node, source)
        sums, finish, step_output = node.output, None, node.output
        reader = self._alone(sums)
        while isinstance(reader, ir.Reshape) and canonical(
                reader.output.shape) == canonical(sums.shape):
            sums = reader.output
            reader = self._alone(sums)
        if isinstance(reader, ir.Requantise) and len(reader.sources) == 1 and _by_channel(
                requantisation(reader), reader.output.shape):
            finish, step_output = reader, reader.output
            self.done.add(reader)
        self.steps.append(Step(node, (self.place(node.sources[0]),), step_output, finish))

    def _by_columns(self, node, source):
        found = by_columns(node)
        if found is None:
            return node
        made, tensor, self.columns[tensor.name] = found
        self.loaded[source.name] = tensor
        return made

    def run(self):
        for node in self.graph.nodes:
            if node in self.done:
                continue
            if isinstance(node, ir.Reshape):
                self._reshape(node)
            elif isinstance(node, ir.Convolution | ir.Linear):
                self._layer(node)
            else:
                self.steps.append(Step(node, tuple(map(self.place, node.sources)), node.output))


def _borders(steps, alias):
    """Border around each tensor that layers read outside of."""
    found = {}
    for step in steps:
        node = step.node
        if not isinstance(node, ir.Convolution) or not any(node.pads):
            continue
        (source,) = step.sources
        _, height, width = canonical(source.shape)
        _, rows, columns = canonical(node.output.shape)
        ends = [(count - 1) * stride + (kernel - 1) * dilation + 1 - before - size
                for count, stride, kernel, dilation, before, size in
                zip((rows, columns), node.strides, node.weights.shape[2:], node.dilations,
                    node.pads[:2], (height, width), strict=True)]
        old = found.get(source.name, Border(value=node.border))
        if old and old.value != node.border:
            raise ModelError(f"Node {step.name}: it reads {source.name} with another zero point "
                             "than another layer, so their borders differ. What would pass: one "
                             "zero point")
        found[source.name] = Border(
            max(old.top, node.pads[0]), max(old.left, node.pads[1]), max(old.bottom, ends[0], 0),
            max(old.right, ends[1], 0), node.border)
    return found


def steps_of(network):
    """The :class:`Steps` of a QuantisedNetwork.

    Raises
    ------
    ModelError
        names the node that has no kernel yet.
    """
    lowering = _Lowering(network)
    lowering.run()
    for step in lowering.steps:
        _check(step)
    inputs = [(each, lowering.loaded[each.tensor.name]) for each in network.integers.inputs]
    outputs = {}
    for value in network.leaving.values():
        for tensor in tensors_of(value):
            outputs[tensor.name] = tensor
    return Steps(lowering.steps, inputs, list(outputs.values()), lowering.alias,
                 _borders(lowering.steps, lowering.alias), lowering.columns)


def _check(step):
    node = step.node
    if isinstance(node, ir.Table) and node.output.lane > 8:
        raise ModelError(f"Node {node.name}: a table of results of {node.output.lane} bits is not "
                         "compiled. What would pass: a quantizer of 8 bits behind it")
    if isinstance(node, ir.Transpose | ir.Pad | ir.Upsample | ir.Concat | ir.ArgMax) and len(
            node.sources[0].shape) > 3:
        raise ModelError(f"Node {node.name}: {type(node).__name__} of "
                         f"{len(node.sources[0].shape)} axes is not compiled. What would pass: at "
                         "most three axes and the batch")


