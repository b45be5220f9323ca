"""How maps are cut into the chip's tiles, and how many output blocks are interleaved.

The chip reads all tiles at one common address, which asks for input tiles of exactly stride times
the output tile ("Hyperdrive", JETCAS 2019, section on the tile array). So tile edges are chosen
for all maps that convolutions connect together, from the smallest map upwards, and maps that are
not multiples leave the last tiles partly empty.
"""

from itertools import pairwise
from math import ceil, prod

from ..errors import FitError

__all__ = ["choose_interleave", "tile_edges"]


def _edges(graph):
    """(source, target, doublings): ``source`` has tiles 2**doublings as large as ``target``."""
    for layer in graph.layers:
        yield layer.source, layer.target, -1 if layer.upsample else layer.stride - 1
        if layer.bypass is not None:
            yield layer.bypass, layer.target, 0
    for name, (parent, _) in graph.slices.items():
        yield name, parent, 0


def _levels(graph):
    """Groups of connected maps: list of {map: log2 of its tile edge over the group's smallest}.

    Edges hardly contradict each other: every map comes from one convolution, and maps of equal
    size that are added have ceil(log2(size)) strides before one pixel, whatever their path. But
    convolutions without padding make maps smaller too."""
    edges = list(_edges(graph))
    groups, left = [], list(graph.shapes)
    while left:
        level, grown = {left[0]: 0}, True
        while grown:
            known = len(level)
            for source, target, doublings in edges:
                if source in level:
                    level.setdefault(target, level[source] - doublings)
                if target in level:
                    level.setdefault(source, level[target] + doublings)
            grown = len(level) > known
        lowest = min(level.values())
        groups.append({name: value - lowest for name, value in level.items()})
        left = [name for name in left if name not in level]
    return groups


def _needs(graph, mesh):
    """Name of every map that is read -> least (rows, columns) of its tiles: no tap lies further
    than the next tile, nor further than a tile from the one before."""
    needs = {}
    for layer in graph.layers:
        # Chips of a mesh exchange as many rows as columns.
        own = [max(layer.reach if mesh else 1, *map(abs, axis), 1,
                   *(after - before for before, after in pairwise(axis))) for axis in layer.placed]
        needs[layer.source] = tuple(map(max, own, needs.get(layer.source, own)))
    return needs


def tile_edges(graph, config, *, mesh=False):
    """Name of every map -> (rows, columns) of its tiles, the smallest that are aligned.

    Parameters
    ----------
    config : ChipConfig, of the whole array of a ``mesh``.

    Raises
    ------
    FitError
        when no tiles are aligned: which maps meet.
    """
    tiles, needs = {}, _needs(graph, mesh)
    for group in _levels(graph):
        def edge(axis, count, group=group):
            return max(ceil(max(ceil(graph.shapes[name][axis] / count),
                                needs.get(name, (1, 1))[axis - 1])
                            / 2 ** level) for name, level in group.items())
        rows, columns = edge(1, config.rows), edge(2, config.columns)
        for name, level in group.items():
            tiles[name] = (rows << level, columns << level)
    for source, target, doublings in _edges(graph):
        if any(edge != wanted * 2.0 ** doublings for edge, wanted in zip(
                tiles[source], tiles[target], strict=True)):
            raise FitError(f"Maps {source} and {target} meet after different numbers of strides, "
                           "so their tiles differ; as many on both ways would do it")
    return tiles


def choose_interleave(layer, tile, config):
    """Number of interleaved output blocks of a ConvLayer without groups, or of a Piece: the legal
    one that takes the fewest cycles.

    Raises
    ------
    FitError
        when the weights that a tile uses more than once exceed the weight buffer.
    """
    if layer.channelwise:
        return config.adder_depth
    pixels = tile[0] * tile[1]
    blocks = ceil(layer.c_out / config.channels)
    steps = layer.c_in * prod(layer.kernel)
    legal = []
    for count in config.interleaves:
        together = config.adder_depth // count          # pixels interleaved
        kept = steps * min(count, blocks)
        if pixels <= together or kept <= config.weight_words:
            legal.append((ceil(blocks / count) * ceil(pixels / together), count))
    if not legal:
        raise FitError(
            f"Layer {layer.name}: {layer.c_in} input channels x {layer.kernel[0]}x"
            f"{layer.kernel[1]} are {steps} weight words a block, {steps - config.weight_words} "
            f"more than the weight buffer's {config.weight_words}", weight_words=steps)
    return min(legal)[1]
