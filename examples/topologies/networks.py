"""Published topologies with binary weights: shapes of the papers, seeded values.

ResNet: He et al., "Deep Residual Learning for Image Recognition", CVPR 2016, table 1; strides of
bottlenecks in the 3x3 convolution. VGG-16: Simonyan and Zisserman, ICLR 2015, configuration D, its
classifier replaced by global average pooling. MobileNetV1: Howard et al., arXiv 1704.04861, table
1. YOLOv3-tiny: Redmon and Farhadi, arXiv 1804.02767, the small network of the authors' release.
ShuffleNet: Zhang et al., CVPR 2018, table 1, 3 groups.

The classifier keeps real-valued weights, and so does the first convolution unless the builder is
told otherwise, as in the papers on binary weights ("Hyperdrive", JETCAS 2019).
"""

__all__ = ["NETWORKS"]


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
        for index, width in enumerate(widths, 1):
            at = f"stage{stage}/{index}"
            x = b.relu(at, b.binary(at, x, width))
        x = b.max_pool(f"stage{stage}/pool", x, 2, 2, (0, 0, 0, 0))
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


def _yolov3_tiny(b):

    def conv(at, x, width, kernel=3):
        return b.leaky(at, b.binary(at, x, width, kernel))

    x = b.leaky("stem", b.first("stem", b.image, 16, 3))
    for index, width in enumerate((32, 64, 128, 256), 1):
        x = conv(f"conv{index}", b.max_pool(f"pool{index}", x, 2, 2, (0, 0, 0, 0)), width)
    route = x
    x = conv("conv5", b.max_pool("pool5", x, 2, 2, (0, 0, 0, 0)), 512)
    x = conv("conv6", b.max_pool("pool6", x, 2, 1, (0, 0, 1, 1)), 1024)
    neck = conv("conv7", x, 256, 1)
    coarse = b.real("coarse", conv("conv8", neck, 512), 255, 1)
    up = b.upsample("upsample", conv("conv9", neck, 128, 1))
    fine = b.real("fine", conv("conv10", b.concat("concat", up, route), 256), 255, 1)
    return b.model(coarse, fine)


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


# Name -> (function of a builder.Builder, edges that its strides divide).
NETWORKS = {
    "resnet18": (_resnet(_basic, (2, 2, 2, 2)), 32),
    "resnet34": (_resnet(_basic, (3, 4, 6, 3)), 32),
    "resnet50": (_resnet(_bottleneck, (3, 4, 6, 3)), 32),
    "vgg16": (_vgg16, 32),
    "mobilenet_v1": (_mobilenet, 32),
    "yolov3_tiny": (_yolov3_tiny, 32),
    "shufflenet": (_shufflenet, 32),
}
