"""Common operations on onnxruntime against the reference implementation of onnx, at an opset
at which both are right."""

import numpy as np
import pytest
from onnx.reference import ReferenceEvaluator

from flexdrive_deploy.frontend.evaluator import Evaluator

from .onnx_models import integer_builder

POSITIVE = {"Log", "Sqrt", "Reciprocal", "Pow"}
UNARY = ["Abs", "Ceil", "Elu", "Exp", "Flatten", "Floor", "GlobalAveragePool", "GlobalMaxPool",
         "HardSigmoid", "HardSwish", "LeakyRelu", "Log", "LogSoftmax", "Neg", "Reciprocal", "Relu",
         "Round", "Sigmoid", "Sign", "Softmax", "Softplus", "Sqrt", "Tanh"]


def values(b, *shape):
    return b.constant(b.rng.uniform(0.5, 2, shape))


def integers(b, *numbers):
    return b.constant(numbers, np.int64)


OTHERS = {
    "Add": lambda b, x: b.node("Add", x, values(b, 4, 1, 1)),
    "Sub": lambda b, x: b.node("Sub", x, values(b, 4, 1, 1)),
    "Mul": lambda b, x: b.node("Mul", x, values(b, 4, 1, 1)),
    "Div": lambda b, x: b.node("Div", x, values(b, 4, 1, 1)),
    "Max": lambda b, x: b.node("Max", x, values(b, 4, 1, 1)),
    "Min": lambda b, x: b.node("Min", x, values(b, 4, 1, 1)),
    "Sum": lambda b, x: b.node("Sum", x, x, values(b, 4, 1, 1)),
    "Pow": lambda b, x: b.node("Pow", x, b.constant(1.5)),
    "PRelu": lambda b, x: b.node("PRelu", x, values(b, 4, 1, 1)),
    "Clip": lambda b, x: b.node("Clip", x, b.constant(-0.5), b.constant(0.5)),
    "ArgMax": lambda b, x: b.node("ArgMax", x, axis=1),
    "AveragePool": lambda b, x: b.node("AveragePool", x, kernel_shape=[3, 3], pads=[1] * 4,
                                       strides=[2, 2], count_include_pad=1),
    "MaxPool": lambda b, x: b.node("MaxPool", x, kernel_shape=[3, 3], pads=[0, 0, 1, 1],
                                   strides=[2, 2]),
    "BatchNormalization": lambda b, x: b.node("BatchNormalization", x,
                                              *(values(b, 4) for _ in range(4))),
    "Concat": lambda b, x: b.node("Concat", x, b.node("Neg", x), axis=1),
    "Conv": lambda b, x: b.node("Conv", x, values(b, 6, 2, 3, 3), values(b, 6), group=2,
                                pads=[1, 0, 1, 0], strides=[2, 1], dilations=[1, 2]),
    "ConvTranspose": lambda b, x: b.node("ConvTranspose", x, values(b, 4, 3, 2, 2),
                                         strides=[2, 2]),
    "DepthToSpace": lambda b, x: b.node("DepthToSpace", x, blocksize=2),
    "SpaceToDepth": lambda b, x: b.node("SpaceToDepth", x, blocksize=2),
    "Expand": lambda b, x: b.node("Expand", x, integers(b, 2, 1, 1, 1, 1)),
    "Gather": lambda b, x: b.node("Gather", x, integers(b, 2, 0), axis=1),
    "Gemm": lambda b, x: b.node("Gemm", b.node("Flatten", x), values(b, 5, 144), values(b, 5),
                                transB=1),
    "MatMul": lambda b, x: b.node("MatMul", x, values(b, 6, 5)),
    "Pad": lambda b, x: b.node("Pad", x, integers(b, 0, 0, 1, 0, 0, 0, 0, 2)),
    "ReduceMax": lambda b, x: b.node("ReduceMax", x, axes=[2, 3]),
    "ReduceMean": lambda b, x: b.node("ReduceMean", x, axes=[2, 3]),
    "ReduceSum": lambda b, x: b.node("ReduceSum", x, integers(b, 1), keepdims=0),
    "Reshape": lambda b, x: b.node("Reshape", x, integers(b, 1, 2, -1, 6)),
    "Resize": lambda b, x: b.node("Resize", x, "", b.constant([1, 1, 2, 2], np.float32),
                                  mode="nearest", nearest_mode="floor",
                                  coordinate_transformation_mode="asymmetric"),
    "Slice": lambda b, x: b.node("Slice", x, integers(b, 1), integers(b, 5), integers(b, 2),
                                 integers(b, 2)),
    "Split": lambda b, x: b.node("Split", x, axis=1, outputs=2)[1],
    "Squeeze": lambda b, x: b.node("Squeeze", b.node("GlobalMaxPool", x), integers(b, 2, 3)),
    "Transpose": lambda b, x: b.node("Transpose", x, perm=[0, 2, 3, 1]),
    "Unsqueeze": lambda b, x: b.node("Unsqueeze", x, integers(b, 0)),
} | {name: lambda b, x, name=name: b.node(name, x) for name in UNARY}


@pytest.mark.parametrize("name", OTHERS)
def test_operation(name):
    b, _ = integer_builder((4, 6, 6))
    model = b.model(OTHERS[name](b, "x"))
    image = b.rng.standard_normal((1, 4, 6, 6)).astype(np.float32)
    image = np.abs(image) if name in POSITIVE else image
    wanted = ReferenceEvaluator(model).run(None, {"x": image})[0]
    evaluator = Evaluator(model)
    (made,) = evaluator.run({"x": image}).values()
    assert (made.shape, made.dtype) == (wanted.shape, wanted.dtype)
    np.testing.assert_allclose(made, wanted, rtol=1e-5, atol=1e-5)


def test_local_response_normalization():
    """By the definition: squares of one channel before and one behind, as far as there are any."""
    b, _ = integer_builder((4, 6, 6))
    model = b.model(b.node("LRN", "x", size=3, alpha=0.5, beta=0.75, bias=2.0))
    image = b.rng.standard_normal((1, 4, 6, 6)).astype(np.float32)
    padded = np.pad(image.astype(float) ** 2, ((0, 0), (1, 1), (0, 0), (0, 0)))
    sums = padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]
    (made,) = Evaluator(model).run({"x": image}).values()
    np.testing.assert_allclose(made, image / (2 + 0.5 / 3 * sums) ** 0.75, rtol=1e-5)
