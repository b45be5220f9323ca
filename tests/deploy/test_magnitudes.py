"""What training leaves of binary weights: straight-through forms whose magnitudes differ in the
last bits of float32, and weights that only look like that."""

from dataclasses import replace

import numpy as np
import onnx
import onnxruntime
import pytest

from flexdrive_deploy.compiler import compile_model
from flexdrive_deploy.frontend.graph import load_graph
from flexdrive_deploy.hyperdrive.partition import analyse
from flexdrive_sim.hyperdrive.drive.inference_session import Session

from .onnx_models import Builder, integer_builder
from .test_import import CONFIG

TERNARY = replace(CONFIG, ternary=True)


def straight_through(latent, values):
    """w + (q(w) - w) in float32, as a training framework computes it."""
    latent = latent.astype(np.float32)
    return latent + (values.astype(np.float32) - latent)


def near(model, image, config=CONFIG):
    """Compile with every layer on the chip; (largest difference from onnxruntime, reason of the
    first node)."""
    placements = analyse(load_graph(model), config).placements
    assert {p.where for p in placements if not p.gone} == {"chip"}, placements
    (got,) = Session(compile_model(model, config)).run(image).outputs.values()
    (wanted,) = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": image})
    reason = next(p.reason for p in placements if p.operation == "Conv")
    return np.abs(got - wanted).max() / np.abs(wanted).max(), reason


@pytest.mark.parametrize("scale", [1.0, 1e-7, 1e5])
def test_straight_through_weights_are_binary(scale):
    """A scale behind the layer brings them back to ordinary size: the spread is relative."""
    rng = np.random.default_rng(0)
    b = Builder((4, 8, 8), rng)
    latent = rng.uniform(-1, 1, (6, 4, 3, 3))
    means = np.abs(latent).mean(axis=(1, 2, 3), keepdims=True)
    weights = straight_through(latent, np.where(latent >= 0, means, -means)) * np.float32(scale)
    assert max(len(np.unique(np.abs(channel))) for channel in weights) > 1
    x = b.conv("x", 4, 6, weights=weights)
    model = b.model(b.node("Mul", x, b.constant(1 / scale)))
    image = rng.integers(-3, 4, (1, 4, 8, 8)).astype(np.float32)
    difference, reason = near(model, image)
    assert difference < 2e-3
    assert reason.startswith("binary weights; magnitudes up to ")
    assert "less than half an ulp of binary16" in reason


def test_straight_through_ternary_weights():
    rng = np.random.default_rng(1)
    b = Builder((4, 8, 8), rng)
    latent = rng.uniform(-1, 1, (6, 4, 3, 3))
    ternary = np.where(np.abs(latent) > 0.4, np.sign(latent) * 0.3137, 0)
    weights = straight_through(latent, ternary)
    assert len(np.unique(np.abs(weights[0]))) > 2
    model = b.model(b.conv("x", 4, 6, weights=weights))
    image = rng.integers(-3, 4, (1, 4, 8, 8)).astype(np.float32)
    assert near(model, image, TERNARY)[0] < 2e-3


@pytest.mark.parametrize(("other", "binary"), [
    (1 + 2.0 ** -12, True), (1 - 2.0 ** -13, True), (1 + 2.0 ** -11, False), (1.5, False)])
@pytest.mark.parametrize("size", [1.0, 2.0 ** -20, 2.0 ** 12])
def test_half_an_ulp_is_the_bound(other, binary, size):
    """Numbers from 1 to 2 have an ulp of 2**-10 in binary16."""
    b, _ = integer_builder((4, 6, 6))
    weights = b.signs(4, 4, 3, 3) * size
    weights[2, 1, 1, 1] *= other
    (placement,) = analyse(load_graph(b.model(b.conv("x", 4, 4, weights=weights))),
                           CONFIG).placements
    if binary:
        assert placement.reason.startswith("binary weights; "), placement
        return
    least, most = sorted(np.float32([size, size * other]))
    assert placement.reason == ("real-valued weights (2 magnitudes in output channel 2, from "
                                f"{least:.9g} to {most:.9g})")


def test_weights_of_one_magnitude_have_no_remark():
    b, _ = integer_builder((4, 6, 6))
    (placement,) = analyse(load_graph(b.model(b.conv("x", 4, 4))), CONFIG).placements
    assert placement.reason == "binary weights"


def test_the_training_block_as_its_exporter_writes_it():
    """examples/common/binary.py through torch.onnx.export: clamp, mean of magnitudes, sign, and
    the straight-through difference are nodes on stored latent weights."""
    rng = np.random.default_rng(2)
    b = Builder((4, 8, 8), rng)
    latent = b.constant(rng.uniform(-1.5, 1.5, (6, 4, 3, 3)))
    clipped = b.node("Clip", latent, b.constant(-1.0), b.constant(1.0))
    mean = b.node("ReduceMean", b.node("Abs", latent), axes=[1, 2, 3], keepdims=1)
    binary = b.node("Where", b.node("GreaterOrEqual", latent, b.constant(0.0)), mean,
                    b.node("Neg", mean))
    weights = b.node("Add", clipped, b.node("Sub", binary, clipped))
    x = b.node("Conv", "x", weights, pads=[1] * 4, kernel_shape=[3, 3], strides=[1, 1])
    model = b.model(b.node("Relu", x))
    onnx.checker.check_model(model)
    image = rng.integers(-3, 4, (1, 4, 8, 8)).astype(np.float32)
    difference, reason = near(model, image)
    assert difference < 2e-3
    assert "are one value" in reason
