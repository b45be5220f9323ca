"""The chips of the published topologies hold them whole, and what the tables say of them."""

import json
import subprocess
import sys
from math import ceil, prod
from pathlib import Path

import onnx
import pytest

pytestmark = pytest.mark.slow

EXAMPLES = Path(__file__).parents[2] / "examples/topologies"
# In a process of its own: the modules of the examples have names that others have too.
ASK = """
import json, sys
from chips import PLACES
for name in sys.argv[1:]:
    place = PLACES[name]
    support = place.support()
    (program,) = place.deployment(support).programs
    print(json.dumps([name, {
        "in": {load: program.maps[load].shape for load in program.loads},
        "out": [program.stored_shape(entry) for entry, _ in program.stores],
        "host": [[p.operation, p.name] for p in support.placements
                 if p.where == "host" and not p.gone],
        "peak": program.peak_words, "words": place.config.fm_words}]))
"""
# What goes in, and what comes out, of the one program of each.
MAPS = {
    "resnet18": ([64, 56, 56], [[512, 1, 1]]),
    "resnet152": ([64, 56, 56], [[2048, 1, 1]]),
    "vgg16": ([64, 224, 224], [[512, 1, 1]]),
    "mobilenet_v1": ([32, 112, 112], [[1024, 1, 1]]),
    "mobilenet_v2": ([32, 112, 112], [[1280, 1, 1]]),
    "shufflenet": ([24, 56, 56], [[960, 1, 1]]),
    "densenet121": ([64, 56, 56], [[1024, 1, 1]]),
    "squeezenet": ([64, 55, 55], [[512, 13, 13]]),
    "darknet19": ([32, 112, 112], [[1024, 7, 7]]),
    "yolov3": ([32, 320, 320], [[1024, 10, 10], [512, 20, 20], [256, 40, 40]]),
    "yolov3_mesh": ([32, 320, 320], [[1024, 10, 10], [512, 20, 20], [256, 40, 40]]),
    "yolov3_tiny": ([16, 208, 208], [[512, 13, 13], [256, 26, 26]]),
    "cnv": ([64, 30, 30], [[512, 1, 1]]),
}


def run(*arguments):
    made = subprocess.run([sys.executable, *map(str, arguments)], capture_output=True, text=True,
                          check=False, cwd=EXAMPLES)
    assert made.returncode == 0, made.stderr
    return made.stdout.splitlines()


@pytest.mark.parametrize("name", MAPS)
def test_only_first_and_last_layers_are_the_hosts(name):
    """One program, one map in, the results out; the memory is filled."""
    (line,) = run("-c", ASK, name)
    made = json.loads(line)[1]
    source, results = MAPS[name]
    assert list(made["in"].values()) == [source]
    assert made["out"] == results
    assert made["peak"] == made["words"]
    first = ("stem", "pool1", "pool2", "conv1")
    last = ("head", "last", "logits", "coarse", "fine", "dense2/dense/reshape")
    assert [node for _, node in made["host"] if not node.startswith((*first, *last)) and not (
        node.split("/")[0].startswith("scale") and node.split("/")[1] == "boxes")] == []
    assert {operation for operation, node in made["host"] if node.startswith("dense")} <= {
        "Reshape"}


def columns(line):
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_table_adds_up():
    lines = run("table.py", "shufflenet", "cnv")
    cycles = [columns(line) for line in lines if line][:2]
    energies = [columns(line) for line in lines if line][2:]
    assert [row[0] for row in cycles] == [row[0] for row in energies] == ["shufflenet", "cnv"]
    for row, energy in zip(cycles, energies, strict=True):
        layers, frame = (int(row[index].replace(",", "")) for index in (5, 9))
        words = int(energy[3].replace(",", ""))
        assert layers + words <= frame
        units = prod(int(count) for count in row[2].split(" x "))
        share = 1e8 * float(row[3].replace(",", "")) / units / layers
        assert abs(float(row[8].rstrip("%")) - share) < 0.11       # from rounded multiply-adds
        core, io, both = map(float, energy[6:9])
        assert abs(core + io - both) < 0.002
    assert cycles[0][-1] == "0.0903 M, 98.8%, 0.14 GOp (recalled)"


def test_tiles_of_yolov3(tmp_path):
    """From the file: 75 convolutions, the first and those in front of the boxes the host's. Each
    layer by itself on 7 x 7 x 16; with tiles of 2 pixels for 10, 4 for 20 and so on. With the
    host's layers and serial tails it is 33.1 million cycles and 75 %."""
    run("generate.py", "yolov3", "-o", tmp_path / "net.onnx")
    graph = onnx.shape_inference.infer_shapes(onnx.load(tmp_path / "net.onnx")).graph
    shapes = {value.name: [d.dim_value for d in value.type.tensor_type.shape.dim]
              for value in [*graph.value_info, *graph.output]}
    added = {name for node in graph.node if node.op_type == "Add" for name in node.input}
    own = common = host = tails = products = 0
    for node in graph.node:
        if node.op_type != "Conv":
            continue
        _, channels, edge, _ = shapes[node.output[0]]
        weights = next((list(tensor.dims) for tensor in graph.initializer
                        if tensor.name == node.input[1]), None) or shapes[node.input[1]]
        blocks, steps = ceil(channels / 16), prod(weights[1:])
        mine = node.name.startswith("stem") or "boxes" in node.name
        here = blocks * ceil(edge / 7) ** 2
        own += 0 if mine else here * steps
        host += here * steps if mine else 0
        common += 0 if mine else blocks * (2 * edge // 10) ** 2 * steps
        leaky = node.name.replace("/conv", "/leaky")
        tails += 16 * here * (2 + (leaky in added and node.name.split("/")[-2] == "2"))
        products += channels * edge ** 2 * steps
    line = columns(run("utilisation.py", "yolov3")[0])
    assert line[:2] == ["7 x 7 x 16", "784"]
    assert line[2].startswith(f"{own / 1e6:.2f} M, ")
    assert line[3] == f"{common / 1e6:.2f} M, 51.0%"
    whole = own + host + tails
    assert f"{whole / 1e6:.1f}" == "33.1"
    assert round(100 * products / 784 / whole) == 75
