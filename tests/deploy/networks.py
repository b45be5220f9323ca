"""Random networks for the tests, and what they compute layer by layer."""

import numpy as np

from flexdrive.hyperdrive.descriptor import Activation
from flexdrive_deploy.layers import ChipGraph, ConvLayer
from flexdrive_sim.hyperdrive.golden import convolve

__all__ = ["evaluate", "half", "random_graph", "random_layer"]


def half(rng, *shape):
    """Random ordinary binary16 patterns."""
    return rng.standard_normal(shape).astype(np.float16).view(np.uint16)


def random_layer(rng, name, source, c_in, c_out, *, kernel=3, stride=1, bypass=None):
    return ConvLayer(
        name=name, source=source, target=f"{name}.out", stride=stride, bypass=bypass,
        weights=rng.integers(0, 2, (c_out, c_in, kernel, kernel)).astype(np.uint8),
        alpha=half(rng, c_out), beta=half(rng, c_out), activation=Activation(rng.integers(0, 2)))


def random_graph(rng, shape, count, channels=(1, 9), kernels=(1, 3)):
    """``count`` layers on an input of ``shape``, each reading any earlier map, with bypass where
    an earlier map of the right shape exists."""
    shapes, layers = {"x": shape}, []
    for number in range(count):
        source = rng.choice(list(shapes)[-3:])
        c_in, height, width = shapes[source]
        stride, kernel = rng.choice([1, 1, 2]), int(rng.choice(kernels))
        size = (-(-height // stride), -(-width // stride))
        possible = [name for name, other in shapes.items() if other[1:] == size]
        bypass = rng.choice(possible) if possible and rng.integers(0, 2) else None
        c_out = shapes[bypass][0] if bypass is not None else int(rng.integers(*channels))
        layer = random_layer(rng, f"conv{number}", str(source), c_in, c_out, kernel=kernel,
                             stride=int(stride), bypass=None if bypass is None else str(bypass))
        layers.append(layer)
        shapes[layer.target] = (c_out, *size)
    used = {name for layer in layers for name in layer.reads}
    outputs = [layer.target for layer in layers if layer.target not in used]
    return ChipGraph({"x": shape}, layers, outputs)


def evaluate(graph, maps):
    """All maps of a graph, straight from its layers: name -> uint16 (channels, height, width)."""
    maps = dict(maps)
    for layer in graph.layers:
        maps[layer.target] = convolve(
            maps[layer.source], layer.weights, layer.alpha, layer.beta, stride=layer.stride,
            activation=layer.activation,
            bypass=maps[layer.bypass] if layer.bypass is not None else None)
    return maps
