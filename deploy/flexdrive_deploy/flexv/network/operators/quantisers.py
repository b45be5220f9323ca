"""QuantizeLinear, DequantizeLinear, Quant, BipolarQuant, Trunc, and Clip of integers."""

from fractions import Fraction

import numpy as np
from onnx import TensorProto

from flexdrive_deploy.errors import ModelError
from flexdrive_deploy.frontend import quantizers as qonnx

from ..expressions import Constant, Function, Quantised, Real, Structured, Sum, View, sum_of
from ..ir import Quantiser
from ..refusal import RefusedNode
from ..rounding import ROUNDINGS, canonical
from ..value_range import value_range

__all__ = ["clip_integers", "dequantize_linear", "quant", "quantize_linear", "trunc"]

_RANGES = {"INT8": (-128, 127), "UINT8": (0, 255), "INT4": (-8, 7), "UINT4": (0, 15),
           "INT2": (-2, 1), "UINT2": (0, 3), "INT16": (-32768, 32767), "UINT16": (0, 65535)}
_BITS = "maps of up to 16 bits"
_PER_TENSOR = "one scale for the whole map; weights may have one for each output channel"


def _constant(importer, value, what):
    if not isinstance(value, Constant):
        raise RefusedNode(f"its {what} is computed from the image",
                          "a constant (static quantization)")
    return importer.constants.array(value.name)


def _scale(importer, value, what="scale"):
    array = _constant(importer, value, what)
    if array.size != 1:
        raise RefusedNode(f"it has {array.size} values of {what}", _PER_TENSOR)
    number = float(array.ravel()[0])
    if not np.isfinite(number) or number <= 0:
        raise RefusedNode(f"its {what} is {number:g}", "a number greater than 0")
    return Fraction(number)


def _zero(importer, value):
    if value is None:
        return 0
    array = _constant(importer, value, "zero point")
    if array.size != 1:
        raise RefusedNode("it has several zero points", _PER_TENSOR)
    number = float(array.ravel()[0])
    if number != round(number):
        raise RefusedNode(f"its zero point is {number:g}", "an integer")
    return int(number)


def quantize_linear(importer, node, values):
    """Real values to integers of ONNX's types."""
    kind = TensorProto.DataType.Name(importer.graph.types.get(node.outputs[0], 0))
    if kind not in _RANGES:
        raise RefusedNode(f"it makes {kind.lower()}", f"{_BITS}: int8, uint8, int4 or uint4")
    quantiser = Quantiser(_scale(importer, values[1]),
                          _zero(importer, values[2] if len(values) > 2 else None), *_RANGES[kind])
    return [_quantised(importer, node, values[0], quantiser)]


def _quantised(importer, node, value, quantiser):
    if not isinstance(value, Real | View | Sum | Function | Structured):
        raise RefusedNode("what it quantizes is no real value of the cluster",
                          "a quantizer of a map")
    return Quantised(value, quantiser, node.outputs[0], importer.shape(node.outputs[0]))


def dequantize_linear(importer, node, values):
    """Integers to what they stand for."""
    if not isinstance(values[0], Quantised):
        raise RefusedNode("it does not read the integers of a quantizer",
                          "QuantizeLinear in front of it")
    scale = _scale(importer, values[1])
    zero = _zero(importer, values[2] if len(values) > 2 else None)
    return [View(importer.tensor(values[0]), scale, zero)]


def clip_integers(importer, node, value, bounds):
    """Clip between QuantizeLinear and DequantizeLinear: fewer bits."""
    low, high = value.quantiser.low, value.quantiser.high
    ends = [None if bound is None else int(_constant(importer, bound, "bound").ravel()[0])
            for bound in bounds]
    low = low if ends[0] is None else max(low, ends[0])
    high = high if ends[1] is None else min(high, ends[1])
    if low > high:
        raise RefusedNode(f"it leaves no integer between {low} and {high}", "min <= max")
    old = value.quantiser
    narrow = Quantiser(old.scale, old.zero, low, high, old.rounding, old.inside, old.sign)
    return [Quantised(value.source, narrow, node.outputs[0], value.shape)]


def quant(importer, node, values):
    """Quant and BipolarQuant of QONNX: onto the grid and back."""
    _only(node, "signed", "narrow", "rounding_mode")
    try:
        found = qonnx.quantizer_of(node, importer.graph.constants)
    except ModelError as error:
        raise RefusedNode(str(error), "parameters as the operator's page says") from None
    if found is None:
        raise RefusedNode("its scale, zero point or width is computed from the image", "constants")
    scale = _scale(importer, values[1])
    if found.bipolar:
        quantiser = Quantiser(scale, 0, -1, 1, sign=True)
    else:
        if (found.bits or 0) > 16:
            raise RefusedNode(f"it makes {found.bits} bits", _BITS)
        low, high = found.range
        quantiser = Quantiser(scale, _zero(importer, values[2]), int(low), int(high),
                              canonical(found.rounding) or "HALF_EVEN", True)
    made = _quantised(importer, node, values[0], quantiser)
    return [View(importer.tensor(made), scale, quantiser.zero)]


