"""Where a CONV of the chip begins: a binary convolution, or a pooling on chips with channelwise."""

import numpy as np

from .attributes import unknown
from .fusion import Chain
from .index_rules import sources, windows
from .ir import REACH, ZERO, halo_of
from .refusal import Refusal, together

__all__ = ["CHANNELWISE", "begin", "begin_channelwise"]


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
                   "weights of plus or minus one value per output channel")


def _coded(weights, ternary):
    """(uint8 codes of weights, float64 magnitude per channel, remark), or the Refusal of others
    than plus and minus one value and, when ``ternary``, zero."""
    magnitudes = np.abs(weights.astype(np.float64)).reshape(len(weights), -1)
    if not np.isfinite(magnitudes).all():
        return Refusal("weights that are infinite or no numbers", "finite weights")
    largest = magnitudes.max(axis=1)
    zero = (magnitudes == 0) & (largest[:, None] != 0)  # a channel of nothing else has scale 0
    least = np.where(zero, np.inf, magnitudes).min(axis=1)
    apart = ~_spread(least, largest) & (least != largest)
    if apart.any():
        return _real(magnitudes, int(np.argmax(apart)), zero)
    if zero.any() and not ternary:
        channel = int(np.argmax(zero.any(axis=1)))
        return Refusal(f"weights of zero beside others (in output channel {channel})",
                       "a chip with ternary = true")
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


def _window_refusals(found, target, halo, what):
    """Refusals of taps that lie further from the centre than a chip with this ``halo`` reads, of
    strides, and of padding by which the map grows; ``target``: (rows, columns) of what is made."""
    reach = max(halo_of([_taps(window)], window.stride) for window in found)
    kernel, stride = ("x".join(str(getattr(window, name)) for window in found)
                      for name in ("kernel", "stride"))
    if reach > halo:
        larger = f"a chip with halo = {reach}, or " if reach <= REACH else ""
        yield Refusal(f"kernel {kernel} needs a halo of {reach}, the chip has {halo}",
                      f"{larger}3x3 {what} in sequence")
    if stride not in ("1x1", "2x2"):
        yield Refusal(f"stride {stride}; the chip has 1 and 2", "stride 1 or 2 in both directions")
    elif any(made > -(-window.size // window.stride)
             for window, made in zip(found, target, strict=True)):
        yield Refusal("its padding makes its map larger than 1/stride of the input",
                      f"pads = {_around([(w.kernel - 1) * w.dilation for w in found])}")


def _rim_refusal(node, found, target):
    """Refusal of an average that divides by less than the kernel's pixels, of a maximum of none,
    and of a map that is not what the attributes make; else None."""
    attributes = node.attributes
    automatic, ceil = attributes.get("auto_pad", b"NOTSET"), attributes.get("ceil_mode", 0)
    made = tuple(window.made(automatic, ceil) for window in found)
    if made != tuple(target):
        return Refusal("its attributes make a map of another size than the model says",
                       "ceil_mode = 0")
    average = node.operation == "AveragePool"
    padding = average and attributes.get("count_include_pad", 0)
    counts = [window.counts(count, padding) for window, count in zip(found, made, strict=True)]
    if average and any((count != window.kernel).any()
                       for window, count in zip(found, counts, strict=True)):
        return Refusal("averages fewer pixels at the rim",
                       "count_include_pad = 1, ceil_mode = 0")
    if node.operation == "MaxPool" and any((count == 0).any() for count in counts):
        return Refusal("takes a maximum of padding alone", "dilation 1, and pads = "
                       f"{_around([window.kernel - 1 for window in found])}")
    return None


def _geometry(node, kernel, config, source, target):
    """(taps, size) of a window as of :class:`~.ir.ConvLayer`, and the Refusal of one that the chip
    of this ChipConfig has not, else None."""
    found = windows(node.attributes, tuple(kernel), source[2:])
    refusal = together([
        *_window_refusals(found, target[2:], config.halo,
                          "convolutions" if node.operation == "Conv" else "poolings"),
        _rim_refusal(node, found, target[2:])])
    return (tuple(map(_taps, found)), tuple(target[2:])), refusal


def _shapes(node, graph):
    """(source, target) of a node that makes a map of a map, or a Refusal."""
    source, target = graph.shapes.get(node.inputs[0]), graph.shapes.get(node.outputs[0])
    if source is None or target is None or len(source) != 4 or source[0] != 1:
        return Refusal("its input is not a map (1, C, H, W) of known size",
                       "a map (N, C, H, W) of fixed size")
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
        return Refusal("its weights are not constants", "weights stored in the model")
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
        Refusal("also gives the places of its maxima", "MaxPool with one output")
        if len(node.outputs) > 1 else None, refusal])
    if refusal is not None:
        return refusal
    channels = source[1]
    scale = 1.0 if maximum else 1.0 / (kernel[0] * kernel[1])
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
                       "Resize by exactly 2 with mode nearest, asymmetric, floor")
    channels = source[1]
    return Chain(node.name, [node], node.inputs[0], node.outputs[0],
                 np.ones((channels, 1, 1, 1), np.uint8), np.ones(channels), np.zeros(channels), 1,
                 config, channelwise=True, upsample=True, shape=target)


# Operation -> how its chain begins, and what it is called.
CHANNELWISE = {"MaxPool": (_pool, "pooling"), "AveragePool": (_pool, "pooling"),
               "Resize": (_upsample, "upsampling"), "Upsample": (_upsample, "upsampling")}


def begin_channelwise(node, graph, config, made):
    """The chain of a node of ``CHANNELWISE``, or a Refusal; ``made``: names of the maps that
    layers of the chip make."""
    function, what = CHANNELWISE[node.operation]
    begun = unknown(node, graph) or function(node, graph, config)
    refusals = [begun if isinstance(begun, Refusal) else None]
    if not config.channelwise:
        refusals.insert(0, Refusal(f"the chip has no {what}", "a chip with channelwise = true"))
    if node.inputs[0] not in made:
        refusals.append(Refusal("its map is made by the host", "a layer of the chip before it"))
    return together(refusals) or begun
