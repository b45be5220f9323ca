"""What a person does wrong with quantised networks: one line that says what would pass; damage is
never a traceback."""

import contextlib
import random

import numpy as np
import pytest

from flexdrive.errors import FlexdriveError
from flexdrive_deploy.errors import ModelError
from flexdrive_deploy.flexv.network.declared import declared_quantiser, parse_declarations
from flexdrive_deploy.flexv.network.loading import check_network, load_network
from flexdrive_sim.flexv.session import NetworkSession

from ...deploy.damage import damaged
from ...deploy.onnx_models import integer_builder
from .quantised_models import QuantisedBuilder, random_network


@pytest.mark.parametrize("seed", range(120))
def test_damaged_files_are_read_or_refused(seed):
    model, images = random_network(seed % 12)
    for value in model.graph.output:
        if not value.type.tensor_type.HasField("shape"):
            return
    content, _ = damaged(model.SerializeToString(), random.Random(seed))
    with contextlib.suppress(FlexdriveError):
        report = check_network(content)
        str(report)
        if report.runs:
            NetworkSession(report.network).run(None, images[:1])


def _conv(**options):
    builder = QuantisedBuilder((2, 4, 4))
    x = builder.quantised("x", options.pop("scale", 0.5), 4)
    return builder, x


def _refused(builder, output, message):
    with pytest.raises(ModelError, match=message):
        load_network(builder.model(output))


def test_a_real_valued_network_gets_the_hint_how_to_quantise():
    builder, _ = integer_builder((3, 6, 5))
    model = builder.model(builder.conv("x", 3, 5, name="first"))
    with pytest.raises(ModelError, match=r"Node first: its input is real-valued.*quantize_static.*"
                       r"docs/flexv-quantising.md"):
        load_network(model)
    report = check_network(model)
    assert not report.runs
    assert "first" in str(report)


def test_a_layer_behind_what_only_the_host_computes_is_refused_for_that():
    builder, x = _conv()
    y = builder.node("Softmax", builder.quantised(builder.layer(x, 2, (1, 1)), 1.0, 0), axis=1)
    z = builder.quantised(y, 0.5, 0)
    builder.shapes[z] = (2, 4, 4)
    _refused(builder, builder.layer(z, 2, (1, 1)), r"a layer behind softmax\d+, which only the "
             r"host computes \(the cluster has no Softmax\)\. What would pass: nothing, at the end")


def test_weights_without_a_quantizer():
    builder, x = _conv()
    _refused(builder, builder.node("Conv", x, builder.constant(np.ones((1, 2, 1, 1)) * 0.3)),
             "its weights are real-valued. What would pass: weights of a quantizer")


def test_weights_with_scales_along_inputs():
    builder, x = _conv()
    _refused(builder, builder.node("Conv", x, builder.weights(
        3, 2, 1, 1, axis=1, scales=np.array([0.5, 0.25]))),
             "one scale, or one for each output channel")


def test_weights_less_zero_point_of_nine_bits():
    builder, x = _conv()
    weights = builder.node("DequantizeLinear", builder.constant([[[[0]], [[255]]]], np.uint8),
                           builder.constant(0.5), builder.constant(100, np.uint8))
    _refused(builder, builder.node("Conv", x, weights), "go from -100 to 155. What would pass: "
             "-128 to 127")


def test_products_of_two_maps():
    builder, x = _conv()
    y = builder.quantised(builder.layer(x, 2, (1, 1)), 1.0, 0)
    z = builder.quantised(builder.node("Mul", x, y), 1.0, 0)
    builder.shapes[z] = (2, 4, 4)
    _refused(builder, builder.layer(z, 2, (1, 1)), "it is no function of one map")


def test_accumulators_that_32_bits_may_not_hold():
    builder = QuantisedBuilder((70_000,))
    x = builder.quantised("x", 0.5, 0)
    kernel = builder.node("DequantizeLinear", builder.constant(np.full((70_000, 1), 127), np.int8),
                          builder.constant(0.5))
    _refused(builder, builder.node("MatMul", x, kernel), "32 bits do not hold that")


def test_scales_for_each_channel_of_a_map():
    builder, x = _conv()
    y = builder.layer(x, 2, (1, 1))
    scale, zero = builder.constant([0.5, 1.0]), builder.constant([0, 0], np.int8)
    z = builder.node("QuantizeLinear", y, scale, zero, axis=1)
    _refused(builder, builder.node("DequantizeLinear", z, scale, zero, axis=1),
             "one scale for the whole map")


@pytest.mark.parametrize(("text", "reason"), [
    ("x", "is not of the form"), ("x=", "is not of the form"), ("x=a", "is not of the form"),
    ("x=1/0", "is not of the form"), ("x=1:2:3:4", "is not of the form"),
    ("x=1:0:8s", "is not of the form"), ("x=0", "numbers greater than 0 are"),
    ("x=1:0:17", "1 to 16 are")])
def test_declared_inputs_that_are_none(text, reason):
    with pytest.raises(ModelError, match=reason):
        parse_declarations([text])


def test_declared_inputs():
    found = parse_declarations(["a=b=1/64:3:9", "x=0.5:128:8u"])
    assert found == {"a=b": declared_quantiser(1 / 64, 3, 9),
                     "x": declared_quantiser(0.5, 128, 8, signed=False)}
    assert (found["x"].low, found["x"].high, found["a=b"].low) == (0, 255, -256)


def test_a_declared_input_that_the_network_has_not():
    builder, x = _conv()
    model = builder.model(builder.quantised(builder.layer(x, 2, (1, 1)), 1.0, 0))
    with pytest.raises(ModelError, match="no input 'y'; it has x"):
        load_network(model, declared={"y": declared_quantiser(1)})


@pytest.mark.parametrize(("feed", "reason"), [
    ({}, "Input x is missing"), ({"y": 1}, "no input 'y'"), (np.zeros((1, 2, 4)), "has shape"),
    (np.zeros((0, 2, 4, 4)), "has shape"), (np.array([["a"]]), "has shape"),
    (np.full((1, 2, 4, 4), np.nan), "no numbers")])
def test_images_that_do_not_fit(feed, reason):
    builder, x = _conv()
    session = NetworkSession(builder.model(
        builder.quantised(builder.layer(x, 2, (1, 1)), 1.0, 0)))
    with pytest.raises(ModelError, match=reason):
        session.run(None, feed)
    with pytest.raises(ModelError, match="no output 'z'"):
        session.run(["z"], np.zeros((1, 2, 4, 4)))


def test_an_engine_that_there_is_not():
    with pytest.raises(ModelError, match="engine = 'abacus' is none of golden"):
        NetworkSession("nothing.onnx", "abacus")
