"""Published topologies with binary weights: shapes of the papers, seeded values.

ResNet: He et al., "Deep Residual Learning for Image Recognition", CVPR 2016, table 1; strides of
bottlenecks in the 3x3 convolution. VGG-16: Simonyan and Zisserman, ICLR 2015, configuration D, its
last pooling and its classifier replaced by global average pooling and one layer. MobileNetV1:
Howard et al., arXiv 1704.04861, table 1. MobileNetV2: Sandler et al., CVPR 2018, table 2.
ShuffleNet: Zhang et al., CVPR 2018, table 1, 3 groups. DenseNet-121: Huang et al., CVPR 2017, table
1, growth 32. SqueezeNet 1.1: the authors' release of it (Iandola et al., arXiv 1602.07360). CNV:
Umuroglu et al., "FINN", FPGA 2017, after BinaryNet (Courbariaux et al., 2016): convolutions without
padding, sign activations, 32 x 32 pixels. Darknet-19, YOLOv3, YOLOv3-tiny: :mod:`darknet`.

The classifier keeps real-valued weights, and so does the first convolution unless the builder is
told otherwise, as in the papers on binary weights ("Hyperdrive", JETCAS 2019).
"""

from collections.abc import Callable
from dataclasses import dataclass

from darknet import darknet19, yolov3, yolov3_tiny

__all__ = ["NETWORKS", "Network"]


def _basic(b, name, x, outputs, stride):
    beside = x
    if stride == 2 or x.channels != outputs:
        beside = b.binary(f"{name}/projection", x, outputs, 1, stride)
    y = b.relu(f"{name}/1", b.binary(f"{name}/1", x, outputs, 3, stride))
    return b.relu(name, b.add(name, b.binary(f"{name}/2", y, outputs), beside))


def _bottleneck(b, name, x, outputs, stride):
    beside = x
    if stride == 2 or x.channels != 4 * outputs:
        beside = b.binary(f"{name}/projection", x, 4 * outputs, 1, stride)
    y = b.relu(f"{name}/1", b.binary(f"{name}/1", x, outputs, 1))
    y = b.relu(f"{name}/2", b.binary(f"{name}/2", y, outputs, 3, stride))
    return b.relu(name, b.add(name, b.binary(f"{name}/3", y, 4 * outputs, 1), beside))


def _resnet(block, counts):
    def make(b):
        x = b.relu("stem", b.first("stem", b.image, 64, 7, 2))
        x = b.max_pool("stem/pool", x, 3, 2, (1, 1, 1, 1))
        for stage, count in enumerate(counts):
            for index in range(count):
                stride = 2 if stage and index == 0 else 1
                x = block(b, f"stage{stage + 1}/{index + 1}", x, 64 << stage, stride)
        return b.model(b.head(x, 1000))
    return make


def _vgg16(b):
    x = b.relu("stem", b.first("stem", b.image, 64, 3))
    for stage, widths in enumerate([(64,), (128,) * 2, (256,) * 3, (512,) * 3, (512,) * 3], 1):
        if stage > 1:
            x = b.max_pool(f"pool{stage}", x, 2, 2)
        for index, width in enumerate(widths, 1):
            at = f"stage{stage}/{index}"
            x = b.relu(at, b.binary(at, x, width))
    return b.model(b.head(x, 1000))


def _mobilenet(b):
    x = b.relu("stem", b.first("stem", b.image, 32, 3, 2))
    layers = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5,
              (1024, 2), (1024, 1)]
    for index, (width, stride) in enumerate(layers, 1):
        at = f"block{index}"
        x = b.relu(f"{at}/depthwise", b.binary(f"{at}/depthwise", x, x.channels, 3, stride,
                                               x.channels))
        x = b.relu(f"{at}/pointwise", b.binary(f"{at}/pointwise", x, width, 1))
    return b.model(b.head(x, 1000))


def _bottleneck_v2(b, name, x, outputs, stride, factor):
    """MobileNetV2's block; its last convolution has no activation."""
    y = x
    if factor > 1:
        y = b.relu6(f"{name}/1", b.binary(f"{name}/1", x, factor * x.channels, 1))
    y = b.relu6(f"{name}/2", b.binary(f"{name}/2", y, y.channels, 3, stride, y.channels))
    y = b.binary(f"{name}/3", y, outputs, 1)
    return b.add(name, y, x) if stride == 1 and x.channels == outputs else y


def _mobilenet_v2(b):
    x = b.relu6("stem", b.first("stem", b.image, 32, 3, 2))
    blocks = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1),
              (6, 160, 3, 2), (6, 320, 1, 1)]
    for stage, (factor, width, count, stride) in enumerate(blocks, 1):
        for index in range(count):
            x = _bottleneck_v2(b, f"stage{stage}/{index + 1}", x, width,
                               1 if index else stride, factor)
    return b.model(b.head(b.relu6("last", b.binary("last", x, 1280, 1)), 1000))


def _dense_layer(b, name, x):
    """BN, ReLU, 1x1; BN, ReLU, 3x3; put behind what it read."""
    y = b.relu(f"{name}/0", b.batch_norm(f"{name}/0", x, 1.0))
    y = b.relu(f"{name}/1", b.binary(f"{name}/1", y, 128, 1))
    return b.concat(name, x, b.scaled(f"{name}/2", y, 32, 3))


