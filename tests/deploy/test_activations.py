"""Clamps, signs and additions behind the activation, from ONNX to the chip: exactly as
onnxruntime, in one layer each."""

from dataclasses import replace

import numpy as np
import pytest

from flexdrive.hyperdrive import PRESETS
from flexdrive.hyperdrive.descriptor.fields import Activation
from flexdrive_deploy.compiler import compile_model
from flexdrive_deploy.errors import ModelError
from flexdrive_deploy.frontend.graph import load_graph
from flexdrive_deploy.hyperdrive.codegen import lower
from flexdrive_deploy.hyperdrive.disassembly import listing
from flexdrive_deploy.hyperdrive.ir import ChipGraph
from flexdrive_deploy.hyperdrive.partition import analyse
from flexdrive_deploy.hyperdrive.splitting import split_inputs
from flexdrive_sim.hyperdrive.drive.inference_session import Session
from flexdrive_sim.hyperdrive.drive.runner import predict_program

from .networks import evaluate, half, random_layer
from .onnx_models import integer_builder
from .test_import import CONFIG, agree
from .test_lower import run

LEAKY = replace(CONFIG, leaky=True)
CHANNELWISE = replace(LEAKY, channelwise=True)


def layers(deployment):
    """Descriptors of the convolutions."""
    return [d for program in deployment.programs for d in program.descriptors if d.operation == 1]


def bounds(descriptor):
    return tuple(float(bound) for bound in np.array(descriptor.bounds, np.uint16).view(np.float16))


def clip(b, x, low=None, high=None):
    return b.node("Clip", x, *("" if bound is None else b.constant(bound)
                               for bound in (low, high)))


def minimum(b, x, bound):
    return b.node("Min", x, b.constant(bound))


CLAMPS = {
    "ReLU6": (lambda b, x: clip(b, x, 0.0, 6.0), (0, 6)),
    "ReLU6 of ReLU and Min": (lambda b, x: minimum(b, b.node("Relu", x), 6.0), (0, 6)),
    "ReLU6 of Clip and ReLU": (lambda b, x: b.node("Relu", clip(b, x, -9.0, 6.0)), (0, 6)),
    "hardtanh": (lambda b, x: clip(b, x, -1.0, 1.0), (-1, 1)),
    "upper bound alone": (lambda b, x: clip(b, x, high=2.5), (-np.inf, 2.5)),
    "lower bound alone": (lambda b, x: b.node("Max", b.constant([-2.0]), x), (-2, np.inf)),
    "ReLU": (lambda b, x: clip(b, x, 0.0, 1e30), (0, np.inf)),
    "no bounds": (lambda b, x: clip(b, x), (-np.inf, np.inf)),
    "bounds that cross": (lambda b, x: clip(b, x, 3.0, -2.0), (-2, -2)),
    "leaky, then bounds": (lambda b, x: clip(b, b.node("LeakyRelu", x, alpha=0.25), -1.0, 4.0),
                           (-1, 4)),
}


@pytest.mark.parametrize("name", CLAMPS)
@pytest.mark.parametrize("size", [(5, 7), (1, 1)])
def test_clamps(name, size):
    build, wanted = CLAMPS[name]
    b, image = integer_builder((3, *size), 3)
    y = b.conv(build(b, b.conv("x", 3, 6)), 6, 4)
    deployment = agree(b.model(build(b, b.node("Add", y, b.conv("x", 3, 4)))), image, "chip",
                       config=LEAKY)
    assert [bounds(d) for d in layers(deployment)].count(wanted) >= 2
    # One form for one function: what needs no bounds of its own is as short as ever.
    assert all(d.extended == (d.bounds != Activation(d.activation).bounds)
               for d in layers(deployment))


def test_bounds_are_rounded_to_binary16():
    b, _ = integer_builder((2, 3, 3))
    (d,) = layers(compile_model(b.model(clip(b, b.conv("x", 2, 3), -0.1, 70000.0)), CONFIG))
    assert bounds(d) == (float(np.float16(-0.1)), np.inf)
    text = listing(compile_model(b.model(clip(b, b.conv("x", 2, 3), -0.1, 70000.0)), CONFIG))
    assert "      bounds -0.0999756 and inf\n" in text
    assert max(map(len, text.splitlines())) <= 80


