"""A collection of small networks in the dialects in which people export them.

Each computes with small integers, so that binary16, float32 and every order of additions agree, and
every word of the chip can be compared with onnxruntime. What each means says its docstring; the
names of exporters are those of the forms, which are written here node by node.
"""

import numpy as np

from ..onnx_models import integer_builder
from . import activations, joins, moves, weights, windows
from .parts import SHAPE, C

__all__ = ["DIALECTS", "NEEDS_HARDWARE", "build"]

DIALECTS = {function.__name__: function for family in (
    activations, moves, windows, joins, weights) for function in family.NETWORKS}
# What only another chip can do: a halo of 2.
NEEDS_HARDWARE = ("valid", "dilated")
# Of inputs with one axis of pixels.
_OVER_TIME = ("conv1d", "conv1d_residual", "conv1d_mean")


def build(name, seed=0):
    """(model, input name -> image of small integers) of a network of the collection; for one
    image, as an exporter without dynamic axes writes it."""
    b, image = integer_builder((C, 8) if name in _OVER_TIME else SHAPE, seed, factors=(1.0, -1.0))
    image[np.abs(image) > 1] = 0
    made = DIALECTS[name](b)
    model = b.model(*(made if isinstance(made, tuple) else [made]))
    feeds = {"x": image}
    for other, shape in b.more.items():
        feeds[other] = b.rng.integers(-1, 2, (1, *shape)).astype(np.float32)
    for value in model.graph.input:
        value.type.tensor_type.shape.dim[0].dim_value = 1
    return model, feeds
