"""Quantizers of QONNX: what Brevitas and others write around low-bit weights and maps.

Semantics after the operator pages of QONNX (github.com/fastmachinelearning/qonnx,
docs/qonnx-custom-ops, version 1 of IntQuant and BipolarQuant). Brevitas writes the same operators
in the domain ``onnx.brevitas``; IntQuant was called Quant before. Values stay floating point: a
quantizer only moves them onto a grid.
"""

from dataclasses import dataclass

import numpy as np
import onnx
from onnx import helper, numpy_helper

from ..errors import ModelError

__all__ = ["ROUNDINGS", "Quantizer", "declare_domains", "expanded", "fold", "integers",
           "is_quantizer", "placement_of", "quantize", "quantizer_of", "rewrite", "transparent"]

DOMAINS = ("qonnx.custom_op.general", "onnx.brevitas", "finn.custom_op.general")
_INPUTS = {"Quant": ("X", "scale", "zeropt", "bitwidth"),
           "IntQuant": ("X", "scale", "zeropt", "bitwidth"), "BipolarQuant": ("X", "scale")}
_REWRITES = {
    "Trunc": "AveragePool and Mul without truncation",
    "MultiThreshold": "export as QONNX (Brevitas: export_qonnx), not as FINN-ONNX",
    "FloatQuant": "remove it: maps are binary16 on the chip, float32 on the host",
}
# GreaterOrEqual and Round are younger than the rest of what `expanded` needs.
_HOST_OPSET = 12


def _half(up):
    """Nearest, ties away from zero (``up``) or towards it. x + 0.5 would round by itself."""
    def rounded(values):
        size = np.abs(values)
        low = np.floor(size)
        rest = size - low
        return np.sign(values) * (low + (rest >= 0.5 if up else rest > 0.5))
    return rounded


ROUNDINGS = {
    "ROUND": np.round, "HALF_EVEN": np.round, "CEIL": np.ceil, "FLOOR": np.floor,
    "UP": lambda values: np.sign(values) * np.ceil(np.abs(values)), "DOWN": np.trunc,
    "ROUND_TO_ZERO": np.trunc, "HALF_UP": _half(True), "HALF_DOWN": _half(False)}
HOST_ROUNDINGS = {"ROUND": "Round", "HALF_EVEN": "Round", "CEIL": "Ceil", "FLOOR": "Floor"}


@dataclass(frozen=True, eq=False)
class Quantizer:
    """Parameters of one node.

    Attributes
    ----------
    bits : width of the integers; None of a BipolarQuant.
    scale, zero : arrays that broadcast to the quantized tensor.
    signed, narrow : of the integers; narrow leaves out the least (signed) or largest value.
    rounding : key of ``ROUNDINGS``.
    """

    bits: int | None
    scale: np.ndarray
    zero: np.ndarray
    signed: bool = True
    narrow: bool = False
    rounding: str = "ROUND"

    @property
    def bipolar(self):
        """Whether there are two values only: BipolarQuant, and a signed Quant of one bit, whose
        range would be -1 and 0; the QONNX package takes its sign too."""
        return self.bits is None or (self.bits == 1 and self.signed)

    @property
    def range(self):
        """(least, largest) integer of a quantizer that is not bipolar."""
        count = 2 ** (self.bits or 0)
        if self.signed:
            return -count // 2 + self.narrow, count // 2 - 1
        return 0, count - 1 - self.narrow

    def __str__(self):
        if self.bipolar:
            return "plus or minus its scale"
        return f"{self.bits} bits, {'signed' if self.signed else 'unsigned'}"


def _bipolar(values, scale):
    """Plus ``scale`` where ``values`` >= 0, else minus ``scale``."""
    return np.where(values >= 0, values.dtype.type(1), values.dtype.type(-1)) * scale


def quantize(values, quantizer):
    """``values`` on the grid of a :class:`Quantizer`, in the type of ``values``."""
    scale = np.asarray(quantizer.scale, values.dtype)
    zero = np.asarray(quantizer.zero, values.dtype)
    if quantizer.bits is None:
        return _bipolar(values, scale)
    with np.errstate(over="ignore", invalid="ignore"):
        return ((integers(values, quantizer) - zero) * scale).astype(values.dtype)


