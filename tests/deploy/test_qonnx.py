"""Quantizers of QONNX, as Brevitas writes them: folded into weights, on the host beside maps."""

from dataclasses import replace

import numpy as np
import onnx
import onnxruntime
import pytest

from flexdrive_deploy.compiler import compile_graph, compile_model
from flexdrive_deploy.errors import ModelError
from flexdrive_deploy.frontend.graph import load_graph, load_model
from flexdrive_deploy.frontend.quantizers import ROUNDINGS, Quantizer, quantize
from flexdrive_deploy.frontend.reference import layer_differences
from flexdrive_deploy.hyperdrive.partition import analyse
from flexdrive_sim.hyperdrive.drive.inference_session import Session

from .onnx_models import integer_builder
from .test_import import CONFIG, agree

BREVITAS, QONNX = "onnx.brevitas", "qonnx.custom_op.general"
# Rows of the table of rounding modes in QONNX's page of IntQuant.
NUMBERS = [5.5, 2.5, 1.6, 1.1, 1.0, -1.0, -1.1, -1.6, -2.5, -5.5]
ROUNDED = {
    "ROUND": [6, 2, 2, 1, 1, -1, -1, -2, -2, -6], "CEIL": [6, 3, 2, 2, 1, -1, -1, -1, -2, -5],
    "FLOOR": [5, 2, 1, 1, 1, -1, -2, -2, -3, -6], "UP": [6, 3, 2, 2, 1, -1, -2, -2, -3, -6],
    "DOWN": [5, 2, 1, 1, 1, -1, -1, -1, -2, -5], "HALF_UP": [6, 3, 2, 1, 1, -1, -1, -2, -3, -6],
    "HALF_DOWN": [5, 2, 2, 1, 1, -1, -1, -2, -2, -5],
}


def quantizer(bits=4, scale=1.0, zero=0.0, **options):
    return Quantizer(bits, np.asarray(scale, np.float32), np.asarray(zero, np.float32), **options)


@pytest.mark.parametrize("mode", ROUNDED)
def test_rounding_modes(mode):
    made = quantize(np.array(NUMBERS, np.float32), quantizer(8, rounding=mode))
    np.testing.assert_array_equal(made, ROUNDED[mode])


def test_half_up_of_the_largest_number_below_a_half():
    below = np.nextafter(np.float32(0.5), np.float32(0))
    assert ROUNDINGS["HALF_UP"](np.array([below])) == 0


@pytest.mark.parametrize(("bits", "signed", "narrow", "least", "largest"), [
    (8, True, True, -127, 127), (8, True, False, -128, 127), (8, False, False, 0, 255),
    (8, False, True, 0, 254), (2, True, True, -1, 1), (2, True, False, -2, 1),
    (1, False, False, 0, 1)])
def test_ranges(bits, signed, narrow, least, largest):
    made = quantize(np.array([-1e9, 1e9], np.float32),
                    quantizer(bits, signed=signed, narrow=narrow))
    np.testing.assert_array_equal(made, [least, largest])


def test_scale_and_zero_point():
    made = quantize(np.array([0.3, 0.9, -7, 7], np.float32), quantizer(3, 0.5, 1, signed=False))
    np.testing.assert_array_equal(made, [0.5, 1.0, -0.5, 3.0])


@pytest.mark.parametrize("bits", [None, 1])
def test_zero_is_plus(bits):
    """BipolarQuant, and the signed Quant of one bit, which stands for it."""
    made = quantize(np.array([0.0, -0.0, 1e-9, -1e-9], np.float32), quantizer(bits, 0.25))
    np.testing.assert_array_equal(made, [0.25, 0.25, 0.25, -0.25])


def quant(b, x, *parameters, operation="Quant", domain=BREVITAS, name=None, **attributes):
    """A node of the model under construction; parameters are constants."""
    return b.node(operation, x, *(b.constant(np.asarray(value, np.float32))
                                  for value in parameters),
                  domain=domain, name=name, **attributes)


