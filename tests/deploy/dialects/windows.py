"""Layers over time, pools, means, windows that are no square around their centre."""

import numpy as np

from .parts import C, conv, pool, relu, signs1d

__all__ = ["NETWORKS"]


def conv1d(b):
    """Convolutions over time with normalisation and pooling."""
    x = relu(b, b.batch_norm(signs1d(b, "x", 4, 6), 6))
    x = pool(b, "MaxPool", x, axes=1)
    return relu(b, signs1d(b, x, 6, 4, strides=[2]))


def conv1d_residual(b):
    """A residual block over time."""
    x = relu(b, signs1d(b, "x", 4, 4))
    return relu(b, b.node("Add", b.batch_norm(signs1d(b, x, 4, 4), 4), x))


def conv1d_mean(b):
    """Convolution over time, average of pairs, mean over time."""
    x = relu(b, signs1d(b, "x", 4, 6))
    x = pool(b, "AveragePool", x, axes=1)
    return b.node("GlobalAveragePool", x)


def pool_of_input(b):
    """A block that pools the network's input, which a convolution reads as well."""
    return b.node("Concat", conv(b, stride=2), conv(b, pool(b, "MaxPool", "x")), axis=1)


def resize_of_host(b):
    """A map of the host, repeated, then a convolution."""
    x = b.node("Resize", b.node("Abs", "x"), "", b.constant([1, 1, 2, 2], np.float32),
               mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor")
    return conv(b, x)


def average_never_padded(b):
    """AveragePool whose excluded padding no window reads."""
    x = conv(b, magnitude=4.0)
    return pool(b, "AveragePool", x, pads=[0, 0, 1, 1], count_include_pad=0)


def average_of_two_pixels(b):
    """AveragePool 3x3 of a map of 2x2: every window has the same four pixels."""
    x = pool(b, "MaxPool", pool(b, "MaxPool", conv(b, magnitude=4.0)))
    return pool(b, "AveragePool", x, 3, 1, [1] * 4)


def average_whole(b):
    """AveragePool as large as the map."""
    x = pool(b, "MaxPool", pool(b, "MaxPool", conv(b, magnitude=4.0)))
    return conv(b, pool(b, "AveragePool", x, 2, 1), kernel=1)


def reduce_mean(b):
    """The mean as torch's newer exporter writes it."""
    return b.node("ReduceMean", _small(b), axes=[-1, -2], keepdims=1)


def reduce_mean_flat(b):
    """x.mean((2, 3)): without the axes."""
    return b.node("ReduceMean", _small(b), axes=[2, 3], keepdims=0)


def _small(b):
    return conv(b, magnitude=64.0)


def valid(b):
    """A convolution without padding."""
    return conv(b, pads=[0] * 4)


def relu6(b):
    """Clip from 0 to 6."""
    return conv(b, b.node("Clip", conv(b), b.constant(0.0), b.constant(6.0)))


def rectangle(b):
    """A kernel 1x3."""
    return b.node("Conv", "x", b.constant(b.signs(C, C, 1, 3)), pads=[0, 1, 0, 1])


def dilated(b):
    """A dilated kernel."""
    return conv(b, dilations=[2, 2], pads=[2] * 4)


def tensorflow_stride(b):
    """Stride 2 with padding behind only (SAME of TensorFlow on even sizes)."""
    return conv(b, stride=2, pads=[0, 0, 1, 1])


NETWORKS = (
    conv1d, conv1d_residual, conv1d_mean, pool_of_input, resize_of_host, average_never_padded,
    average_of_two_pixels, average_whole, reduce_mean, reduce_mean_flat, rectangle,
    tensorflow_stride, valid, dilated, relu6,
)
