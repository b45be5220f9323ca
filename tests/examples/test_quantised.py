"""The generated quantised topologies."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest

from flexdrive_deploy.flexv.compiler.compiled import compile_network
from flexdrive_deploy.flexv.network.loading import load_network
from flexdrive_sim.flexv.drive.network import LibraryNetwork
from flexdrive_sim.flexv.golden.network import run
from flexdrive_sim.flexv.verify.network_check import first_difference

pytestmark = pytest.mark.slow

GENERATE = Path(__file__).parents[2] / "examples/quantised/generate.py"
# Weights without biases and multiplications of an image. MobileNetV1: "MobileNets", 2017, table 8,
# has 4.2 and 569 million; ResNet-8 without biases and batch norm: "MLPerf Tiny Benchmark" has 78
# thousand parameters and 12.5 million; ResNet-20's 40.55 million are without its two projections.
PUBLISHED = {"mobilenet_v1": (4_209_088, 568_740_352), "resnet8": (77_360, 12_501_632),
             "resnet20": (270_896, 40_551_040 + 2 * 131_072)}


def generate(*arguments):
    return subprocess.run([sys.executable, GENERATE, *map(str, arguments)], capture_output=True,
                          text=True, check=False)


@pytest.mark.parametrize("name", PUBLISHED)
def test_weights_and_products_are_as_many_as_published(name, tmp_path):
    made = generate(name, "-o", tmp_path / "net.onnx")
    assert made.returncode == 0, made.stderr
    network = load_network(onnx.load(tmp_path / "net.onnx"))
    assert (network.weights, network.macs) == PUBLISHED[name]


@pytest.mark.parametrize(("name", "size", "map_bits", "weight_bits"), [
    ("mobilenet_v1", 32, 8, 4), ("resnet8", 8, 4, 4), ("resnet20", 12, 4, 2)])
def test_maps_use_their_bits_and_c_is_right(name, size, map_bits, weight_bits, tmp_path):
    made = generate(name, "--size", size, "--map-bits", map_bits, "--weight-bits", weight_bits,
                    "-o", tmp_path / "net.onnx")
    assert made.returncode == 0, made.stderr
    network = load_network(onnx.load(tmp_path / "net.onnx"))
    images = {"image": np.load(tmp_path / "net.npy")}
    compiled = compile_network(network)
    integers = LibraryNetwork(compiled, tmp_path / "c", trace=True).run(images)
    assert first_difference(compiled, integers, run(network, images, None)[1]) is None
    for name_of, values in integers.items():
        if name_of.endswith("map.dq"):
            assert len(np.unique(values)) > (8 if map_bits == 4 else 40), name_of


@pytest.mark.parametrize(("arguments", "words"), [
    (("resnet9", "-o", "x.onnx"), "'resnet9' is not one of"),
    (("resnet8", "--map-bits", "3", "-o", "x.onnx"), "'3' is not one of"),
    (("resnet8", "--size", "9", "-o", "x.onnx"), "9: that of resnet8 is a multiple of 4"),
    (("resnet8", "-o", "/dev/null/x.onnx"), "/dev/null: "),
])
def test_bad_requests_are_one_line(arguments, words):
    made = generate(*arguments)
    assert made.returncode
    assert words in made.stderr
    assert "Traceback" not in made.stderr
