"""Which node of a network runs where, and why."""

from dataclasses import dataclass

import numpy as np

from ..frontend import quantizers as qonnx
from ..frontend.graph import Graph
from ..frontend.kernels import kernel
from . import advice
from .attributes import unknown
from .diagnostics import left_over
from .fusion import Chain
from .means import means
from .patterns import CHANNELWISE, begin, begin_alone, begin_channelwise
from .refusal import Refusal, together
from .rewrites.manager import rewritten

__all__ = ["Placement", "Support", "analyse"]


@dataclass(frozen=True)
class Placement:
    """A node's verdict: ``where`` is "chip", "host" or "unsupported"; ``gone`` when the import
    removed it; ``advice`` : the edits that ``rewrite`` says (:func:`~.advice.follow`), for nodes
    that the chip might have."""

    name: str
    operation: str
    where: str
    reason: str
    rewrite: str = ""
    gone: bool = False
    advice: tuple = ()


@dataclass(frozen=True, eq=False)
class Support:
    """graph: onnx_graph.Graph, as rewritten for the chip; chains: list of Chain, in order of their
    first nodes; joins: Concat nodes of the chip; averages: nodes of the chip that take the mean of
    a map; placements: one for each node of the model, in its order."""

    graph: Graph
    chains: list
    joins: list
    averages: list
    placements: list

    @property
    def unsupported(self):
        """Placements that keep the network from running."""
        return [placement for placement in self.placements if placement.where == "unsupported"]


def _depths(graph):
    """Node -> longest path from the inputs to it, in nodes."""
    made, depths = {}, {}
    for node in graph.nodes:
        depths[node] = 1 + max((made.get(name, 0) for name in node.inputs), default=0)
        made.update(dict.fromkeys(node.outputs, depths[node]))
    return depths


def _out_of_range(chain):
    """Refusal of scales or biases that binary16 cannot hold, else None."""
    largest = np.float64 if chain.threshold else np.float16
    for what, values in (("scale", chain.scale), ("bias", chain.bias)):
        with np.errstate(over="ignore"):
            bad = ~np.isfinite(np.asarray(values).astype(largest))
        if bad.any():
            channel = int(np.argmax(bad))
            value = np.asarray(values)[channel]
            wrong = "is no number" if np.isnan(value) else "exceeds binary16"
            return Refusal(f"{what} {value:.4g} of output channel {channel} {wrong}",
                           (advice.IN_RANGE,))
    return None


def _follow(chain, graph, taken, refusals):
    """Fold what follows, as long as it is the only reader and free."""
    while chain.value not in graph.outputs:
        readers = graph.consumers.get(chain.value, [])
        if len(readers) != 1 or readers[0] in taken:
            return
        refusal = chain.absorb(readers[0], graph)
        if refusal is not None:
            refusals.setdefault(readers[0], refusal)
            return
        taken.update(chain.nodes)


def _beside(graph, made):
    """Maps that lie in one with what layers of the chip make, when these are in ``made``."""
    made, found = set(made), set()
    for node in graph.nodes:
        if node.operation == "Concat" and made.intersection(node.inputs):
            made.update(node.outputs)
            found.update(node.inputs)
    return found - made


def _between(node, graph, config, there, taken, read):
    """The chain of a node that is folded into no layer, of a map of the host that is on the chip
    anyway (``there``), when what it makes is read there (``read``): no word more is moved."""
    chain = begin_alone(node, graph, config, there)
    if not isinstance(chain, Chain):
        return None
    _follow(chain, graph, set(taken), {})
    return begin_alone(node, graph, config, there) if chain.value in read else None


def _add_channelwise(graph, config, chains, taken, refusals):
    """Pooling and upsampling of maps that the chip makes, and what is folded into no layer before
    it: layers of their own. Of maps of the host they would only bring more words to the chip."""
    made = {chain.value for chain in chains}
    # What a layer reads, or what lies beside its result, is on the chip as well, and a map of the
    # host that becomes larger has fewer words to send before than behind.
    there = {chain.source for chain in chains} | {chain.bypass for chain in chains}
    there |= _beside(graph, made)
    read = {name for chain in chains for name in (chain.source, chain.bypass)}
    for node in graph.nodes:
        if node.operation == "Concat" and made.intersection(node.inputs):
            made.update(node.outputs)
        if node in taken:
            continue
        if node.operation in CHANNELWISE and not node.domain:
            grows = node.operation in ("Resize", "Upsample") and node.outputs[0] in read
            chain = begin_channelwise(node, graph, config, {
                *made, *there, *(node.inputs[:1] if grows else ())})
        else:
            chain = begin_alone(node, graph, config, made) or _between(
                node, graph, config, there - made, taken, read)
        if isinstance(chain, Refusal):
            refusals[node] = chain
        elif chain is not None:
            taken.add(node)
            _follow(chain, graph, taken, refusals)
            chains.append(chain)
            made.add(chain.value)


