"""Why a node does not run on the chip, and what to write instead.

Advice is meant literally: a network in which it was followed meets no further obstacle at that node
(tests/deploy/test_advice.py follows each).
"""

from dataclasses import dataclass

__all__ = ["INSTEAD_OF", "Refusal", "no_such_operation", "together"]


@dataclass(frozen=True)
class Refusal:
    """Why a node does not run on the chip, and what would."""

    reason: str
    rewrite: str = ""


def together(refusals):
    """One Refusal of several, so that who follows its advice meets no other; None of none."""
    found = [refusal for refusal in refusals if refusal is not None]
    if not found:
        return None
    return Refusal("; ".join(refusal.reason for refusal in found),
                   ", and ".join(dict.fromkeys(r.rewrite for r in found if r.rewrite)))


# Advice for what can stay where it is.
_NOTHING = "nothing: the host computes it"
_END = "nothing, at the end of a network"
_DENSE = f"{_END}; or weights of plus or minus one value per output, for one row a time"
_MIXING = "convolutions that mix all channels"
# Operation -> what would run on the chip in its place.
INSTEAD_OF = dict.fromkeys(
    ["Abs", "Celu", "Clip", "Elu", "Erf", "Exp", "Gelu", "HardSigmoid", "HardSwish", "Max", "Mish",
     "Selu", "Sigmoid", "Softplus", "Softsign", "Tanh", "ThresholdedRelu"], "Relu") | {
    "ArgMax": _END, "Flatten": _END, "LogSoftmax": _END, "Softmax": _END, "Squeeze": _END,
    "Gemm": _DENSE, "MatMul": _DENSE, "Reshape": _MIXING, "Transpose": _MIXING,
    "ConvTranspose": "Resize by exactly 2 with mode nearest, asymmetric, floor on a chip with "
                     "channelwise = true, then a convolution",
    "GlobalMaxPool": "GlobalAveragePool, on a chip with channelwise = true",
    "GroupNormalization": "BatchNormalization", "InstanceNormalization": "BatchNormalization",
    "LRN": "BatchNormalization", "LayerNormalization": "BatchNormalization",
    "Neg": "Mul by -1", "Pad": "pads = kernel//2 of the convolution behind it", "Sum": "Add",
    "Sign": "BipolarQuant of scale 1, the sign that makes 0 to +1",
}


def no_such_operation(node):
    """The Refusal of a node whose operation no layer of the chip has."""
    return Refusal("the chip has no such operation", INSTEAD_OF.get(node.operation, _NOTHING))
