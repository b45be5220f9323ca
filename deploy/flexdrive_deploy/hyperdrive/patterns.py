"""Where a CONV of the chip begins: a binary convolution, or a pooling on chips with channelwise."""

import numpy as np

from ..frontend import quantizers as qonnx
from . import advice
from .attributes import unknown
from .fusion import FOLDED, Chain
from .index_rules import sources, windows
from .ir import ZERO
from .refusal import Refusal, together

__all__ = ["CHANNELWISE", "begin", "begin_alone", "begin_channelwise"]


def _spread(least, largest):
    """Whether magnitudes are one number in binary16's precision, whatever they are scaled by:
    closer than half a unit in the last of its 11 bits. Training's straight-through form
    w + (sign(w) * a - w) leaves them that far apart."""
    _, exponent = np.frexp(largest)
    return largest - least < np.ldexp(0.5, exponent - 11)


def _real(magnitudes, channel, zero):
    """Refusal of a channel of several magnitudes."""
    kept = np.unique(magnitudes[channel][~zero[channel]])
    return Refusal(f"real-valued weights ({len(kept)} magnitudes in output channel {channel}, "
                   f"from {kept[0]:.9g} to {kept[-1]:.9g})",
                   (advice.BINARY,))


def _coded(weights, ternary):
    """(uint8 codes of weights, float64 magnitude per channel, remark), or the Refusal of others
    than plus and minus one value and, when ``ternary``, zero."""
    magnitudes = np.abs(weights.astype(np.float64)).reshape(len(weights), -1)
    if not np.isfinite(magnitudes).all():
        return Refusal("weights that are infinite or no numbers", (advice.FINITE,))
    largest = magnitudes.max(axis=1)
    zero = (magnitudes == 0) & (largest[:, None] != 0)  # a channel of nothing else has scale 0
    least = np.where(zero, np.inf, magnitudes).min(axis=1)
    apart = ~_spread(least, largest) & (least != largest)
    if apart.any():
        return _real(magnitudes, int(np.argmax(apart)), zero)
    if zero.any() and not ternary:
        channel = int(np.argmax(zero.any(axis=1)))
        return Refusal(f"weights of zero beside others (in output channel {channel})",
                       (advice.chip(ternary=True),))
    codes = (~np.signbit(weights)).astype(np.uint8)
    codes[zero.reshape(codes.shape)] = ZERO
    if (least == largest).all():
        return codes, largest, ""
    # The most frequent value, or one between those that are.
    middle = np.nanmedian(np.where(zero, np.nan, magnitudes), axis=1)
    widest = np.max((largest - least)[largest > 0] / largest[largest > 0])
    return codes, middle, (f"; magnitudes up to {widest:.2g} of themselves apart are one value, "
                           "less than half an ulp of binary16")


