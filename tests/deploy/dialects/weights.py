"""Spellings of weights and of padding, and what computes nothing."""

import numpy as np

from .parts import C, conv, integers, relu, reshape

__all__ = ["NETWORKS"]


def weights_where(b):
    """Weights as Where(w >= 0, a, -a), computed in the graph."""
    w = b.constant(b.rng.standard_normal((C, C, 3, 3)))
    test = b.node("GreaterOrEqual", w, b.constant(0.0))
    w = b.node("Where", test, b.constant(1.0), b.constant(-1.0))
    return relu(b, b.node("Conv", "x", w, pads=[1] * 4))


def weights_clip_sign(b):
    """Weights as Sign of a Clip of them, times a scale."""
    w = b.node("Clip", b.constant(b.rng.standard_normal((C, C, 3, 3))), b.constant(-1.0),
               b.constant(1.0))
    w = b.node("Div", b.node("Mul", b.node("Sign", w), b.constant(1.0)), b.constant(2.0))
    return relu(b, b.node("Conv", "x", w, pads=[1] * 4))


def weights_of_input_channels(b):
    """Weights with a factor for each input channel behind a convolution of these channels."""
    x = relu(b, conv(b))
    factors = np.array([1, 2, 0.5, 1]).reshape(1, C, 1, 1)
    return conv(b, x, weights=b.signs(C, C, 3, 3) * factors)


def weights_of_groups(b):
    """A grouped convolution with a scale for each group."""
    weights = b.signs(C, 2, 3, 3) * np.array([1, 1, 2, 2]).reshape(C, 1, 1, 1)
    return relu(b, conv(b, weights=weights, group=2))


def pad_of_torch(b):
    """A Pad whose amounts are a chain of constants, as torch's older exporter writes it."""
    pads = reshape(b, b.constant([1, 1, 1, 1, 0, 0, 0, 0], np.int64), -1, 2)
    pads = b.node("Slice", pads, integers(b, [-1]), integers(b, [np.iinfo(np.int64).min]),
                  integers(b, [0]), integers(b, [-1]))
    pads = reshape(b, b.node("Transpose", pads, perm=[1, 0]), -1)
    x = b.node("Pad", "x", b.node("Cast", pads, to=7), b.constant(0.0))
    return conv(b, x, pads=[0] * 4)


def identities(b):
    """Identity, Dropout, a Pad of nothing, a Concat of one, a Cast to the same type."""
    x = b.node("Identity", conv(b))
    x = b.node("Concat", b.node("Dropout", x), axis=1)
    x = b.node("Pad", x, integers(b, [0] * 8))
    return relu(b, b.node("Cast", x, to=1))


NETWORKS = (
    weights_where, weights_clip_sign, weights_of_input_channels, weights_of_groups, pad_of_torch,
    identities,
)
