"""What would run on the chip in the place of operations that no layer has."""

import numpy as np

from .advice import DENSE, Advice, becomes
from .refusal import Refusal

__all__ = ["INSTEAD_OF", "no_such_operation"]


def _ways(*ways):
    """Several ways; the last is the one that is followed."""
    return Advice("; or ".join(way.text for way in ways), ways[-1].follow)


def _nothing(draft):
    """What may stay where it is."""


def _mixed(draft):
    source = draft.node.input[0]
    channels = draft.shape(source)[1]
    weights = np.ones((channels, channels, 1, 1))
    weights[1::2, ::2] = -1
    draft.become("Conv", [source, draft.store(weights, source)])


def _grown(draft):
    draft.change(channelwise=True)
    source, channels = draft.node.input[0], draft.shape(draft.node.output[0])[1]
    made = draft.before("Resize", [source, draft.store(np.zeros(0, np.float32)), draft.store(
        np.array([1, 1, 2, 2], np.float32))], mode="nearest",
        coordinate_transformation_mode="asymmetric", nearest_mode="floor")
    weights = np.ones((channels, draft.shape(source)[1], 3, 3))
    weights[1::2, ::2] = -1
    draft.become("Conv", [made, draft.store(weights, source)], pads=[1] * 4)


def _global_average(draft):
    draft.change(channelwise=True)
    draft.become("GlobalAveragePool", draft.node.input[:1])


def _normalised(draft):
    source = draft.node.input[0]
    ones, zeros = np.ones(draft.shape(source)[1]), np.zeros(draft.shape(source)[1])
    draft.become("BatchNormalization", [source, *(draft.store(values, source) for values in (
        ones, zeros, zeros, ones))])


def _negative(draft):
    source = draft.node.input[0]
    draft.become("Mul", [source, draft.store(np.array([-1.0]), source)])


def _padded(draft):
    source, result = draft.node.input[0], draft.node.output[0]
    for reader in draft.readers():
        draft.set(reader, pads=[edge // 2 for edge in draft.shape(reader.input[1])[2:]] * 2,
                  auto_pad=None)
        reader.input[:] = [source if name == result else name for name in reader.input]
    draft.model.graph.node.remove(draft.node)


def _added(draft):
    draft.become("Add", draft.node.input[:2])


def _sign(draft):
    source = draft.node.input[0]
    draft.become("BipolarQuant", [source, draft.store(np.ones(()), source)],
                 domain="qonnx.custom_op.general")


_NOTHING = Advice("nothing: the host computes it", _nothing)
_END = Advice("nothing, at the end of a network", _nothing)
_DENSE = _ways(_END, DENSE)
_MIXING = Advice("convolutions that mix all channels", _mixed)
_NORM = Advice("BatchNormalization", _normalised)
# Operation -> what would run on the chip in its place.
INSTEAD_OF = dict.fromkeys(
    ["Abs", "Celu", "Clip", "Elu", "Erf", "Exp", "Gelu", "HardSigmoid", "HardSwish", "Max", "Mish",
     "Selu", "Sigmoid", "Softplus", "Softsign", "Tanh", "ThresholdedRelu"], becomes("Relu")) | {
    "ArgMax": _END, "Flatten": _END, "LogSoftmax": _END, "Softmax": _END, "Squeeze": _END,
    "Gemm": _DENSE, "MatMul": _DENSE, "Reshape": _MIXING, "Transpose": _MIXING,
    "ConvTranspose": Advice("Resize by exactly 2 with mode nearest, asymmetric, floor on a chip "
                            "with channelwise = true, then a convolution", _grown),
    "GlobalMaxPool": Advice("GlobalAveragePool, on a chip with channelwise = true",
                            _global_average),
    "GroupNormalization": _NORM, "InstanceNormalization": _NORM, "LRN": _NORM,
    "LayerNormalization": _NORM, "Neg": Advice("Mul by -1", _negative),
    "Pad": Advice("pads = kernel//2 of the convolution behind it", _padded),
    "Sum": Advice("Add", _added),
    "Sign": Advice("BipolarQuant of scale 1, the sign that makes 0 to +1", _sign),
}


def no_such_operation(node, graph):
    """The Refusal of a node whose operation no layer of the chip has."""
    operation = node.operation
    # What PyTorch's newer exporter writes for Flatten.
    if operation == "Reshape" and len(graph.shapes.get(node.outputs[0], ())) == 2:
        operation = "Flatten"
    return Refusal("the chip has no such operation", (INSTEAD_OF.get(operation, _NOTHING),))