def _window_refusals(kernel, edges, strides, dilations, what):
    """Refusals of kernels, strides and dilations that the chip has no mode for."""
    if any(step != 1 and edge > 1 for step, edge in zip(dilations, kernel, strict=True)):
        yield Refusal("is dilated", (advice.attributes(dilations=[1, 1]),))
    if kernel[0] != kernel[1] or kernel[0] not in edges:
        smaller = advice.three_by_three(kernel, what)
        larger = kernel[0] == kernel[1] and kernel[0] in (5, 7)
        yield Refusal(f"kernel {kernel[0]}x{kernel[1]}; the chip has "
                      + " and ".join(f"{edge}x{edge}" for edge in edges),
                      (advice.chip(smaller.text, halo=kernel[0] // 2) if larger else smaller,))
    if strides not in ([1, 1], [2, 2]):
        yield Refusal(f"stride {strides[0]}x{strides[1]}; the chip has 1 and 2",
                      (advice.attributes(strides=[2, 2]),))


def _edges_refusal(node, found, kernel, target):
    """Refusal of windows that begin elsewhere than on the chip, of another number of them, and of
    averages that divide by less than the kernel's pixels; else None."""
    before, after = (kernel[0] - 1) // 2, kernel[0] // 2
    average = node.operation == "AveragePool"
    whole: dict = {"pads": [before] * 2 + [after] * 2}
    automatic = node.attributes.get("auto_pad", b"NOTSET")
    if automatic != b"NOTSET":
        whole["auto_pad"] = b"NOTSET"
    if node.attributes.get("ceil_mode", 0):
        whole["ceil_mode"] = 0
    if average and kernel[0] > 1:
        whole["count_include_pad"] = 1
    rewrite = (advice.attributes(**whole),)
    # Padding after the last pixel shows in the number of windows only.
    legal = all(window.stride in (1, 2) for window in found)
    wanted = tuple(-(-window.size // window.stride) for window in found)
    made = tuple(window.made(automatic, node.attributes.get("ceil_mode", 0)) for window in found)
    if any(window.before != before for window in found) or (
            legal and not target[2:] == made == wanted):
        return Refusal("its padding is not kernel//2 zeros on every side" if before == after else
                       "its padding is not the chip's, and its map not 1/stride of the input",
                       rewrite)
    if average and _averaged(node, found, target) is None:
        return Refusal("averages fewer pixels at the rim", rewrite)
    return None


def _averaged(node, found, target):
    """Pixels that each mean of an AveragePool divides by, None where windows differ; ``found``: its
    windows."""
    padding = node.attributes.get("count_include_pad", 0)
    counts = [np.unique(window.counts(made, padding)) for window, made in zip(
        found, target[2:], strict=True)]
    return int(counts[0][0] * counts[1][0]) if all(len(each) == 1 for each in counts) else None


def _geometry(node, kernel, edges, source, target):
    """Refusal of a window that a chip with kernels of these ``edges`` has no mode for, else
    None."""
    kernel = tuple(kernel)
    found = windows(node.attributes, kernel, source[2:])
    refusals: list[Refusal | None] = list(_window_refusals(
        kernel, edges, [window.stride for window in found], [window.dilation for window in found],
        "convolutions" if node.operation == "Conv" else "poolings"))
    if kernel[0] == kernel[1] and (kernel[0] % 2 or kernel[0] == 2):
        refusals.append(_edges_refusal(node, found, kernel, target))
    return together(refusals)


def _shapes(node, graph):
    """(source, target) of a node that makes a map of a map, or a Refusal."""
    source, target = graph.shapes.get(node.inputs[0]), graph.shapes.get(node.outputs[0])
    if source is None or target is None or len(source) != 4 or source[0] != 1:
        return Refusal("its input is not a map (1, C, H, W) of known size",
                       (advice.AS_MAP,))
    return source, target


def begin(node, graph, config):
    """The chain of a Conv node before anything is folded into it, on a chip of this ChipConfig, or
    a Refusal."""
    strange = unknown(node, graph)
    if strange is not None:
        return strange
    weights = graph.constants.get(node.inputs[1])
    bias = graph.constants.get(node.inputs[2]) if len(node.inputs) > 2 and node.inputs[2] else 0.0
    if weights is None or bias is None:
        return Refusal("its weights are not constants", (advice.stored(),))
    shapes = _shapes(node, graph)
    if isinstance(shapes, Refusal):
        return shapes
    source, target = shapes
    coded = _coded(weights, config.ternary)
    refusal = together([coded if isinstance(coded, Refusal) else None, _geometry(
        node, weights.shape[2:], config.kernels, source, target)])
    if isinstance(coded, Refusal) or refusal is not None:
        return refusal
    codes, magnitudes, remark = coded
    groups = node.attributes.get("group", 1)
    channelwise = config.channelwise and 1 < groups == source[1] == len(codes)
    return Chain(node.name, [node], node.inputs[0], node.outputs[0], codes, magnitudes,
                 np.broadcast_to(np.asarray(bias, np.float64), magnitudes.shape),
                 node.attributes.get("strides", [1])[0], config,
                 groups=1 if channelwise else groups, channelwise=channelwise, shape=target,
                 remark=remark)


def _pool(node, graph, config):
    """MaxPool or AveragePool; an average is a depthwise convolution with weights of +1."""
    shapes = _shapes(node, graph)
    if isinstance(shapes, Refusal):
        return shapes
    source, target = shapes
    kernel = node.attributes["kernel_shape"]
    maximum = node.operation == "MaxPool"
    refusal = together([
        Refusal("also gives the places of its maxima", (advice.ONE_OUTPUT,))
        if len(node.outputs) > 1 else None,
        _geometry(node, kernel, sorted({*config.kernels, 2}), source, target)])
    if refusal is not None:
        return refusal
    channels = source[1]
    scale = 1.0
    if not maximum:
        pixels = _averaged(node, windows(node.attributes, tuple(kernel), source[2:]), target)
        assert pixels, "no mean of the same number of pixels, which was refused"
        scale = 1.0 / pixels
    return Chain(node.name, [node], node.inputs[0], node.outputs[0],
                 np.ones((channels, 1, *kernel), np.uint8), np.full(channels, scale),
                 np.zeros(channels), node.attributes.get("strides", [1])[0], config,
                 channelwise=True, maximum=maximum, shape=target)


def _twice(found, source):
    """Whether the sources of a Resize are every pixel twice in both directions, and every channel
    once."""
    return found is not None and all(
        np.array_equal(axis, np.arange(size).repeat(times))
        for axis, size, times in zip(found, source, (1, 1, 2, 2), strict=True))


def _upsample(node, graph, config):
    """Resize or Upsample by two to the nearest pixel."""
    shapes = _shapes(node, graph)
    if isinstance(shapes, Refusal):
        return shapes
    source, target = shapes
    if len(target) != 4 or not _twice(sources(node, graph, source, target), source):
        return Refusal("does not repeat every pixel twice in both directions",
                       (advice.TWICE,))
    channels = source[1]
    return Chain(node.name, [node], node.inputs[0], node.outputs[0],
                 np.ones((channels, 1, 1, 1), np.uint8), np.ones(channels), np.zeros(channels), 1,
                 config, channelwise=True, upsample=True, shape=target)


# Operation -> how its chain begins, and what it is called.
CHANNELWISE = {"MaxPool": (_pool, "pooling"), "AveragePool": (_pool, "pooling"),
               "Resize": (_upsample, "upsampling"), "Upsample": (_upsample, "upsampling")}


def begin_channelwise(node, graph, config, made):
    """The chain of a node of ``CHANNELWISE``, or a Refusal; ``made``: names of the maps that
    the chip has."""
    function, what = CHANNELWISE[node.operation]
    begun = unknown(node, graph) or function(node, graph, config)
    refusals = [begun if isinstance(begun, Refusal) else None]
    if not config.channelwise:
        refusals.insert(0, Refusal(f"the chip has no {what}", (advice.chip(channelwise=True),)))
    if node.inputs[0] not in made:
        refusals.append(Refusal("its map is made by the host, and no layer of the chip reads it",
                                (advice.LAYER_BEFORE,)))
    return together(refusals) or begun


def begin_alone(node, graph, config, made):
    """The chain of a node that is folded into no layer before it: a layer of its own that takes
    every value by itself, with a weight of +1 for each channel; None when there is none, a Refusal
    when it is one that the chip has not.

    ``made``: names of the maps that layers of the chip make."""
    identity = node.operation == "Identity" and not node.domain
    folded = node.operation in FOLDED or qonnx.is_quantizer(node.proto)
    if not config.channelwise or not (identity or folded):
        return None
    refusal = None
    for name in node.inputs:
        shape = graph.shapes.get(name, ())
        if name not in made or len(shape) != 4 or shape[0] != 1 or (
                graph.shapes.get(node.outputs[0]) != shape):
            continue
        chain = Chain(node.name, [], name, name, np.ones((shape[1], 1, 1, 1), np.uint8),
                      np.ones(shape[1]), np.zeros(shape[1]), 1, config, channelwise=True,
                      shape=shape)
        if identity:
            chain.take([node])
            return chain
        found = chain.absorb(node, graph)
        if found is None:
            return chain
        refusal = refusal or found
    return refusal
