"""Order of evaluation: nodes of one module are computed together, for all its lanes.

All instances of a module run in lockstep, so a node stands for one operator in all of them, and
one order serves all. Nodes of the same module that follow each other become one loop over lanes.
"""

from collections import defaultdict, deque
from dataclasses import dataclass

from ..tools import EngineError

__all__ = ["CombinationalLoop", "Loop", "Node", "schedule"]

# C compilers take more than linear time for long functions.
_LONGEST = 400


class CombinationalLoop(EngineError):
    """Nodes that wait for each other; ``modules`` are theirs."""

    def __init__(self, modules):
        self.modules = modules
        super().__init__(
            "The engine 'lanes' found a combinational loop through "
            f"{', '.join(sorted({module.name for module in modules}))}; backend='cxxrtl' iterates")


@dataclass(eq=False)
class Node:
    """One step of the evaluation.

    Attributes
    ----------
    module : whose lanes it is computed for.
    reads : words whose value of this cycle it needs.
    makes : words that are ready when all nodes that make them are done.
    what : for the code generator.
    """

    module: object
    reads: frozenset
    makes: tuple
    what: object


@dataclass(eq=False)
class Loop:
    """Nodes in order, of one module."""

    module: object
    nodes: list


def schedule(nodes):
    """``nodes`` as a list of :class:`Loop`.

    Raises
    ------
    CombinationalLoop
        when there is no order.
    """
    makers = defaultdict(int)
    for node in nodes:
        for word in node.makes:
            makers[word] += 1
    readers = defaultdict(list)
    missing = {}
    ready = defaultdict(deque)
    for node in nodes:
        waits = [word for word in node.reads if makers[word]]
        missing[node] = len(waits)
        for word in waits:
            readers[word].append(node)
        if not waits:
            ready[node.module].append(node)
    loops, done = [], 0
    while any(ready.values()):
        # Modules with few lanes first: those with many then have more to do at a time.
        module = min((m for m, queue in ready.items() if queue), key=lambda m: m.lanes)
        loop = Loop(module, [])
        while ready[module] and len(loop.nodes) < _LONGEST:
            node = ready[module].popleft()
            loop.nodes.append(node)
            for word in node.makes:
                makers[word] -= 1
                if makers[word] == 0:
                    for reader in readers[word]:
                        missing[reader] -= 1
                        if missing[reader] == 0:
                            ready[reader.module].append(reader)
        loops.append(loop)
        done += len(loop.nodes)
    if done != len(nodes):
        raise CombinationalLoop(_circle([node for node in nodes if missing[node]], makers))
    return loops


def _circle(stuck, makers):
    """Modules of the nodes on one circle among the nodes that are ``stuck``."""
    maker = {word: node for node in stuck for word in node.makes}
    node, path = stuck[0], []
    while node not in path:
        path.append(node)
        node = next(maker[word] for word in node.reads if makers[word] > 0)
    return {node.module for node in path[path.index(node):]}
