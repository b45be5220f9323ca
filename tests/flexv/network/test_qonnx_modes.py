"""Quantizers of QONNX in networks, beside their definition in float64 (scales of powers of two,
so that it is exact)."""

import numpy as np
import pytest

from flexdrive_deploy.errors import ModelError
from flexdrive_deploy.flexv.network.reader import read_network
from flexdrive_deploy.frontend.graph import load_graph
from flexdrive_sim.flexv.golden.network import run

from .quantised_models import QuantisedBuilder

DOMAIN = "qonnx.custom_op.general"
# The definition of each mode, once more and another way than in the code.
MODES = {
    "ROUND": np.round, "HALF_EVEN": np.round, "CEIL": np.ceil, "FLOOR": np.floor,
    "DOWN": np.trunc, "ROUND_TO_ZERO": np.trunc,
    "UP": lambda x: np.where(x > 0, np.ceil(x), np.floor(x)),
    "HALF_UP": lambda x: np.where(x > 0, np.floor(x + 0.5), np.ceil(x - 0.5)),
    "HALF_DOWN": lambda x: np.where(x > 0, np.ceil(x - 0.5), np.floor(x + 0.5))}


def _network(builder, *outputs):
    return read_network(load_graph(builder.model(*outputs, domains=[DOMAIN])))


def _quant(builder, x, scale, zero, bits, **attributes):
    inputs = [builder.constant(value) for value in (scale, zero, bits)]
    made = builder.node("Quant", x, *inputs, domain=DOMAIN, **attributes)
    builder.shapes[made] = builder.shapes.get(x)
    return made


def _layer(mode, zero, **attributes):
    """(network, images, exact result behind the second quantizer) of a 1x1 convolution."""
    builder = QuantisedBuilder((2, 3, 5))
    x = _quant(builder, "x", 0.5, 0, 6, signed=1, narrow=0, rounding_mode="ROUND")
    weights = builder.rng.integers(-4, 4, (3, 2, 1, 1))
    kernel = _quant(builder, builder.constant(weights * 0.25), 0.25, 0, 3, signed=1, narrow=0,
                    rounding_mode="ROUND")
    y = builder.node("Conv", x, kernel)
    z = _quant(builder, y, 0.5, zero, 5, rounding_mode=mode, **attributes)
    z = builder.node("Relu", z) if attributes.pop("relu", 0) else z
    integers = builder.rng.integers(-32, 32, (20, 2, 3, 5))
    exact = np.einsum("oi,nihw->nohw", weights[:, :, 0, 0] * 0.25, integers * 0.5)
    return builder, z, (integers * 0.5).astype(np.float32), exact


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("zero", "signed", "narrow"), [(0, 1, 0), (3, 1, 1), (11, 0, 0),
                                                        (6, 0, 1)])
def test_every_rounding_mode(mode, zero, signed, narrow):
    builder, z, images, exact = _layer(mode, zero, signed=signed, narrow=narrow)
    network = _network(builder, z)
    outputs, _ = run(network, {"x": images})
    low, high = (-16 + narrow, 15) if signed else (0, 31 - narrow)
    wanted = (MODES[mode](np.clip(exact / 0.5 + zero, low, high)) - zero) * 0.5
    assert np.array_equal(outputs[z], wanted)
    # There were ties, or the mode would not have been seen.
    assert (exact / 0.5 % 1 == 0.5).any()


def test_lower_case_modes_are_the_same():
    builder, z, images, exact = _layer("floor", 0, signed=1, narrow=0)
    outputs, _ = run(_network(builder, z), {"x": images})
    assert np.array_equal(outputs[z], np.clip(np.floor(exact / 0.5), -16, 15) * 0.5)


def test_an_unknown_mode_is_refused():
    builder, z, _, _ = _layer("NEAREST", 0, signed=1, narrow=0)
    with pytest.raises(ModelError, match="rounding_mode NEAREST is not known"):
        _network(builder, z)


