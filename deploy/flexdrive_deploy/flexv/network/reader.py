"""An ONNX graph to a quantised network: the host's first part, integers, the host's last part.

The host computes what stands before the first quantizer and behind the last layer (softmax, for
one). Nothing in between: a layer behind something that only the host computes is refused, naming
that.
"""

from dataclasses import dataclass, field, replace

from flexdrive_deploy.door import PARSER_ERRORS, one_line
from flexdrive_deploy.errors import ModelError
from flexdrive_deploy.frontend import quantizers as qonnx
from flexdrive_deploy.frontend.graph import Graph
from flexdrive_deploy.frontend.host_part import HostPart
from flexdrive_deploy.frontend.kernels import kernel

from .borders import head_of, leaving_values, tail_of
from .expressions import Constant, Function, Host, Index, Real, View
from .fixed_point import requantisation
from .importer import IMPORT_HINT, Importer
from .ir import IntegerGraph, Node, Requantise
from .operators import LAYERS, OPERATORS, QUANTISERS
from .placement import Placement
from .prune import pruned
from .refusal import RefusedNode

__all__ = ["QuantisedNetwork", "examine", "read_network"]

_END = "nothing, at the end of a network; or quantizers in front of it and behind it"
_KNOWN = {
    "ConvTranspose": "Resize by a whole factor with mode nearest, then a convolution",
    "InstanceNormalization": "BatchNormalization", "LayerNormalization": "BatchNormalization",
    "GroupNormalization": "BatchNormalization", "Slice": "a convolution that leaves channels out",
    "Split": "a convolution for each part", "LSTM": "convolutions", "GRU": "convolutions",
    "DynamicQuantizeLinear": "static quantization (onnxruntime: quantize_static)",
    "ConvInteger": "static quantization (onnxruntime: quantize_static)",
    "MatMulInteger": "static quantization (onnxruntime: quantize_static)",
    "FloatQuant": "Quant: integers"}
# What would be layers with weights, if the cluster had them.
_HEAVY = frozenset([*LAYERS, "ConvTranspose", "LSTM", "GRU", "RNN", "ConvInteger",
                    "MatMulInteger"])


@dataclass(eq=False)
class QuantisedNetwork:
    """A network for the cluster, before any of its compiler.

    Attributes
    ----------
    integers : :class:`~.ir.IntegerGraph`.
    inputs, outputs : name -> shape (1, ...) of the network's.
    head, tail : HostPart in front of the quantizers and behind the cluster, or None.
    leaving : name of an ONNX value that leaves the cluster -> its expression.
    graph : the onnx_graph.Graph that it was read from.
    placements : Placement of every node.
    """

    name: str
    integers: IntegerGraph
    inputs: dict
    outputs: dict
    head: HostPart | None
    tail: HostPart | None
    leaving: dict
    graph: Graph = field(repr=False)
    placements: list = field(repr=False)

    @property
    def macs(self):
        return sum(node.macs for node in self.integers.nodes)

    @property
    def weights(self):
        """Number of weights."""
        return sum(node.weight_count for node in self.integers.nodes)


