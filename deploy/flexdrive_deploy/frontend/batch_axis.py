"""A network of several images at once, followed image by image.

The chip and its host take one image after the other. That is right when the model computes each
image of a batch by itself, which a batch that is baked into a Reshape, a softmax over the first
axis or a sum over images breaks. The batch axis is followed through the graph: the graph is made
for one image and for several, and every node must make from several images, one behind the other,
what it makes from each. Operations that do so by definition are taken at their word; others are
computed by onnxruntime both ways.

A model whose input is declared as one image is for one image, whatever it does with the first
axis; so is one of free batch that fits together for one image only.
"""

import numpy as np
from onnx import helper

from ..errors import ModelError
from . import quantizers as qonnx
from .evaluator import Evaluator
from .kernels import kernel, protos, single

__all__ = ["graph_of_one_image"]

# Images at once that stand for a free number of them.
_SEVERAL = 2
# Each image by itself, whatever the attributes, when the images are the first input's first axis.
_MAPS = frozenset([
    "AveragePool", "Conv", "ConvTranspose", "DepthToSpace", "GlobalAveragePool",
    "GlobalLpPool", "GlobalMaxPool", "LpPool", "LRN", "MaxPool", "SpaceToDepth"])
# Element by element, with the usual broadcasting.
_ELEMENTWISE = frozenset([
    "Abs", "Add", "Cast", "Ceil", "Clip", "Div", "Dropout", "Elu", "Equal", "Erf", "Exp", "Floor",
    "Gelu", "Greater", "GreaterOrEqual", "HardSigmoid", "HardSwish", "Identity", "LeakyRelu",
    "Less", "LessOrEqual", "Log", "Max", "Mean", "Min", "Mish", "Mul", "Neg", "PRelu", "Pow",
    "Reciprocal", "Relu", "Round", "Selu", "Sigmoid", "Sign", "Softplus", "Softsign", "Sqrt",
    "Sub", "Sum", "Swish", "Tanh", "Where"])
# What remains of a matrix product when its sums are ordered otherwise.
_ROUNDING = 1e-4


def _batch_axis(one, several, batch):
    """The axis that is ``batch`` times as long in the second shape, the others being equal."""
    if one is None or several is None or len(one) != len(several):
        return None
    longer = [axis for axis, (a, b) in enumerate(zip(one, several, strict=True)) if a != b]
    if len(longer) != 1 or several[longer[0]] != batch * one[longer[0]]:
        return None
    return longer[0]


def _by_definition(node, axes, one):
    """Whether a node computes every image by itself, going by its operation and the batch axes
    (name -> axis) of its inputs and first output."""
    moving = [name for name in node.inputs if name in axes]
    if qonnx.is_quantizer(node.proto):
        return moving == [node.inputs[0]] and axes[moving[0]] == 0
    if node.domain:
        return False
    target = node.outputs[0]
    if node.operation in _MAPS or (node.operation == "BatchNormalization"
                                   and not node.attributes.get("training_mode", 0)):
        return moving == [node.inputs[0]] and axes[moving[0]] == axes[target] == 0
    return node.operation in _ELEMENTWISE and all(
        len(one.shapes[name]) - axes[name] == len(one.shapes[target]) - axes[target]
        for name in moving)


def _images(name, one, rng, batch):
    """Random values of a tensor for each of ``batch`` images."""
    dtype = helper.tensor_dtype_to_np_dtype(one.types[name])
    shape = one.shapes[name]
    values = (rng.uniform(0.25, 1, (batch, *shape)) if dtype.kind not in "iub" else
              rng.integers(0, 2, (batch, *shape)))
    return [image.astype(dtype) for image in values]


def _computed(node, graph, feeds):
    model, fed = single(node, graph, protos(node, graph), shapes={})
    return Evaluator(model).run(feeds | fed)


def _agree(together, alone, axis):
    """Whether a result for several images is the results of each behind each other."""
    wanted = np.concatenate(alone, axis=axis)
    if together.shape != wanted.shape or together.dtype != wanted.dtype:
        return False
    if wanted.dtype.kind in "iub":
        return bool((together == wanted).all())
    together, wanted = together.astype(np.float64), wanted.astype(np.float64)
    largest = np.max(np.abs(wanted), initial=0, where=np.isfinite(wanted))
    return bool(np.isclose(together, wanted, rtol=_ROUNDING, atol=_ROUNDING * largest,
                           equal_nan=True).all())


def _by_trial(node, other, one, several, axes, batch):
    """Whether a node computes every image by itself, tried with onnxruntime on random images; None
    when it does not take several."""
    rng = np.random.default_rng(0)
    images = {name: _images(name, one, rng, batch) for name in node.inputs if name in axes}
    alone = [_computed(node, one, {name: made[index] for name, made in images.items()})
             for index in range(batch)]
    try:
        together = _computed(other, several, {
            name: np.concatenate(made, axis=axes[name]) for name, made in images.items()})
    except ModelError:
        return None
    return all(name in axes and _agree(together[name], [result[name] for result in alone],
                                       axes[name]) for name in node.outputs if name)


def _refusal(node, declared):
    """ModelError of a node that is not per image."""
    batch = (f"the model is exported for a batch of {declared} images" if declared else
             "the model's batch is free")
    return ModelError(f"Node {node.name} ({node.operation}) does not compute every image of a "
                      f"batch by itself ({batch}), so images one by one would give other results. "
                      "What would pass: a model exported for a batch of 1, or operators that keep "
                      "the batch as first axis (Reshape to (0, ...))")


def _follow(one, several, batch, declared):
    """ModelError at the first node that is not per image, unless the model has a free batch and
    does not fit together for several images."""
    partners = {node.name: node for node in several.nodes}
    axes = dict.fromkeys(one.inputs, 0)
    for node in one.nodes:
        moving = [name for name in node.inputs if name in axes]
        if not moving:
            continue
        for name in node.outputs:
            axis = _batch_axis(one.shapes.get(name), several.shapes.get(name), batch)
            if axis is not None:
                axes[name] = axis
        if any(name not in one.shapes for name in moving) or node.name not in partners:
            raise _refusal(node, declared)
        known = all(name in axes for name in node.outputs if name)
        if known and _by_definition(node, axes, one):
            continue
        if kernel(node, one).refusal:
            return      # refused later, for that
        apart = _by_trial(node, partners[node.name], one, several, axes, batch)
        if apart is None and not declared:
            return
        if not apart:
            raise _refusal(node, declared)
    for name in one.outputs:
        if axes.get(name) != 0 or one.shapes[name][0] != 1:
            maker = next(node for node in one.nodes if name in node.outputs)
            raise _refusal(maker, declared)


def graph_of_one_image(build, declared):
    """The ``onnx_graph.Graph`` of a model for one image.

    Parameters
    ----------
    build : function, number of images at once -> Graph.
    declared : the number that the model declares, 0 when it is free.

    Raises
    ------
    ModelError
        as of ``build``, and naming the first node that does not compute every image of a batch by
        itself.
    """
    try:
        one = build(1)
    except ModelError as error:
        if declared <= 1:
            raise
        raise ModelError(f"{error}. (The model is exported for a batch of {declared} images and "
                         "was read for one. What would pass: exported for a batch of 1)"
                         ) from None
    if declared == 1:
        return one
    batch = declared or _SEVERAL
    try:
        several = build(batch)
    except ModelError:
        if declared:
            raise
        return one
    _follow(one, several, batch, declared)
    return one
