"""Means of whole maps: they leave the chip instead of the map."""

import numpy as np

from . import advice
from .attributes import unknown
from .refusal import Refusal, together

__all__ = ["AVERAGED_PIXELS", "means"]

# A sum of n equal numbers is wrong by up to n / 2**12 of itself in binary16.
AVERAGED_PIXELS = 256


def _pixel_mean(node, graph):
    """Whether a ReduceMean is a GlobalAveragePool: over rows and columns, which stay as axes of
    one pixel."""
    axes = node.attributes.get("axes")
    if len(node.inputs) > 1 and node.inputs[1]:
        axes = graph.constants.get(node.inputs[1])
    return (axes is not None and sorted(int(axis) % 4 for axis in np.ravel(axes)) == [2, 3]
            and bool(node.attributes.get("keepdims", 1)))


def _average_refusals(node, graph, config, made):
    shape = graph.shapes.get(node.inputs[0], ())
    strange = unknown(node, graph)
    if strange is not None:
        yield strange
    if node.operation == "ReduceMean" and not (len(shape) == 4 and _pixel_mean(node, graph)):
        yield Refusal("is no mean of rows and columns that keeps their axes",
                      (advice.PIXEL_MEAN,))
    if not config.channelwise:
        yield Refusal("the chip has no pooling", (advice.chip(channelwise=True),))
    if node.inputs[0] not in made:
        yield Refusal("its map is not made by a layer of the chip",
                      (advice.LAYER_BEFORE,))
    pixels = shape[2] * shape[3] if len(shape) == 4 else 0
    if pixels > AVERAGED_PIXELS:
        yield Refusal(f"averages {pixels} pixels; sums of more than {AVERAGED_PIXELS} lose too "
                      "much in binary16", (advice.average_before(AVERAGED_PIXELS),))


def means(graph, config, chains, joins, refusals):
    """Nodes that take the mean of a whole map, made by a layer or a Concat of the chip: a STORE
    sends the means instead.

    Parameters
    ----------
    graph, config : Graph and ChipConfig.
    chains, joins : what is on the chip, as of :class:`~.partition.Support`.
    refusals : node -> Refusal, to which those of other means are added.
    """
    made = {chain.value for chain in chains} | {node.outputs[0] for node in joins}
    found = []
    for node in graph.nodes:
        if node.operation not in ("GlobalAveragePool", "ReduceMean") or node.domain:
            continue
        refusal = together(_average_refusals(node, graph, config, made))
        if refusal is None:
            found.append(node)
        else:
            refusals[node] = refusal
    return found
