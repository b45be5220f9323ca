"""Parameters and multiply-adds of the generated topologies, beside those that others publish.

Parameters: torchvision's models (ResNet, MobileNetV2, DenseNet-121, SqueezeNet 1.1), Keras's
(VGG-16 without its classifier, MobileNetV1), the sizes of the authors' files of weights (YOLOv3:
248,007,048 bytes, YOLOv3-tiny: 35,434,956, both with a header of 20), pytorchcv's (Darknet-19,
ShuffleNet), QONNX's cost of CNV. Multiply-adds: torchvision's tables, the papers on MobileNetV1 and
ShuffleNet, Darknet's page (operations are two for each), QONNX. They are counted from the files,
with ONNX's own shapes, not by what builds them.
"""

import subprocess
import sys
from math import prod
from pathlib import Path

import onnx
import pytest

pytestmark = pytest.mark.slow

GENERATE = Path(__file__).parents[2] / "examples/topologies/generate.py"
# Numbers of a channel that is normalised: scale and bias; with mean and variance in Darknet's
# files; a bias alone where the publication has no normalisation.
SCALE_BIAS, ALL, BIAS = 2, 4, 1
VGG_HEAD = 512 * 1000 + 1000
# name, size -> (parameters, numbers of a channel, multiply-adds and their rounding in millions).
PUBLISHED = {
    ("resnet18", 224): (11_689_512, SCALE_BIAS, 1814, 1),
    ("resnet34", 224): (21_797_672, SCALE_BIAS, 3664, 1),
    ("resnet50", 224): (25_557_032, SCALE_BIAS, 4089, 1),
    ("resnet152", 224): (60_192_808, SCALE_BIAS, 11_514, 1),
    ("vgg16", 224): (14_714_688 + VGG_HEAD, BIAS, 15_347 + 0.5, 1),
    ("mobilenet_v1", 224): (4_231_976, SCALE_BIAS, 569, 1),
    ("mobilenet_v2", 224): (3_504_872, SCALE_BIAS, 301, 1),
    ("shufflenet", 224): (1_865_728, SCALE_BIAS, 137, 1.5),
    ("densenet121", 224): (7_978_856, SCALE_BIAS, 2834, 1),
    ("squeezenet", 224): (1_235_496, BIAS, 349, 1),
    ("darknet19", 224): (20_842_376, SCALE_BIAS, 5580 / 2, 5),
    ("yolov3", 320): (62_001_757, ALL, 38_970 / 2, 5),
    ("yolov3", 416): (62_001_757, ALL, 65_860 / 2, 5),
    ("yolov3_tiny", 416): (8_858_734, ALL, 5560 / 2, 5),
    ("cnv", 32): (1_542_848, 0, (1_555_200 + 57_906_176) / 1e6, 0.001),
}
# Convolutions with a bias and without normalisation in the publication, with it here.
PLAIN = {"darknet19": ["last"], "yolov3": ["scale1/boxes", "scale2/boxes", "scale3/boxes"],
         "yolov3_tiny": ["coarse", "fine"]}


def counted(model, name, numbers):
    """(parameters, multiply-adds) of a file."""
    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True)
    shapes = {value.name: [d.dim_value or 1 for d in value.type.tensor_type.shape.dim]
              for value in [*inferred.graph.value_info, *inferred.graph.input,
                            *inferred.graph.output]}
    shapes |= {tensor.name: list(tensor.dims) for tensor in model.graph.initializer}
    parameters = products = 0
    for node in model.graph.node:
        if node.op_type in ("Conv", "Gemm", "MatMul"):
            weights, made = shapes[node.input[1]], shapes[node.output[0]]
            parameters += prod(weights)
            products += prod(made) * (prod(weights[1:]) if node.op_type == "Conv" else
                                      prod(weights) // made[-1])
        if node.op_type == "Gemm" and numbers:
            parameters += shapes[node.output[0]][-1]
        if node.op_type == "BatchNormalization":
            plain = node.name.removesuffix("/bn") in PLAIN.get(name, ())
            parameters += shapes[node.input[1]][0] * (BIAS if plain else numbers)
    return parameters, products


@pytest.mark.parametrize(("name", "size"), PUBLISHED)
def test_as_many_as_published(name, size, tmp_path):
    made = subprocess.run([sys.executable, GENERATE, name, "--size", str(size), "-o",
                           tmp_path / "net.onnx"], capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    parameters, numbers, products, rounded = PUBLISHED[name, size]
    found = counted(onnx.load(tmp_path / "net.onnx"), name, numbers)
    assert found[0] == parameters
    assert abs(found[1] / 1e6 - products) <= rounded, found


def test_yolov3_has_23_shortcuts_and_three_outputs(tmp_path):
    subprocess.run([sys.executable, GENERATE, "yolov3", "-o", tmp_path / "net.onnx"], check=True)
    graph = onnx.load(tmp_path / "net.onnx").graph
    operations = [node.op_type for node in graph.node]
    assert [operations.count(kind) for kind in ("Conv", "Add", "Resize", "Concat", "LeakyRelu")] \
        == [75, 23, 2, 2, 72]
    assert [[d.dim_value for d in value.type.tensor_type.shape.dim[1:]] for value in graph.output] \
        == [[255, 10, 10], [255, 20, 20], [255, 40, 40]]
