"""Imported networks against onnxruntime, exactly: data for which every step is exact in binary16
and in float32, so that the order of additions does not matter and every bit must agree."""

from dataclasses import replace

import numpy as np
import onnx
import onnxruntime
import pytest

from flexdrive.hyperdrive.config import ChipConfig
from flexdrive_deploy.compiler import compile_model
from flexdrive_deploy.errors import ModelError
from flexdrive_deploy.frontend.graph import load_graph, load_model
from flexdrive_deploy.frontend.host_part import HostPart
from flexdrive_deploy.hyperdrive.diagnostics import obstacles
from flexdrive_deploy.hyperdrive.partition import analyse
from flexdrive_sim.hyperdrive.drive.inference_session import Session

from .onnx_models import integer_builder

CONFIG = ChipConfig(rows=2, columns=3, channels=4, fm_words=2048, fm_banks=4, weight_words=300,
                    adder_depth=2)


def agree(model, image, where, *, layer_check=True, config=CONFIG):
    """Compile, run and compare with onnxruntime; ``where`` is "chip" or "host" for every node,
    or one of them for all."""
    onnx.checker.check_model(model)
    placements = analyse(load_graph(model), config).placements
    verdicts = [placement.where for placement in placements]
    assert verdicts == (where if isinstance(where, list) else [where] * len(verdicts)), placements
    deployment = compile_model(model, config, layer_check=layer_check)
    result = Session(deployment).run(image)
    assert result.difference is None
    names = [value.name for value in model.graph.output]
    wanted = onnxruntime.InferenceSession(model.SerializeToString()).run(names, {"x": image})
    for name, value in zip(names, wanted, strict=True):
        got = result.outputs[name].astype(value.dtype)
        # +0 and -0 differ where frameworks reorder; everything else must not.
        np.testing.assert_array_equal(got, value, err_msg=name)
    return deployment


@pytest.mark.parametrize("size", [(8, 8), (5, 7), (1, 1), (2, 9)])
@pytest.mark.parametrize(("kernel", "stride"), [(1, 1), (3, 1), (1, 2), (3, 2), (5, 1), (5, 2),
                                               (7, 1), (7, 2)])
