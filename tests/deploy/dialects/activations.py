"""Activations and normalisation in other places than behind their convolution."""

import numpy as np

from .parts import C, conv, pool, relu, shuffled5

__all__ = ["NETWORKS"]


def plain(b):
    """Convolution, normalisation, ReLU."""
    return relu(b, b.batch_norm(conv(b), C))


def relu_behind_concat(b):
    """A fire module: the ReLU once, behind the Concat of both branches."""
    return conv(b, relu(b, b.node("Concat", conv(b), conv(b, kernel=1), axis=1)), 2 * C)


def norm_behind_concat(b):
    """An inception module with one normalisation for all branches."""
    x = b.node("Concat", conv(b), conv(b, kernel=1), conv(b, c_out=2), axis=1)
    return relu(b, b.batch_norm(x, 2 * C + 2))


def scale_behind_concat(b):
    """Mul and Add of constants (1, C, 1, 1) behind a Concat."""
    x = b.node("Concat", conv(b), conv(b, kernel=1), axis=1)
    x = b.node("Mul", x, b.constant(np.arange(1, 9).reshape(1, 8, 1, 1)))
    return b.node("Add", x, b.constant(np.arange(8).reshape(8, 1, 1)))


def relu_behind_pool(b):
    """Convolution, MaxPool, ReLU."""
    return relu(b, pool(b, "MaxPool", conv(b)))


def relu_behind_shuffle(b):
    """A channel shuffle whose activation comes behind it."""
    return conv(b, relu(b, shuffled5(b, conv(b))))


def relu_behind_flatten(b):
    """The activation behind a Flatten, at the end."""
    return relu(b, b.node("Flatten", conv(b)))


def twice_relu(b):
    """ReLU of a ReLU."""
    return relu(b, relu(b, conv(b)))


def norm_before(b):
    """A normalisation of one factor before the convolution, which has no bias to move."""
    x = b.node("Mul", relu(b, conv(b)), b.constant(0.5))
    return conv(b, x)


def norm_before_pointwise(b):
    """Pre-activation: BatchNormalization without ReLU in front of a 1x1 convolution."""
    y = relu(b, conv(b))
    ones = np.full(C, 2.0)
    x = b.node("BatchNormalization", y, b.constant(ones * [1, -1, 1, -1]), b.constant(np.arange(C)),
               b.constant(np.ones(C)), b.constant(np.ones(C)), epsilon=0.0)
    return conv(b, x, kernel=1)


def preactivation_block(b):
    """ResNet v2: BN, ReLU, convolution, twice, and a residual addition of what came before."""
    x = conv(b)
    for _ in range(2):
        y = conv(b, relu(b, b.batch_norm(x, C)))
        x = b.node("Add", x, y)
    return relu(b, b.batch_norm(x, C))


def linear_bottleneck(b):
    """MobileNetV2: 1x1 and ReLU, depthwise and ReLU, 1x1 and the addition, without activation."""
    x = conv(b)
    y = relu(b, conv(b, x, kernel=1, c_out=8))
    y = relu(b, b.conv(y, 8, 8, 3, weights=b.signs(8, 1, 3, 3), group=8))
    return conv(b, b.node("Add", conv(b, y, 8, kernel=1), x))


def dense_block(b):
    """DenseNet: BN and ReLU of the Concat of all before, then the convolution."""
    x = conv(b)
    count = C
    for _ in range(2):
        y = conv(b, relu(b, b.batch_norm(x, count)), count, 2)
        x, count = b.node("Concat", x, y, axis=1), count + 2
    return conv(b, x, count)


def add_after_relu(b):
    """YOLOv3: the shortcut is added to what the activation made."""
    x = relu(b, conv(b))
    y = relu(b, conv(b, relu(b, conv(b, x, kernel=1, c_out=2)), 2))
    return conv(b, b.node("Add", x, y))


NETWORKS = (
    plain, relu_behind_concat, norm_behind_concat, scale_behind_concat, relu_behind_pool,
    relu_behind_shuffle, relu_behind_flatten, twice_relu, norm_before, norm_before_pointwise,
    preactivation_block, linear_bottleneck, dense_block, add_after_relu,
)
