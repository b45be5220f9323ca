"""An ONNX graph to a quantised network: what the host does first, integers, what the host does last.

The host computes what stands before the first quantizer and behind the last layer (softmax, for
one). Nothing in between: a layer behind something that only the host computes is refused, naming
that.
"""

from dataclasses import dataclass, field, replace

from flexdrive_deploy.errors import ModelError
from flexdrive_deploy.frontend import quantizers as qonnx
from flexdrive_deploy.frontend.graph import sub_model
from flexdrive_deploy.frontend.host_part import HostPart
from flexdrive_deploy.frontend.kernels import kernel

from .expressions import Constant, Function, Host, Index, Quantised, Real, Structured, View
from .importer import IMPORT_HINT, Importer
from .ir import IntegerGraph, Node
from .operators import LAYERS, OPERATORS, QUANTISERS
from .prune import pruned
from .refusal import RefusedNode

__all__ = ["Placement", "QuantisedNetwork", "read_network"]

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


@dataclass(frozen=True)
class Placement:
    """Where a node runs: ``where`` is "cluster", "host", "gone" or "unsupported"."""

    name: str
    operation: str
    where: str
    reason: str = ""
    rewrite: str = ""
    precision: str = ""
    macs: int = 0
    weights: int = 0


@dataclass(eq=False)
class QuantisedNetwork:
    """A network for the cluster, before any of its compiler.

    Attributes
    ----------
    integers : :class:`~.ir.IntegerGraph`.
    inputs, outputs : name -> shape (1, ...) of the network's.
    head, tail : HostPart in front of the quantizers and behind the cluster, or None.
    leaving : name of an ONNX value that leaves the cluster -> its expression.
    placements : Placement of every node.
    """

    name: str
    integers: IntegerGraph
    inputs: dict
    outputs: dict
    head: HostPart | None
    tail: HostPart | None
    leaving: dict
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
        self.values = {each: Real(each) for each in graph.inputs}
        self.placements, self.unsupported = {}, []
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
            for each, value in zip([n for n in node.outputs], made, strict=False):
                if each:
                    self.values[each] = value

    def _node(self, node, values):
        marks = len(self.importer.nodes), len(self.importer.inputs)
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
            del self.importer.nodes[marks[0]:]
            del self.importer.inputs[marks[1]:]
            return self._refused(node, refusal)

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
            before = self.placements.get(origin)
            why = f" ({before.reason})" if before is not None else ""
            self._mark(node, "unsupported", f"a layer behind {origin}, which only the host "
                       f"computes{why}", [], before.rewrite if before is not None else
                       "the same network without it")
        elif refusal:
            self._mark(node, "unsupported", refusal, [], kernel(node, self.graph).rewrite)
        else:
            return self._mark(node, "host", f"behind {origin}", made)
        self.unsupported.append(self.placements[node.name])
        return made

    # What leaves the cluster

    def _leave(self, name, leaving, tail):
        """Note that the host, or the user, needs a value; ``tail`` collects the host's nodes."""
        value = self.values[name]
        if name in leaving or isinstance(value, Real) and name in self.graph.inputs:
            return
        if isinstance(value, Function | Structured | Host | Real) or (
                isinstance(value, Index) and False):
            node = next(node for node in self.graph.nodes if name in node.outputs)
            if node in tail:
                return
            tail.append(node)
            if not isinstance(value, Host | Real):
                self._mark(node, "host", "no quantizer is behind it", [])
            for each in node.inputs:
                if each and each not in self.graph.constants:
                    self._leave(each, leaving, tail)
            return
        if isinstance(value, Quantised):
            tensor = self.importer.tensor(value)
            value = View(tensor, value.quantiser.scale, value.quantiser.zero)
            leaving[name] = Index(tensor)
            return
        leaving[name] = value

    def network(self):
        graph = self.graph
        leaving, tail = {}, []
        for name in graph.outputs:
            self._leave(name, leaving, tail)
        order = {node: place for place, node in enumerate(graph.nodes)}
        tail.sort(key=order.get)
        integers = pruned(self.importer.integer_graph(self.name), leaving.values())
        made = {name for node in tail for name in node.outputs}
        reads = list(dict.fromkeys(name for node in tail for name in node.inputs
                                   if name and name not in graph.constants and name not in made))
        last = HostPart(sub_model(graph, tail, reads, [
            name for name in graph.outputs if name in made])) if tail else None
        network = QuantisedNetwork(
            self.name, integers, {name: graph.shapes[name] for name in graph.inputs},
            {name: graph.shapes[name] for name in graph.outputs}, self._head(integers), last,
            leaving, self._placed(integers))
        for part in (network.head, network.tail):
            if part is not None:
                part.check()
        return network

    def _head(self, integers):
        wanted = [each.value for each in integers.inputs if each.value not in self.graph.inputs]
        needed, nodes = set(wanted), []
        for node in reversed(self.graph.nodes):
            if needed.intersection(node.outputs):
                nodes.insert(0, node)
                needed.update(node.inputs)
        if not nodes:
            return None
        reads = [name for name in self.graph.inputs if name in needed]
        return HostPart(sub_model(self.graph, nodes, reads, list(dict.fromkeys(wanted))))

    def _placed(self, integers):
        """Placements with precision, products and weights."""
        counted = {}
        for node in integers.nodes:
            if node.macs:
                counted[node.name] = node
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


def place(graph, name="network", declared=None):
    """(reader, placements, ModelError or None) of a graph: what runs where."""
    reader = _Reader(graph, name, declared or {})
    reader.read()
    return reader


def _refuse(reader):
    found = [f"node {placement.name}: {placement.reason}. What would pass: {placement.rewrite}"
             for placement in reader.unsupported]
    if found:
        more = f". {len(found) - 3} more nodes run nowhere" if len(found) > 3 else ""
        text = ". ".join(text[0].upper() + text[1:] for text in found[:3]) + more
        raise ModelError(f"{text}. (`flexdrive check --target flexv` lists every node.)")
    if not any(node.macs for node in reader.importer.nodes):
        raise ModelError("No layer of the network runs on the cluster: it has no Conv, Gemm or "
                         f"MatMul. What would pass: {IMPORT_HINT}")


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
    reader = place(graph, name, declared)
    _refuse(reader)
    return reader.network()


