"""What the networks of the collection are made of: nodes of a Builder."""

import numpy as np

__all__ = ["SHAPE", "C", "H", "W", "conv", "gemm", "integers", "part", "pool", "relu", "reshape",
           "shuffled5", "signs1d", "split"]

C, H, W = 4, 8, 8
SHAPE = (C, H, W)


def conv(b, x="x", c_in=C, c_out=C, kernel=3, **options):
    return b.conv(x, c_in, c_out, kernel, **options)


def relu(b, x):
    return b.node("Relu", x)


def integers(b, values):
    return b.constant(np.asarray(values), np.int64)


def reshape(b, x, *shape):
    return b.node("Reshape", x, integers(b, shape))


def pool(b, operation, x, kernel=2, stride=2, pads=None, axes=2, **attributes):
    pads = {} if pads is None else {"pads": list(pads)}
    return b.node(operation, x, kernel_shape=[kernel] * axes, strides=[stride] * axes, **pads,
                  **attributes)


def split(b, x, sizes, axis=1):
    return b.node("Split", x, integers(b, sizes), axis=axis, outputs=len(sizes))


def part(b, x, first, stop, step=1, axis=1):
    return b.node("Slice", x, integers(b, [first]), integers(b, [stop]), integers(b, [axis]),
                  integers(b, [step]))


def signs1d(b, x, c_in, c_out, kernel=3, **attributes):
    attributes = {"pads": [kernel // 2] * 2} | attributes
    return b.node("Conv", x, b.constant(b.signs(c_out, c_in, kernel)), **attributes)


def gemm(b, x, rows, columns, **attributes):
    weights = b.signs(columns, rows) if attributes.get("transB") else b.signs(rows, columns)
    return b.node("Gemm", x, b.constant(weights), b.constant(np.arange(columns)), **attributes)


def shuffled5(b, x, groups=2, count=C):
    x = reshape(b, x, 1, groups, count // groups, H, W)
    return reshape(b, b.node("Transpose", x, perm=[0, 2, 1, 3, 4]), 1, count, H, W)