def test_one_convolution(size, kernel, stride):
    b, image = integer_builder((3, *size), kernel)
    config = replace(CONFIG, halo=max(1, kernel // 2), weight_words=400)
    agree(b.model(b.conv("x", 3, 6, kernel, stride, magnitude=0.5)), image, "chip", config=config)


def test_scale_and_bias_in_every_form():
    b, image = integer_builder((4, 6, 6))
    x = b.conv("x", 4, 5, bias=np.arange(5.0), magnitude=np.array([1, 2, 0.5, 1, 4.0])[
        :, None, None, None])
    x = b.batch_norm(x, 5)
    x = b.node("Mul", b.constant(np.array([1, -2, 0.5, 1, 2.0]).reshape(5, 1, 1)), x)
    x = b.node("Add", x, b.constant(np.arange(5.0).reshape(1, 5, 1, 1)))
    x = b.node("Sub", x, b.constant([3.0]))
    x = b.node("Div", x, b.constant(np.float32(2)))
    x = b.node("Cast", x, to=onnx.TensorProto.FLOAT)
    agree(b.model(b.node("Relu", x)), image, "chip")


@pytest.mark.parametrize("swap", [False, True])
@pytest.mark.parametrize("project_first", [False, True])
def test_residual_blocks(swap, project_first):
    """Identity bypass, then a block with projection; operands of Add in either order."""
    b, image = integer_builder((2, 6, 6), 1, factors=(1.0, -1.0))
    image[np.abs(image) > 1] = 0        # small enough for four layers of exact sums

    def add(one, other):
        return b.node("Add", *((other, one) if swap else (one, other)))

    y = b.node("Relu", b.batch_norm(b.conv("x", 2, 2), 2))
    y = b.node("Relu", add(b.batch_norm(b.conv(y, 2, 2), 2), "x"))
    if project_first:
        short = b.batch_norm(b.conv(y, 2, 3, 1, 2), 3)
    z = b.node("Relu", b.batch_norm(b.conv(y, 2, 3, 3, 2), 3))
    z = b.batch_norm(b.conv(z, 3, 3, 1), 3, name="last")
    if not project_first:
        short = b.batch_norm(b.conv(y, 2, 3, 1, 2), 3)
    z = b.node("Relu", b.node("Add", add(z, short), b.constant([1.0])))
    deployment = agree(b.model(z), image, "chip")
    (program,) = deployment.programs
    assert sum(entry.bypass is not None for entry in program.entries) == 2
    bypass = next(e.bypass for e in reversed(program.entries) if e.bypass is not None)
    assert bypass != "last:0"       # the last convolution adds the projection, not the reverse


def test_bypass_of_the_branch_that_ends_in_relu():
    b, image = integer_builder((4, 5, 5), 2)
    left = b.node("Relu", b.conv("x", 4, 4))
    left = b.node("Relu", b.conv(left, 4, 4))
    agree(b.model(b.node("Add", left, b.batch_norm(b.conv("x", 4, 4, 1), 4))), image, "chip")


def test_host_prefix_and_suffix():
    b, image = integer_builder((1, 8, 8), 3)
    real = b.rng.integers(-2, 3, (4, 1, 3, 3)).astype(float)
    x = b.node("Relu", b.conv("x", 1, 4, weights=real))
    x = b.node("Relu", b.conv(x, 4, 8, 3, 2))
    x = b.node("Flatten", b.node("GlobalMaxPool", x))
    x = b.node("Gemm", x, b.constant(b.rng.integers(-2, 3, (8, 3))), b.constant(np.ones(3)))
    agree(b.model(x), image, ["host", "host", "chip", "chip", "host", "host", "host"])


def test_chip_host_chip():
    """A pooling between two chip parts, and a map of the first that the second adds."""
    b, image = integer_builder((4, 8, 8), 4)
    x = b.node("Relu", b.conv("x", 4, 4, 3, 2))
    y = b.node("MaxPool", x, kernel_shape=[3, 3], pads=[1] * 4)
    z = b.node("Add", b.batch_norm(b.conv(y, 4, 4), 4), x)
    deployment = agree(b.model(z), image, ["chip", "chip", "host", "chip", "chip", "chip"])
    assert len(deployment.programs) == 2
    assert deployment.programs[1].loads == ["maxpool2:0", "relu1:0"]


def test_intermediate_results_that_leave():
    b, image = integer_builder((3, 6, 4), 5)
    x = b.conv("x", 3, 4)
    y = b.node("Relu", x)                # x is an output, so this cannot be folded
    z = b.conv(y, 4, 2)
    agree(b.model(z, x), image, ["chip", "host", "chip"])


def test_value_with_two_readers_is_not_folded_away():
    b, image = integer_builder((3, 6, 4), 6)
    x = b.conv("x", 3, 4)
    y, z = b.batch_norm(x, 4), b.conv(x, 4, 4)
    agree(b.model(b.node("Add", z, y)), image, ["chip", "host", "chip", "chip"])


def test_exports_with_shapes_constants_and_identities():
    """What exporters leave behind: Constant, Shape, Gather, Concat, Reshape, Dropout, Identity."""
    b, image = integer_builder((2, 4, 4), 7)
    b.nodes.append(onnx.helper.make_node("Constant", [], ["two"], "two", value=onnx.numpy_helper
                                         .from_array(np.full((1, 1, 1, 1), 2, np.float32))))
    x = b.node("Identity", b.conv("x", 2, 4))
    x = b.node("Dropout", b.node("Mul", x, "two"))
    x = b.node("Relu", x)
    batch = b.node("Gather", b.node("Shape", x), b.constant(0, np.int64))
    batch = b.node("Unsqueeze", batch, b.constant([0], np.int64))
    x = b.node("Reshape", x, b.node("Concat", batch, b.constant([-1], np.int64), axis=0))
    where = ["host", "chip", "host", "chip", "host", "chip"] + ["host"] * 5
    agree(b.model(x), image, where)


def test_weights_folded_from_integers():
    """int8 signs, cast and scaled in the model."""
    b, image = integer_builder((2, 4, 4), 8)
    signs = b.constant(b.signs(4, 2, 3, 3), np.int8)
    weights = b.node("Mul", b.node("Cast", signs, to=1), b.constant(0.5))
    agree(b.model(b.node("Conv", "x", weights, pads=[1] * 4)), image, ["host", "host", "chip"])


def test_float16_model():
    b, image = integer_builder((3, 5, 5), 9, dtype=np.float16)
    x = b.node("Relu", b.batch_norm(b.conv("x", 3, 4), 4))
    x = b.node("Cast", x, to=onnx.TensorProto.FLOAT)
    agree(b.model(b.node("GlobalMaxPool", x)), image, ["chip", "chip", "chip", "chip", "host"])


@pytest.mark.parametrize(("attributes", "where"), [
    ({"auto_pad": "SAME_UPPER"}, "chip"), ({"auto_pad": "VALID"}, "host"),
    ({"pads": [1, 1, 1, 1]}, "chip"), ({"pads": [0, 0, 2, 2]}, "host"), ({}, "host"),
    ({"pads": [1, 1, 1, 1], "strides": [2, 1]}, "host"),
    ({"pads": [2, 2, 2, 2], "dilations": [2, 2]}, "host"),
    ({"pads": [1, 1, 0, 0], "strides": [2, 2]}, "chip"),         # 6 pixels: the last is not read
    ({"auto_pad": "SAME_UPPER", "strides": [2, 2]}, "chip"),     # pads 0 before, 1 after
    ({"auto_pad": "SAME_LOWER", "strides": [2, 2]}, "chip"),     # pads 1 before, 0 after
    ({"pads": [1, 1, 1, 1], "group": 2}, "chip"),
])
def test_geometry(attributes, where):
    b, image = integer_builder((4, 6, 6), 10)
    weights = b.constant(b.signs(4, 4 // attributes.get("group", 1), 3, 3))
    x = b.node("Conv", "x", weights, **attributes)
    x = b.conv(x, 4, 2)
    agree(b.model(x), image, [where, "chip"])


def test_real_precision_stays_close_to_the_framework():
    """Ordinary values: not equal, since binary16 rounds, but near."""
    rng = np.random.default_rng(11)
    b, _ = integer_builder((6, 8, 8), 11)
    x = b.node("Relu", b.batch_norm(b.conv("x", 6, 8, magnitude=0.1), 8))
    model = b.model(b.batch_norm(b.conv(x, 8, 8, magnitude=0.1), 8))
    image = rng.standard_normal((1, 6, 8, 8)).astype(np.float16).astype(np.float32)
    got = Session(compile_model(model, CONFIG)).run(image).outputs[model.graph.output[0].name]
    wanted = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": image})[0]
    assert got.dtype == np.float16
    np.testing.assert_allclose(got, wanted, atol=0.02)


REASONS = {
    "real": (lambda b: b.conv("x", 4, 4, weights=b.rng.standard_normal((4, 4, 3, 3))), "host",
             "real-valued weights (36 magnitudes in output channel 0, from 0.049",
             "plus or minus one value"),
    "five": (lambda b: b.conv("x", 4, 4, 5), "host",
             "kernel 5x5 needs a halo of 2", "a chip with halo = 2, or 3x3 convolutions"),
    "four": (lambda b: b.conv("x", 4, 4, 4, pads=[1, 1, 2, 2]), "host", "kernel 4x4",
             "3x3 convolutions in sequence"),
    "clip": (lambda b: b.node("Clip", b.conv("x", 4, 4), b.constant(0.0), b.constant(np.nan)),
             "host", "its bounds are no numbers", "Relu"),
    "scale": (lambda b: b.node("Mul", b.node("Add", b.conv("x", 4, 4), "x"), b.constant(2.0)),
              "host", "scales after the residual addition", "scale both operands"),
    "late": (lambda b: b.node("Add", b.node("Relu", b.conv("x", 4, 4)), b.constant(2.0)), "host",
             "comes after the activation", "convolution, scale, addition, bias"),
    "huge": (lambda b: b.conv("x", 4, 4, magnitude=1e5), "host",
             "scale 1e+05 of output channel 0 exceeds binary16", "65504"),
    "columns": (lambda b: b.node("Mul", b.conv("x", 4, 4), b.constant(np.arange(6.0))), "host",
                "not one constant, or one per channel", "(C, 1, 1)"),
    "readers": (lambda b: b.node("Add", b.node("Relu", x := b.conv("x", 4, 4)), x), "host",
                "its input conv0:0 has 2 readers (relu1, add2), so none is folded into conv0",
                "one reader"),
    "shared": (lambda b: (b.node("Abs", x := b.conv("x", 4, 4)), b.node("Relu", x)), "host",
               "its input conv0:0 has 2 readers (abs1, relu2), so none is folded into conv0",
               "one reader"),
    "behind": (lambda b: b.node("Relu", b.node("Abs", b.conv("x", 4, 4))), "host",
               "behind abs1, which the host computes", ""),
    "input": (lambda b: b.node("Relu", "x"), "host", "behind the network's input x", ""),
    "head": (lambda b: b.node("GlobalAveragePool", b.conv("x", 4, 4)), "host",
             "the chip has no pooling", "a chip with channelwise = true"),
    "random": (lambda b: b.node("RandomNormalLike", b.conv("x", 4, 4)), "unsupported",
               "RandomNormalLike makes random numbers", "as exported for inference"),
    "layernorm": (lambda b: b.node("LayerNormalization", b.conv("x", 4, 4), b.constant(
        np.ones(6)), axis=-1), "host", "the chip has no such operation", ""),
}


@pytest.mark.parametrize("name", REASONS)
def test_reasons(name):
    build, where, reason, rewrite = REASONS[name]
    b, _ = integer_builder((4, 6, 6))
    made = build(b)
    model = b.model(*(made if isinstance(made, tuple) else [made]))
    placement = analyse(load_graph(model), CONFIG).placements[-1]
    assert placement.where == where
    assert reason in placement.reason
    assert rewrite in placement.rewrite


def test_obstacles_are_the_causes_only():
    """Reasons that differ in numbers are one; what is unsupported comes first."""
    b, _ = integer_builder((4, 6, 6))
    x = "x"
    for _ in range(3):
        x = b.conv(x, 4, 4, weights=b.rng.standard_normal((4, 4, 3, 3)))
        x = b.node("Relu", b.node("MaxPool", x, kernel_shape=[1, 1]))
    x = b.conv(b.node("RandomNormalLike", x), 4, 4, 5)
    found = obstacles(analyse(load_graph(b.model(x)), CONFIG).placements)
    assert [(one.count, one.operation, one.first, one.unsupported) for one in found] == [
        (1, "RandomNormalLike", "randomnormallike9", True), (3, "Conv", "conv0", False),
        (3, "MaxPool", "maxpool1", False), (1, "Conv", "conv10", False)]
    assert all(one.reason and one.rewrite for one in found)


def test_networks_that_do_not_run():
    b, _ = integer_builder((4, 6, 6))
    with pytest.raises(ModelError, match=r"Node dice: RandomNormalLike makes .* What would"):
        compile_model(b.model(b.node("RandomNormalLike", b.conv("x", 4, 4), name="dice")), CONFIG)
    b, _ = integer_builder((4, 6, 6))
    with pytest.raises(ModelError, match=r"No layer .* runs on the chip \(conv0: kernel 5x5"):
        compile_model(b.model(b.conv("x", 4, 4, 5)), CONFIG)
    b, _ = integer_builder((4, 6, 6))
    b.shape = (4, "H", 6)
    with pytest.raises(ModelError, match="Input x: axis 2 has no fixed size"):
        load_graph(b.model(b.conv("x", 4, 4)))
    b, _ = integer_builder((4, 6, 6))
    with pytest.raises(ModelError, match=r"Node conv0 .*weights of shape \(4, 3, 3, 3\)"):
        compile_model(b.model(b.conv("x", 3, 4)), CONFIG)
    b, _ = integer_builder((4, 6, 6))
    with pytest.raises(ModelError, match="The shapes of the model do not fit together"):
        load_graph(b.model(b.node("Add", b.conv("x", 4, 4), b.constant(np.ones(5)))))


def test_files_that_are_no_models(tmp_path):
    b, _ = integer_builder((4, 6, 6))
    content = b.model(b.conv("x", 4, 4)).SerializeToString()
    with pytest.raises(ModelError, match=r"none.onnx: no such file"):
        load_model(tmp_path / "none.onnx")
    for name, damaged in (("cut.onnx", content[:len(content) // 2]), ("empty.onnx", b""),
                          ("foreign.onnx", b"\x89PNG\r\n" + bytes(100))):
        (tmp_path / name).write_bytes(damaged)
        with pytest.raises(ModelError, match=f"{name} is not a"):
            load_model(tmp_path / name)


def test_host_errors_name_the_nodes():
    b, _ = integer_builder((4, 6, 6))
    part = HostPart(b.model(b.conv("x", 4, 4, name="first")))
    with pytest.raises(ModelError, match="The host cannot compute one of first: "):
        part.run({"x": np.zeros((1, 3, 6, 6))})


def test_nodes_whose_result_nothing_reads_are_gone():
    b, image = integer_builder((3, 4, 4), 1)
    x = b.conv("x", 3, 2)
    b.conv(b.node("MaxPool", x, kernel_shape=[2, 2]), 2, 5)
    deployment = agree(b.model(x), image, ["chip", "host", "host"])
    assert len(deployment.parts) == 1
    placements = analyse(load_graph(b.model(x)), CONFIG).placements
    assert [p.reason for p in placements[1:]] == ["nothing reads its result"] * 2
