"""A small network with exact data, and its answers by onnxruntime."""

import numpy as np
import onnxruntime

from ..deploy.onnx_models import integer_builder

__all__ = ["answers", "two_layers"]


def two_layers(images=5):
    """(ONNX model of two layers on maps of 6 x 5, images, value names of the layers)."""
    builder, _ = integer_builder((3, 6, 5))
    first = builder.node("Relu", builder.conv("x", 3, 5, name="first"), name="relu")
    second = builder.conv(first, 5, 3, 3, 2, name="second")
    x = np.random.default_rng(7).integers(-3, 4, (images, 3, 6, 5)).astype(np.float32)
    return builder.model(second), x, [first, second]


def answers(model, x):
    """By onnxruntime, in float32, which is exact here."""
    (made,) = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": x})
    return made
