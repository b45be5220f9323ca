"""Where a CONV of the chip begins: a binary convolution, or a pooling on chips with channelwise."""

import numpy as np

from .chain import Chain, Refusal
from .layers import ZERO

__all__ = ["CHANNELWISE", "begin", "begin_channelwise"]


def _coded(weights, ternary):
    """(uint8 codes of weights, float64 magnitude per channel), or the Refusal of others than plus
    and minus one value and, when ``ternary``, zero."""
    magnitudes = np.abs(weights.astype(np.float64)).reshape(len(weights), -1)
    if not np.isfinite(magnitudes).all():
        return Refusal("weights that are infinite or no numbers", "finite weights")
    largest = magnitudes.max(axis=1, keepdims=True)
    zero = (magnitudes == 0) & (largest != 0)       # a channel of nothing else has scale 0
    differs = ((magnitudes != largest) & ~zero).any(axis=1)
    if zero.any() and not differs.any() and not ternary:
        channel = int(np.argmax(zero.any(axis=1)))
        return Refusal(f"weights of zero beside others (in output channel {channel})",
                       "a chip with ternary = true")
    if differs.any():
        channel = int(np.argmax(differs))
        count = len(np.unique(magnitudes[channel]))
        return Refusal(f"real-valued weights ({count} magnitudes in output channel {channel})",
                       "weights of plus or minus one value per output channel")
    codes = (~np.signbit(weights)).astype(np.uint8)
    codes[zero.reshape(codes.shape)] = ZERO
    return codes, largest[:, 0]