def integers(values, quantizer):
    """The integers of ``values``, in the type of ``values``; zero point included."""
    if quantizer.bits is None:
        return _bipolar(values, values.dtype.type(1))
    scale = np.asarray(quantizer.scale, values.dtype)
    zero = np.asarray(quantizer.zero, values.dtype)
    with np.errstate(over="ignore", invalid="ignore"):
        moved = values / scale + zero
        if quantizer.bipolar:
            return _bipolar(moved, values.dtype.type(1))
        return ROUNDINGS[quantizer.rounding](np.clip(moved, *quantizer.range))


def is_quantizer(node):
    """Whether a NodeProto is one of ``Quant``, ``IntQuant``, ``BipolarQuant``."""
    return node.domain in DOMAINS and node.op_type in _INPUTS


def rewrite(domain, operation):
    """What would pass instead of another operator of these domains, or None."""
    return _REWRITES.get(operation) if domain in DOMAINS else None


def _number(name, what, value):
    if np.size(value) != 1:
        raise ModelError(f"Node {name}: {what} has shape {np.shape(value)}; one number is possible")
    return float(np.ravel(value)[0])


def _attributes(node):
    found = {a.name: helper.get_attribute_value(a) for a in node.proto.attribute}
    rounding = found.get("rounding_mode", b"ROUND")
    rounding = rounding.decode(errors="replace") if isinstance(rounding, bytes) else str(rounding)
    if rounding.upper() not in ROUNDINGS:
        raise ModelError(f"Node {node.name}: rounding_mode {rounding} is not known; there are "
                         + ", ".join(ROUNDINGS))
    return bool(found.get("signed", 1)), bool(found.get("narrow", 0)), rounding.upper()


def quantizer_of(node, constants):
    """The :class:`Quantizer` of an ``onnx_graph.Node``; None when a parameter is no constant.

    Raises
    ------
    ModelError
        names the node, the parameter and what is possible.
    """
    wanted = _INPUTS[node.operation]
    if len(node.inputs) != len(wanted):
        raise ModelError(f"Node {node.name}: {node.operation} has {len(node.inputs)} inputs, "
                         f"expected {', '.join(wanted)}")
    if any(name not in constants for name in node.inputs[1:]):
        return None
    scale = np.asarray(constants[node.inputs[1]])
    bad = scale[~np.isfinite(scale) | ((scale == 0) & (len(wanted) > 2))]
    if bad.size:
        raise ModelError(f"Node {node.name}: scale {bad[0]:g} is not possible; numbers other than "
                         "0 are")
    if len(wanted) == 2:
        return Quantizer(None, scale, np.zeros((), scale.dtype))
    bits = _number(node.name, "bitwidth", constants[node.inputs[3]])
    if not 1 <= bits <= 32 or bits != int(bits):
        raise ModelError(f"Node {node.name}: bitwidth {bits:g} is not possible: 1 to 32")
    return Quantizer(int(bits), scale, np.asarray(constants[node.inputs[2]]), *_attributes(node))


def _check_shapes(node, quantizer, shape):
    for what, parameter in (("scale", quantizer.scale), ("zeropt", quantizer.zero)):
        try:
            fits = np.broadcast_shapes(parameter.shape, shape) == shape
        except ValueError:
            fits = False
        if not fits:
            raise ModelError(f"Node {node.name}: {what} of shape {parameter.shape} does not fit "
                             f"{shape}; one number, or a shape that broadcasts to it, would")


def fold(node, constants):
    """[quantized array] of a quantizer whose inputs are all constants, else None.

    Raises
    ------
    ModelError
        when its parameters are not possible, or do not fit the tensor.
    """
    quantizer = quantizer_of(node, constants)
    if quantizer is None or node.inputs[0] not in constants:
        return None
    values = np.asarray(constants[node.inputs[0]])
    values = values if values.dtype.kind == "f" else values.astype(np.float32)
    _check_shapes(node, quantizer, values.shape)
    return [quantize(values, quantizer)]