def finished(b, output):
    """The ModelProto; its declared output has no shape behind a quantizer."""
    return b.model(output, domains=(BREVITAS, QONNX))


def run(model, image, config=CONFIG, **options):
    result = Session(compile_model(model, config, **options)).run(image)
    assert result.difference is None
    return result.outputs[model.graph.output[0].name]


def shadow(seed):
    """Weights before they are made binary, 0 among them, and an image."""
    b, image = integer_builder((3, 6, 6), seed)
    return b, image, b.rng.integers(-2, 3, (4, 3, 3, 3)).astype(np.float32)


@pytest.mark.parametrize("scale", [0.5, [0.5], [[[[2.0]]]],
                                   np.array([1, -0.5, 2, 4.0]).reshape(4, 1, 1, 1)])
@pytest.mark.parametrize("domain", [BREVITAS, QONNX])
def test_bipolar_weights_run_on_the_chip(scale, domain):
    """Conv <- BipolarQuant <- initializer; the same as weights made binary by hand."""
    b, image, real = shadow(1)
    weights = quant(b, b.constant(real), scale, operation="BipolarQuant", domain=domain)
    y = b.node("Relu", b.batch_norm(b.node("Conv", "x", weights, pads=[1] * 4), 4))
    model = finished(b, y)
    support = analyse(load_graph(model), CONFIG)
    assert [placement.where for placement in support.placements] == ["host"] + ["chip"] * 3
    assert support.placements[0].reason == "constant, computed at import"
    plain = onnx.ModelProto.FromString(model.SerializeToString())
    del plain.graph.node[0]
    plain.graph.initializer.append(onnx.numpy_helper.from_array(
        (np.where(real >= 0, 1, -1) * np.asarray(scale, np.float32)).astype(np.float32), weights))
    wanted = onnxruntime.InferenceSession(plain.SerializeToString()).run(None, {"x": image})[0]
    np.testing.assert_array_equal(run(model, image), wanted)


def test_scale_computed_from_the_weights():
    """XNOR-Net's scale, the mean magnitude of a channel, as nodes of the model."""
    b, _, real = shadow(2)
    weights = b.constant(np.where(real == 0, 1, real) * 4)
    scale = b.node("ReduceMean", b.node("Abs", weights), axes=[1, 2, 3], keepdims=1)
    weights = b.node("BipolarQuant", weights, scale, domain=BREVITAS)
    graph = load_graph(finished(b, b.node("Conv", "x", weights, pads=[1] * 4)))
    (chain,) = analyse(graph, CONFIG).chains
    np.testing.assert_array_equal(chain.scale, graph.constants[scale].ravel())
    np.testing.assert_array_equal(chain.weights, real >= 0)


def test_quant_of_weights():
    """More than two values go to the host as real weights; two, or one bit, to the chip."""
    for parameters, attributes, where in (
            ((0.5, 0, 4), {}, "host"), ((1, 0, 2), {"narrow": 1}, "host"),
            ((0.5, 0, 1), {}, "chip"), ((2, 0.5, 1), {"signed": 0}, "chip")):
        b, image, real = shadow(3)
        weights = quant(b, b.constant(real), *parameters, **attributes)
        y = b.conv(b.node("Conv", "x", weights, pads=[1] * 4), 4, 2, name="next")
        model = finished(b, y)
        placements = analyse(load_graph(model), CONFIG).placements
        assert [placement.where for placement in placements] == ["host", where, "chip"]
        if where == "host":
            assert placements[1].reason.startswith(
                "weights of zero beside others" if attributes else "real-valued weights")
        run(model, image)


