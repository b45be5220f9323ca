"""A layer as the CONVs that the chip executes for it: groups, shuffles, parts of the input.

A CONV reads consecutive channels of a map and makes channels that lie evenly apart. So every group
of a grouped convolution is one, so is every stretch of channels that a shuffle keeps together, and
a layer whose weights exceed the weight buffer reads its input in parts, each adding to what the
one before has made.
"""

from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil, prod

import numpy as np

from flexdrive.hyperdrive.descriptor.fields import Activation

from .ir import MINUS_ZERO, ONE, ChipGraph, ConvLayer
from .tiling import choose_interleave, tile_edges

__all__ = ["Piece", "overwritten", "pieces", "split_inputs"]


@dataclass(frozen=True, eq=False)
class Piece:
    """One CONV of a layer.

    Attributes
    ----------
    name : of the layer.
    weights, alpha, beta, activation, bounds, late : of this CONV.
    first_in : channel of the layer's source that is its first.
    first_out, step : channel of the layer's target that is its first, and distance to the next.
    continues : it adds to what the piece before has made, instead of the layer's bypass.
    final : what it makes is the layer's result, not a part of the sum.
    channelwise : as of the layer.
    """

    name: str
    weights: np.ndarray
    alpha: np.ndarray
    beta: np.ndarray
    activation: Activation
    bounds: tuple
    late: bool
    first_in: int
    first_out: int
    step: int
    continues: bool
    final: bool
    channelwise: bool

    @property
    def kernel(self):
        """(rows, columns) of the kernel."""
        return self.weights.shape[2:]

    @property
    def c_in(self):
        """Input channels."""
        return self.c_out if self.channelwise else self.weights.shape[1]

    @property
    def c_out(self):
        """Output channels."""
        return self.weights.shape[0]


def _stretches(layer):
    """(first, stop) of the output channels that one CONV can make."""
    edges = {count * layer.c_out // parts for parts in (layer.groups, layer.shuffle)
             for count in range(parts + 1)}
    ordered = sorted(edges)
    return pairwise(ordered)


def pieces(layer):
    """The :class:`Piece` objects of a ConvLayer, in order of execution."""
    per_group, per_shuffle = layer.c_out // layer.groups, layer.c_out // layer.shuffle
    parts = layer.parts or (layer.weights.shape[1],)
    for first, stop in _stretches(layer):
        group, (rank, place) = first // per_group, divmod(first, per_shuffle)
        begin = 0
        for part in parts:
            end = begin + part
            final = end == sum(parts)
            beta = layer.beta[first:stop]
            yield Piece(
                layer.name, layer.weights[first:stop, begin:end], layer.alpha[first:stop],
                beta if final else np.full_like(beta, MINUS_ZERO),
                layer.activation if final else Activation.NONE, layer.bounds if final else (),
                layer.late,
                first if layer.channelwise else group * layer.weights.shape[1] + begin,
                place * layer.shuffle + rank, layer.shuffle, begin > 0, final, layer.channelwise)
            begin = end


def split_inputs(graph, config, *, mesh=False):
    """The same graph, with layers in parts whose weights exceed the weight buffer of a chip
    (``config``: of the whole array of a ``mesh``).

    Sums of parts are rounded one by one, scaled, and added as a bypass is, so such a layer's result
    depends on the number of parts ("Hyperdrive", JETCAS 2019, on more than 512 input channels).
    A layer is split evenly, into as few parts as possible. The addition behind the activation of
    such a layer becomes a layer of its own.
    """
    tiles = tile_edges(graph, config, mesh=mesh)

    def split(layer):
        inputs, most = layer.weights.shape[1], config.weight_words // prod(layer.kernel)
        rows, columns = tiles[layer.target]
        once = rows * columns <= config.adder_depth     # each word is used once, none is kept
        if layer.parts or layer.channelwise or inputs <= most or most == 0 or once:
            return [layer]
        count = ceil(inputs / most)
        layer = replace(layer, parts=tuple(
            (index + 1) * inputs // count - index * inputs // count for index in range(count)))
        return _added_apart(layer, config) if layer.late else [layer]

    return ChipGraph(graph.inputs, [part for layer in graph.layers for part in split(layer)],
                     graph.outputs, graph.concats, graph.averages)


def _added_apart(layer, config):
    """A layer without its late addition, and the addition: of every channel by itself, which
    takes a CONV each on chips without channelwise."""
    between = layer.activated or f"{layer.target}/activated"
    ones = np.ones((layer.c_out, 1, 1, 1), np.uint8)
    return [
        replace(layer, target=between, bypass=None, late=False),
        ConvLayer(name=f"{layer.name}/addition", source=between, target=layer.target, weights=ones,
                  alpha=np.full(layer.c_out, ONE, np.uint16), bypass=layer.bypass,
                  beta=np.full(layer.c_out, MINUS_ZERO, np.uint16),
                  channelwise=config.channelwise,
                  groups=1 if config.channelwise else layer.c_out)]


def overwritten(graph, layer, tiles, config):
    """Names of the maps whose place a layer's result may take when nothing reads them later: its
    bypass, and its source when every pixel is read before it is written
    (:attr:`flexdrive.hyperdrive.descriptor.fields.Code.OVERLAP`).

    Parameters
    ----------
    graph, layer : ChipGraph and a ConvLayer of it.
    tiles : map -> (rows, columns) of its tiles.
    config : ChipConfig of the whole array.
    """
    names = []
    source, target = layer.source, layer.target
    if layer.bypass is not None and layer.bypass != graph.place(source)[0] \
            and tiles[layer.bypass] == tiles[target]:
        names.append(layer.bypass)
    whole = not {source, target} & set(graph.slices)
    if whole and layer.placed == ((0,), (0,)) and layer.c_out <= layer.c_in and (
            not layer.channelwise and len(list(pieces(layer))) == 1):
        interleave = choose_interleave(layer, tiles[target], config)
        if layer.c_out <= config.channels * interleave:
            names.append(source)
    return names
