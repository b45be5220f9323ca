"""Darknet's topologies, activations leaky with slope 0.1.

Darknet-19: Redmon and Farhadi, "YOLO9000", CVPR 2017, table 6; its last 1x1 convolution makes the
classes. YOLOv3: the same, arXiv 1804.02767, table 1 and the authors' release: Darknet-53 without
its head, three outputs, 23 shortcuts behind activations. YOLOv3-tiny: the small network of that
release. The 1x1 convolutions in front of the outputs keep real-valued weights.
"""

__all__ = ["darknet19", "yolov3", "yolov3_tiny"]

# 80 classes, 4 coordinates and an objectness for each of 3 boxes.
_BOXES = 3 * (80 + 5)


def _conv(b, at, x, width, kernel=3, stride=1):
    return b.leaky(at, b.binary(at, x, width, kernel, stride))


def darknet19(b):
    """Classification; a function of a builder.Builder."""
    x = b.leaky("stem", b.first("stem", b.image, 32, 3))
    stages = [(64,), (128, 64, 128), (256, 128, 256), (512, 256, 512, 256, 512),
              (1024, 512, 1024, 512, 1024)]
    for stage, widths in enumerate(stages, 2):
        x = b.max_pool(f"pool{stage}", x, 2, 2)
        for index, width in enumerate(widths, 1):
            x = _conv(b, f"stage{stage}/{index}", x, width, 3 if index % 2 else 1)
    return b.model(b.mean(b.real("last", x, 1000, 1)))


def _neck(b, at, x, width):
    """Five convolutions; what the next scale reads as well."""
    for index in range(5):
        x = _conv(b, f"{at}/{index + 1}", x, width << index % 2, 3 if index % 2 else 1)
    return x


def _output(b, at, x, width):
    return b.real(f"{at}/boxes", _conv(b, f"{at}/6", x, 2 * width), _BOXES, 1)


def yolov3(b):
    """Detection at three scales."""
    x, routes = b.leaky("stem", b.first("stem", b.image, 32, 3)), []
    for stage, count in enumerate((1, 2, 8, 8, 4), 1):
        routes.append(x)
        x = _conv(b, f"stage{stage}", x, 32 << stage, 3, 2)
        for index in range(1, count + 1):
            at = f"stage{stage}/{index}"
            y = _conv(b, f"{at}/2", _conv(b, f"{at}/1", x, x.channels // 2, 1), x.channels)
            x = b.add(at, y, x)
    outputs = []
    for scale, width in enumerate((512, 256, 128), 1):
        at = f"scale{scale}"
        if scale > 1:
            up = b.upsample(f"{at}/upsample", _conv(b, f"{at}/0", x, width, 1))
            x = b.concat(f"{at}/concat", up, routes[-scale + 1])
        x = _neck(b, at, x, width)
        outputs.append(_output(b, at, x, width))
    return b.model(*outputs)


def yolov3_tiny(b):
    """Detection at two scales."""
    x = b.leaky("stem", b.first("stem", b.image, 16, 3))
    for index, width in enumerate((32, 64, 128, 256), 1):
        x = _conv(b, f"conv{index}", b.max_pool(f"pool{index}", x, 2, 2), width)
    route = x
    x = _conv(b, "conv5", b.max_pool("pool5", x, 2, 2), 512)
    x = _conv(b, "conv6", b.max_pool("pool6", x, 2, 1, (0, 0, 1, 1)), 1024)
    neck = _conv(b, "conv7", x, 256, 1)
    coarse = b.real("coarse", _conv(b, "conv8", neck, 512), _BOXES, 1)
    up = b.upsample("upsample", _conv(b, "conv9", neck, 128, 1))
    fine = b.real("fine", _conv(b, "conv10", b.concat("concat", up, route), 256), _BOXES, 1)
    return b.model(coarse, fine)
