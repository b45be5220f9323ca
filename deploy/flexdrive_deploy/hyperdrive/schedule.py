"""The order of the layers in which the fewest words are alive at once."""

import heapq

__all__ = ["best_order"]

# Sets of executed layers that are looked at. Networks of blocks have a handful for each block.
STATES = 20_000


class _Lives:
    """Who makes and reads every map that takes memory; sets of layers are bit masks. A map that is
    part of another lives as that."""

    def __init__(self, graph, sizes, overwritable):
        self.layers, self.sizes = graph.layers, sizes
        self.overwritable = [overwritable(layer) for layer in graph.layers]
        self.place = lambda name: graph.place(name)[0]
        self.readers, self.makers = dict.fromkeys(sizes, 0), dict.fromkeys(sizes, 0)
        maker = {layer.target: 1 << index for index, layer in enumerate(graph.layers)}
        for index, layer in enumerate(graph.layers):
            self.makers[self.place(layer.target)] |= 1 << index
            for name in layer.reads:
                self.readers[self.place(name)] |= 1 << index
        self.given = {self.place(name) for name in graph.inputs}
        self.stays = {self.place(name) for name in graph.stored_last}
        self.waits = []
        for layer in graph.layers:
            parts = {part for name in layer.reads for part in graph.parts(name)}
            self.waits.append(sum(maker[part] for part in parts if part in maker))

    def _exists(self, name, done):
        made = self.makers[name] | (self.readers[name] if name in self.given else 0)
        return bool(made & done)

    def _needed(self, name, done):
        return name in self.stays or bool(self.readers[name] & ~done)

    def alive(self, done):
        """Maps that wait in the memory between two layers."""
        return {name for name in self.sizes
                if self._exists(name, done) and self._needed(name, done)}

    def words(self, done, index, alive):
        """Words alive while layer ``index`` runs after those of ``done``."""
        layer = self.layers[index]
        held = alive | {self.place(name) for name in [*layer.reads, layer.target]}
        total = sum(self.sizes[name] for name in held)
        # What takes the place of another map is no larger.
        replaces = any(not self._needed(name, done | 1 << index)
                       for name in self.overwritable[index])
        return total - (self.sizes[self.place(layer.target)] if replaces else 0)


def _ready(lives, done):
    """Layers that can run next, as (index, set with it)."""
    for index, waits in enumerate(lives.waits):
        after = done | 1 << index
        if after != done and not waits & ~done:
            yield index, after


def _completed(lives, path, done):
    """``path`` and the rest of the layers, each time the one that needs the fewest words."""
    while len(path) < len(lives.layers):
        alive = lives.alive(done)
        _, index, done = min((lives.words(done, index, alive), index, after)
                             for index, after in _ready(lives, done))
        path = (*path, index)
    return path


def _peak(lives, path):
    done, peak = 0, 0
    for index in path:
        peak = max(peak, lives.words(done, index, lives.alive(done)))
        done |= 1 << index
    return peak


def best_order(graph, sizes, overwritable):
    """Order the layers of a graph for the smallest peak of the feature-map memory.

    A search over sets of executed layers, best peak first; of equal ones that which is nearest to
    the order of the graph. When there are too many sets, the furthest path is completed with the
    smallest steps.

    Parameters
    ----------
    graph : layers.ChipGraph.
    sizes : map -> words in each tile.
    overwritable : function of a layer, the maps whose place its result may take when nothing reads
        them later.

    Returns
    -------
    list of the layers, with a peak of at most that of the graph's own order.
    """
    lives = _Lives(graph, sizes, overwritable)
    every = (1 << len(graph.layers)) - 1
    heap: list[tuple[int, int, tuple[int, ...], int]] = [(0, 0, (), 0)]
    seen, furthest = set(), ((), 0)
    while heap and len(seen) < STATES:
        peak, _, path, done = heapq.heappop(heap)
        if done == every:
            return [graph.layers[index] for index in path]
        if done in seen:
            continue
        seen.add(done)
        furthest = max(furthest, (path, done), key=lambda reached: len(reached[0]))
        alive = lives.alive(done)
        for index, after in _ready(lives, done):
            if after not in seen:
                words = max(peak, lives.words(done, index, alive))
                heapq.heappush(heap, (words, -len(path), (*path, index), after))
    found = [range(len(graph.layers)), _completed(lives, (), 0), _completed(lives, *furthest)]
    return [graph.layers[index] for index in min(found, key=lambda path: _peak(lives, path))]
