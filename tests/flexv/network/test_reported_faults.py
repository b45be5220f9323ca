"""Faults that users of comparable flows reported, each by its name, against onnxruntime in exact
float32 (scales of powers of two)."""

from fractions import Fraction

import numpy as np
import pytest

from flexdrive_deploy.flexv.network import ir
from flexdrive_deploy.flexv.network.loading import load_network
from flexdrive_sim.flexv.golden.network import run

from .quantised_models import QuantisedBuilder, golden_and_onnxruntime


def _equal(builder, *outputs, images=None, count=4):
    images = (builder.rng.integers(-300, 300, (count, *builder.shape)) / 8 if images is None
              else images).astype(np.float32)
    made, wanted = golden_and_onnxruntime(builder.model(*outputs), images)
    assert all(np.array_equal(ours, theirs) for ours, theirs in zip(made, wanted, strict=True))
    return made


@pytest.mark.parametrize("zero", [-128, 83, 127])
def test_tvm_13364_executorch_13576_border_of_a_map_with_zero_point(zero):
    builder = QuantisedBuilder((3, 5, 6))
    x = builder.quantised("x", 0.5, zero)
    _equal(builder, builder.quantised(builder.layer(x, 4, pads=[1, 1, 1, 1]), 1.0, -5))


@pytest.mark.parametrize("pads", [[0, 0, 1, 1], [1, 0, 0, 2], [2, 1, 0, 0]])
def test_onnxruntime_11525_unequal_padding(pads):
    builder = QuantisedBuilder((2, 6, 7))
    x = builder.quantised("x", 0.5, 40)
    y = builder.layer(x, 3, pads=pads, strides=[2, 2])
    _equal(builder, builder.quantised(y, 1.0, 3))


@pytest.mark.parametrize("mode", [b"SAME_UPPER", b"SAME_LOWER", b"VALID"])
def test_automatic_padding(mode):
    builder = QuantisedBuilder((2, 7, 6))
    x = builder.quantised("x", 0.5, 40)
    y = builder.layer(x, 3, (3, 2), auto_pad=mode, strides=[2, 3])
    _equal(builder, builder.quantised(y, 1.0, 3))


def test_onnxruntime_23202_25512_32132_ties_go_to_even():
    builder = QuantisedBuilder((1, 1, 40))
    x = builder.quantised("x", 1.0, 0)
    made = _equal(builder, builder.quantised(x, 2.0, 0),
                  images=np.arange(-20, 20).reshape(1, 1, 1, 40))
    assert made[0].ravel()[:4].tolist() == [-20, -20, -18, -16]


def test_tflite_micro_3252_cmsis_nn_214_one_rounding_only():
    """0.4999 of a step is rounded down; rounded to 1/2 first, it would be up."""
    builder = QuantisedBuilder((1, 1, 1))
    x = builder.quantised("x", 1.0, 0)
    weights = builder.node("DequantizeLinear", builder.constant([[[[1]]]], np.int8),
                           builder.constant(0.49999))
    y = builder.quantised(builder.node("Conv", x, weights), 1.0, 0)
    assert _equal(builder, y, images=np.ones((1, 1, 1, 1)))[0].item() == 0


@pytest.mark.parametrize(("scale", "zero"), [(0.5, -128), (0.5, 3), (0.25, 100), (2.0, 0)])
def test_kws_103_tvm_12577_average_pool_sums_negatives_and_scales(scale, zero):
    """Sums of 125 values leave 8 and 16 bits, are negative, and have another scale."""
    builder = QuantisedBuilder((3, 25, 5))
    x = builder.quantised("x", 0.5, -3)
    images = builder.rng.integers(-600, 100, (5, 3, 25, 5)) / 8
    _equal(builder, builder.quantised(builder.node("GlobalAveragePool", x), scale, zero),
           images=images)


@pytest.mark.parametrize("included", [0, 1])
def test_average_pool_at_borders(included):
    builder = QuantisedBuilder((2, 7, 5))
    x = builder.quantised("x", 0.5, 30)
    y = builder.node("AveragePool", x, kernel_shape=[3, 2], pads=[1, 1, 1, 0], strides=[2, 1],
                     count_include_pad=included)
    _equal(builder, builder.quantised(y, 0.5, -1))


def test_average_pool_over_the_edge():
    builder = QuantisedBuilder((2, 8, 6))
    x = builder.quantised("x", 0.5, 30)
    y = builder.node("AveragePool", x, kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)
    _equal(builder, builder.quantised(y, 0.5, -1))


