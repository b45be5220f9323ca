"""The trained ResNet-20 of 4-bit maps and 2-bit weights: the file runs, with its integers."""

from pathlib import Path

import numpy as np
import onnx
import pytest

from flexdrive_deploy.flexv.compiler.compiled import compile_network
from flexdrive_deploy.flexv.compiler.sums import sums_of
from flexdrive_deploy.flexv.network import ir
from flexdrive_deploy.flexv.network.loading import load_network
from flexdrive_deploy.frontend.evaluator import Evaluator
from flexdrive_sim.flexv.drive.network import LibraryNetwork
from flexdrive_sim.flexv.golden.network import run
from flexdrive_sim.flexv.verify.network_check import first_difference

pytestmark = pytest.mark.slow

MODEL = Path(__file__).parents[2] / "examples/resnet20/resnet20_4b2b.onnx"


@pytest.fixture(scope="module")
def network():
    return load_network(onnx.load(MODEL))


@pytest.fixture(scope="module")
def images():
    """Smooth pictures, bytes as the network takes them."""
    coarse = np.random.default_rng(0).normal(0, 60, (4, 3, 4, 4))
    pixels = np.rint(np.kron(coarse, np.ones((8, 8)))).clip(-128, 127)
    return np.float32(pixels / 64)


def test_inner_layers_have_the_stated_widths(network):
    assert network.macs == 40_813_184
    assert network.weights == 270_896
    layers = [step for step in compile_network(network).steps.steps
              if isinstance(step.node, ir.Convolution)]
    inner = [layer for layer in layers[1:-1]
             if layer.node.weights.shape[2:] in ((3, 3), (1, 1))]
    assert len(inner) == 20
    assert {(layer.sources[0].lane, layer.node.weight_bits) for layer in inner} == {(4, 2)}


def test_every_sum_has_a_kernel_of_multipliers_of_8_bits(network):
    sums = [sums_of(step) for step in compile_network(network).steps.steps
            if isinstance(step.node, ir.Requantise) and len(step.sources) == 2]
    assert [each.kernel.bits for each in sums] == [8] * 9


def test_integers_of_every_layer(network, images, tmp_path):
    compiled = compile_network(network)
    (name,) = network.inputs
    made = LibraryNetwork(compiled, tmp_path).run({name: images[:1]})
    assert first_difference(compiled, made, run(network, {name: images[:1]}, None)[1]) is None


def test_scores_are_those_of_onnxruntime(network, images):
    (name,) = network.inputs
    made, _ = run(network, {name: images})
    (scores,) = made.values()
    evaluator = Evaluator(onnx.load(MODEL))
    wanted = np.concatenate([evaluator.run({name: image[None]})["scores"] for image in images])
    # onnxruntime adds in float32; here a score is rounded to it once.
    assert abs(scores - wanted).max() < 1e-6
    assert (scores.argmax(1) == wanted.argmax(1)).all()
