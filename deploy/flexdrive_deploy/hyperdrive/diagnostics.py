"""Why a node that no convolution of the chip took runs on the host, and the obstacles of a whole
network in few lines."""

import re
from dataclasses import dataclass

from .advice import chip
from .fusion import FOLDED
from .instead import no_such_operation
from .refusal import Refusal

__all__ = ["Obstacle", "left_over", "obstacles"]

_FOLLOWS = ", which the host computes"


def left_over(node, graph, taken):
    """The Refusal of a node that no chain tried to take.

    Parameters
    ----------
    node : onnx_graph.Node.
    graph : its onnx_graph.Graph.
    taken : node -> Chain, of those on the chip.
    """
    if node.operation not in FOLDED:
        return no_such_operation(node, graph)
    makers = {name: other for other in graph.nodes for name in other.outputs}
    maps = [name for name in node.inputs if name and name not in graph.constants]
    for name in maps:
        if makers.get(name) in taken:
            return _behind_the_chip(name, taken[makers[name]], graph)
    before = [makers[name].name if name in makers else f"the network's input {name}"
              for name in maps]
    return Refusal(f"behind {' and '.join(before)}{_FOLLOWS}")


def _behind_the_chip(name, chain, graph):
    if name in graph.outputs:
        return Refusal(f"its input {name} is a result of the network as well, so nothing behind "
                       f"{chain.name} is folded into it", (
                           chip("a result behind this node", channelwise=True),))
    readers = [other.name for other in graph.consumers[name]]
    return Refusal(f"its input {name} has {len(readers)} readers ({', '.join(readers[:3])}"
                   f"{', ...' if len(readers) > 3 else ''}), so none is folded into {chain.name}",
                   (chip("one reader; a second convolution or node for the others",
                         channelwise=True),))


@dataclass(frozen=True)
class Obstacle:
    """A reason that keeps nodes off the chip.

    Attributes
    ----------
    count : nodes with this reason (numbers in it may differ); operation : of these nodes.
    first : name of the first; reason, rewrite : of the first.
    unsupported : whether it keeps the network from running.
    advice : the edits that ``rewrite`` says, of the first.
    """

    count: int
    operation: str
    first: str
    reason: str
    rewrite: str
    unsupported: bool
    advice: tuple = ()

    @property
    def name(self):
        """That of the first node."""
        return self.first


def obstacles(placements):
    """Placements that are not on the chip, by operation and reason: list of Obstacle, those that
    keep the network from running first. Nodes that only follow others are not listed."""
    groups = {}
    for placement in placements:
        if placement.where == "chip" or _FOLLOWS in placement.reason or placement.gone:
            continue
        key = (placement.operation, re.sub(r"[\d.]+", "#", placement.reason.split("(")[0]))
        groups.setdefault(key, []).append(placement)
    found = [Obstacle(len(group), group[0].operation, group[0].name, group[0].reason,
                      group[0].rewrite, group[0].where == "unsupported", group[0].advice)
             for group in groups.values()]
    return sorted(found, key=lambda obstacle: not obstacle.unsupported)
