"""What moves values: Concat, Pad, Transpose, Reshape and its kin, upsampling; and pools."""

import numpy as np

from flexdrive_deploy.frontend.kernels import opset_of

from ..expressions import Constant, Function, Quantised, Structured, Sum, Term, View, exact
from ..ir import Concat, MaxPool, Pad, Reshape, Tensor, Transpose, Upsample, WindowSum
from ..refusal import RefusedNode
from ..rounding import quantised_exact
from .windows import flat, window_of

__all__ = ["average_pool", "concat", "global_average", "global_max", "max_pool", "pad", "reduce",
           "reshape", "resize", "transpose", "upsample"]

_BEHIND = "a quantizer behind it"


def _grid(value):
    """(scale, zero) of what is a map already."""
    if isinstance(value, View):
        return "view", value.scale, value.zero
    if isinstance(value, Quantised):
        return "integers", value.quantiser
    return None


def _moved(importer, node, values, apply, *, monotone=True):
    """An operation that a quantizer may stand before or behind.

    Parameters
    ----------
    apply : function of (importer, tensors, meaning, name) -> Tensor; meaning has scale and zero.
    """
    shape = importer.shape(node.outputs[0])
    if any(isinstance(value, Constant) for value in values):
        raise RefusedNode("one of its inputs is a constant", "maps")
    if not all(isinstance(value, View | Quantised | Sum | Function | Structured)
               for value in values):
        raise RefusedNode("one of its inputs is real-valued", "a quantizer of that input")
    grids = {_grid(value) for value in values}
    name = node.outputs[0]
    if len(grids) == 1 and None not in grids:
        first = values[0]
        if isinstance(first, View):
            made = apply(importer, [value.tensor for value in values], first, name)
            return [View(made, first.scale, first.zero)]
        made = apply(importer, [importer.tensor(value) for value in values], first.quantiser, name)
        view = View(made, first.quantiser.scale, first.quantiser.zero)
        return [Quantised(view, first.quantiser, name, shape)]
    if any(isinstance(value, Quantised) for value in values):
        raise RefusedNode("it joins integers of different quantizers",
                          "DequantizeLinear in front of it, and a quantizer behind it")
    return [Structured(shape, tuple(values), apply, (node,), monotone)]


def transpose(importer, node, values):
    """Transpose of all axes but the batch."""
    shape = importer.graph.shapes[node.inputs[0]]
    axes = list(node.attributes.get("perm") or reversed(range(len(shape))))
    if axes[0] != 0:
        raise RefusedNode("it moves the batch axis", "perm[0] = 0")
    made = importer.shape(node.outputs[0])
    return _moved(importer, node, values, lambda imp, tensors, _, name: imp.add(
        Transpose, tensors, imp.like(tensors[0], name, made),
        axes=tuple(axis - 1 for axis in axes[1:])))


def reshape(importer, node, values):
    """Reshape, Flatten, Squeeze, Unsqueeze: the same order of values."""
    made = importer.shape(node.outputs[0])

    def apply(imp, tensors, _, name):
        if tensors[0].shape == made:
            return tensors[0]
        return imp.add(Reshape, tensors, imp.like(tensors[0], name, made))
    return _moved(importer, node, values[:1], apply)


def concat(importer, node, values):
    """Concat along any axis but the batch; of different scales when a quantizer follows."""
    made = importer.shape(node.outputs[0])
    axis = node.attributes["axis"] % (len(made) + 1) - 1
    if axis < 0:
        raise RefusedNode("it joins along the batch axis", "another axis")

    def apply(imp, tensors, _, name):
        low, high = min(t.low for t in tensors), max(t.high for t in tensors)
        return imp.add(Concat, tensors, imp.like(tensors[0], name, made, low=low, high=high),
                       axis=axis)
    return _moved(importer, node, values, apply)


def _pad_sizes(importer, node, values):
    """(before, after) of each axis with the batch, and the real value."""
    attributes = node.attributes
    mode = attributes.get("mode", b"constant")
    if mode != b"constant":
        raise RefusedNode(f"mode = {mode.decode(errors='replace')}", "mode = constant")
    given = [*values[1:], None, None, None]
    if any(value is not None and not isinstance(value, Constant) for value in given):
        raise RefusedNode("its sizes are computed from the image", "constants")
    arrays = [None if value is None else importer.constants.array(value.name)
              for value in given[:3]]
    rank = len(importer.graph.shapes[node.inputs[0]])
    pads = np.array(attributes.get("pads", ())) if arrays[0] is None else arrays[0]
    number = float(attributes.get("value", 0.0) if arrays[1] is None else arrays[1].ravel()[0])
    axes = np.arange(rank) if arrays[2] is None else np.ravel(arrays[2]) % rank
    sizes = np.zeros((rank, 2), np.int64)
    for side, part in enumerate(np.reshape(pads, (2, -1))):
        sizes[axes, side] = part
    if sizes.min(initial=0) < 0 or sizes[0].any():
        raise RefusedNode("it cuts the map or pads the batch", "sizes of 0 or more of other axes")
    if not np.isfinite(number):
        raise RefusedNode(f"it pads with {number}", "a number")
    return sizes[1:], exact(number).item()