def test_ternary_quant_of_weights():
    """Two bits, narrow: -1, 0 and +1, on a ternary chip."""
    b, image, real = shadow(3)
    weights = quant(b, b.constant(real), 0.5, 0, 2, narrow=1)
    y = b.node("Conv", "x", weights, pads=[1] * 4)
    model = finished(b, y)
    config = replace(CONFIG, ternary=True)
    assert [p.where for p in analyse(load_graph(model), config).placements] == ["host", "chip"]
    plain, _, _ = shadow(3)
    same = plain.model(plain.node("Conv", "x", plain.constant(0.5 * np.sign(real)), pads=[1] * 4))
    np.testing.assert_array_equal(run(model, image, config=config),
                                  run(same, image, config=config))
    agree(same, image, "chip", config=config)


@pytest.mark.parametrize("domain", [BREVITAS, QONNX])
@pytest.mark.parametrize(("parameters", "attributes"), [
    ((0.5, 0, 4), {}), ((0.5, 3, 3), {"signed": 0, "rounding_mode": "FLOOR"}),
    ((1.5, 0, 2), {"narrow": 1, "rounding_mode": "ceil"}), ((0.25, 0, 1), {}), ((0.25,), None)])
def test_quantizers_of_maps_run_on_the_host(parameters, attributes, domain):
    b, image = integer_builder((3, 6, 6), 4)
    x = b.conv("x", 3, 4, magnitude=0.25)
    operation = "BipolarQuant" if attributes is None else "Quant"
    q = str(quant(b, x, *parameters, operation=operation, domain=domain, name="q",
                  **(attributes or {})))
    model = finished(b, b.conv(q, 4, 2, name="after"))
    graph = load_graph(model)
    assert graph.shapes[q] == (1, 4, 6, 6)
    placements = analyse(graph, CONFIG).placements
    assert [placement.where for placement in placements] == ["chip", "host", "chip"]
    assert ("bipolar" if parameters[-1] in (1, 0.25) else "bits") in placements[1].reason
    assert placements[1].rewrite
    deployment = compile_graph(analyse(graph, CONFIG), CONFIG, name="net", layer_check=True)
    first = deployment.parts[0]
    result = Session(deployment).run(image)
    before = result.chips[0].maps[first.outputs[0]].view(np.float16).astype(np.float32)
    bits = int(parameters[2]) if len(parameters) > 1 else None
    options = {key: bool(value) if isinstance(value, int) else value.upper()
               for key, value in (attributes or {}).items()}
    options["rounding"] = options.pop("rounding_mode", "ROUND")
    wanted = quantize(before, quantizer(bits, parameters[0], *parameters[1:2], **options))
    (made,) = deployment.parts[1].run({first.outputs[0]: before[None]}).values()
    np.testing.assert_array_equal(made[0], wanted)
    found, _ = layer_differences(graph, deployment, {
        name: words for chip in result.chips for name, words in chip.maps.items()}, image)
    assert [difference.largest for difference in found] == [0, 0]


def test_files_that_do_not_declare_the_domain(tmp_path):
    b, image, real = shadow(5)
    weights = quant(b, b.constant(real), 1.0, operation="BipolarQuant")
    model = finished(b, b.node("Conv", "x", weights, pads=[1] * 4))
    model.graph.output[0].type.tensor_type.shape.SetInParent()
    del model.opset_import[1:]
    (tmp_path / "net.onnx").write_bytes(model.SerializeToString())
    assert run(load_model(tmp_path / "net.onnx"), image).shape == (1, 4, 6, 6)


