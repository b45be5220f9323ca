"""Operators on integers, of ONNX and of onnxruntime: written out, and equal to onnxruntime where
float32 is exact (scales of powers of two)."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from flexdrive_deploy.errors import ModelError
from flexdrive_deploy.flexv.network.loading import load_network
from flexdrive_deploy.frontend.evaluator import Evaluator
from flexdrive_deploy.frontend.qlinear import written_out
from flexdrive_sim.flexv.golden.network import run

RNG = np.random.default_rng(5)
MICROSOFT = "com.microsoft"


class _Nodes:
    def __init__(self):
        self.nodes, self.constants = [], []

    def constant(self, value, dtype=np.float32):
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype),
                                                      f"c{len(self.constants)}"))
        return self.constants[-1].name

    def grid(self, scale, zero, dtype=np.uint8):
        return [self.constant(scale), self.constant(zero, dtype)]

    def node(self, operation, inputs, domain="", **attributes):
        output = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(operation, inputs, [output], output, domain=domain,
                                           **attributes))
        return output

    def model(self, source, output, opset=13):
        return helper.make_model(
            helper.make_graph(self.nodes, "test", [helper.make_tensor_value_info(*source)],
                              [helper.make_tensor_value_info(*output)], self.constants),
            opset_imports=[helper.make_opsetid("", opset), helper.make_opsetid(MICROSOFT, 1)],
            ir_version=8)


def _equal(model, images):
    (name,) = load_network(model).inputs
    outputs, _ = run(load_network(model), {name: images.astype(np.float32)})
    evaluator = Evaluator(model)
    wanted = np.concatenate([next(iter(evaluator.run({name: image[None]}).values()))
                             for image in images])
    return np.array_equal(next(iter(outputs.values())), wanted)


def _images(count, *shape, low=0, high=256):
    return RNG.integers(low, high, (count, *shape))


@pytest.mark.parametrize("opset", [10, 13, 17])
@pytest.mark.parametrize("channels", [False, True])
def test_qlinear_conv_on_integer_inputs(channels, opset):
    made = _Nodes()
    weights = RNG.integers(-40, 40, (4, 3, 3, 2))
    scale = 2.0 ** -np.arange(4, 8) if channels else 2.0 ** -6
    y = made.node("QLinearConv", [
        "x", *made.grid(0.5, 7), made.constant(weights, np.int8),
        made.constant(scale), made.constant(np.zeros(np.shape(scale)), np.int8),
        *made.grid(1.0, 128), made.constant(RNG.integers(-900, 900, 4), np.int32)],
        pads=[1, 0, 2, 1], strides=[2, 1])
    model = made.model(("x", TensorProto.UINT8, ["N", 3, 6, 5]),
                       (y, TensorProto.UINT8, ["N", 4, 4, 5]), opset)
    assert _equal(model, _images(5, 3, 6, 5))


def test_qlinear_matmul_with_a_scale_for_each_column():
    made = _Nodes()
    scale = 2.0 ** -np.arange(4, 9)
    y = made.node("QLinearMatMul", [
        "x", *made.grid(0.5, 7), made.constant(RNG.integers(-90, 90, (6, 5)), np.int8),
        made.constant(scale), made.constant(np.zeros(5), np.int8), *made.grid(0.5, 99)])
    model = made.model(("x", TensorProto.UINT8, ["N", 6]), (y, TensorProto.UINT8, ["N", 5]))
    assert _equal(model, _images(9, 6))


def test_operators_of_onnxruntime():
    """Conv, twice; sum; mean; concatenation; QGemm with a scale for each output."""
    made = _Nodes()

    def conv(x, zero):
        weights = made.constant(RNG.integers(-20, 20, (2, 2, 1, 1)), np.int8)
        return made.node("QLinearConv", [x, *made.grid(0.5, 3), weights,
                                         *made.grid(0.125, 0, np.int8), *made.grid(0.5, zero)])
    a, b = conv("x", 120), conv("x", 130)
    total = made.node("QLinearAdd", [a, *made.grid(0.5, 120), b, *made.grid(0.5, 130),
                                     *made.grid(1.0, 90)], MICROSOFT)
    act = made.node("QLinearLeakyRelu", [total, *made.grid(1.0, 90), *made.grid(0.5, 11)],
                    MICROSOFT, alpha=0.25)
    joined = made.node("QLinearConcat", [*made.grid(0.5, 20), total, *made.grid(1.0, 90), act,
                                         *made.grid(0.5, 11)], MICROSOFT, axis=1)
    mean = made.node("QLinearGlobalAveragePool", [joined, *made.grid(0.5, 20),
                                                  *made.grid(0.25, 9)], MICROSOFT, channels_last=0)
    shape = made.constant([-1, 4], np.int64)
    flat = made.node("Reshape", [mean, shape])
    gemm = made.node("QGemm", [
        flat, *made.grid(0.25, 9), made.constant(RNG.integers(-90, 90, (3, 4)), np.int8),
        made.constant([0.5, 0.25, 0.125]), made.constant([0, 0, 0], np.int8),
        made.constant([5, -7, 9], np.int32), *made.grid(4.0, 77)], MICROSOFT, transB=1)
    model = made.model(("x", TensorProto.UINT8, ["N", 2, 4, 4]),
                       (gemm, TensorProto.UINT8, ["N", 3]))
    assert _equal(model, _images(20, 2, 4, 4))


def test_a_model_without_them_is_left_alone():
    made = _Nodes()
    y = made.node("Relu", ["x"])
    model = made.model(("x", TensorProto.FLOAT, ["N", 3]), (y, TensorProto.FLOAT, ["N", 3]))
    assert written_out(model) is model


def test_channels_last_is_refused():
    made = _Nodes()
    y = made.node("QLinearGlobalAveragePool", ["x", *made.grid(0.5, 20), *made.grid(0.25, 9)],
                  MICROSOFT, channels_last=1)
    model = made.model(("x", TensorProto.UINT8, ["N", 4, 4, 2]),
                       (y, TensorProto.UINT8, ["N", 1, 1, 2]))
    with pytest.raises(ModelError, match="What would pass: channels_last = 0"):
        load_network(model)


def test_too_few_inputs_are_an_error_of_one_line():
    made = _Nodes()
    y = made.node("QLinearAdd", ["x", *made.grid(0.5, 20)], MICROSOFT)
    model = made.model(("x", TensorProto.UINT8, ["N", 4]), (y, TensorProto.UINT8, ["N", 4]))
    with pytest.raises(ModelError):
        load_network(model)
    assert isinstance(model, onnx.ModelProto)
