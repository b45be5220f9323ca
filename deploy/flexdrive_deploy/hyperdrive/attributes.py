"""Attributes of ONNX's operators that the rules of the chip's layers take into account.

An operator with any other attribute is left to the host: what a rule does not look at, it cannot
be right about. Names after the operator pages of ONNX, opset 7 and newer; before that arithmetic
had attributes for broadcasting, and BatchNormalization was in training unless told otherwise.
"""

from .advice import newer_opset, without
from .index_rules import opset_of
from .refusal import Refusal

__all__ = ["KNOWN", "OLDEST_OPSET", "unknown"]

OLDEST_OPSET = 7
_WINDOW = ("auto_pad", "dilations", "kernel_shape", "pads", "strides")
# Operation -> attributes that its rule looks at, or that change nothing of its result.
KNOWN = {
    "Conv": (*_WINDOW, "group"),
    "MaxPool": (*_WINDOW, "ceil_mode", "storage_order"),
    "AveragePool": (*_WINDOW, "ceil_mode", "count_include_pad"),
    "Resize": ("mode", "coordinate_transformation_mode", "nearest_mode", "axes",
               "keep_aspect_ratio_policy", "antialias", "cubic_coeff_a", "exclude_outside",
               "extrapolation_value"),
    "Upsample": ("mode", "scales"),
    "BatchNormalization": ("epsilon", "momentum", "spatial", "training_mode"),
    "ReduceMean": ("axes", "keepdims", "noop_with_empty_axes"),
    "LeakyRelu": ("alpha",), "Clip": ("min", "max"), "Concat": ("axis",),
    "Cast": ("to", "saturate", "round_mode"),
    "Reshape": ("allowzero",), "Transpose": ("perm",),
    "GlobalAveragePool": (), "Relu": (), "PRelu": (), "Max": (), "Min": (), "Sign": (),
    "Add": (), "Sub": (), "Mul": (), "Div": (),
}


def unknown(node, graph):
    """Refusal of a node of ONNX's own domain with attributes that no rule looks at, else None."""
    opset = opset_of(graph)
    if opset < OLDEST_OPSET:
        return Refusal(f"is of opset {opset}, whose rules differ",
                       (newer_opset(OLDEST_OPSET),))
    names = sorted(set(node.attributes) - set(KNOWN.get(node.operation, node.attributes)))
    if names:
        return Refusal(f"has {' and '.join(names)}, which no layer of the chip knows",
                       (without(node.operation, names),))
    return None
