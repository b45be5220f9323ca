"""The generated topologies, at their smallest size."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest

from flexdrive.hyperdrive.config import ChipConfig
from flexdrive_deploy.compiler import compile_model
from flexdrive_deploy.frontend.graph import load_graph
from flexdrive_deploy.hyperdrive.partition import analyse
from flexdrive_sim.hyperdrive.drive.inference_session import Session

pytestmark = pytest.mark.slow

GENERATE = Path(__file__).parents[2] / "examples/topologies/generate.py"
# Weights of all convolutions but the first, whose values are real; ResNet's with projections
# ("Hyperdrive", JETCAS 2019, memory table). None: counted in test_topology_counts.py alone.
BINARY_WEIGHTS = {"resnet18": 11_157_504, "resnet34": 21_258_240, "resnet50": 23_445_504,
                  "resnet152": None, "vgg16": 14_708_736, "mobilenet_v1": 3_139_584 + 44_640,
                  "mobilenet_v2": None, "shufflenet": None, "densenet121": None,
                  "squeezenet": None, "darknet19": None, "yolov3": None,
                  "yolov3_tiny": 8_845_488 - 432 - 512 * 255 - 256 * 255, "cnv": None}


def generate(*arguments):
    return subprocess.run([sys.executable, GENERATE, *map(str, arguments)], capture_output=True,
                          text=True, check=False)


@pytest.mark.parametrize("name", BINARY_WEIGHTS)
def test_weights_are_binary_and_as_many_as_published(name, tmp_path):
    size = (32, 32) if name == "cnv" else (32, 64)
    made = generate(name, "--size", "{}x{}".format(*size), "-o", tmp_path / "net.onnx")
    assert made.returncode == 0, made.stderr
    model = onnx.load(tmp_path / "net.onnx")
    signs = [onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer
             if tensor.data_type == onnx.TensorProto.INT8]
    assert all(np.array_equal(np.abs(values), np.ones_like(values)) for values in signs)
    if BINARY_WEIGHTS[name] is not None:
        assert sum(values.size for values in signs) == BINARY_WEIGHTS[name]
    assert np.load(tmp_path / "net.npy").shape == (1, 3, *size)


def test_resnet_runs_with_every_layer_compared(tmp_path):
    generate("resnet18", "--size", "32", "-o", tmp_path / "net.onnx")
    config = ChipConfig(rows=1, columns=1, channels=128, fm_words=16384, fm_banks=8,
                        weight_words=4608)
    deployment = compile_model(onnx.load(tmp_path / "net.onnx"), config, layer_check=True)
    result = Session(deployment).run(np.load(tmp_path / "net.npy"))
    assert result.difference is None
    maps = result.chips[0].maps
    assert len(maps) == 19
    assert maps["stage4/2/relu"].shape == (512, 1, 1)
    # Values stay in the range of binary16, and alive.
    spread = [values.view(np.float16).astype(float).std() for values in maps.values()]
    assert min(spread) > 0.01
    assert max(spread) < 100


@pytest.mark.parametrize("mesh", [None, pytest.param((2, 1), marks=pytest.mark.thorough)])
def test_a_network_whose_first_layer_is_binary_runs_wholly_on_the_rtl(mesh, tmp_path):
    """7x7 kernel with stride 2, pooling, residual blocks, mean; ternary weights. The host computes
    the classifier alone."""
    made = generate("resnet18", "--size", "64x32", "--binary-first", "--ternary", "-o",
                    tmp_path / "net.onnx")
    assert made.returncode == 0, made.stderr
    config = ChipConfig(rows=1 if mesh else 2, columns=2, channels=64, fm_words=32768,
                        weight_words=4608, halo=3, channelwise=True, ternary=True,
                        mesh=mesh is not None, border_words=8192, corner_words=1024)
    model = onnx.load(tmp_path / "net.onnx")
    placements = analyse(load_graph(model), config).placements
    assert [p.operation for p in placements if p.where == "host" and not p.gone] == [
        "Flatten", "Gemm"]
    deployment = compile_model(model, config, mesh=mesh)
    result = Session(deployment, "rtl").run(np.load(tmp_path / "net.npy"))
    (chip,) = result.chips
    assert chip.difference is None
    assert chip.model_holds
    assert chip.compared == 512 * (2 if mesh else 1)       # both chips hold a row of the last map
    assert list(chip.maps) == ["head/pool"]


def in_other_order(model, seed):
    """The same nodes in a random order that can be executed."""
    random, known, left = np.random.default_rng(seed), {"images", ""}, list(model.graph.node)
    known |= {tensor.name for tensor in model.graph.initializer}
    shuffled = onnx.ModelProto.FromString(model.SerializeToString())
    del shuffled.graph.node[:]
    while left:
        ready = [node for node in left if known.issuperset(node.input)]
        node = ready[random.integers(len(ready))]
        shuffled.graph.node.append(node)
        known.update(node.output)
        left.remove(node)
    return shuffled


def test_the_order_of_the_nodes_does_not_matter(tmp_path):
    """Two maps of 64 x 8 x 8 words are enough; the last convolution of a block adds the bypass."""
    generate("resnet18", "--size", "32", "-o", tmp_path / "net.onnx")
    model = onnx.load(tmp_path / "net.onnx")
    config = ChipConfig(rows=1, columns=1, channels=128, fm_words=8192, fm_banks=8,
                        weight_words=4608)
    for seed in range(3):
        (program,) = compile_model(in_other_order(model, seed), config).programs
        assert program.peak_words == 8192
        assert len([entry for entry in program.entries if entry.bypass]) == 8
        assert all(entry.name.endswith("/2/conv") for entry in program.entries if entry.bypass)


def test_the_plan_reaches_the_bound_for_every_topology():
    made = subprocess.run([sys.executable, GENERATE.parent / "memory.py", "--size", "64"],
                          capture_output=True, text=True, check=True)
    lines = [line.strip("| ").split(" | ") for line in made.stdout.splitlines()]
    assert [line[0] for line in lines] == list(BINARY_WEIGHTS)
    assert all(bound == placed for *_, bound, placed, _ in lines)


@pytest.mark.parametrize(("arguments", "expected"), [
    (("resnet18", "--size", "40"), "both edges of resnet18 are multiples of 32"),
    (("cnv", "--size", "64"), "64x64: cnv is made for 32x32 only"),
    (("resnet18", "--size", "big"), "'big' is not HEIGHTxWIDTH"),
    (("lenet",), "'lenet' is not one of"),
])
def test_refusals(arguments, expected, tmp_path):
    made = generate(*arguments, "-o", tmp_path / "net.onnx")
    assert made.returncode == 2
    assert expected in made.stderr
    assert "Traceback" not in made.stderr
    assert not (tmp_path / "net.onnx").exists()