@pytest.mark.parametrize("scale", [0.25, 0.3])
def test_bipolar_maps_take_the_sign_of_the_exact_sum(scale):
    builder = QuantisedBuilder((4, 2, 2))
    x = _quant(builder, "x", 0.5, 0, 4, signed=1, narrow=0, rounding_mode="ROUND")
    weights = builder.rng.choice([-1, 1], (5, 4, 1, 1))
    kernel = builder.node("BipolarQuant", builder.constant(weights * 0.1),
                          builder.constant(scale), domain=DOMAIN)
    factor = builder.constant(np.array([1, -1, 2, -0.5, 0.1]).reshape(5, 1, 1))
    y = builder.node("Mul", builder.node("Conv", x, kernel), factor)
    z = builder.node("BipolarQuant", y, builder.constant(0.7), domain=DOMAIN)
    integers = builder.rng.integers(-8, 8, (9, 4, 2, 2))
    outputs, _ = run(_network(builder, z), {"x": (integers * 0.5).astype(np.float32)})
    sums = np.einsum("oi,nihw->nohw", weights[:, :, 0, 0], integers)
    sums[:, [1, 3]] *= -1
    wanted = np.where(sums >= 0, np.float32(0.7), -np.float32(0.7))
    assert (sums == 0).any()
    assert np.array_equal(outputs[z], wanted)


def _truncated(mode, version, zero=0.0, pool=4, signed=0, relu=True):
    """(network, images, sums of each window of the quantized map, output name)."""
    builder = QuantisedBuilder((3, 8, 8))
    x = _quant(builder, "x", 0.5, 0, 4, signed=0 if relu else 1, narrow=0, rounding_mode="ROUND")
    y = builder.node("AveragePool", x, kernel_shape=[pool, pool], strides=[pool, pool])
    bits = 4 + (pool * pool - 1).bit_length()
    parameters = [0.5 / pool ** 2, zero, bits]
    if version == 1:
        y = builder.node("Trunc", y, *(builder.constant(each) for each in [*parameters, bits - 3]),
                         domain=DOMAIN, rounding_mode=mode)
    else:
        y = builder.node("Trunc", y, *(builder.constant(each) for each in
                                       [*parameters, parameters[0] * 8, bits - 3]), domain=DOMAIN,
                         rounding_mode=mode, signed=signed, narrow=0)
    integers = builder.rng.integers(0 if relu else -8, 16 if relu else 8, (7, 3, 8, 8))
    sums = integers.reshape(7, 3, 8 // pool, pool, 8 // pool, pool).sum((3, 5))
    return _network(builder, y), (integers * 0.5).astype(np.float32), sums, y


@pytest.mark.parametrize("mode", ["FLOOR", "CEIL", "ROUND", "floor"])
@pytest.mark.parametrize("pool", [4, 2])
def test_trunc_of_version_2(mode, pool):
    network, images, sums, name = _truncated(mode, 2, pool=pool)
    outputs, _ = run(network, {"x": images})
    bits = 4 + (pool * pool - 1).bit_length()
    kept = np.clip(MODES[mode.upper()](sums / 8), 0, 2 ** (bits - 3) - 1)
    assert np.array_equal(outputs[name], kept * 8 * 0.5 / pool ** 2)


@pytest.mark.parametrize("mode", ["FLOOR", "CEIL", "ROUND"])
def test_trunc_of_version_1_keeps_the_scale(mode):
    network, images, sums, name = _truncated(mode, 1, relu=False)
    outputs, _ = run(network, {"x": images})
    assert np.array_equal(outputs[name], MODES[mode](sums / 8) * 0.5 / 16)


def test_trunc_rounds_to_its_integers_first():
    """A mean over 3 x 3 is no whole number of the scale 1/4 of the map's."""
    builder = QuantisedBuilder((1, 3, 3))
    x = _quant(builder, "x", 1.0, 0, 4, signed=0, narrow=0, rounding_mode="ROUND")
    y = builder.node("GlobalAveragePool", x)
    y = builder.node("Trunc", y, *(builder.constant(each) for each in (0.25, 0, 6, 0.5, 5)),
                     domain=DOMAIN, rounding_mode="FLOOR", signed=0, narrow=0)
    integers = builder.rng.integers(0, 16, (50, 1, 3, 3))
    outputs, _ = run(_network(builder, y), {"x": integers.astype(np.float32)})
    means = integers.sum((2, 3), keepdims=True) / 9
    assert np.array_equal(outputs[y], np.floor(np.round(means * 4) / 2) * 0.5)


def test_trunc_with_other_inputs_is_refused():
    builder = QuantisedBuilder((1, 2, 2))
    x = _quant(builder, "x", 1.0, 0, 4, signed=0, narrow=0, rounding_mode="ROUND")
    y = builder.node("Trunc", x, builder.constant(1.0), builder.constant(0.0),
                     builder.constant(4.0), domain=DOMAIN, rounding_mode="FLOOR")
    with pytest.raises(ModelError, match=r"4 inputs\. What would pass: 5 \(version 1\) or 6"):
        _network(builder, y)