def test_deeploy_187_axes_of_maps_that_are_not_square():
    builder = QuantisedBuilder((2, 3, 7))
    x = builder.quantised("x", 0.5, 4)
    y = builder.quantised(builder.layer(x, 5, (1, 3), pads=[0, 1, 0, 1], strides=[2, 1]), 1.0, 0)
    turned = builder.node("Transpose", y, perm=[0, 1, 3, 2])
    builder.shapes[turned] = (5, 7, 2)
    _equal(builder, builder.quantised(builder.layer(turned, 2, (3, 1)), 8.0, 0), turned)


@pytest.mark.parametrize("height", [1, 5, 6, 7])
def test_deeploy_206_stride_2_with_borders_and_odd_heights(height):
    builder = QuantisedBuilder((2, height, 9))
    x = builder.quantised("x", 0.5, 4)
    y = builder.layer(x, 3, pads=[1, 1, 1, 1], strides=[2, 2])
    _equal(builder, builder.quantised(y, 1.0, 0))


def test_pulp_nn_9_pointwise_with_stride():
    builder = QuantisedBuilder((4, 5, 7))
    x = builder.quantised("x", 0.5, 4)
    _equal(builder, builder.quantised(builder.layer(x, 3, (1, 1), strides=[2, 3]), 1.0, 0))


def test_pulp_nn_mixed_11_fewer_outputs_than_cores():
    builder = QuantisedBuilder((4, 1, 1))
    x = builder.quantised("x", 0.5, 4)
    _equal(builder, builder.quantised(builder.layer(x, 1, (1, 1)), 1.0, 0))


def test_dory_27_41_nemo_42_add_and_pad_anywhere():
    builder = QuantisedBuilder((3, 4, 4))
    x = builder.quantised("x", 0.5, 4)
    constant = builder.constant(builder.rng.integers(-3, 4, (1, 3, 1, 1)) * 0.5)
    a = builder.quantised(builder.node("Add", constant, x), 0.5, 0)
    pads = builder.constant([0, 0, 1, 0, 0, 0, 0, 2], np.int64)
    b = builder.quantised(builder.node("Pad", a, pads, builder.constant(1.5)), 0.5, 9)
    # Both are added to a sum that no quantizer has seen, and once more in the other order.
    builder.shapes[b] = (3, 5, 6)
    y = builder.layer(b, 3, pads=[1, 1, 1, 1])
    c = builder.node("Add", y, b)
    d = builder.quantised(builder.node("Relu", builder.node("Add", b, c)), 2.0, -7)
    _equal(builder, d, a, b)


def test_gap_sdk_176_186_251_concat_of_unequal_scales_and_of_one_tensor_twice():
    builder = QuantisedBuilder((2, 3, 4))
    x = builder.quantised("x", 0.5, 4)
    y = builder.quantised(builder.layer(x, 3, (1, 1)), 0.25, 0)
    joined = builder.node("Concat", x, y, x, axis=1)
    once = builder.quantised(builder.node("Concat", x, x, axis=3), 0.5, 4)
    _equal(builder, builder.quantised(joined, 0.5, -20), once)


def test_concat_without_a_quantizer_is_refused_where_scales_differ():
    builder = QuantisedBuilder((2, 3, 4))
    x = builder.quantised("x", 0.5, 4)
    y = builder.quantised(builder.layer(x, 2, (1, 1)), 0.25, 0)
    joined = builder.node("Concat", x, y, axis=1)
    builder.shapes[joined] = (4, 3, 4)
    model = builder.model(builder.quantised(builder.layer(joined, 2, (1, 1)), 1.0, 0))
    with pytest.raises(ValueError, match="was not quantized after the operators before it"):
        load_network(model)


def test_onnx2tf_446_padding_of_max_pool_never_wins():
    builder = QuantisedBuilder((2, 4, 5))
    x = builder.quantised("x", 0.5, 0)
    y = builder.node("MaxPool", x, kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[2, 2],
                     ceil_mode=1)
    made = _equal(builder, builder.quantised(y, 0.5, 0),
                  images=-builder.rng.integers(1, 300, (4, 2, 4, 5)) / 8)
    assert (made[0] <= 0).all()
    assert (made[0] < 0).any()


def test_finn_1083_brevitas_1042_are_in_the_tests_of_trunc():
    from . import test_qonnx_modes
    assert {name for name in vars(test_qonnx_modes) if "trunc" in name} >= {
        "test_trunc_of_version_1_keeps_the_scale", "test_trunc_of_version_2"}