class _Reader:
    def __init__(self, graph, name, declared):
        self.graph, self.name = graph, name
        self.importer = Importer(graph)
        self.values: dict[str, Real | View | Host | Index] = {
            each: Real(each) for each in graph.inputs}
        self.placements, self.unsupported, self.consequences = {}, [], set()
        for each, quantiser in declared.items():
            if each not in graph.inputs:
                raise ModelError(f"The network has no input {each!r}; it has "
                                 + ", ".join(graph.inputs))
            self.values[each] = self.importer.declare(each, quantiser)

    def _value(self, name):
        if not name:
            return None
        if name in self.graph.constants:
            return Constant(name)
        return self.values[name]

    def read(self):
        for node in self.graph.nodes:
            self.importer.current = node
            values = [self._value(name) for name in node.inputs]
            made = self._node(node, values)
            for each, value in zip(node.outputs, made, strict=False):
                if each:
                    self.values[each] = value

    def _node(self, node, values):
        if any(isinstance(value, Host | Index) for value in values):
            return self._behind(node, values)
        if node.operation not in QUANTISERS and node.operation not in LAYERS and all(
                isinstance(value, Real | Constant) or value is None for value in values):
            return self._before(node)
        known = node.domain in ("", *qonnx.DOMAINS) and OPERATORS.get(node.operation)
        try:
            if not known:
                raise RefusedNode(f"the cluster has no {node.operation}",
                                  _KNOWN.get(node.operation, _END))
            return self._taken(node, known(self.importer, node, values))
        except RefusedNode as refusal:
            return self._refused(node, refusal)
        except PARSER_ERRORS as error:
            # A node that the checker lets pass and that is not what its page says.
            return self._refused(node, RefusedNode(
                f"it cannot be read ({one_line(error) or type(error).__name__})",
                f"{node.operation} as its page says"))

    def _taken(self, node, made):
        for value in made:
            if isinstance(value, Function):
                return self._mark(node, "cluster", "a table, with the quantizer behind it", made)
        what = {"QuantizeLinear": "rounds what is before it", "Quant": "rounds what is before it",
                "DequantizeLinear": "says what integers stand for"}.get(node.operation, "")
        return self._mark(node, "cluster", what, made)

    def _mark(self, node, where, reason, made, rewrite=""):
        self.placements[node.name] = Placement(node.name, node.operation, where, reason, rewrite)
        return made

    def _refused(self, node, refusal):
        text = f"{refusal.reason}"
        if node.operation in _HEAVY or node.operation in QUANTISERS or self._host_refusal(node):
            self._mark(node, "unsupported", text, [], refusal.rewrite)
            self.unsupported.append(self.placements[node.name])
        else:
            self._mark(node, "host", text, [], refusal.rewrite)
        return [Host(node.name)] * len(node.outputs)

    def _host_refusal(self, node):
        if qonnx.is_quantizer(node.proto):
            return ""
        return kernel(node, self.graph).refusal

    def _before(self, node):
        refusal = self._host_refusal(node)
        if refusal:
            self._mark(node, "unsupported", refusal, [], kernel(node, self.graph).rewrite)
            self.unsupported.append(self.placements[node.name])
        else:
            self._mark(node, "host", "before the first quantizer", [])
        return [Real(name) for name in node.outputs]

    def _behind(self, node, values):
        origin = next((value.origin for value in values if isinstance(value, Host)), node.name)
        made = [Host(origin)] * len(node.outputs)
        refusal = self._host_refusal(node)
        if node.operation in _HEAVY:
            before = self.placements[origin]
            if before.where == "unsupported":
                self.consequences.add(node.name)
                self._mark(node, "unsupported", f"behind {origin}, which does not run", [])
            else:
                self._mark(node, "unsupported", f"a layer behind {origin}, which only the host "
                           f"computes ({before.reason})", [], before.rewrite)
        elif refusal:
            self._mark(node, "unsupported", refusal, [], kernel(node, self.graph).rewrite)
        else:
            return self._mark(node, "host", f"behind {origin}", made)
        self.unsupported.append(self.placements[node.name])
        return made

    def network(self):
        """The QuantisedNetwork, when nothing is unsupported."""
        graph = self.graph
        leaving, behind = leaving_values(graph, self.values, self.importer)
        for node in behind:
            if self.placements[node.name].where == "cluster":
                self._mark(node, "host", "no quantizer is behind it", [])
        integers = pruned(self.importer.integer_graph(self.name), leaving.values())
        if not integers.nodes:
            raise ModelError("Nothing of the network runs on the cluster: no quantizer is in it. "
                             f"What would pass: {IMPORT_HINT}")
        network = QuantisedNetwork(
            self.name, integers, {name: graph.shapes[name] for name in graph.inputs},
            {name: graph.shapes[name] for name in graph.outputs}, head_of(graph, integers),
            tail_of(graph, behind), leaving, graph, self.placed(integers.nodes))
        for part in (network.head, network.tail):
            if part is not None:
                part.check()
        for node in integers.nodes:
            if isinstance(node, Requantise):
                requantisation(node)
        return network

    def placed(self, nodes):
        """Placements with precision, products and weights of ``nodes`` of the integer graph."""
        counted = {node.name: node for node in nodes if node.macs}
        placed = []
        for node in self.graph.nodes:
            placement = self.placements[node.name]
            layer: Node | None = counted.get(node.name)
            if layer is not None and placement.where == "cluster":
                placement = replace(
                    placement, macs=layer.macs, weights=layer.weight_count,
                    precision=f"a{layer.sources[0].lane}w{layer.weight_bits}")
            placed.append(placement)
        placed += [Placement(name, operation, "gone", reason)
                   for name, operation, reason in self.graph.folded]
        placed.sort(key=lambda placement: self.graph.order.get(placement.name, 0))
        return placed


def _refuse(reader):
    # What stands behind a refused node says no more than that.
    found = [f"node {placement.name}: {placement.reason}. What would pass: {placement.rewrite}"
             for placement in reader.unsupported if placement.name not in reader.consequences]
    if found:
        more = f". {len(found) - 3} more nodes run nowhere" if len(found) > 3 else ""
        text = ". ".join(text[0].upper() + text[1:] for text in found[:3]) + more
        raise ModelError(f"{text}. (`flexdrive check --target flexv` lists every node.)")


def examine(graph, *, name="network", declared=None):
    """Where every node of an ONNX graph runs.

    Parameters
    ----------
    as of :func:`read_network`.

    Returns
    -------
    (list of Placement, QuantisedNetwork or None, ModelError or None).
    """
    reader = _Reader(graph, name, declared or {})
    reader.read()
    try:
        _refuse(reader)
        network = reader.network()
    except ModelError as error:
        return reader.placed([]), None, error
    return network.placements, network, None


def read_network(graph, *, name="network", declared=None):
    """The :class:`QuantisedNetwork` of an ONNX graph.

    Parameters
    ----------
    graph : onnx_graph.Graph.
    name : of the network.
    declared : name of an input -> :class:`~.ir.Quantiser`, for inputs that come without one.

    Raises
    ------
    ModelError
        names the first nodes that run nowhere, why, and what would pass.
    """
    _, network, error = examine(graph, name=name, declared=declared)
    if network is None:
        assert error is not None
        raise error
    return network