def _only(node, *names):
    """RefusedNode when a node has other attributes; no checker knows these operators."""
    for name in node.attributes:
        if name not in names:
            raise RefusedNode(f"its attribute {name} is not known", "only " + ", ".join(names))


def _trunc_inputs(importer, node, values):
    """(scale, zero, output scale or None, dropped bits or None, output bits) of a Trunc."""
    if len(values) not in (5, 6):
        raise RefusedNode(f"it has {len(values)} inputs",
                          "5 (version 1) or 6 (version 2: with the scale of the output)")
    scale, zero = _scale(importer, values[1]), _zero(importer, values[2])
    before, after = (int(_constant(importer, value, "width").ravel()[0])
                     for value in (values[3], values[-1]))
    if len(values) == 5:
        return scale, zero, None, before - after, after
    return scale, zero, _scale(importer, values[4], "output scale"), None, after


def _integers_of(importer, value, scale, name):
    """An expression whose integers over ``scale`` Trunc takes: rounded to them first, unless that
    cannot change anything. (integer Sum without scale, its low, its high)."""
    source = sum_of(value)
    low, high = value_range(source)
    low, high = low / scale, high / scale
    factors = [np.asarray(term.factor / scale, object) for term in source.terms]
    offset = np.asarray(source.offset / scale, object)
    near = [[round(each) for each in np.ravel(factor)] for factor in factors]
    # How far all terms can be from their integers.
    error = sum(max((abs(each - whole) for each, whole in
                     zip(np.ravel(factor).tolist(), whole_factors, strict=True)), default=0)
                * max(abs(term.tensor.low - term.zero), abs(term.tensor.high - term.zero))
                for factor, whole_factors, term in zip(factors, near, source.terms, strict=True))
    whole = all(Fraction(each).denominator == 1 for each in np.ravel(offset))
    if error < Fraction(1, 2) and whole and not source.limited:
        terms = tuple(type(term)(term.tensor, term.zero, np.vectorize(Fraction, [object])(
            np.reshape(np.array(whole_factors, object), np.shape(factor))), True)
            for term, whole_factors, factor in zip(source.terms, near, factors, strict=True))
        return Sum(source.shape, terms, offset), round(low), round(high)
    wide = Quantiser(scale, 0, round(low), round(high))
    view = View(importer.map_of(source, wide, f"{name}/rounded"), Fraction(1), 0)
    made = sum_of(view)
    (term,) = made.terms
    return Sum(made.shape, (type(term)(term.tensor, 0, term.factor, True),), made.offset), \
        round(low), round(high)


def trunc(importer, node, values):
    """Trunc of QONNX: rounds to integers, takes bits away below, rounds as it declares."""
    _only(node, "signed", "narrow", "rounding_mode")
    if not isinstance(values[0], View | Sum):
        raise RefusedNode("what it truncates is no map", "a quantizer in front of it")
    scale, zero, out_scale, dropped, bits = _trunc_inputs(importer, node, values)
    mode = node.attributes.get("rounding_mode", b"FLOOR")
    mode = mode.decode(errors="replace") if isinstance(mode, bytes) else str(mode)
    rounding = canonical(mode)
    if rounding is None:
        raise RefusedNode(f"rounding_mode {mode} is not known", "one of " + ", ".join(ROUNDINGS))
    if not 1 <= bits <= 16:
        raise RefusedNode(f"it makes {bits} bits", _BITS)
    if dropped is None:
        assert out_scale is not None
        dropped = round(float(np.round(np.log2(float(out_scale / scale)))))
        signed, narrow = node.attributes.get("signed", 1), node.attributes.get("narrow", 0)
        low, high = ((-(1 << bits - 1) + narrow, (1 << bits - 1) - 1) if signed else
                     (0, (1 << bits) - 1 - narrow))
        made_scale, out_zero = out_scale, Fraction(zero) / Fraction(2) ** dropped
    else:
        low = high = None
        made_scale, out_zero = scale, Fraction(zero)
    if out_zero.denominator != 1:
        raise RefusedNode(f"its zero point {zero} does not survive {dropped} bits less",
                          "zero point 0")
    counted, least, largest = _integers_of(importer, values[0], scale, node.outputs[0])
    step = Fraction(2) ** dropped
    if low is None or high is None:
        ends = [ROUNDINGS[rounding]((end + zero) / step) for end in (least, largest)]
        low, high = ends
        if high - low > 65535:
            raise RefusedNode(f"version 1 of it does not clip, and its values go from {low} to "
                              f"{high}", _BITS)
    moved = Sum(counted.shape, counted.terms, np.asarray(counted.offset + zero, object))
    tensor = importer.map_of(moved, Quantiser(step, 0, low, high, rounding), node.outputs[0])
    return [View(tensor, made_scale, int(out_zero))]
