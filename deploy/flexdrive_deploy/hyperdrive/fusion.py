"""A binary convolution or a pooling and what follows it, folded into one CONV of the chip."""

from dataclasses import dataclass, field, replace

import numpy as np
from onnx import TensorProto

from flexdrive.hyperdrive.config import ChipConfig
from flexdrive.hyperdrive.descriptor.fields import Activation

from ..frontend import quantizers as qonnx
from . import advice
from .activations import (
    BENDS,
    CLAMPS,
    clip,
    leaky_relu,
    one_bound,
    prelu,
    relu,
    sign,
    three_way_sign,
)
from .attributes import unknown
from .instead import no_such_operation
from .ir import MINUS_ZERO, ConvLayer, half_bits
from .operands import operands
from .refusal import Refusal, together
from .thresholds import sign_parameters

__all__ = ["FOLDED", "Chain"]

_FLOATS = (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE)


@dataclass(eq=False)
class Chain:
    """y = activation(scale * conv(source) + bypass + bias), or with the bypass behind the
    activation, as far as it has been followed.

    Attributes
    ----------
    name : name of the Conv node.
    nodes : nodes folded so far, the Conv first.
    source, value : names of the value that it reads and of the one that it makes.
    weights : uint8 codes as in ConvLayer (c_out, c_in / groups, p, q); channelwise (c_out, 1, p,
        q).
    scale, bias : float64 (c_out,).
    stride, taps, size, activation, slope, bounds, bypass, late, activated, groups, shuffle,
        channelwise, maximum, upsample : as in ConvLayer.
    config : ChipConfig of the chip that it is to run on.
    shape : (1, channels, height, width) of what it makes.
    remark : what a person should know of its weights, to stand behind "binary weights"; or "".
    """

    name: str
    nodes: list
    source: str
    value: str
    weights: np.ndarray
    scale: np.ndarray
    bias: np.ndarray
    stride: int
    config: ChipConfig
    taps: tuple = ()
    size: tuple = ()
    activation: Activation = Activation.NONE
    slope: int = 0
    bounds: tuple = ()
    bypass: str | None = None
    late: bool = False
    activated: str = ""
    groups: int = 1
    shuffle: int = 1
    channelwise: bool = False
    maximum: bool = False
    upsample: bool = False
    shape: tuple = field(default=())
    remark: str = ""

    def layer(self):
        """The ConvLayer. A bias of zero becomes -0, which changes nothing at all."""
        alpha, beta = half_bits(self.scale), half_bits(self.bias)
        if self.threshold:
            alpha, beta = sign_parameters(self.scale, self.bias)
        beta = np.where(beta == 0, np.uint16(MINUS_ZERO), beta)
        return ConvLayer(
            name=self.name, source=self.source, target=self.value, weights=self.weights,
            alpha=alpha, beta=beta, stride=self.stride, taps=self.taps, size=self.size,
            activation=self.activation, slope=self.slope, bounds=self.bounds, bypass=self.bypass,
            late=self.late, activated=self.activated, groups=self.groups, shuffle=self.shuffle,
            channelwise=self.channelwise, maximum=self.maximum, upsample=self.upsample)

    @property
    def threshold(self):
        """Whether it is a sign of a sum alone, which is compared with a threshold."""
        return self.activation == Activation.SIGN and (self.bypass is None or self.late)

    def clamp(self, low, high):
        """Bounds, real numbers, behind what there is: those of all together."""
        values = np.array(self.bounds or self.activation.bounds, np.uint16).view(np.float16)
        limits = np.array([half_bits(low), half_bits(high)], np.uint16).view(np.float16)
        # Adding 0 makes -0 to +0.
        bounds = tuple(int(bits) for bits in half_bits(np.clip(values, *limits) + np.float16(0)))
        if self.activation in (Activation.NONE, Activation.RELU):
            self.activation = (Activation.RELU if bounds == Activation.RELU.bounds
                               else Activation.NONE)
        self.bounds = () if bounds == self.activation.bounds else bounds

    def absorb(self, node, graph):
        """Fold the node that reads ``value``; returns a Refusal when that is not possible."""
        action = _ACTIONS.get(node.operation) if not node.domain else (
            sign if qonnx.is_quantizer(node.proto) else None)
        if action is None:
            return no_such_operation(node, graph)
        strange = None if node.domain else unknown(node, graph)
        if strange is not None:
            return strange
        if self.shuffle > 1:
            return Refusal("comes after a channel shuffle", (advice.chip(
                "shuffle last, before the next convolution", channelwise=True),))
        late = self._late(action, node, graph)
        # What would be in the way at its right place is said at once.
        chain = replace(self, nodes=[*self.nodes]) if late else self
        with np.errstate(all="ignore"):     # scales that are not finite are refused at the end
            refusal = together([late, action(chain, node, graph)])
        if refusal is None and action is not _shuffle:      # which takes several nodes at once
            self.take([node])
        return refusal

    def _late(self, action, node, graph):
        """Refusal of a step behind the activation, else None."""
        active = self.activation != Activation.NONE or self.bounds
        if not active or action in (_pass, _shuffle) or (not self.late and (
                action in CLAMPS or (action is _add and self._adds_map(node, graph))
                or (action is _multiply and self._scales_sign(node, graph)))):
            return None
        if action in (*BENDS, *CLAMPS):
            return Refusal("is a second activation", (advice.ONE_ACTIVATION,))
        return Refusal("comes after the activation, which is the chip's last step",
                       (advice.chip("convolution, scale, addition, bias, then activation",
                             channelwise=True),))

    def _adds_map(self, node, graph):
        """Whether a node is an addition of another map."""
        other = [name for name in node.inputs if name != self.value]
        return node.operation == "Add" and len(other) == 1 and other[0] not in graph.constants

    def _scales_sign(self, node, graph):
        """Whether a node multiplies what a sign makes by one number: two others."""
        values, _ = operands(self, node, graph)
        return self.activation == Activation.SIGN and values is not None and (
            len(np.unique(values)) == 1 and bool(np.isfinite(values).all()))

    def take(self, nodes):
        """Nodes, one behind the other, that are folded now."""
        self.nodes += nodes
        self.value = nodes[-1].outputs[0]


