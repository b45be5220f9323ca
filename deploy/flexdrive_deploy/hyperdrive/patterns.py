"""Where a CONV of the chip begins: a binary convolution, or a pooling on chips with channelwise."""

from dataclasses import replace

import numpy as np

from ..frontend import quantizers as qonnx
from . import advice
from .attributes import unknown
from .fusion import FOLDED, Chain
from .index_rules import sources, windows
from .ir import REACH, ZERO, halo_of
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


def _taps(window):
    """Places of a Window's taps, from stride times the pixel that it makes."""
    return tuple(tap * window.dilation - window.before for tap in range(window.kernel))


def _around(spans):
    """pads with which windows that reach over ``spans`` pixels lie around their centres."""
    return [span // 2 for span in spans] + [-(-span // 2) for span in spans]


def _smaller(node, found):
    """Advice of windows of 3x3 instead."""
    what = "convolutions" if node.operation == "Conv" else "poolings"
    return advice.three_by_three([window.kernel for window in found], what), *(
        [advice.attributes(dilations=[1, 1])] if any(w.dilation > 1 for w in found) else []), *(
        [advice.attributes(count_include_pad=1)] if node.operation == "AveragePool" else [])


def _window_refusals(node, found, halo):
    """Refusals of taps that lie further from the centre than a chip with this ``halo`` reads, of
    strides, and of padding by which the map grows."""
    kernel, stride = ("x".join(str(getattr(window, name)) for window in found)
                      for name in ("kernel", "stride"))
    if stride not in ("1x1", "2x2"):
        yield Refusal(f"stride {stride}; the chip has 1 and 2",
                      (advice.attributes(strides=[2, 2]),))
        found = [replace(window, stride=2) for window in found]
    reach = max(halo_of([_taps(window)], window.stride) for window in found)
    if reach > halo:
        smaller = _smaller(node, found)
        yield Refusal(f"kernel {kernel} needs a halo of {reach}, the chip has {halo}",
                      (advice.chip(smaller[0].text, halo=reach),) if reach <= REACH else smaller)
    automatic, ceil = (node.attributes.get(*name) for name in (
        ("auto_pad", b"NOTSET"), ("ceil_mode", 0)))
    if any(window.made(automatic, ceil) > -(-window.size // window.stride) for window in found):
        yield Refusal("its padding makes its map larger than 1/stride of the input",
                      (advice.attributes(pads=_around([(window.kernel - 1) * window.dilation
                                                       for window in found])),))


def _rim_refusal(node, found, target):
    """Refusal of an average that divides by less than the kernel's pixels, of a maximum of none,
    and of a map that is not what the attributes make; else None."""
    attributes = node.attributes
    automatic, ceil = attributes.get("auto_pad", b"NOTSET"), attributes.get("ceil_mode", 0)
    made = tuple(window.made(automatic, ceil) for window in found)
    if made != tuple(target):
        return Refusal("its attributes make a map of another size than the model says",
                       (advice.attributes(ceil_mode=0),))
    average = node.operation == "AveragePool"
    if average and _averaged(node, found, target) is None:
        return Refusal("averages fewer pixels at the rim", (advice.attributes(
            count_include_pad=1, **({"ceil_mode": 0} if ceil else {})),))
    if node.operation == "MaxPool" and any(
            (window.counts(count, False) == 0).any()
            for window, count in zip(found, made, strict=True)):
        return Refusal("takes a maximum of padding alone", (advice.attributes(
            dilations=[1, 1], pads=_around([window.kernel - 1 for window in found])),))
    return None


def _averaged(node, found, made):
    """Pixels that each mean of an AveragePool divides by, None where windows differ; ``found``: its
    windows, ``made``: how many along each axis."""
    padding = node.attributes.get("count_include_pad", 0)
    counts = [np.unique(window.counts(count, padding)) for window, count in zip(
        found, made, strict=True)]
    return int(counts[0][0] * counts[1][0]) if all(len(each) == 1 for each in counts) else None


def _geometry(node, kernel, config, source, target):
    """(taps, size) of a window as of :class:`~.ir.ConvLayer`, and the Refusal of one that the chip
    of this ChipConfig has not, else None."""
    found = windows(node.attributes, tuple(kernel), source[2:])
    refusal = together([*_window_refusals(node, found, config.halo),
                        _rim_refusal(node, found, target[2:])])
    return (tuple(map(_taps, found)), tuple(target[2:])), refusal


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
    (taps, size), refusal = _geometry(node, weights.shape[2:], config, source, target)
    refusal = together([coded if isinstance(coded, Refusal) else None, refusal])
    if isinstance(coded, Refusal) or refusal is not None:
        return refusal
    codes, magnitudes, remark = coded
    groups = node.attributes.get("group", 1)
    channelwise = config.channelwise and 1 < groups == source[1] == len(codes)
    return Chain(node.name, [node], node.inputs[0], node.outputs[0], codes, magnitudes,
                 np.broadcast_to(np.asarray(bias, np.float64), magnitudes.shape),
                 node.attributes.get("strides", [1])[0], config, taps=taps, size=size,
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
    (taps, size), refusal = _geometry(node, kernel, config, source, target)
    refusal = together([
        Refusal("also gives the places of its maxima", (advice.ONE_OUTPUT,))
        if len(node.outputs) > 1 else None, refusal])
    if refusal is not None:
        return refusal
    channels = source[1]
    scale = 1.0
    if not maximum:
        pixels = _averaged(node, windows(node.attributes, tuple(kernel), source[2:]), size)
        assert pixels, "no mean of the same number of pixels, which was refused"
        scale = 1.0 / pixels
    return Chain(node.name, [node], node.inputs[0], node.outputs[0],
                 np.ones((channels, 1, *kernel), np.uint8), np.full(channels, scale),
                 np.zeros(channels), node.attributes.get("strides", [1])[0], config, taps=taps,
                 size=size, channelwise=True, maximum=maximum, shape=target)


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