@pytest.mark.parametrize(("change", "message"), [
    ({"rounding_mode": "STOCHASTIC"}, "Node q: rounding_mode STOCHASTIC is not known; there are"),
    ({"bits": 0}, "Node q: bitwidth 0 is not possible: 1 to 32"),
    ({"bits": 2.5}, r"Node q: bitwidth 2.5 is not possible"),
    ({"bits": [2, 3]}, r"Node q: bitwidth has shape \(2,\); one number is possible"),
    ({"scale": 0}, "Node q: scale 0 is not possible; numbers other than 0 are"),
    ({"scale": np.nan}, "Node q: scale nan is not possible"),
    ({"scale": np.ones(5)}, r"Node q: scale of shape \(5,\) does not fit \(., ., ., .\); one "
                            r"number, or a shape that broadcasts to it, would"),
    ({"zero": np.zeros((2, 4, 1, 1, 1))}, r"Node q: zeropt of shape \(2, 4, 1, 1, 1\) does not"),
])
@pytest.mark.parametrize("of", ["weights", "map"])
def test_parameters_that_are_not_possible(change, message, of):
    b, _, real = shadow(6)
    change = {"scale": 1.0, "zero": 0.0, "bits": 4} | change
    attributes = {key: change.pop(key) for key in list(change) if key == "rounding_mode"}
    x = b.constant(real) if of == "weights" else "x"
    q = quant(b, x, *change.values(), name="q", **attributes)
    if of == "weights":
        q = b.node("Conv", "x", q, pads=[1] * 4)
    with pytest.raises(ModelError, match=message):
        analyse(load_graph(finished(b, q)), CONFIG)


def test_what_the_host_cannot_do_either():
    def verdict(build, opset=17):
        b, _ = integer_builder((4, 6, 6))
        model = finished(b, build(b))
        model.opset_import[0].version = opset
        return analyse(load_graph(model), CONFIG).placements[-1]

    def mode(b):
        return quant(b, "x", 1, 0, 4, rounding_mode="UP")

    made = verdict(mode)
    assert (made.where, made.rewrite) == ("unsupported", "one of ROUND, HALF_EVEN, CEIL, FLOOR")
    made = verdict(lambda b: quant(b, "x", 1, 0, 4), 11)
    assert (made.where, made.rewrite) == ("unsupported", "export with opset 12 or newer")
    made = verdict(mode, 11)
    assert made.rewrite == ("export with opset 12 or newer, and one of ROUND, HALF_EVEN, CEIL, "
                            "FLOOR")
    made = verdict(lambda b: b.node("BipolarQuant", "x", "x", domain=QONNX))
    assert "computed from the image" in made.reason
    made = verdict(lambda b: b.node("MultiThreshold", "x", "x", domain=QONNX))
    assert "export_qonnx" in made.rewrite


def test_wrong_number_of_inputs():
    b, _ = integer_builder((4, 6, 6))
    node = b.node("Quant", "x", "x", domain=QONNX, name="q")
    with pytest.raises(ModelError, match="Node q: Quant has 2 inputs, expected X, scale, zeropt"):
        analyse(load_graph(finished(b, node)), CONFIG)


@pytest.mark.parametrize("domain", [BREVITAS, QONNX])
def test_a_sign_of_scale_one_is_the_activation(domain):
    b, image = integer_builder((3, 6, 6), 4)
    x = b.batch_norm(b.conv("x", 3, 4), 4)
    q = str(quant(b, x, 1.0, operation="BipolarQuant", domain=domain, name="q"))
    graph = load_graph(finished(b, b.conv(q, 4, 2, name="after")))
    support = analyse(graph, CONFIG)
    assert {placement.where for placement in support.placements} == {"chip"}
    deployment = compile_graph(support, CONFIG, name="net", layer_check=True)
    maps = Session(deployment).run(image).chips[0].maps
    signs = maps[q].view(np.float16)
    before = run(finished(b, x), image)[0]
    np.testing.assert_array_equal(signs, np.where(before >= 0, 1, -1))     # 0 gives +1


@pytest.mark.parametrize("zero", [0, 0.5])
def test_a_sign_with_a_zero_point_is_not_the_chips(zero):
    """Quant of one bit: (sign(x + zero) - zero), which has other values than -1 and 1."""
    b, image = integer_builder((3, 6, 6), 4)
    x = b.conv("x", 3, 4)
    model = finished(b, quant(b, x, 1.0, zero, 1, name="q"))
    placements = analyse(load_graph(model), CONFIG).placements
    assert [p.where for p in placements] == ["chip", "host" if zero else "chip"]
    plain = finished(b, x)
    before = run(plain, image)
    np.testing.assert_array_equal(run(model, image), np.where(before + zero >= 0, 1, -1) - zero)
