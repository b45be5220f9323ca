"""Trained networks on recorded data: how many are right, and what differs from onnxruntime."""

from fractions import Fraction

import numpy as np
import pytest

from flexdrive_deploy.flexv.network.declared import declared_quantiser
from flexdrive_deploy.flexv.network.loading import load_network
from flexdrive_sim.flexv.golden.network import run

from .data import DATA, computed, needs_data, vectors

pytestmark = needs_data


def _integers(output):
    """Integers of a softmax's result: 1/256, zero point -128."""
    return np.rint(output * 256).astype(int) - 128


@pytest.mark.slow
def test_keyword_network_has_902_of_1000_words_right_and_no_class_differs():
    data = vectors("mlperf_tiny/kws_vectors.npz")
    network, _, maps = computed("mlperf_tiny/dscnn_kws.onnx", data["x"], ["fc0_q"])
    assert (network.macs, network.weights) == (2_656_768, 22_016)
    logits = maps["fc0_q"]
    assert (logits.argmax(1) == data["y"]).sum() == 902
    assert (logits.argmax(1) == data["logits"].argmax(1)).all()
    # Of exactly the published share; twice as many would be another rounding.
    assert (logits != data["logits"]).mean() < 0.0014
    assert np.abs(logits - data["logits"]).max() == 1


@pytest.mark.slow
def test_person_detection_is_right_in_4_of_4():
    data = vectors("mlperf_tiny/vww_vectors.npz")
    network, outputs, maps = computed("mlperf_tiny/mobilenet_vww.onnx", data["x"], ["fc0_q"],
                                      (0, 3, 1, 2))
    assert (network.macs, network.weights) == (7_489_664, 208_112)
    assert (outputs["output"].argmax(1) == data["y"]).all()
    assert np.abs(maps["fc0_q"] - data["logits"]).max() <= 2


def test_residual_network_is_as_onnxruntime_on_clean_pictures():
    data = vectors("mlperf_tiny/cifar10_clean10.npz")
    network, outputs, _ = computed("mlperf_tiny/resnet8.onnx", data["x"], axes=(0, 3, 1, 2))
    assert (network.macs, network.weights) == (12_501_632, 77_360)
    assert (outputs["output"].argmax(1) == data["y"]).all()
    assert (_integers(outputs["output"]) == data["output"]).all()


def test_sounds_get_the_scores_in_the_stated_order():
    data = vectors("mlperf_tiny/ad_vectors.npz")
    network, outputs, _ = computed("mlperf_tiny/ad_autoencoder.onnx", data["x"].reshape(-1, 640))
    (leaving,) = network.leaving.values()
    result = np.rint(outputs["output"] / float(leaving.scale)) + leaving.zero
    assert (result == data["output"].reshape(-1, 640)).all()
    quantiser = network.integers.inputs[0].quantiser
    sounds = (data["x"].astype(np.float64) - quantiser.zero) * float(quantiser.scale)
    errors = ((sounds - outputs["output"].reshape(7, 40, 640)) ** 2).mean((1, 2))
    # The file has means of float32; the integers they come of are compared exactly above.
    assert np.allclose(errors, data["mse"], rtol=1e-5)


@pytest.mark.slow
def test_three_bit_keywords_are_right_as_often_as_onnxruntime_but_for_ties():
    data = vectors("sub_byte/kws_mlp_vectors.npz")
    network = load_network(DATA / "sub_byte/kws_mlp_w3a3.onnx")
    images = (data["x"].astype(np.float32) * data["scale"])[:, None]
    outputs, _ = run(network, {"inp.1": images})
    logits = outputs["70"]
    # Theirs are sums of float32 in an order that nobody states.
    assert np.allclose(logits, data["output"], rtol=0, atol=2e-5)
    # The same but where two classes are exactly equal: of those float32 sums choose one or the
    # other, exact integers the first.
    ordered = np.sort(logits, 1)
    tied = ordered[:, -1] == ordered[:, -2]
    other = logits.argmax(1) != data["output"].argmax(1)
    assert not (other & ~tied).any()
    assert (data["output"].argmax(1) == data["y"]).sum() == 826
    assert (logits.argmax(1) == data["y"]).sum() == 825
    assert (other.sum(), tied.sum()) == (2, 2)


def test_scales_of_powers_of_two_and_a_declared_input():
    data = vectors("sub_byte/jettagging_random.npz")
    network = load_network(DATA / "sub_byte/qkeras_jettagging.onnx", declared={
        "global_in": declared_quantiser(Fraction(1, 64), bits=9)})
    outputs, _ = run(network, {"global_in": data["x"]})
    assert np.array_equal(outputs["global_out"], data["output"])


def test_two_bit_weights_and_a_sign_at_the_end():
    data = vectors("sub_byte/unsw_random.npz")
    network = load_network(DATA / "sub_byte/unsw_nb15_mlp_w2a2.onnx", declared={
        "onnx::Add_0": declared_quantiser(1, bits=2)})
    outputs, _ = run(network, {"onnx::Add_0": data["x"]})
    assert np.array_equal(outputs["63"], data["output"])
    assert network.integers.nodes[0].weight_bits == 2


@pytest.mark.parametrize("form", ["qonnx", "qcdq"])
@pytest.mark.parametrize("pool", ["quant", "trunc"])
def test_brevitas_exports(form, pool):
    data = vectors(f"brevitas/io_{pool}.npz")
    network = load_network(DATA / f"brevitas/{form}_{pool}.onnx")
    outputs, _ = run(network, {"input": data["x"]})
    assert np.abs(outputs["output"] - data["y"]).max() < 1e-7
    bits = [(layer.sources[0].lane, layer.weight_bits)
            for layer in network.integers.nodes if layer.macs]
    assert bits == [(8, 8), (4, 2), (4, 2), (4, 4), (4, 4), (4, 8), (8, 8)]