def pad(importer, node, values):
    """Pad with a value that the map's grid holds."""
    sizes, number = _pad_sizes(importer, node, values)
    made = importer.shape(node.outputs[0])

    def apply(imp, tensors, meaning, name):
        # Integers are padded with an integer.
        integer = number if integers else number / meaning.scale + meaning.zero
        if not integers and not isinstance(meaning, View):
            integer = quantised_exact(number, meaning)
        tensor = tensors[0]
        low, high = min(tensor.low, integer), max(tensor.high, integer)
        if integer.denominator != 1 or high - low > 65535:
            raise RefusedNode(f"it pads with {float(number):g}, which is no value of its map",
                              "a value on the map's grid, 0 for one, or a quantizer behind it")
        return imp.add(Pad, tensors, imp.like(tensor, name, made, low=int(low), high=int(high)),
                       pads=tuple(map(tuple, sizes.tolist())), value=int(integer))
    source = values[0]
    integers = isinstance(source, Quantised)
    if isinstance(source, View) and (number / source.scale).denominator != 1:
        # Off the map's grid: what it is, the quantizer behind it says.
        return [Structured(made, (source,), apply, (node,), False)]
    return _moved(importer, node, values[:1], apply, monotone=False)


def _upsampled(importer, node, values, scales=None):
    source, made = importer.shape(node.inputs[0]), importer.shape(node.outputs[0])
    if len(source) != len(made) or any(b % a for a, b in zip(source, made, strict=True)):
        raise RefusedNode(f"it makes {made} of {source}", "whole multiples of every axis")
    factors = tuple(b // a for a, b in zip(source, made, strict=True))
    if isinstance(scales, Constant):
        scales = importer.constants.array(scales.name).ravel().tolist()
    # 2.05 times a short axis is as long as twice, but picks other values.
    axes = list(node.attributes.get("axes") or range(len(source) + 1))
    if scales and [(1, *factors)[axis] for axis in axes] != list(scales):
        raise RefusedNode(f"its scales are {list(scales)}", "whole numbers")
    return _moved(importer, node, values[:1], lambda imp, tensors, _, name: imp.add(
        Upsample, tensors, imp.like(tensors[0], name, made), factors=factors))


def upsample(importer, node, values):
    """Upsample of old opsets, nearest."""
    if node.attributes.get("mode", b"nearest") != b"nearest":
        raise RefusedNode("it interpolates", "mode = nearest")
    return _upsampled(importer, node, values, node.attributes.get("scales") or values[1])


def resize(importer, node, values):
    """Resize by whole factors that repeats every value.

    Of the many combinations of modes, those are taken that pick, for output i, input i // factor.
    """
    attributes = {name: value.decode() if isinstance(value, bytes) else value
                  for name, value in node.attributes.items()}
    if attributes.get("mode", "nearest") != "nearest":
        raise RefusedNode(f"mode = {attributes['mode']} interpolates", "mode = nearest")
    # Before opset 11 there were no modes and one input less.
    old = opset_of(importer.graph.model) < 11
    where = attributes.get("coordinate_transformation_mode",
                           "asymmetric" if old else "half_pixel")
    nearest = attributes.get("nearest_mode", "floor" if old else "round_prefer_floor")
    repeats = {"asymmetric": ("floor",), "half_pixel": ("round_prefer_floor", "round_prefer_ceil"),
               "pytorch_half_pixel": ("round_prefer_floor", "round_prefer_ceil")}
    if nearest not in repeats.get(where, ()):
        raise RefusedNode(f"coordinate_transformation_mode = {where} with nearest_mode = {nearest} "
                          "picks other values", "asymmetric with floor")
    given = [*values[1 if old else 2:], None]
    scales = given[0] if isinstance(given[0], Constant) and importer.constants.array(
        given[0].name).size else None
    return _upsampled(importer, node, values, scales)


# Pools

def _pool_window(importer, node, size, kernel):
    return window_of(node, size[1:], kernel, importer.shape(node.outputs[0])[1:])


def _max(importer, node, values, window):
    shape = importer.shape(node.outputs[0])

    def apply(imp, tensors, _, name):
        tensor = tensors[0]
        if window.line:
            tensor = imp.add(Reshape, [tensor],
                             imp.like(tensor, f"{tensor.name}/row", flat(tensor.shape)))
        made = imp.add(MaxPool, [tensor],
                       imp.like(tensor, f"{name}/line" if window.line else name, flat(shape)),
                       kernel=window.kernel, strides=window.strides, pads=window.pads,
                       dilations=window.dilations)
        if window.line:
            made = imp.add(Reshape, [made], imp.like(made, name, shape))
        return made
    return _moved(importer, node, values[:1], apply)


def max_pool(importer, node, values):
    """MaxPool; what lies outside never wins."""
    if len([name for name in node.outputs if name]) > 1:
        raise RefusedNode("it gives indices too", "one output")
    size = importer.shape(node.inputs[0])
    return _max(importer, node, values,
                _pool_window(importer, node, size, node.attributes["kernel_shape"]))


def global_max(importer, node, values):
    """GlobalMaxPool."""
    size = importer.shape(node.inputs[0])
    return _max(importer, node, values, _pool_window(importer, node, size, size[1:]))


def _counts(size, window, made, padded):
    """Pixels that each window of the output counts: (1, H, W) ints."""
    lines = []
    for axis in range(2):
        starts = np.arange(made[1 + axis]) * window.strides[axis] - window.pads[axis]
        taps = starts[:, None] + np.arange(window.kernel[axis]) * window.dilations[axis]
        lines.append((padded | ((taps >= 0) & (taps < size[1 + axis]))).sum(1))
    return np.outer(*lines)[None]


def _average(importer, node, values, window, padded=False, summed=False):
    view = importer.view(values[0])
    tensor, made = view.tensor, importer.shape(node.outputs[0])
    if window.line:
        tensor = importer.add(Reshape, [tensor],
                              importer.like(tensor, f"{tensor.name}/row", flat(tensor.shape)))
    # Shapes of sums keep their axes; a Reshape takes them away where the output has none.
    size = flat(view.tensor.shape)
    spatial = tuple((size[1 + axis] + window.pads[axis] + window.pads[2 + axis]
                     - (window.kernel[axis] - 1) * window.dilations[axis] - 1)
                    // window.strides[axis] + 1 for axis in range(2))
    counts = _counts(size, window, (0, *spatial), padded)
    if (counts == 0).any():
        raise RefusedNode("a window has no pixel", "less padding")
    area = window.kernel[0] * window.kernel[1]
    ends = [area * (end - view.zero) for end in (tensor.low, tensor.high)]
    if ends[0] < -1 << 31 or ends[1] >= 1 << 31:
        raise RefusedNode("its sums do not fit into 32 bits", "smaller windows")
    sums = Tensor(importer.tensor_name(f"{node.outputs[0]}/sums"), (size[0], *spatial),
                  min(ends[0], 0), max(ends[1], 0))
    importer.add(WindowSum, [tensor], sums, kernel=window.kernel, strides=window.strides,
                 pads=window.pads, dilations=window.dilations, zero=view.zero)
    factor = np.asarray(view.scale / exact(np.ones_like(counts) if summed else counts), object)
    if len({*factor.ravel().tolist()}) == 1:
        factor = np.asarray(factor.ravel()[0], object)
    if made != sums.shape:
        sums = importer.add(Reshape, [sums], importer.like(sums, f"{sums.name}/flat", made))
        if factor.size > 1:
            factor = np.broadcast_to(factor, (size[0], *spatial)).reshape(made)
    return [Sum(made, (Term(sums, 0, factor, True),), exact(0))]


def average_pool(importer, node, values):
    """AveragePool: the exact mean of a window, rounded once by the quantizer behind it."""
    size = importer.shape(node.inputs[0])
    window = _pool_window(importer, node, size, node.attributes["kernel_shape"])
    padded = bool(node.attributes.get("count_include_pad", 0))
    if node.attributes.get("ceil_mode", 0) and padded and any(window.pads):
        raise RefusedNode("ceil_mode with count_include_pad: programs differ on what it counts",
                          "ceil_mode = 0, or count_include_pad = 0")
    return _average(importer, node, values, window, padded)


def global_average(importer, node, values):
    """GlobalAveragePool."""
    size = importer.shape(node.inputs[0])
    return _average(importer, node, values, _whole(size))


def _whole(size):
    from .windows import Window
    kernel = size[1:]
    if len(kernel) not in (1, 2):
        raise RefusedNode(f"it has {len(kernel)} spatial axes", "one or two")
    ones = (1,) * len(kernel)
    return Window(kernel, ones, ones, (0,) * 2 * len(kernel), len(kernel) == 1)


def reduce(importer, node, values):
    """ReduceMean and ReduceSum over all spatial axes."""
    size = importer.shape(node.inputs[0])
    rank = len(size) + 1
    axes = node.attributes.get("axes")
    if len(values) > 1 and values[1] is not None:
        if not isinstance(values[1], Constant):
            raise RefusedNode("its axes are computed from the image", "constants")
        axes = importer.constants.array(values[1].name).ravel().tolist()
    axes = sorted(axis % rank for axis in axes or range(rank))
    if axes != list(range(2, rank)) or not axes:
        raise RefusedNode(f"it goes over the axes {axes} of {rank}",
                          "all spatial axes: 2 and behind")
    return _average(importer, node, values[:1], _whole(size),
                    summed=node.operation == "ReduceSum")
