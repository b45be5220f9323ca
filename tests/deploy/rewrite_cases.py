"""Networks for every pass: those that it rewrites, and those like them that it must not.

A network is a function of a Builder; its input "x" has ``b.shape``, (6, H, W) but where a pass is
about other shapes.
"""

from dataclasses import dataclass

import numpy as np

__all__ = ["CASES", "Case"]


@dataclass(frozen=True)
class Case:
    """rewritten, left : networks that the pass changes, and that it must leave; moves : it only
    moves or negates values, so that any numbers come out bit for bit; shape : of the input, (6, H,
    W) when None; opset : of the models."""

    rewritten: list
    left: list
    moves: bool = False
    shape: tuple | None = None
    opset: int = 17


def conv(b, x="x", c_in=6, c_out=6, kernel=3, **options):
    return b.conv(x, c_in, c_out, kernel, **options)


def relu(b, x):
    return b.node("Relu", x)


def size(b):
    return list(b.shape[1:])


def ints(b, values):
    return b.constant(np.asarray(values), np.int64)


def reshape(b, x, *shape):
    return b.node("Reshape", x, ints(b, shape))


def bipolar(b, x):
    return b.node("BipolarQuant", x, b.constant(np.float32(1)), domain="qonnx.custom_op.general")


def concat(b, *names, axis=1):
    return b.node("Concat", *names, axis=axis)


def per_channel(b, count):
    return b.constant(b.rng.integers(1, 4, (count, 1, 1)))


def norm(b, x, count=6, **attributes):
    parameters = [b.rng.integers(1, 3, count), b.rng.integers(-2, 3, count),
                  b.rng.integers(-2, 3, count), np.ones(count)]
    return b.node("BatchNormalization", x, *(b.constant(values) for values in parameters),
                  epsilon=0.0, **attributes)


def split(b, x, sizes, axis=1):
    return b.node("Split", x, ints(b, sizes), axis=axis, outputs=len(sizes))


def part(b, x, first, stop, step=1, axis=1):
    return b.node("Slice", x, ints(b, [first]), ints(b, [stop]), ints(b, [axis]), ints(b, [step]))


def both(b, names):
    return concat(b, *(relu(b, name) for name in reversed(names)))


def gemm(b, x, weights, **attributes):
    return b.node("Gemm", x, b.constant(weights), b.constant(np.arange(
        weights.shape[0 if attributes.get("transB") else 1])), **attributes)