def _join_refusals(node, graph, added, joined):
    """What keeps the maps of a Concat from lying behind each other; ``added``: maps that are sums
    or operands of them, ``joined``: maps that lie in another one."""
    strange = unknown(node, graph)
    if strange is not None:
        yield strange
    shapes = [graph.shapes.get(name, ()) for name in node.inputs]
    if node.attributes.get("axis", 1) not in (1, -3) or any(len(shape) != 4 for shape in shapes):
        yield Refusal("joins maps along another axis than the channels",
                      (advice.attributes(axis=1),))
    if any(name in graph.constants for name in node.inputs):
        yield Refusal("joins a constant", (advice.ONLY_MAPS,))
    if len(set(node.inputs)) < len(node.inputs) or joined.intersection(node.inputs):
        yield Refusal("joins a map that is joined twice", (
            advice.chip("a map in one Concat only", channelwise=True),))
    if added.intersection(node.inputs):
        yield Refusal("joins a sum of maps or one of its operands",
                      (advice.chip("a convolution between addition and Concat", channelwise=True),))


def _joins(graph, chains, refusals):
    """Concat nodes whose maps lie behind each other in the chip's memory."""
    there = {chain.value for chain in chains}
    added = {name for chain in chains if chain.bypass is not None
             for name in (chain.bypass, chain.value)}
    read = {name for chain in chains for name in (chain.source, chain.bypass)}
    joins, joined = [], set()
    for node in graph.nodes:
        if node.operation != "Concat" or node.domain:
            continue
        if not there.intersection(node.inputs) and node.outputs[0] not in read:
            refusals[node] = Refusal("joins maps of the host", (advice.LAYER_BEFORE,))
            continue
        refusal = together(_join_refusals(node, graph, added, joined))
        if refusal is not None:
            refusals[node] = refusal
            continue
        joins.append(node)
        joined.update(node.inputs)
        there.update(node.outputs)
    return joins


def _own(node, head):
    """What the first node of a chain is."""
    if node.operation == "Conv":
        return f"binary weights{head.remark}"
    return (CHANNELWISE[node.operation][1] if node.operation in CHANNELWISE
            else "a layer of its own, value by value")


def _verdict(node, chip, joins, averages, refusals, graph):
    if node in joins:
        return Placement(node.name, node.operation, "chip", "maps lie behind each other")
    if node in averages:
        return Placement(node.name, node.operation, "chip", "means leave instead of the map")
    if node in chip:
        head = chip[node]
        own = _own(node, head)
        folded = own if head.nodes[0] is node else f"folded into {head.name}"
        if head.threshold and (node.operation == "Sign" or qonnx.is_quantizer(node.proto)):
            folded += ", its sum compared with a threshold"
        if head.bypass is not None and head.bypass in node.inputs and node.operation == "Add":
            folded = f"bypass of {head.name}{', after its activation' if head.late else ''}"
        return Placement(node.name, node.operation, "chip", folded)
    if qonnx.is_quantizer(node.proto):
        return Placement(node.name, node.operation, *qonnx.placement_of(node, graph))
    host = kernel(node, graph)
    if host.refusal:
        return Placement(node.name, node.operation, "unsupported", host.refusal,
                         qonnx.rewrite(node.domain, node.operation) or host.rewrite)
    refusal = refusals.get(node) or left_over(node, graph, chip)
    narrowed = (f" (computed in float32: onnxruntime has no {node.operation} in {host.narrowed})"
                if host.narrowed else "")
    return Placement(node.name, node.operation, "host", refusal.reason + narrowed,
                     refusal.rewrite, advice=refusal.advice)


def analyse(graph, config):
    """Decide for every node of an ``onnx_graph.Graph``, for chips with the kernels and kinds of
    layers of this ChipConfig.

    Returns
    -------
    Support
    """
    graph = rewritten(graph, config)
    depths, position = _depths(graph), {node: i for i, node in enumerate(graph.nodes)}
    convolutions = [node for node in graph.nodes if node.operation == "Conv" and not node.domain]
    chains, taken, refusals = [], set(), {}
    # The convolution that comes last takes the residual addition: the other operand exists then.
    for node in sorted(convolutions, key=lambda n: (-depths[n], -position[n])):
        chain = begin(node, graph, config)
        if isinstance(chain, Chain):
            taken.add(node)
            _follow(chain, graph, taken, refusals)
            refusal = _out_of_range(chain)
            if refusal is None:
                chains.append(chain)
                continue
            taken.difference_update(chain.nodes)
            chain = refusal
        refusals[node] = chain
    _add_channelwise(graph, config, chains, taken, refusals)
    chains.sort(key=lambda chain: position[chain.nodes[0]])
    chip = {node: chain for chain in chains for node in chain.nodes}
    folded = [Placement(name, operation, "host", reason, gone=True) for name, operation, reason
              in graph.folded]
    joins = _joins(graph, chains, refusals)
    averages = means(graph, config, chains, joins, refusals)
    placements = [*folded, *(_verdict(node, chip, joins, averages, refusals, graph)
                             for node in graph.nodes)]
    placements.sort(key=lambda placement: graph.order[placement.name])
    return Support(graph, chains, joins, averages, placements)