def test_dead_channels_with_scales_2_to_29_apart():
    """Their bias is in the addend; in the accumulator it would leave 32 bits."""
    builder = QuantisedBuilder((3, 2, 2))
    x = builder.quantised("x", 0.5, 0)
    scales = np.array([2.0 ** -5, 2.0 ** -34, 2.0 ** -8])
    kernel = builder.weights(3, 3, 1, 1, scales=scales)
    bias = builder.node("DequantizeLinear",
                        builder.constant([11, 3 << 28, -20], np.int32),
                        builder.constant(scales * 0.5), axis=0)
    y = builder.quantised(builder.node("Conv", x, kernel, bias), 2.0 ** -7, 0)
    _equal(builder, y)


def test_shared_tensors_several_outputs_and_one_pixel():
    builder = QuantisedBuilder((5, 1, 1))
    x = builder.quantised("x", 0.5, 4)
    y = builder.quantised(builder.layer(x, 4, (1, 1)), 1.0, 0)
    builder.shapes[y] = (4, 1, 1)
    _equal(builder, y, builder.quantised(builder.layer(y, 2, (1, 1)), 1.0, 0),
           builder.quantised(builder.layer(y, 4, (1, 1)), 1.0, 0), x)


def test_channels_last_pictures_of_tflite_converters():
    builder = QuantisedBuilder((6, 5, 3))
    q = builder.node("QuantizeLinear", "x", builder.constant(0.5), builder.constant(9, np.int8))
    q = builder.node("Transpose", q, perm=[0, 3, 1, 2])
    x = builder.node("DequantizeLinear", q, builder.constant(0.5), builder.constant(9, np.int8))
    builder.shapes[x] = (3, 6, 5)
    y = builder.quantised(builder.layer(x, 4, pads=[1, 1, 1, 1]), 1.0, 0)
    _equal(builder, builder.node("Transpose", y, perm=[0, 2, 3, 1]))


def test_batch_normalisation_of_either_sign_is_folded_exactly():
    builder = QuantisedBuilder((2, 3, 3))
    x = builder.quantised("x", 0.5, 4)
    y = builder.batch_norm(builder.layer(x, 6, (2, 2)), 6)
    z = builder.quantised(builder.node("Relu", y), 1.0, 0)
    _equal(builder, z)
    network = load_network(builder.model(z))
    (node,) = [node for node in network.integers.nodes if isinstance(node, ir.Requantise)]
    assert {float(each) for each in np.sign(np.ravel(node.factors[0]).astype(float))} == {-1, 1}
    assert all(isinstance(each, Fraction) for each in np.ravel(node.factors[0]))


def test_one_dimensional_convolutions_and_pools():
    builder = QuantisedBuilder((3, 11))
    x = builder.quantised("x", 0.5, 4)
    y = builder.layer(x, 4, (3,), pads=[1, 2], strides=[2])
    y = builder.quantised(y, 1.0, 0)
    pooled = builder.quantised(builder.node("MaxPool", y, kernel_shape=[2], strides=[2]), 1.0, 0)
    mean = builder.node("AveragePool", y, kernel_shape=[3], strides=[2], pads=[1, 1])
    whole = builder.node("GlobalAveragePool", y)
    _equal(builder, pooled, builder.quantised(mean, 0.5, 2), builder.quantised(whole, 0.5, 2))


def test_argmax_takes_the_first_of_equals():
    builder = QuantisedBuilder((6,))
    x = builder.quantised("x", 1.0, 0)
    y = builder.quantised(builder.node("MatMul", x, builder.weights(6, 9, bits=2, axis=1)), 8.0, 0)
    first = builder.node("ArgMax", y, axis=1, keepdims=0)
    last = builder.node("ArgMax", y, axis=1, select_last_index=1)
    model = builder.model(first, last)
    for value in model.graph.output:
        value.type.tensor_type.elem_type = 7
    images = builder.rng.integers(-3, 4, (60, 6)).astype(np.float32)
    network = load_network(model)
    outputs, maps = run(network, {"x": images}, None)
    values = next(array for name, array in maps.items() if array.shape == (60, 9)
                  and network.integers.tensors[name].scale)
    assert np.array_equal(outputs[first], values.argmax(1))
    assert np.array_equal(outputs[last][:, 0], 8 - values[:, ::-1].argmax(1))
    assert (outputs[first] != outputs[last][:, 0]).any()
