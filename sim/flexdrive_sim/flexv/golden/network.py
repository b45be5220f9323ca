"""A quantised network evaluated exactly: the values that every other engine must have."""

import numpy as np

from flexdrive_deploy.flexv.network.expressions import Index, Sum, View
from flexdrive_deploy.flexv.network.host_values import quantise_reals, real_values, sum_values

from .operations import OPERATIONS

__all__ = ["evaluate", "integers_of", "results", "run"]

# Images that are computed at once: windows of large maps take memory.
_AT_ONCE = 32


def integers_of(network, images):
    """Integers that enter the cluster.

    Parameters
    ----------
    network : :class:`~flexdrive_deploy.flexv.network.reader.QuantisedNetwork`.
    images : name of an input -> (N, ...) float32.

    Returns
    -------
    name of a tensor -> (N, ...) int64.
    """
    reals = dict(images)
    if network.head is not None:
        made = [network.head.run({name: images[name][index:index + 1]
                                  for name in network.head.inputs})
                for index in range(len(next(iter(images.values()))))]
        reals |= {name: np.concatenate([each[name] for each in made])
                  for name in network.head.outputs}
    return {each.tensor.name: quantise_reals(reals[each.value], each.quantiser,
                                             f"value {each.value}").reshape(
        -1, *each.tensor.shape) for each in network.integers.inputs}


def evaluate(graph, integers):
    """Every tensor of an integer graph.

    Parameters
    ----------
    graph : IntegerGraph.
    integers : name of an input's tensor -> (N, ...) int64.

    Returns
    -------
    name of a tensor -> (N, ...) int64.
    """
    values = dict(integers)
    for node in graph.nodes:
        made = OPERATIONS[type(node)](node, *(values[each.name] for each in node.sources))
        assert made.shape[1:] == node.output.shape, node.name
        values[node.output.name] = made
    return values


def _left(value, integers):
    """What leaves the cluster, as the ONNX value that it is."""
    if isinstance(value, View):
        return real_values(value, integers[value.tensor.name])
    if isinstance(value, Sum):
        return sum_values(value, integers)
    assert isinstance(value, Index)
    return integers[value.tensor.name]


def results(network, images, integers):
    """The network's outputs from the integers of all tensors: name -> (N, ...)."""
    made = {name: _left(value, integers) for name, value in network.leaving.items()}
    if network.tail is not None:
        count = len(next(iter(images.values())))
        reads = made | images
        parts = [network.tail.run({name: reads[name][index:index + 1]
                                   for name in network.tail.inputs}) for index in range(count)]
        made |= {name: np.concatenate([part[name] for part in parts])
                 for name in network.tail.outputs}
    return {name: made[name] for name in network.outputs}


def run(network, images, keep=()):
    """Results of some images.

    Parameters
    ----------
    network, images : as of :func:`integers_of`.
    keep : names of tensors that are wanted too, or None for all.

    Returns
    -------
    (name of an output -> (N, ...), name of a tensor -> (N, ...) int64).
    """
    count = len(next(iter(images.values())))
    parts = []
    for first in range(0, count, _AT_ONCE):
        some = {name: array[first:first + _AT_ONCE] for name, array in images.items()}
        integers = evaluate(network.integers, integers_of(network, some))
        kept = {name: array for name, array in integers.items() if keep is None or name in keep}
        parts.append((results(network, some, integers), kept))
    outputs, tensors = ({name: np.concatenate([part[which][name] for part in parts])
                         for name in parts[0][which]} for which in (0, 1))
    return outputs, tensors
