"""Published topologies, by name."""

from writer import Writer

__all__ = ["NETWORKS"]


def mobilenet_v1(writer: Writer):
    """Howard et al., "MobileNets", 2017, table 1, width 1.0; first layer and classifier 8 bits."""
    channels = 32
    x = writer.conv("conv0", writer.quantised("image", "input", 8), (channels, 3, 3, 3), stride=2,
                    weight_bits=8, in_bits=8)
    pairs = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *((512, 1),) * 5,
             (1024, 2), (1024, 1))
    for number, (outputs, stride) in enumerate(pairs, 1):
        x = writer.conv(f"depthwise{number}", x, (channels, 1, 3, 3), stride=stride,
                        groups=channels)
        x = writer.conv(f"pointwise{number}", x, (outputs, channels, 1, 1))
        channels = outputs
    writer.classifier(x, channels, 1000, writer.map_bits)
    return writer.model(1000)


def _residual(writer, blocks, channels):
    """Stages of ``blocks`` blocks of two 3 x 3 convolutions, ``channels`` of each stage, strides
    of 2 between them, there with a convolution of 1 x 1 in the shortcut."""
    x, inputs = writer.conv("conv0", writer.quantised("image", "input", 8), (channels[0], 3, 3, 3),
                            weight_bits=8, in_bits=8), channels[0]
    for stage, outputs in enumerate(channels, 1):
        for block in range(1, blocks + 1):
            name, stride = f"stage{stage}.{block}", 2 if outputs != inputs else 1
            y = writer.conv(f"{name}.conv1", x, (outputs, inputs, 3, 3), stride=stride)
            y = writer.quantised(writer.sums(f"{name}.conv2", y, (outputs, outputs, 3, 3)),
                                 f"{name}.branch", signed=True)
            if stride == 2:
                x = writer.quantised(
                    writer.sums(f"{name}.shortcut", x, (outputs, inputs, 1, 1), stride=2),
                    f"{name}.short", signed=True)
            x = writer.quantised(writer.node("Add", f"{name}.add", x, y), f"{name}.map")
            inputs = outputs
    writer.classifier(x, inputs, 10, writer.map_bits)
    return writer.model(10)


def resnet8(writer):
    """Banbury et al., "MLPerf Tiny Benchmark", 2021: image classification."""
    return _residual(writer, 1, (16, 32, 64))


def resnet20(writer):
    """He et al., "Deep Residual Learning", 2016, section 4.2, n = 3."""
    return _residual(writer, 3, (16, 32, 64))


# Name -> (function, size of an image by default, of which it must be a multiple).
NETWORKS = {"mobilenet_v1": (mobilenet_v1, 224, 32), "resnet8": (resnet8, 32, 4),
            "resnet20": (resnet20, 32, 4)}