def shuffled(b, x, groups, perm=(0, 2, 1, 3), *middle):
    middle = middle or (1, groups, 6 // groups, size(b)[0] * size(b)[1])
    return reshape(b, b.node("Transpose", reshape(b, x, *middle), perm=list(perm)), 1, 6, *size(b))


def pool(b, operation, x, kernel, stride, pads, **attributes):
    return b.node(operation, x, kernel_shape=list(kernel), strides=list(stride), pads=list(pads),
                  **attributes)


def conv1d(b, kernel=3, c_out=5, **attributes):
    attributes = {"pads": [kernel // 2] * 2} | attributes
    return b.node("Conv", "x", b.constant(b.signs(c_out, b.shape[0], kernel)), b.constant(
        np.arange(c_out)), **attributes)


def where(b, test="GreaterOrEqual", values=(1.0, -1.0), edge=0.0):
    found = b.node(test, conv(b), b.constant(edge))
    return b.node("Where", found, *(b.constant(value) for value in values))


def pooled_twice(b):
    return pool(b, "MaxPool", pool(b, "MaxPool", "x", (2, 2), (2, 2), (0, 0, 0, 0)), (2, 2), (2, 2),
                (0, 0, 0, 0))


def factors(b, values):
    return conv(b, weights=b.signs(6, 6, 3, 3) * np.reshape(values, (1, 6, 1, 1)))


CASES = {
    "nothing": Case(
        [lambda b: relu(b, b.node("Pad", "x", ints(b, [0] * 8))), lambda b: relu(b, concat(b, "x")),
         lambda b: relu(b, b.node("Sum", "x")), lambda b: relu(b, part(b, "x", 0, 6)),
         lambda b: relu(b, b.node("Expand", "x", ints(b, [1, 1, 1, 1])))],
        [lambda b: relu(b, b.node("Pad", "x", ints(b, [0, 0, 1, 0, 0, 0, -1, 0]))),
         lambda b: relu(b, part(b, "x", -1, -100, -1)),
         lambda b: b.node("Pad", "x", ints(b, [0] * 8))], moves=True),
    "negation": Case(
        [lambda b: b.node("Neg", conv(b)), lambda b: b.node("Sub", b.constant(1.0), conv(b)),
         lambda b: b.node("Sub", conv(b), "x"),
         lambda b: b.node("Sub", b.node("ReduceMax", "x", axes=[1]), "x")],
        [lambda b: b.node("Sub", conv(b), b.constant(1.0)),
         lambda b: b.node("Sub", "x", b.node("ReduceMax", "x", axes=[0], keepdims=0))], moves=True),
    "addition to itself": Case([lambda b: b.node("Add", y := conv(b), y)],
                               [lambda b: b.node("Add", conv(b), "x"),
                                lambda b: b.node("Mul", "x", "x")], moves=True),
    "sum of several": Case(
        [lambda b: b.node("Sum", conv(b), "x", relu(b, "x")),
         lambda b: b.node("Sum", *["x"] * 4)],
        [lambda b: b.node("Sum", conv(b), "x", b.node("ReduceMax", "x", axes=[1])),
         lambda b: b.node("Mean", conv(b), "x", "x")], moves=True),
    "sum of two": Case([lambda b: b.node("Sum", conv(b), "x")],
                       [lambda b: b.node("Max", conv(b), "x")], moves=True),
    "second ReLU": Case(
        [lambda b: b.node("Neg", relu(b, relu(b, "x"))),
         lambda b: b.node("Neg", relu(b, b.node("Clip", "x", b.constant(1.0))))],
        [lambda b: b.node("Neg", relu(b, b.node("Clip", "x", b.constant(-1.0)))),
         lambda b: b.node("Neg", relu(b, b.node("LeakyRelu", "x"))),
         lambda b: relu(b, relu(b, "x"))], moves=True),
    "sign": Case(
        [where, lambda b: where(b, "Greater"), lambda b: where(b, "Less", values=(-1.0, 1.0)),
         lambda b: where(b, "LessOrEqual"), lambda b: where(b, values=(-0.5, 0.5))],
        [lambda b: where(b, values=(1.0, 0.0)), lambda b: where(b, values=(np.inf, -np.inf)),
         lambda b: where(b, edge=1.0), lambda b: b.node("Sign", "x")], moves=True),
    "mean without axes": Case(
        [lambda b: b.node("ReduceMean", "x", axes=[2, 3], keepdims=0),
         lambda b: b.node("ReduceMean", "x", axes=[-1, -2], keepdims=0)],
        [lambda b: b.node("ReduceMean", "x", axes=[1, 2], keepdims=0),
         lambda b: b.node("ReduceMean", "x", axes=[2], keepdims=0),
         lambda b: b.node("ReduceSum", "x", ints(b, [2, 3]), keepdims=0)], shape=(6, 4, 8)),
    "average of one window": Case(
        [lambda b: pool(b, "AveragePool", "x", (8, 8), (1, 1), (0,) * 4),
         lambda b: pool(b, "AveragePool", pooled_twice(b), (2, 2), (1, 1), (0,) * 4)],
        [lambda b: pool(b, "AveragePool", "x", (8, 8), (1, 1), (1,) * 4, count_include_pad=1),
         lambda b: pool(b, "AveragePool", "x", (8, 7), (1, 1), (0,) * 4),
         lambda b: pool(b, "AveragePool", pooled_twice(b), (2, 2), (2, 2), (0,) * 4)],
        shape=(6, 8, 8)),
    "matrix product as convolution": Case(
        [lambda b: gemm(b, b.node("Flatten", "x"), b.signs(48, 5)),
         lambda b: gemm(b, b.node("Flatten", "x"), b.signs(5, 48) * 0.5, transB=1, alpha=2.0,
                        beta=-1.0),
         lambda b: b.node("MatMul", b.node("Flatten", "x"), b.constant(b.signs(48, 3)))],
        [lambda b: gemm(b, b.node("Flatten", "x"), b.rng.standard_normal((48, 5))),
         lambda b: gemm(b, b.node("Transpose", b.node("Flatten", "x"), perm=[1, 0]),
                        b.signs(48, 5), transA=1),
         lambda b: b.node("MatMul", reshape(b, "x", 1, 6, 8), b.constant(b.signs(8, 3))),
         lambda b: b.node("MatMul", "x", b.constant(b.signs(4, 3)))], shape=(6, 2, 4)),
    "layer over one axis": Case(
        [conv1d, lambda b: conv1d(b, 1, strides=[2]), lambda b: conv1d(b, 5, strides=[2]),
         lambda b: conv1d(b, auto_pad="SAME_UPPER", pads=None),
         lambda b: conv1d(b, 3, pads=[0, 2]),
         lambda b: b.node("MaxPool", "x", kernel_shape=[2], strides=[2]),
         lambda b: b.node("MaxPool", "x", kernel_shape=[3], strides=[1], pads=[1, 1]),
         lambda b: b.node("AveragePool", "x", kernel_shape=[2], strides=[2]),
         lambda b: b.node("AveragePool", "x", kernel_shape=[4], strides=[1], pads=[1, 2],
                          count_include_pad=1),
         lambda b: b.node("GlobalAveragePool", "x")],
        [lambda b: conv1d(b, dilations=[2], pads=[2, 2]),
         lambda b: b.node("AveragePool", "x", kernel_shape=[4], strides=[1], pads=[1, 2]),
         lambda b: b.node("MaxPool", "x", kernel_shape=[3], strides=[2], ceil_mode=1),
         lambda b: b.node("MaxPool", "x", kernel_shape=[2], outputs=2)[0]], shape=(6, 8)),
    "moves joined": Case(
        [lambda b: relu(b, reshape(b, reshape(b, conv(b), 1, 6, -1), 1, 6, *size(b))),
         lambda b: relu(b, b.node("Transpose", b.node("Transpose", conv(b), perm=[0, 2, 3, 1]),
                                  perm=[0, 3, 1, 2])),
         lambda b: relu(b, b.node("Squeeze", b.node("Unsqueeze", "x", ints(b, [0])), ints(
             b, [0]))),
         lambda b: b.node("Flatten", reshape(b, "x", 1, 3, 2, -1)),
         lambda b: relu(b, reshape(b, "x", 1, 6, *size(b)))],
        [lambda b: b.node("Transpose", b.node("Transpose", "x", perm=[0, 2, 3, 1]),
                          perm=[0, 1, 3, 2]),
         lambda b: b.node("Flatten", b.node("Transpose", "x", perm=[0, 2, 3, 1])),
         lambda b: b.node("Flatten", "x")], moves=True),
    "channel shuffle": Case(
        [lambda b: relu(b, shuffled(b, conv(b), 2)), lambda b: relu(b, shuffled(b, conv(b), 3)),
         lambda b: relu(b, shuffled(b, conv(b), 2, (1, 0, 2, 3), 2, 3, *size(b))),
         lambda b: relu(b, shuffled(b, shuffled(b, conv(b), 2), 2))],
        [lambda b: shuffled(b, conv(b), 2, (0, 2, 1, 3, 4), 1, 2, 3, *size(b)),
         lambda b: shuffled(b, conv(b), 2, (0, 1, 3, 2))], moves=True),
    "moves sink": Case(
        [lambda b: relu(b, b.node("Flatten", conv(b))),
         lambda b: norm(b, reshape(b, conv(b), 1, 6, -1)),
         lambda b: b.node("Mul", b.node("Transpose", conv(b), perm=[0, 2, 3, 1]), b.constant(
             np.arange(6))),
         lambda b: b.node("Add", reshape(b, conv(b), 6, -1), b.constant(np.arange(6).reshape(
             6, 1))),
         lambda b: b.node("Add", b.node("Flatten", conv(b)), b.node("Flatten", conv(b))),
         lambda b: bipolar(b, b.node("Flatten", conv(b))),
         lambda b: relu(b, shuffled(b, conv(b), 2))],
        [lambda b: relu(b, b.node("Flatten", "x")),
         lambda b: b.node("Softmax", b.node("Flatten", conv(b))),
         lambda b: b.node("Add", b.node("Transpose", conv(b), perm=[0, 2, 3, 1]), reshape(
             b, conv(b), 1, *size(b), 6)),
         lambda b: b.node("Add", b.node("Flatten", conv(b)), b.constant(np.ones((3, 1))))],
        moves=True),
    "factors of input channels": Case(
        [lambda b: factors(b, [1, 2, 0.5, 1, 4, 1])],
        [lambda b: factors(b, [1, 3, 1, 1, 1, 1]), lambda b: factors(b, [1] * 6),
         lambda b: factors(b, [1, 2, 0, 1, 1, 1]),
         lambda b: conv(b, weights=b.signs(6, 6, 3, 3) * b.rng.choice([1, 2], (6, 6, 1, 1)))]),
    "through Concat": Case(
        [lambda b: relu(b, concat(b, conv(b), conv(b, kernel=1))),
         lambda b: norm(b, concat(b, conv(b), conv(b, c_out=2)), 8),
         lambda b: b.node("Mul", concat(b, conv(b), conv(b, c_out=2)), per_channel(b, 8)),
         lambda b: b.node("Add", concat(b, conv(b), conv(b, c_out=2), axis=-3), b.constant(
             b.rng.integers(-3, 3, (1, 8, *size(b))))),
         lambda b: bipolar(b, concat(b, conv(b), conv(b, kernel=1))),
         lambda b: b.node("LeakyRelu", concat(b, y := conv(b), y))],
        [lambda b: relu(b, concat(b, conv(b), "x")),
         lambda b: relu(b, concat(b, conv(b), conv(b), axis=2)),
         lambda b: (relu(b, y := concat(b, conv(b), conv(b))), y),
         lambda b: b.node("Softmax", concat(b, conv(b), conv(b)), axis=1)], moves=True),
    "through ReLU": Case(
        [lambda b: b.node("Mul", relu(b, conv(b)), b.constant(2.0)),
         lambda b: b.node("Div", relu(b, norm(b, conv(b))), per_channel(b, 6))],
        [lambda b: b.node("Mul", relu(b, conv(b)), b.constant(-2.0)),
         lambda b: b.node("Mul", relu(b, b.node("Add", conv(b), "x")), b.constant(2.0)),
         lambda b: b.node("Div", b.constant(2.0), relu(b, conv(b))),
         lambda b: (b.node("Mul", y := relu(b, conv(b)), b.constant(2.0)), y),
         lambda b: b.node("Add", relu(b, conv(b)), b.constant(2.0))]),
    "choice of channels": Case(
        [lambda b: both(b, split(b, conv(b), [2, 4])),
         lambda b: both(b, split(b, norm(b, relu(b, conv(b))), [3, 3], axis=-3)),
         lambda b: relu(b, part(b, conv(b), 1, 6, 2)),
         lambda b: relu(b, part(b, conv(b), -1, np.iinfo(np.int64).min, -1)),
         lambda b: relu(b, part(b, conv(b), 2, np.iinfo(np.int64).max)),
         lambda b: relu(b, b.node("Gather", conv(b), ints(b, [5, 0, 0, -2]), axis=1)),
         lambda b: relu(b, part(b, concat(b, conv(b), conv(b, c_out=3)), 4, 9)),
         lambda b: relu(b, part(b, b.node("Mul", b.node("Add", conv(b), conv(b)), per_channel(
             b, 6)), 2, 5)),
         lambda b: relu(b, part(b, conv(b, weights=b.signs(6, 1, 3, 3), group=6, x=conv(b)), 1, 3)),
         lambda b: both(b, split(b, split(b, conv(b), [2, 4])[1], [1, 3])),
         lambda b: relu(b, part(b, shuffled(b, conv(b), 2), 0, 3)),
         lambda b: relu(b, part(b, b.node("MaxPool", conv(b), kernel_shape=[1, 1]), 0, 3))],
        # Not of any numbers: onnxruntime adds in another order for another number of channels.
        [lambda b: both(b, split(b, "x", [2, 4])),
         lambda b: relu(b, split(b, conv(b), [1, size(b)[0] - 1], axis=2)[0]),
         lambda b: relu(b, part(b, b.node("Softmax", conv(b), axis=1), 0, 3)),
         lambda b: relu(b, part(b, conv(b, weights=b.signs(6, 3, 3, 3), group=2), 0, 3)),
         lambda b: relu(b, b.node("Gather", conv(b), ints(b, [[0, 1]]), axis=1)),
         # Channels of two parts in turn would be as many layers.
         lambda b: relu(b, b.node("Gather", concat(b, conv(b), conv(b)), ints(
             b, [0, 6, 1, 7, 2, 8, 3, 9]), axis=1)),
         lambda b: split(b, conv(b), [3, 3])[0]]),
    "channel shuffle of a Gather": Case(
        [lambda b: relu(b, b.node("Gather", "x", ints(b, [0, 3, 1, 4, 2, 5]), axis=1)),
         lambda b: relu(b, b.node("Gather", "x", ints(b, [0, 2, 4, 1, 3, 5]), axis=1))],
        [lambda b: relu(b, b.node("Gather", "x", ints(b, [0, 3, 1, 4, 5, 2]), axis=1)),
         lambda b: relu(b, b.node("Gather", "x", ints(b, [0, 2, 1]), axis=1))], moves=True),
    "scale before convolution": Case(
        [lambda b: conv(b, b.node("Mul", "x", b.constant(0.5))),
         lambda b: conv(b, b.node("Mul", "x", b.constant(np.reshape([1, -1] * 3, (6, 1, 1))))),
         lambda b: conv(b, b.node("Add", "x", per_channel(b, 6)), kernel=1),
         lambda b: conv(b, b.node("Div", relu(b, "x"), b.constant([2.0])), bias=np.arange(6)),
         lambda b: conv(b, b.node("Sub", "x", b.constant(1.0)), kernel=1)],
        [lambda b: conv(b, b.node("Add", "x", b.constant(1.0))),
         lambda b: conv(b, b.node("Mul", "x", b.constant(np.arange(1, 7).reshape(6, 1, 1)))),
         lambda b: conv(b, b.node("Mul", "x", b.constant(0.0))),
         lambda b: conv(b, b.node("Mul", "x", b.constant(0.5)), weights=b.rng.standard_normal(
             (6, 6, 3, 3))),
         lambda b: conv(b, b.node("Mul", conv(b), b.constant(0.5)))]),
    "copy into Concat": Case(
        [lambda b: conv(b, concat(b, y := conv(b), y), 12),
         lambda b: conv(b, concat(b, conv(b, concat(b, y := conv(b), "x"), 12), y), 12),
         lambda b: conv(b, concat(b, relu(b, b.node("Add", conv(b), "x")), conv(b)), 12),
         lambda b: (conv(b, concat(b, y := conv(b), conv(b)), 12), b.node("Add", y, "x"))],
        [lambda b: conv(b, concat(b, conv(b), conv(b)), 12),
         lambda b: conv(b, concat(b, y := conv(b), y, axis=2)),
         lambda b: b.node("Softmax", concat(b, y := conv(b), y), axis=1),
         lambda b: conv(b, concat(b, b.node("Add", conv(b), b.constant(1.0)), conv(b)), 12)],
        moves=True),
}