def _pads(attributes, kernel, strides, source, wanted):
    """Zeros before the first row and column."""
    automatic = attributes.get("auto_pad", b"NOTSET")
    if automatic not in (b"SAME_UPPER", b"SAME_LOWER"):
        return list(attributes.get("pads", [0] * 4))[:2]
    totals = [max((out - 1) * strides[0] + kernel[0] - size, 0)
              for out, size in zip(wanted, source[2:], strict=True)]
    upper = automatic == b"SAME_UPPER"
    return [total // 2 if upper else -(-total // 2) for total in totals]


def _geometry(node, kernel, edges, source, target):
    """Refusal of a window that a chip with kernels of these ``edges`` has no mode for, else
    None."""
    attributes = node.attributes
    strides = list(attributes.get("strides", [1, 1]))
    if any(step != 1 for step in attributes.get("dilations", [])):
        return Refusal("is dilated", "dilation 1")
    if kernel[0] != kernel[1] or kernel[0] not in edges:
        larger = (f"a chip with halo = {kernel[0] // 2}, or "
                  if kernel[0] == kernel[1] and kernel[0] in (5, 7) else "")
        return Refusal(f"kernel {kernel[0]}x{kernel[1]}; the chip has "
                       + " and ".join(f"{edge}x{edge}" for edge in edges),
                       f"{larger}3x3 convolutions in sequence")
    if strides not in ([1, 1], [2, 2]):
        return Refusal(f"stride {strides[0]}x{strides[1]}; the chip has 1 and 2",
                       "stride 1 or 2 in both directions")
    wanted = tuple(-(-size // strides[0]) for size in source[2:])
    before, after = (kernel[0] - 1) // 2, kernel[0] // 2
    # Padding after the last pixel shows in the number of outputs only.
    if _pads(attributes, kernel, strides, source, wanted) != [before] * 2 or target[2:] != wanted:
        return Refusal("its padding is not kernel//2 zeros on every side" if before == after else
                       "its padding is not the chip's, and its map not 1/stride of the input",
                       f"pads = {[before] * 2 + [after] * 2}")
    return None


def _shapes(node, graph):
    """(source, target) of a node that makes a map of a map, or a Refusal."""
    source, target = graph.shapes.get(node.inputs[0]), graph.shapes.get(node.outputs[0])
    if source is None or target is None or len(source) != 4 or source[0] != 1:
        return Refusal("its input is not a map (1, C, H, W) of known size", "two dimensions")
    return source, target


def begin(node, graph, config):
    """The chain of a Conv node before anything is folded into it, on a chip of this ChipConfig, or
    a Refusal."""
    weights = graph.constants.get(node.inputs[1])
    bias = graph.constants.get(node.inputs[2]) if len(node.inputs) > 2 and node.inputs[2] else 0.0
    if weights is None or bias is None:
        return Refusal("its weights are not constants", "weights stored in the model")
    shapes = _shapes(node, graph)
    if isinstance(shapes, Refusal):
        return shapes
    source, target = shapes
    coded = _coded(weights, config.ternary)
    refusal = coded if isinstance(coded, Refusal) else _geometry(
        node, weights.shape[2:], config.kernels, source, target)
    if refusal is not None:
        return refusal
    codes, magnitudes = coded
    groups = node.attributes.get("group", 1)
    channelwise = config.channelwise and 1 < groups == source[1] == len(codes)
    return Chain(node.name, [node], node.inputs[0], node.outputs[0], codes, magnitudes,
                 np.broadcast_to(np.asarray(bias, np.float64), magnitudes.shape),
                 node.attributes.get("strides", [1])[0], config,
                 groups=1 if channelwise else groups, channelwise=channelwise, shape=target)


def _average_refusal(node, kernel, source, target):
    """Refusal of an average over windows of different sizes, else None."""
    stride, before = node.attributes.get("strides", [1])[0], (kernel - 1) // 2
    padded = before or any((out - 1) * stride + kernel > size
                           for out, size in zip(target[2:], source[2:], strict=True))
    if padded and not node.attributes.get("count_include_pad", 0):
        return Refusal("averages fewer pixels at the rim", "count_include_pad = 1")
    return None


def _pool(node, graph, config):
    """MaxPool or AveragePool; an average is a depthwise convolution with weights of +1."""
    shapes = _shapes(node, graph)
    if isinstance(shapes, Refusal):
        return shapes
    source, target = shapes
    if len(node.outputs) > 1:
        return Refusal("also gives the places of its maxima", "MaxPool with one output")
    kernel = node.attributes["kernel_shape"]
    refusal = _geometry(node, kernel, sorted({*config.kernels, 2}), source, target)
    maximum = node.operation == "MaxPool"
    if refusal is None and not maximum:
        refusal = _average_refusal(node, kernel[0], source, target)
    if refusal is not None:
        return refusal
    channels = source[1]
    scale = 1.0 if maximum else 1.0 / kernel[0] ** 2
    return Chain(node.name, [node], node.inputs[0], node.outputs[0],
                 np.ones((channels, 1, *kernel), np.uint8), np.full(channels, scale),
                 np.zeros(channels), node.attributes.get("strides", [1])[0], config,
                 channelwise=True, maximum=maximum, shape=target)


def _upsample(node, graph, config):
    """Resize by two to the nearest pixel."""
    shapes = _shapes(node, graph)
    if isinstance(shapes, Refusal):
        return shapes
    (_, channels, *size), target = shapes
    attributes = {"mode": b"nearest", "nearest_mode": b"round_prefer_floor",
                  "coordinate_transformation_mode": b"half_pixel"} | node.attributes
    way = attributes["coordinate_transformation_mode"], attributes["nearest_mode"]
    # Ways in which rows 2y and 2y + 1 become row y.
    same = way in ((b"asymmetric", b"floor"), (b"half_pixel", b"round_prefer_floor"),
                   (b"half_pixel", b"round_prefer_ceil"))
    if attributes["mode"] != b"nearest" or not same or target[1:] != (
            channels, *(2 * edge for edge in size)):
        return Refusal("does not repeat every pixel twice in both directions",
                       "Resize by 2 with mode nearest, asymmetric, floor")
    return Chain(node.name, [node], node.inputs[0], node.outputs[0],
                 np.ones((channels, 1, 1, 1), np.uint8), np.ones(channels), np.zeros(channels), 1,
                 config, channelwise=True, upsample=True, shape=target)


# Operation -> how its chain begins, and what it is called.
CHANNELWISE = {"MaxPool": (_pool, "pooling"), "AveragePool": (_pool, "pooling"),
               "Resize": (_upsample, "upsampling")}


def begin_channelwise(node, graph, config):
    """The chain of a node of ``CHANNELWISE``, or a Refusal."""
    function, what = CHANNELWISE[node.operation]
    if not config.channelwise:
        return Refusal(f"the chip has no {what}", "a chip with channelwise = true"
                       + (", or a convolution with stride 2" if what == "pooling" else ""))
    return function(node, graph, config)
