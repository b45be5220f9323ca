"""Activations that are folded into a layer: each a function of the chain behind which the node
stands (:class:`.fusion.Chain`), the node and its graph, which gives a Refusal or None."""

import numpy as np

from flexdrive.hyperdrive.descriptor.fields import Activation

from ..frontend import quantizers as qonnx
from . import advice
from .index_rules import opset_of
from .instead import INSTEAD_OF
from .ir import half_bits
from .operands import operands
from .refusal import Refusal, together
from .thresholds import zero_of

__all__ = ["BENDS", "CLAMPS", "clip", "leaky_relu", "one_bound", "prelu", "relu", "sign",
           "three_way_sign"]


def relu(chain, node, graph):
    chain.clamp(0, np.inf)


def clip(chain, node, graph):
    """Between constants, none of which has to be there."""
    if opset_of(graph) < 11:
        bounds = [node.attributes.get(name) for name in ("min", "max")]
    else:
        names = [*node.inputs[1:], "", ""][:2]
        if any(name and name not in graph.constants for name in names):
            return Refusal("its bounds are not constants", (advice.becomes("Relu"),))
        bounds = [graph.constants.get(name) for name in names]
    low, high = (none if bound is None else np.asarray(bound, np.float64).item() if np.size(
        bound) == 1 else np.nan for bound, none in zip(bounds, (-np.inf, np.inf), strict=True))
    if np.isnan([low, high]).any():
        several = any(bound is not None and np.size(bound) != 1 for bound in bounds)
        return Refusal("has several bounds; the chip has one for all channels" if several else
                       "its bounds are no numbers", (advice.becomes("Relu"),))
    chain.clamp(min(low, high), high)
    return None


def one_bound(chain, node, graph):
    """Max or Min of a map and a constant."""
    values, _ = operands(chain, node, graph)
    if values is not None and len(np.unique(values)) > 1:
        return Refusal("has several bounds; the chip has one for all channels",
                       (advice.becomes("Relu"),))
    if values is None or np.isnan(bound := np.unique(values)).any():
        return Refusal(f"is no {node.operation.lower()}imum of a map and one constant",
                       (advice.becomes("Relu"),))
    chain.clamp(*((bound[0], np.inf) if node.operation == "Max" else (-np.inf, bound[0])))
    return None


def sign(chain, node, graph):
    quantizer = qonnx.quantizer_of(node, graph.constants)
    if quantizer is None or not quantizer.bipolar or (quantizer.scale != 1).any() or (
            np.any(quantizer.zero != 0)):
        return Refusal("is no sign of scale 1", (advice.SCALE_ONE,))
    chain.activation = Activation.SIGN
    return None


def three_way_sign(chain, node, graph):
    """ONNX's Sign, which makes 0 of 0, where no sum is 0."""
    if chain.bypass is not None:
        return Refusal("makes 0 of a sum of maps that is 0, where the chip's sign makes +1",
                       (INSTEAD_OF["Sign"],))
    with np.errstate(all="ignore"):
        finite = np.isfinite(chain.scale).all() and np.isfinite(chain.bias).all()
    zero = zero_of(chain.scale, chain.bias) if finite else None
    if zero is not None:
        return Refusal(f"makes 0 of a sum of {zero[1]:g} in output channel {zero[0]}, where the "
                       "chip's sign makes +1", (INSTEAD_OF["Sign"],))
    chain.activation = Activation.SIGN
    return None


def leaky_relu(chain, node, graph):
    return _leak(chain, node.attributes.get("alpha", 0.01))


def prelu(chain, node, graph):
    slopes = np.unique(graph.constants.get(node.inputs[1], ()))
    if len(slopes) != 1:
        return Refusal("has several slopes, or computes them", (
            advice.ONE_SLOPE, advice.chip("Relu", leaky=True)))
    return _leak(chain, float(slopes[0]))


def _leak(chain, alpha):
    if alpha == 0:
        chain.clamp(0, np.inf)
        return None
    slope = half_bits(np.float64(alpha))
    refusals = []
    if not chain.config.leaky:
        refusals.append(Refusal("the chip has no leaky ReLU", (advice.chip("Relu", leaky=True),)))
    if slope & 0x7FFF >= 0x7C00:
        refusals.append(Refusal(f"its alpha {alpha:.4g} exceeds binary16",
                                (advice.attributes(alpha=float(np.copysign(65504, alpha))),)))
    if refusals:
        return together(refusals)
    chain.activation, chain.slope = Activation.LEAKY, int(slope)
    return None


CLAMPS = (relu, clip, one_bound)
"""What only bounds its values, which may happen several times."""
BENDS = (sign, three_way_sign, leaky_relu, prelu)
"""All others."""