def declare_domains(model):
    """Add what exporters left out and the checker insists on: the version of these domains, and
    the domain itself (Brevitas once wrote ``Quant`` into ONNX's own, which has none)."""
    for node in model.graph.node:
        if node.domain in ("", "ai.onnx") and node.op_type in (*_INPUTS, "Trunc"):
            node.domain = DOMAINS[0]
    known = {opset.domain for opset in model.opset_import}
    used = {node.domain for node in model.graph.node if node.domain in DOMAINS}
    model.opset_import.extend(helper.make_opsetid(domain, 1) for domain in sorted(used - known))


def transparent(model):
    """A copy in which quantizers are identities: same types and shapes, known to inference."""
    copy = onnx.ModelProto.FromString(model.SerializeToString())
    for node in copy.graph.node:
        if is_quantizer(node) or (node.domain in DOMAINS and node.op_type == "Trunc"):
            node.CopyFrom(helper.make_node("Identity", node.input[:1], node.output, node.name))
    return copy


def expanded(node, quantizer, dtype):
    """A quantizer of a map in operators of ONNX: list of NodeProto, for the host.

    Parameters
    ----------
    node : onnx_graph.Node.
    quantizer : its Quantizer, with a rounding mode of :data:`HOST_ROUNDINGS`.
    dtype : numpy type of the map.
    """
    made, prefix = [], f"{node.outputs[0]}/{node.name}"

    def constant(what, value):
        name = f"{prefix}/{what}"
        made.append(helper.make_node("Constant", [], [name], name, value=numpy_helper.from_array(
            np.asarray(value, dtype))))
        return name

    def apply(operation, *inputs, last=False):
        name = node.outputs[0] if last else f"{prefix}/{len(made)}"
        made.append(helper.make_node(operation, list(inputs), [name], f"{prefix}/{len(made)}"))
        return name

    def sign(x, scale, last):
        positive = apply("GreaterOrEqual", x, constant("nothing", 0))
        apply("Where", positive, constant("plus", scale), constant("minus", -scale), last=last)
        return made[-1].output[0]

    x = node.inputs[0]
    if quantizer.bits is None:
        sign(x, quantizer.scale, True)
        return made
    scale, zero = constant("scale", quantizer.scale), constant("zero", quantizer.zero)
    x = apply("Add", apply("Div", x, scale), zero)
    if quantizer.bipolar:
        x = sign(x, np.ones(()), False)
    else:
        least, largest = quantizer.range
        x = apply("Max", apply("Min", x, constant("largest", largest)), constant("least", least))
        x = apply(HOST_ROUNDINGS[quantizer.rounding], x)
    apply("Mul", apply("Sub", x, zero), scale, last=True)
    return made


def placement_of(node, graph):
    """(where, reason, rewrite) of a quantizer that is left in an ``onnx_graph.Graph``, which
    quantizes a map."""
    quantizer = quantizer_of(node, graph.constants)
    if quantizer is None:
        return ("unsupported", "its scale, zero point or width is computed from the image",
                "constants, or no quantizer of maps")
    if node.inputs[0] in graph.shapes:
        _check_shapes(node, quantizer, graph.shapes[node.inputs[0]])
    opset = max((o.version for o in graph.model.opset_import if o.domain in ("", "ai.onnx")),
                default=0)
    reasons, ways = [], []
    if opset < _HOST_OPSET:
        reasons.append(f"the host needs opset {_HOST_OPSET} for that, the model has {opset}")
        ways.append(f"export with opset {_HOST_OPSET} or newer")
    if not quantizer.bipolar and quantizer.rounding not in HOST_ROUNDINGS:
        reasons.append(f"with rounding_mode {quantizer.rounding}")
        ways.append("one of " + ", ".join(HOST_ROUNDINGS))
    if reasons:
        return ("unsupported", f"quantizes a map; {'; '.join(reasons)}", ", and ".join(ways))
    if quantizer.bipolar:
        return ("host", "makes a map bipolar where no layer of the chip can: behind a convolution, "
                "with scale 1", "scale 1; the next layer's weights can have the factor")
    return ("host", f"quantizes a map ({quantizer}); the chip's maps are binary16",
            "remove it (Brevitas: act_quant=None); binary16 keeps 11 bits")
