"""Networks from Python: the same words as from the command line, clear errors."""

import numpy as np
import pytest

import flexdrive as fd
from flexdrive_deploy.compiled_model import ChipPart
from flexdrive_sim.inference import DifferenceError

from .networks import answers, two_layers


@pytest.fixture(scope="module")
def network():
    """(model compiled with its layers, images, names of the layers, right answers)."""
    proto, x, names = two_layers()
    return fd.compile(proto, chip="tiny", keep_layers=True), x, names, answers(proto, x)


@pytest.mark.parametrize("engine", ["golden", "rtl"])
def test_results_are_those_of_onnxruntime(network, engine):
    model, x, names, wanted = network
    session = fd.InferenceSession(model, engine=engine)
    (made,) = session.run(None, {"x": x})
    assert made.dtype == np.float16
    np.testing.assert_array_equal(made, wanted)
    (again,) = session.run([names[1]], {"x": x[:1]})
    np.testing.assert_array_equal(again, wanted[:1])


@pytest.mark.slow
def test_a_trace_holds_every_layer_and_what_it_cost(network):
    model, x, names, wanted = network
    trace = fd.InferenceSession(model, engine="rtl").trace(x)
    assert list(trace.layers) == names
    first, second = (trace.layers[name] for name in names)
    assert (first.dtype, first.shape) == (np.float16, (5, 5, 6, 5))
    np.testing.assert_array_equal(second, wanted)
    np.testing.assert_array_equal(trace.outputs[names[1]], wanted)
    assert trace.cycles == trace.modelled > 0
    assert trace.model_holds
    assert trace.first_difference is None
    assert trace.compared == 5 * (first[0].size + second[0].size)
    assert repr(trace).startswith(f"<Trace of 5 images: 2 layers, {trace.cycles:,} cycles an image")


@pytest.mark.parametrize("chip", [
    {"rows": 2, "columns": 2, "channels": 4, "fm_words": 256, "fm_banks": 4, "weight_words": 288},
    {"preset": "tiny", "adder_depth": 2}, fd.ChipConfig(channels=3), None])
def test_a_chip_is_a_preset_parameters_or_a_configuration(network, chip):
    _, x, _, wanted = network
    proto, _, _ = two_layers()
    (made,) = fd.InferenceSession(fd.compile(proto, chip=chip)).run(None, {"x": x})
    np.testing.assert_array_equal(made, wanted)


def test_a_model_is_a_path_bytes_or_a_proto(tmp_path):
    proto, _, _ = two_layers()
    (tmp_path / "net.onnx").write_bytes(proto.SerializeToString())
    (tmp_path / "chip.toml").write_text("[chip]\nrows = 3\n")
    models = [fd.compile(source, chip=tmp_path / "chip.toml") for source in (
        proto, proto.SerializeToString(), tmp_path / "net.onnx", str(tmp_path / "net.onnx"))]
    assert {model.config.rows for model in models} == {3}
    streams = {model.programs[0].words.tobytes() for model in models}
    assert len(streams) == 1
    models[0].save(tmp_path / "made")
    assert repr(fd.InferenceSession(tmp_path / "made")) == "<InferenceSession 'test' on golden>"


@pytest.mark.parametrize(("feed", "message"), [
    ({}, "Input x is missing; the network takes x"),
    ({"x": np.zeros((1, 3, 6, 5)), "y": 0}, "The network has no input 'y'; it takes x"),
    ({"x": np.zeros((3, 6, 5))}, r"The array has shape \(3, 6, 5\); input x takes \(N, 3, 6, 5\)"),
    ({"x": np.zeros((1, 3, 5, 6))}, r"has shape \(1, 3, 5, 6\); input x takes \(N, 3, 6, 5\)"),
    ({"x": np.zeros((0, 3, 6, 5))}, "N at least 1"),
    ({"x": np.full((1, 3, 6, 5), "a")}, "has type <U1; input x takes numbers"),
])
def test_wrong_input_is_one_error_that_names_it(network, feed, message):
    with pytest.raises(fd.FlexdriveError, match=message):
        fd.InferenceSession(network[0]).run(None, feed)


def test_wrong_names_are_one_error(network):
    model, x, names, _ = network
    with pytest.raises(fd.FlexdriveError, match="engine = 'verilog' is none of golden, rtl, pysim"):
        fd.InferenceSession(model, engine="verilog")
    with pytest.raises(fd.FlexdriveError, match=f"no output 'z'; it has {names[1]}"):
        fd.InferenceSession(model).run(["z"], {"x": x})
    with pytest.raises(fd.FlexdriveError, match="no preset; there are digits, ecp5, paper, tiny"):
        fd.compile(two_layers()[0], chip="large")
    with pytest.raises(fd.FlexdriveError, match="chip: row is no parameter of a chip"):
        fd.compile(two_layers()[0], chip={"row": 2})
    with pytest.raises(fd.FlexdriveError, match="model is int; expected the path"):
        fd.compile(3)
    with pytest.raises(fd.FlexdriveError, match="is not an ONNX file"):
        fd.compile(b"\xff\xff\xff")


def test_a_wrong_word_is_an_error_with_its_place():
    proto, x, names = two_layers()
    model = fd.compile(proto, chip="tiny", keep_layers=True)
    (part,) = (part for part in model.parts if isinstance(part, ChipPart))
    part.program.weights[0] ^= 1
    with pytest.raises(DifferenceError, match="image 0: layer first, channel 0, row 1") as caught:
        fd.InferenceSession(model).run(None, {"x": x})
    trace = fd.InferenceSession(model).trace(x)
    assert trace.first_difference == caught.value.difference
    assert len(trace.outputs[names[1]]) == 1


def test_inputs_are_named(network):
    (node,) = fd.InferenceSession(network[0]).get_inputs()
    assert (node.name, node.shape) == ("x", ("N", 3, 6, 5))