ACTIVATIONS = {
    "ReLU": lambda b, x: b.node("Relu", x), "leaky": lambda b, x: b.node(
        "LeakyRelu", x, alpha=0.25), "ReLU6": lambda b, x: clip(b, x, 0.0, 6.0),
    "hardtanh": lambda b, x: clip(b, x, -1.0, 1.0)}


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize(("size", "stride"), [((5, 7), 1), ((1, 1), 1), ((9, 4), 2)])
def test_additions_behind_the_activation(name, size, stride):
    """YOLOv3's shortcut: one layer, no map between."""
    b, image = integer_builder((3, *size), 5, factors=(0.5, 1.0))
    image[np.abs(image) > 1] = 0
    x = b.conv("x", 3, 5, stride=stride)
    y = ACTIVATIONS[name](b, b.batch_norm(b.conv("x", 3, 5, stride=stride), 5))
    model = b.model(b.conv(b.node("Add", y, x), 5, 4))
    deployment = agree(model, image, "chip", config=LEAKY)
    found = layers(deployment)
    assert [d.late for d in found].count(1) == 1
    assert len(found) == 3
    assert "after the activation" in listing(deployment)
    assert any("after its activation" in p.reason
               for p in analyse(load_graph(model), LEAKY).placements)


@pytest.mark.parametrize(("channelwise", "cycles"), [(True, 178_555), (False, 178_554)])
def test_shortcut_blocks_of_the_results(channelwise, cycles):
    """docs/results/layer-kinds.md: no layer and no host beside the convolutions."""
    b, _ = integer_builder((32, 32, 32), 1)
    x = ACTIVATIONS["leaky"](b, b.conv("x", 32, 32))
    for _ in range(4):
        y = ACTIVATIONS["leaky"](b, b.conv(x, 32, 16, 1))
        x = b.node("Add", x, ACTIVATIONS["leaky"](b, b.conv(y, 16, 32)))
    config = replace(PRESETS["digits"], fm_words=8192, leaky=True, channelwise=channelwise)
    (program,) = compile_model(b.model(b.conv(x, 32, 8)), config).programs
    assert predict_program(program).cycles == cycles
    assert program.input_words + program.output_words == 40_960
    assert program.peak_words == 4_096


def test_an_addition_of_what_the_host_makes():
    b, image = integer_builder((3, 4, 4), 6)
    y = b.node("Relu", b.conv("x", 3, 3))
    agree(b.model(b.conv(b.node("Add", b.node("Abs", "x"), y), 3, 2)), image,
          ["chip", "chip", "host", "chip", "chip"])


@pytest.mark.parametrize("behind", ["Relu", "Add", "Mul"])
def test_nothing_comes_behind_the_late_addition(behind):
    """On a chip without channelwise it is the host's, on others a layer of its own."""
    b, image = integer_builder((3, 4, 5), 7)
    y = b.node("Add", b.node("Relu", b.conv("x", 3, 3)), "x")
    y = b.node(behind, y, *([] if behind == "Relu" else [b.constant(2.0)]))
    model = b.model(y)
    agree(model, image, ["chip"] * 3 + ["host"])
    deployment = agree(model, image, "chip", config=CHANNELWISE)
    assert [d.channelwise for d in layers(deployment)] == [0, 1]


@pytest.mark.parametrize("config", [LEAKY, CHANNELWISE])
@pytest.mark.parametrize("weight_words", [54, 36])
def test_a_late_addition_of_a_layer_in_parts(config, weight_words):
    """A layer of its own, a CONV a channel where the chip has no channelwise layers."""
    b, image = integer_builder((12, 6, 6), 8, factors=(0.5, 1.0))
    y = clip(b, b.batch_norm(b.conv("x", 12, 12), 12), 0.0, 6.0)
    deployment = agree(b.model(b.node("Add", y, "x")), image, "chip",
                       config=replace(config, weight_words=weight_words))
    parts = 12 // (weight_words // 9)
    found = layers(deployment)
    assert len(found) == parts + (1 if config.channelwise else 12)
    assert [bounds(d) for d in found[:parts]] == [(-np.inf, np.inf)] * (parts - 1) + [(0, 6)]
    assert not any(d.late for d in found)
    # The map between is one of the model, so that --layer-check has it to compare.
    assert "clip" in deployment.programs[0].entries[parts].writes


def test_parts_and_late_additions_of_random_numbers():
    """What is added last is rounded once more, in the layer of its own as in one."""
    rng = np.random.default_rng(1)
    for channelwise in (False, True) * 5:
        layer = replace(random_layer(rng, "a", "x", 12, 6, bypass="y"), late=True)
        graph = ChipGraph({"x": (12, 5, 5), "y": (6, 5, 5)}, [layer], ["a.out"])
        config = replace(CONFIG, weight_words=40, channelwise=channelwise)
        split = split_inputs(graph, config)
        image = {name: half(rng, *shape) for name, shape in graph.inputs.items()}
        alone = evaluate(ChipGraph({"x": (12, 5, 5)}, [replace(
            layer, bypass=None, late=False, parts=(4, 4, 4))], ["a.out"]), {"x": image["x"]})
        wanted = alone["a.out"].view(np.float16) + image["y"].view(np.float16)
        np.testing.assert_array_equal(run(lower(split, config), image)["a.out"],
                                      wanted.view(np.uint16))


