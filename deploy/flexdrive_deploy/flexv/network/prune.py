"""Integer graphs without what nothing reads."""

from .expressions import Index, Sum, View
from .ir import IntegerGraph

__all__ = ["pruned", "tensors_of"]


def tensors_of(value):
    """Tensors that an expression that leaves the cluster is made of."""
    if isinstance(value, View | Index):
        return [value.tensor]
    assert isinstance(value, Sum)
    return [term.tensor for term in value.terms]


def pruned(graph, leaving):
    """The graph with the nodes and inputs that expressions ``leaving`` depend on."""
    needed = {tensor.name for value in leaving for tensor in tensors_of(value)}
    nodes = []
    for node in reversed(graph.nodes):
        if node.output.name in needed:
            needed.update(source.name for source in node.sources)
            nodes.insert(0, node)
    return IntegerGraph(graph.name, [each for each in graph.inputs if each.tensor.name in needed],
                        nodes)