_NOT_PER_CHANNEL = Refusal("its other operand is not one constant, or one per channel",
                           (advice.PER_CHANNEL,))
_AFTER_BYPASS = Refusal("scales after the residual addition; the chip scales before",
                        (advice.chip("scale both operands before they are added",
                              channelwise=True),))


def _multiply(chain, node, graph):
    values, _ = operands(chain, node, graph)
    if values is None:
        return _NOT_PER_CHANNEL
    if node.operation == "Div":
        if node.inputs[0] != chain.value or not values.all():
            return Refusal("divides a constant by a map, or by zero", (advice.RECIPROCAL,))
        values = 1 / values
    if chain.activation == Activation.SIGN:
        made = np.array(chain.bounds or chain.activation.bounds, np.uint16).view(np.float16)
        chain.bounds = tuple(int(bits) for bits in half_bits(
            made.astype(np.float64) * np.ravel(values)[0]))
        return None
    if chain.bypass is not None:
        return _AFTER_BYPASS
    chain.scale, chain.bias = chain.scale * values, chain.bias * values
    return None


def _batch_norm(chain, node, graph):
    gamma, beta, mean, variance = (graph.constants.get(name) for name in node.inputs[1:5])
    if any(values is None for values in (gamma, beta, mean, variance)):
        return Refusal("parameters are not constants", (
            advice.stored(1, 2, 3, 4, what="inference form, parameters"),))
    if not node.attributes.get("spatial", 1):
        return Refusal("normalizes every pixel by numbers of its own", (advice.SPATIAL,))
    if node.attributes.get("training_mode", 0) or len(node.outputs) > 1:
        return Refusal("is in training mode", (advice.INFERENCE,))
    if chain.bypass is not None:
        return _AFTER_BYPASS
    epsilon = node.attributes.get("epsilon", 1e-5)
    factor = gamma.astype(np.float64) / np.sqrt(variance.astype(np.float64) + epsilon)
    chain.scale = chain.scale * factor
    chain.bias = (chain.bias - mean.astype(np.float64)) * factor + beta.astype(np.float64)
    return None


def _add(chain, node, graph):
    values, other = operands(chain, node, graph)
    if values is not None:
        chain.bias = chain.bias + (-values if node.operation == "Sub" else values)
        return None
    if other in graph.constants:
        return _NOT_PER_CHANNEL
    if chain.bypass is not None:
        return Refusal("is the second map added to one convolution", (advice.chip(
            "one addition a convolution", channelwise=True),))
    if graph.shapes.get(other) != chain.shape:
        return Refusal(f"adds {graph.shapes.get(other, 'unknown shape')} to {chain.shape}",
                       (advice.EQUAL_SHAPES,))
    chain.bypass = other
    chain.late = chain.activation != Activation.NONE or bool(chain.bounds)
    chain.activated = chain.value if chain.late else ""
    return None


_NO_SHUFFLE = Refusal("is no channel shuffle",
                      (advice.SHUFFLE,))


def _shuffle(chain, node, graph):
    """Reshape, Transpose, Reshape that exchange group and channel ("ShuffleNet", CVPR 2018)."""
    nodes = [node]
    for operation in ("Transpose", "Reshape"):
        value = nodes[-1].outputs[0]
        readers = graph.consumers.get(value, [])
        if value in graph.outputs or len(readers) != 1 or readers[0].operation != operation:
            return _NO_SHUFFLE
        nodes += readers
    if any(unknown(other, graph) for other in nodes):
        return _NO_SHUFFLE
    split = graph.shapes.get(node.outputs[0], ())
    _, channels, *size = chain.shape
    if (len(split) != 5 or list(split[3:]) != size or split[1] * split[2] != channels
            or list(nodes[1].attributes.get("perm", [])) != [0, 2, 1, 3, 4]
            or graph.shapes.get(nodes[2].outputs[0]) != chain.shape):
        return _NO_SHUFFLE
    if chain.bypass is not None:
        return Refusal("shuffles a sum of maps", (advice.LAYER_BEFORE,))
    chain.shuffle = split[1]
    chain.take(nodes)
    return None


def _pass(chain, node, graph):
    if node.attributes.get("to", TensorProto.FLOAT) not in _FLOATS:
        return Refusal("converts to a type other than floating point", (advice.attributes(to=1),))
    return None


_ACTIONS = {"BatchNormalization": _batch_norm, "Mul": _multiply, "Div": _multiply, "Add": _add,
            "Sub": _add, "Relu": relu, "Cast": _pass, "Reshape": _shuffle,
            "LeakyRelu": leaky_relu, "PRelu": prelu, "Clip": clip, "Max": one_bound,
            "Min": one_bound, "Sign": three_way_sign}
# Operations that are steps of the chip, but only behind a convolution; a Reshape is none by itself.
FOLDED = frozenset(_ACTIONS) - {"Reshape"}