def _signed(b, x, kind):
    if kind == "Sign":
        return b.node("Sign", x)
    made = b.node("BipolarQuant", x, b.constant(np.float32(1)))
    b.nodes[-1].domain = "qonnx.custom_op.general"
    return made


@pytest.mark.parametrize("kind", ["Sign", "BipolarQuant"])
@pytest.mark.parametrize("size", [(6, 5), (1, 1)])
def test_signs_behind_normalisations_are_exact(kind, size):
    """Scales of either sign and biases that binary16 rounds to the other side of a sum."""
    rng = np.random.default_rng(3)
    b, _ = integer_builder((16, *size), 4)
    image = rng.choice([-1.0, 1.0], (1, 16, *size)).astype(np.float32)
    weights, count = b.signs(64, 16, 3, 3), 64
    gamma = rng.choice([-1, 1], count) * rng.uniform(0.01, 2, count)
    # Sums are integers: thresholds a little beside one, by less than binary16 tells apart.
    mean = rng.integers(-9, 10, count) + rng.choice([-1, 1], count) * 10.0 ** rng.uniform(
        -6, -1, count)
    x = b.conv("x", 16, 64, weights=weights)
    x = b.node("BatchNormalization", x, *(b.constant(values) for values in (
        gamma, np.zeros(count), mean, np.full(count, 0.7))), epsilon=0.0)
    model = b.model(_signed(b, x, kind), domains=["qonnx.custom_op.general"])
    deployment = compile_model(model, replace(CONFIG, fm_words=4096))
    placements = analyse(load_graph(model), CONFIG).placements
    assert all(p.where == "chip" for p in placements)
    assert placements[-1].reason == "folded into conv0, its sum compared with a threshold"
    (made,) = Session(deployment).run(image).outputs.values()
    padded = np.pad(image[0].astype(np.float64), ((0, 0), (1, 1), (1, 1)))
    sums = sum(np.tensordot(weights[:, :, dy, dx], padded[:, dy:dy + size[0], dx:dx + size[1]], 1)
               for dy in range(3) for dx in range(3))
    # The model's own constants, which are of float32.
    gamma, mean = (values.astype(np.float32).astype(np.float64)[:, None, None]
                   for values in (gamma, mean))
    wanted = np.where((sums - mean) * gamma >= 0, 1, -1)
    np.testing.assert_array_equal(made[0], wanted)
    # Scaled and added to in binary16, as without a threshold, some are wrong.
    scaled = (sums.astype(np.float16) * (gamma / np.sqrt(0.7)).astype(np.float16)
              + (-mean * gamma / np.sqrt(0.7)).astype(np.float16))
    assert size == (1, 1) or (np.where(scaled >= 0, 1, -1) != wanted).any()


def test_a_sign_with_its_addition_behind():
    b, image = integer_builder((3, 5, 5), 9)
    x = b.node("Sign", b.node("Add", b.conv("x", 3, 3), b.constant(0.3)))
    deployment = agree(b.model(b.node("Add", x, "x")), image, "chip")
    (late,) = [d for d in layers(deployment) if d.late]
    assert late.activation == Activation.SIGN


@pytest.mark.parametrize("build", [
    lambda b, x: b.node("Relu", x), lambda b, x: clip(b, x, -1.0, 2.0),
    lambda b, x: b.node("Mul", x, b.constant(np.arange(1, 5).reshape(4, 1, 1))),
    lambda b, x: b.node("Add", x, b.constant(3.0)), lambda b, x: b.node("Sub", x, b.constant(3.0)),
    lambda b, x: minimum(b, x, 1.0), lambda b, x: b.node("Max", x, b.constant(-1.0)),
    lambda b, x: b.batch_norm(x, 4), lambda b, x: b.node("Add", x, b.node("Relu", x)),
    lambda b, x: b.node("LeakyRelu", x, alpha=0.25),
    lambda b, x: b.node("Sign", b.node("Add", x, b.constant(0.3)))])
def test_element_wise_layers_by_themselves(build):
    """Behind a map that several layers read: channelwise layers, no map travels."""
    b, image = integer_builder((3, 5, 4), 10)
    x = b.conv("x", 3, 4)
    model = b.model(b.conv(build(b, x), 4, 3), b.conv(x, 4, 2))
    deployment = agree(model, image, "chip", config=CHANNELWISE)
    assert len(deployment.programs) == 1
    assert any(d.channelwise for d in layers(deployment))


def test_layers_that_do_not_fit_are_refused():
    rng = np.random.default_rng(0)
    layer = random_layer(rng, "a", "x", 4, 4)
    for change, words in (({"late": True}, "has a bypass and is in one part"),
                          ({"bounds": (0,)}, "two binary16 numbers"),
                          ({"bounds": (0, 0x7E00)}, "two binary16 numbers")):
        with pytest.raises(ModelError, match=words):
            ChipGraph({"x": (4, 3, 3)}, [replace(layer, **change)], ["a.out"])