def _densenet121(b):
    x = b.relu("stem", b.first("stem", b.image, 64, 7, 2))
    x = b.max_pool("stem/pool", x, 3, 2, (1, 1, 1, 1))
    for stage, count in enumerate((6, 12, 24, 16), 1):
        if stage > 1:
            at = f"transition{stage - 1}"
            x = b.relu(at, b.batch_norm(at, x, 1.0))
            x = b.average_pool(f"{at}/pool", b.scaled(at, x, x.channels // 2, 1), 2, 2)
        for index in range(count):
            x = _dense_layer(b, f"stage{stage}/{index + 1}", x)
    return b.model(b.head(b.relu("last", b.batch_norm("last", x, 1.0)), 1000))


def _fire(b, name, x, squeezed, width):
    """Squeeze to a few channels, expand by 1x1 and 3x3, joined."""
    x = b.relu(f"{name}/squeeze", b.binary(f"{name}/squeeze", x, squeezed, 1))
    return b.concat(name, *(b.relu(f"{name}/{kernel}", b.binary(f"{name}/{kernel}", x, width,
                                                                kernel)) for kernel in (1, 3)))


def _squeezenet(b):
    x = b.relu("stem", b.first("stem", b.image, 64, 3, 2, pad=0))
    fires = {2: (16, 64), 3: (16, 64), 4: (32, 128), 5: (32, 128), 6: (48, 192), 7: (48, 192),
             8: (64, 256), 9: (64, 256)}
    for index, widths in fires.items():
        if index in (2, 4, 6):
            x = b.max_pool(f"pool{index}", x, 3, 2, up=True)
        x = _fire(b, f"fire{index}", x, *widths)
    return b.model(b.mean(b.relu("last", b.real("last", x, 1000, 1))))


def _cnv(b):
    x = b.image
    for index, width in enumerate((64, 64, 128, 128, 256, 256)):
        at = f"conv{index + 1}"
        make = b.binary if index else b.first
        x = b.sign(at, make(at, x, width, 3, pad=0))
        if index in (1, 3):
            x = b.max_pool(f"pool{index}", x, 2, 2)
    x = b.flatten("flatten", x)
    for index in (1, 2):
        x = b.sign(f"dense{index}", b.dense(f"dense{index}", x, 512))
    return b.model(b.classifier(x, 10))


def _shuffle_unit(b, name, x, width, groups, stride, first):
    """A unit; with stride 2 the pooled input is put before its result instead of being added."""
    made = width - x.channels if stride == 2 else width
    # The first unit of all reads few channels, so its first convolution is not grouped.
    y = b.relu(f"{name}/1", b.binary(f"{name}/1", x, width // 4, 1, 1, 1 if first else groups))
    if not first:
        y = b.shuffle(f"{name}/shuffle", y, groups)
    y = b.binary(f"{name}/2", y, y.channels, 3, stride, y.channels)
    y = b.binary(f"{name}/3", y, made, 1, 1, groups)
    if stride == 2:
        return b.relu(name, b.concat(f"{name}/concat", b.average_pool(f"{name}/pool", x, 3, 2),
                                     y))
    return b.relu(name, b.add(name, y, x))


def _shufflenet(b):
    x = b.relu("stem", b.first("stem", b.image, 24, 3, 2))
    x = b.max_pool("stem/pool", x, 3, 2, (1, 1, 1, 1))
    for stage, (width, count) in enumerate([(240, 4), (480, 8), (960, 4)], 2):
        for index in range(count):
            x = _shuffle_unit(b, f"stage{stage}/{index + 1}", x, width, 3, 2 if index == 0 else 1,
                              stage == 2 and index == 0)
    return b.model(b.head(x, 1000))


@dataclass(frozen=True)
class Network:
    """make: function of a builder.Builder, the model; step: edges of images are multiples of it;
    size: the published edge; only: whether no other is possible."""

    make: Callable
    step: int
    size: int
    only: bool = False


NETWORKS = {
    "resnet18": Network(_resnet(_basic, (2, 2, 2, 2)), 32, 224),
    "resnet34": Network(_resnet(_basic, (3, 4, 6, 3)), 32, 224),
    "resnet50": Network(_resnet(_bottleneck, (3, 4, 6, 3)), 32, 224),
    "resnet152": Network(_resnet(_bottleneck, (3, 8, 36, 3)), 32, 224),
    "vgg16": Network(_vgg16, 32, 224),
    "mobilenet_v1": Network(_mobilenet, 32, 224),
    "mobilenet_v2": Network(_mobilenet_v2, 32, 224),
    "shufflenet": Network(_shufflenet, 32, 224),
    "densenet121": Network(_densenet121, 32, 224),
    "squeezenet": Network(_squeezenet, 32, 224),
    "darknet19": Network(darknet19, 32, 224),
    "yolov3": Network(yolov3, 32, 320),
    "yolov3_tiny": Network(yolov3_tiny, 32, 416),
    "cnv": Network(_cnv, 32, 32, only=True),
}
