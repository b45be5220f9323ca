"""What enters the cluster and what leaves it, and the host's parts in front and behind."""

from flexdrive_deploy.frontend.graph import sub_model
from flexdrive_deploy.frontend.host_part import HostPart

from .expressions import Function, Host, Index, Quantised, Real, Structured

__all__ = ["head_of", "leaving_values", "tail_of"]


def head_of(graph, integers):
    """HostPart of the nodes in front of the quantizers of the inputs, or None."""
    wanted = [each.value for each in integers.inputs if each.value not in graph.inputs]
    needed, nodes = set(wanted), []
    for node in reversed(graph.nodes):
        if needed.intersection(node.outputs):
            nodes.insert(0, node)
            needed.update(node.inputs)
    if not nodes:
        return None
    reads = [name for name in graph.inputs if name in needed]
    return HostPart(sub_model(graph, nodes, reads, list(dict.fromkeys(wanted))))


def leaving_values(graph, values, importer):
    """What the host needs of the cluster for the network's outputs.

    Parameters
    ----------
    graph : onnx_graph.Graph.
    values : name -> expression of each ONNX value.
    importer : makes the integers of a quantizer that ends the network.

    Returns
    -------
    (name of an ONNX value -> expression, nodes that the host computes behind them, in order).
    """
    makers = {name: node for node in graph.nodes for name in node.outputs}
    leaving, tail, waiting = {}, set(), list(graph.outputs)
    while waiting:
        name = waiting.pop()
        value = values[name]
        if name in leaving or name not in makers:
            continue
        if isinstance(value, Function | Structured | Host | Real):
            node = makers[name]
            if node not in tail:
                tail.add(node)
                waiting += [each for each in node.inputs if each and each not in graph.constants]
        elif isinstance(value, Quantised):
            leaving[name] = Index(importer.tensor(value))
        else:
            leaving[name] = value
    return leaving, [node for node in graph.nodes if node in tail]


def tail_of(graph, nodes):
    """HostPart of the nodes behind the cluster, or None."""
    if not nodes:
        return None
    made = {name for node in nodes for name in node.outputs}
    reads = dict.fromkeys(name for node in nodes for name in node.inputs
                          if name and name not in graph.constants and name not in made)
    return HostPart(sub_model(graph, nodes, list(reads),
                              [name for name in graph.outputs if name in made]))
