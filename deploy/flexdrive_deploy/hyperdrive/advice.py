"""What would run on the chip in the place of what does not: edits, and their words.

Advice is meant literally: following it is a function of a :class:`~.draft.Draft`, and a network in
which all advice for a node was followed meets no further obstacle there
(tests/deploy/test_advice.py follows each). Where the words name several ways, one is followed.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from onnx import version_converter

from .draft import Draft

__all__ = ["Advice", "attributes", "becomes", "chip", "follow"]

_LARGEST = 65504.0


@dataclass(frozen=True)
class Advice:
    """``text`` : in words; ``follow`` : does it to a Draft."""

    text: str
    follow: Callable


def follow(graph, placement, config):
    """Follow the advice of a node that does not run on the chip.

    Parameters
    ----------
    graph : onnx_graph.Graph, as loaded.
    placement : :class:`~.partition.Placement` or :class:`~.diagnostics.Obstacle`, with advice.
    config : ChipConfig.

    Returns
    -------
    (onnx.ModelProto, ChipConfig).
    """
    draft = Draft(graph, placement.name, config)
    for advice in placement.advice:
        advice.follow(draft)
    return draft.finished(), draft.config


def _word(value):
    return value.decode() if isinstance(value, bytes) else value


def attributes(**values):
    """Attributes of the node."""
    text = ", ".join(f"{name} = {_word(value)}" for name, value in values.items())
    return Advice(text, lambda draft: draft.set(**values))


def chip(way="", **changes):
    """Another chip; ``way``: what would do as well."""
    text = " and ".join(f"{name} = {str(value).lower()}" for name, value in changes.items())
    return Advice(f"a chip with {text}" + (f", or {way}" if way else ""),
                  lambda draft: draft.change(**changes))


def becomes(operation, **values):
    """Another operation of the first map that the node reads."""
    return Advice(operation, lambda draft: draft.become(
        operation, [draft.node.input[draft.places(False)[0]]], **values))


def without(operation, names):
    """Attributes that no rule knows."""
    return Advice(f"{operation} without {' and '.join(names)}",
                  lambda draft: draft.set(**dict.fromkeys(names)))


def newer_opset(version):
    """A newer opset."""
    def convert(draft):
        draft.model = version_converter.convert_version(draft.model, version)
    return Advice(f"export with opset {version} or newer", convert)


def _binary(weights):
    """Weights of one magnitude, of at most what binary16 holds: that of most of a channel."""
    magnitudes = np.abs(weights.astype(np.float64)).reshape(len(weights), -1)
    finite = np.where(np.isfinite(magnitudes) & (magnitudes > 0), magnitudes, np.nan)
    known = ~np.isnan(finite).all(axis=1)
    scale = np.ones(len(weights))
    scale[known] = np.minimum(np.nanmedian(finite[known], axis=1), _LARGEST)
    return np.where(np.signbit(weights), -1, 1) * scale.reshape(-1, *[1] * (weights.ndim - 1))


def _weights(change):
    return lambda draft: draft.put(1, change(draft.constant(1)))


BINARY = Advice("weights of plus or minus one value per output channel", _weights(_binary))
FINITE = Advice("finite weights", _weights(_binary))
IN_RANGE = Advice("magnitudes up to 65504", _weights(lambda weights: np.clip(
    weights, -_LARGEST, _LARGEST)))


def _dense(draft):
    weights = draft.constant(1)
    turned = draft.node.op_type == "Gemm" and any(
        each.name == "transB" and each.i for each in draft.node.attribute)
    draft.put(1, _binary(weights) if turned else _binary(weights.T).T)


DENSE = Advice("weights of plus or minus one value per output, for one row a time", _dense)


def stored(*places, what="weights"):
    """Constants instead of what is computed: of the values of the trained network, here ones."""
    def store(draft):
        for index in places or draft.places(False)[1:]:
            if draft.constant(index) is None:
                draft.put(index, np.ones(draft.shape(draft.node.input[index])))
    return Advice(f"{what} stored in the model", store)


def three_by_three(kernel, what):
    """Kernels of 3x3, one behind the other, that see as far."""
    def replaced(draft):
        if draft.node.op_type != "Conv":
            draft.set(kernel_shape=[3, 3], pads=[1] * 4)
            return
        source, (outputs, inputs) = draft.node.input[0], draft.constant(1).shape[:2]
        channels = draft.shape(source)[1]
        for _ in range(max(kernel) // 2 - 1):
            source = draft.convolution(source, channels, kernel=3)
        weights = np.ones((outputs, inputs, 3, 3))
        weights[::2, :, 1] = -1
        draft.node.input[0] = source
        draft.put(1, weights)
        draft.set(kernel_shape=[3, 3], pads=[1] * 4)
    return Advice(f"3x3 {what} in sequence", replaced)


def _as_map(draft):
    size = draft.shape(draft.node.input[0])
    weights = draft.constant(1)
    draft.node.input[0] = draft.before("Reshape", [draft.node.input[0], draft.store(np.array(
        [1, size[1], -1, size[-1]], np.int64))])
    draft.put(1, weights.reshape(*weights.shape[:2], -1, weights.shape[-1]))
    draft.set(kernel_shape=None, pads=None, strides=None, dilations=None)


AS_MAP = Advice("a map (N, C, H, W) of fixed size", _as_map)


def _one_output(draft):
    del draft.node.output[1:]


ONE_OUTPUT = Advice("MaxPool with one output", _one_output)


def _resize(draft):
    source = draft.node.input[0]
    draft.become("Resize", [source, draft.store(np.zeros(0, np.float32)), draft.store(
        np.array([1, 1, 2, 2], np.float32))], mode="nearest",
        coordinate_transformation_mode="asymmetric", nearest_mode="floor")


TWICE = Advice("Resize by exactly 2 with mode nearest, asymmetric, floor", _resize)


def _layer_before(draft):
    index = draft.places(False)[0]
    draft.node.input[index] = draft.convolution(draft.node.input[index])


LAYER_BEFORE = Advice("a layer of the chip before it", _layer_before)


def _leave_out(draft):
    source, result = draft.node.input[0], draft.node.output[0]
    draft.model.graph.node.remove(draft.node)
    for other in draft.model.graph.node:
        for names in (other.input, other.output):
            names[:] = [result if name == source else name for name in names]


ONE_ACTIVATION = Advice("one activation a convolution", _leave_out)


def _per_channel(draft):
    shape = draft.shape(draft.node.output[0])
    index = draft.places(True)[0] if draft.places(True) else 1
    values = draft.constant(index)
    draft.put(index, np.ones((shape[1], 1, 1)) if values is None else np.broadcast_to(
        values, shape)[0].mean(axis=(1, 2), keepdims=True))


PER_CHANNEL = Advice("a constant of shape (C, 1, 1)", _per_channel)


def _reciprocal(draft):
    (index,) = draft.places(True)
    values = draft.constant(index)
    draft.become("Mul", [draft.node.input[1 - index], draft.store(1 / np.where(
        values == 0, 1, values), draft.node.output[0])])


RECIPROCAL = Advice("Mul by the reciprocal", _reciprocal)


def _spatial(draft):
    for index in range(1, 5):
        draft.put(index, draft.constant(index).mean(axis=(1, 2)))
    draft.set(spatial=1)


SPATIAL = Advice("spatial = 1", _spatial)


def _inference(draft):
    del draft.node.output[1:]
    draft.set(training_mode=None)


INFERENCE = Advice("inference form", _inference)


def _equal_shapes(draft):
    shape = draft.shape(draft.node.output[0])
    for index, name in enumerate(draft.node.input):
        if draft.shape(name) != shape:
            draft.node.input[index] = draft.before("Expand", [name, draft.store(np.array(
                shape, np.int64))])


EQUAL_SHAPES = Advice("maps of equal shape", _equal_shapes)
SCALE_ONE = Advice("BipolarQuant of scale 1", lambda draft: draft.put(1, np.float32(1)))
ONE_SLOPE = Advice("one slope for all channels", lambda draft: draft.put(
    1, np.ones(1) * (0.25 if draft.constant(1) is None else draft.constant(1).mean())))


def _shuffle(draft):
    following = next((other for other in draft.readers() if other.op_type == "Transpose"), None)
    if following is not None and len(draft.shape(draft.node.output[0])) == 5:
        draft.set(following, perm=[0, 2, 1, 3, 4])
        return
    source = draft.node.input[0]
    shape = draft.shape(source)
    groups = next(count for count in range(2, shape[1] + 1) if shape[1] % count == 0)
    split = draft.before("Reshape", [source, draft.store(np.array(
        [1, groups, shape[1] // groups, *shape[2:]], np.int64))])
    draft.become("Reshape", [draft.before("Transpose", [split], perm=[0, 2, 1, 3, 4]),
                             draft.store(np.array(shape, np.int64))])


SHUFFLE = Advice("Reshape to (1, G, C/G, H, W), Transpose of axes 1 and 2, Reshape back", _shuffle)


def _only_maps(draft):
    draft.node.input[:] = [draft.node.input[index] for index in draft.places(False)]


ONLY_MAPS = Advice("maps only", _only_maps)


def _pixel_mean(draft):
    draft.become("ReduceMean", draft.node.input[:1], axes=[2, 3], keepdims=1)


PIXEL_MEAN = Advice("ReduceMean of a map over axes 2 and 3 with keepdims = 1", _pixel_mean)


def average_before(most):
    """Averages of 2x2 pixels, until at most so many are left."""
    def averaged(draft):
        _, _, height, width = draft.shape(draft.node.input[0])
        while height * width > most:
            draft.node.input[0] = draft.before("AveragePool", draft.node.input[:1],
                                               kernel_shape=[2, 2], strides=[2, 2])
            height, width = height // 2, width // 2
    return Advice("AveragePool before it, with kernel and stride 2", averaged)
