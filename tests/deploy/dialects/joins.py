"""Concatenations, sums, several inputs and outputs."""

import numpy as np

from .parts import SHAPE, C, conv, pool, relu

__all__ = ["NETWORKS"]


def concat_twice(b):
    """The same map twice in one Concat."""
    y = relu(b, conv(b))
    return conv(b, b.node("Concat", y, y, axis=1), 2 * C)


def concat_of_two_concats(b):
    """A map that lies in two Concats."""
    y, z = conv(b), conv(b, kernel=1)
    first = conv(b, b.node("Concat", y, z, axis=1), 2 * C)
    return conv(b, b.node("Concat", first, y, axis=1), 2 * C)


def concat_of_sum(b):
    """A residual sum in a Concat."""
    y = conv(b)
    z = relu(b, b.node("Add", conv(b, y), y))
    return conv(b, b.node("Concat", z, conv(b, z), axis=1), 2 * C)


def concat_of_inputs(b):
    """Inputs joined before the first convolution."""
    return conv(b, b.node("Concat", "x", b.node("Abs", "x"), axis=1), 2 * C)


def sub_of_maps(b):
    """A difference of two branches."""
    return relu(b, b.node("Sub", conv(b), conv(b, kernel=1)))


def sum_of_three(b):
    """Sum of three maps."""
    return relu(b, b.node("Sum", conv(b), conv(b, kernel=1), "x"))


def add_itself(b):
    """A map added to itself."""
    y = conv(b)
    return relu(b, b.node("Add", y, y))


def negative(b):
    """Neg behind a convolution."""
    return relu(b, b.node("Neg", conv(b)))


def sub_from_constant(b):
    """1 - x."""
    return b.node("Sub", b.constant(1.0), conv(b))


def scale_behind_sum(b):
    """A residual sum times a constant."""
    x = conv(b)
    return relu(b, b.node("Mul", b.node("Add", conv(b, x), x), b.constant(0.5)))


def scale_behind_relu(b):
    """Mul behind ReLU, then a ReLU of another layer."""
    return conv(b, b.node("Mul", relu(b, conv(b)), b.constant([2.0])))


def three_readers(b):
    """A map whose normalisation and itself are read."""
    x = conv(b)
    y = relu(b, b.batch_norm(x, C))
    return conv(b, b.node("Add", conv(b, y), x))


def sign_where(b):
    """The sign of a map as Where(x >= 0, 1, -1)."""
    test = b.node("GreaterOrEqual", conv(b), b.constant(0.0))
    return conv(b, b.node("Where", test, b.constant(1.0), b.constant(-1.0)))


def sign_above(b):
    """The sign of a map as Where(x > 0, 1/2, -1/2), whose 0 is negative."""
    test = b.node("Greater", conv(b), b.constant(0.0))
    return conv(b, b.node("Where", test, b.constant(0.5), b.constant(-0.5)))


def sign_last(b):
    """A sign, 0 negative, that is the result, times 3."""
    test = b.node("LessOrEqual", b.batch_norm(conv(b), C), b.constant(0.0))
    return b.node("Mul", b.node("Where", test, b.constant(-1.0), b.constant(1.0)), b.constant(3.0))


def two_inputs(b):
    """A network with two inputs."""
    b.more["y"] = SHAPE
    return b.node("Add", conv(b), conv(b, "y"))


def two_outputs(b):
    """A U-Net's two heads."""
    x = relu(b, conv(b))
    return conv(b, x), conv(b, x, kernel=1)


def output_inside(b):
    """A result that is read further on as well."""
    x = conv(b)
    return x, conv(b, relu(b, x))


def u_net(b):
    """Down, up by two, Concat with what was before, in between ReLU behind the Concat."""
    x = relu(b, conv(b))
    y = relu(b, conv(b, pool(b, "MaxPool", x), c_out=8))
    y = b.node("Resize", y, "", b.constant([1, 1, 2, 2], np.float32), mode="nearest",
               coordinate_transformation_mode="asymmetric", nearest_mode="floor")
    return conv(b, relu(b, b.node("Concat", x, conv(b, y, 8), axis=1)), 8)


def mean_of_concat(b):
    """Means of two branches that are joined."""
    return b.node("GlobalAveragePool", b.node("Concat", relu(b, conv(b)), conv(b), axis=1))


def norm_beside(b):
    """A map of the host that is normalised for a layer, and joined with what that makes."""
    x = b.node("Abs", "x")
    y = conv(b, relu(b, b.batch_norm(x, C)))
    return conv(b, b.node("Concat", x, y, axis=1), 2 * C)


NETWORKS = (
    concat_twice, concat_of_two_concats, concat_of_sum, concat_of_inputs, sub_of_maps,
    sum_of_three, add_itself, negative, sub_from_constant, scale_behind_sum, scale_behind_relu,
    three_readers, sign_where, sign_above, sign_last, two_inputs, two_outputs, output_inside, u_net,
    mean_of_concat, norm_beside,
)
