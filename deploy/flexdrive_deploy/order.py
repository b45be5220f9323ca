"""The order of the layers in which the fewest words are alive at once."""

import heapq

__all__ = ["best_order"]

# Sets of executed layers that are looked at. Networks of blocks have a handful for each block.
STATES = 20_000


class _Lives:
    """Who makes and reads every map; sets of layers are bit masks."""

    def __init__(self, graph, sizes, in_place):
        self.layers, self.sizes, self.in_place = graph.layers, sizes, in_place
        self.maker = {layer.target: index for index, layer in enumerate(graph.layers)}
        self.readers = dict.fromkeys([*graph.inputs, *self.maker], 0)
        for index, layer in enumerate(graph.layers):
            for name in layer.reads:
                self.readers[name] |= 1 << index
        # An input that is a result too is stored last.
        self.stays = {name for name in graph.outputs if name in graph.inputs}
        self.waits = [sum(1 << self.maker[name] for name in set(layer.reads)
                          if name in self.maker) for layer in graph.layers]

    def _exists(self, name, done):
        maker = self.maker.get(name)
        return bool(self.readers[name] & done if maker is None else done >> maker & 1)

    def _needed(self, name, done):
        return name in self.stays or bool(self.readers[name] & ~done)

    def alive(self, done):
        """Maps that wait in the memory between two layers."""
        return {name for name in self.readers
                if self._exists(name, done) and self._needed(name, done)}

    def words(self, done, index, alive):
        """Words alive while layer ``index`` runs after those of ``done``."""
        layer = self.layers[index]
        held = alive | set(layer.reads) | {layer.target}
        total = sum(self.sizes[name] for name in held)
        bypass = layer.bypass
        replaced = (bypass is not None and bypass != layer.source and self.in_place(layer)
                    and not self._needed(bypass, done | 1 << index))
        return total - (self.sizes[bypass] if replaced else 0)


def best_order(graph, sizes, in_place):
    """Order the layers of a graph for the smallest peak of the feature-map memory.

    A search over sets of executed layers, best peak first; of equal ones that which is nearest to
    the order of the graph.

    Parameters
    ----------
    graph : layers.ChipGraph.
    sizes : map -> words in each tile.
    in_place : function of a layer, whether it may write over its bypass when nothing reads that
        later.

    Returns
    -------
    list of the layers; None when the graph has too many sets to look at.
    """
    lives = _Lives(graph, sizes, in_place)
    every = (1 << len(graph.layers)) - 1
    heap, seen = [(0, 0, (), 0)], set()
    while heap and len(seen) < STATES:
        peak, _, path, done = heapq.heappop(heap)
        if done == every:
            return [graph.layers[index] for index in path]
        if done in seen:
            continue
        seen.add(done)
        alive = lives.alive(done)
        for index, waits in enumerate(lives.waits):
            after = done | 1 << index
            if after == done or waits & ~done or after in seen:
                continue
            words = max(peak, lives.words(done, index, alive))
            heapq.heappush(heap, (words, -len(path), (*path, index), after))
    return None
