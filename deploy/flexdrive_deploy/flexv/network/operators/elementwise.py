"""Add, Mul and their kin with constants and maps, batch normalisation, Relu and Clip, functions."""

from fractions import Fraction
from math import isqrt

import numpy as np

from ..expressions import (
    Constant,
    Function,
    Quantised,
    Real,
    Structured,
    Sum,
    Term,
    View,
    exact,
    sum_of,
)
from ..refusal import RefusedNode
from .layers import bias_offset
from .quantisers import clip_integers

__all__ = ["FUNCTIONS", "add", "batch_normalization", "clip", "divide", "function", "multiply",
           "negate", "relu", "subtract"]

# Elementwise operators of one map: a table, between two quantizers.
FUNCTIONS = frozenset([
    "Abs", "Celu", "Elu", "Erf", "Exp", "Gelu", "HardSigmoid", "HardSwish", "LeakyRelu", "Log",
    "Mish", "PRelu", "Pow", "Reciprocal", "Round", "Selu", "Sigmoid", "Sign", "Softplus",
    "Softsign", "Sqrt", "Swish", "Tanh", "ThresholdedRelu", "Floor", "Ceil", "Clip", "Relu", "Neg",
    "Add", "Sub", "Mul", "Div", "Min", "Max"])
_ROOT_BITS = 96
_FRONT = "a quantizer in front of it"


def _aligned(array, shape, node):
    """A constant as an array that broadcasts to a value of ``shape`` (without batch)."""
    array = np.asarray(array, object)   # arithmetic on arrays of no axes gives numbers
    if array.ndim == len(shape) + 1 and array.shape[0] == 1:
        array = array[0]
    try:
        fits = np.broadcast_shapes(array.shape, shape) == shape
    except ValueError:
        fits = False
    if not fits:
        raise RefusedNode(f"{node.operation} with a constant of shape {array.shape} changes the "
                          f"shape {shape}", "a constant that broadcasts to the map")
    return array


def _number(array):
    """The value of an array whose values are equal, or None."""
    values = array.ravel().tolist()
    return values[0] if values and all(value == values[0] for value in values) else None


def function(importer, node, values):
    """An elementwise operator whose inputs are one map, or functions of it, and single numbers."""
    maps = {id(value.view if isinstance(value, Function) else value): value
            for value in values if isinstance(value, View | Function)}
    others = [value for value in values if value is not None
              and not isinstance(value, View | Function)]
    if len(maps) != 1 or not all(
            isinstance(value, Constant) and importer.constants.array(value.name).size == 1
            for value in others):
        if any(isinstance(value, Sum | Structured) for value in values):
            raise RefusedNode("its input was not quantized after the layer before it", _FRONT)
        raise RefusedNode("it is no function of one map", "functions of one map, with constants of "
                          "one number, between two quantizers")
    names = [name for name, value in zip(node.inputs, values, strict=True)
             if isinstance(value, View | Function)]
    nodes, source, view = [], names[0], None
    for value in values:
        if isinstance(value, View):
            view = value
        elif isinstance(value, Function):
            view, source = value.view, value.source
            nodes += [each for each in value.nodes if each not in nodes]
    # The map itself may be read under one name only.
    plain = {name for name, value in zip(node.inputs, values, strict=True)
             if isinstance(value, View)}
    if len(plain | {source}) > 1 and plain:
        source_of = {name for each in nodes for name in each.inputs}
        if not plain <= source_of | {source}:
            raise RefusedNode("it reads one map under two names", "one quantizer of the map")
    assert view is not None
    if view.tensor.bits > 8:
        raise RefusedNode(f"its map has {view.tensor.bits} bits; a table has 256 places",
                          "a quantizer of up to 8 bits in front of it")
    return [Function(view, view.tensor.shape, source, (*nodes, node), node.outputs[0])]


def _shifted(importer, node, value, array, name=None):
    """A value plus a constant."""
    source = sum_of(value)
    array = _aligned(array, source.shape, node)
    if source.limited:
        number = _number(array)
        if number is None:
            raise RefusedNode("it adds one number for each channel behind Relu or Clip",
                              "a quantizer between them")
        limits = [None if limit is None else limit + number
                  for limit in (source.low, source.high)]
        return Sum(source.shape, source.terms, np.asarray(source.offset + number, object), *limits)
    if name is not None and len(source.terms) == 1:
        array = bias_offset(importer, name, source.terms[0].factor, array.shape)
    return Sum(source.shape, source.terms, np.asarray(source.offset + array, object))


def _scaled(node, value, array):
    """A value times a constant."""
    source = sum_of(value)
    array = _aligned(array, source.shape, node)
    terms = tuple(Term(term.tensor, term.zero, np.asarray(term.factor * array, object),
                       term.exact and array.size == 1) for term in source.terms)
    low, high = source.low, source.high
    if source.limited:
        number = _number(array)
        if number is None:
            raise RefusedNode("it multiplies each channel by a number behind Relu or Clip",
                              "a quantizer between them")
        low, high = (None if limit is None else limit * number for limit in (low, high))
        if number < 0:
            low, high = high, low
        if number == 0:
            low = high = None
    return Sum(source.shape, terms, np.asarray(source.offset * array, object), low, high)


def _two_maps(node, values, sign):
    first, second = map(sum_of, values)
    if first.shape != second.shape:
        raise RefusedNode(f"its inputs have shapes {first.shape} and {second.shape}",
                          "equal shapes")
    if first.limited or second.limited:
        raise RefusedNode("it adds what Relu or Clip made, which was not quantized", _FRONT)
    terms = first.terms + tuple(
        Term(term.tensor, term.zero, np.asarray(sign * term.factor, object))
        for term in second.terms)
    return [Sum(first.shape, terms, np.asarray(first.offset + sign * second.offset, object))]


def _readable(values):
    for value in values:
        if isinstance(value, Real):
            raise RefusedNode("one of its inputs is real-valued", "a quantizer of that input")
        if isinstance(value, Quantised):
            raise RefusedNode("it reads integers", "DequantizeLinear in front of it")
        if isinstance(value, Structured):
            raise RefusedNode("its input was not quantized after the operator before it", _FRONT)


def _binary(importer, node, values, combine_constant, combine_maps):
    _readable(values)
    if any(isinstance(value, Function) for value in values):
        return function(importer, node, values)
    if isinstance(values[1], Constant):
        return [combine_constant(values[0], values[1].name)]
    if isinstance(values[0], Constant):
        return [combine_constant(values[1], values[0].name)]
    return combine_maps(values)


def add(importer, node, values):
    """Add, and Sum of several."""
    made = values[0]
    for value in values[1:]:
        made, = _binary(
            importer, node, [made, value],
            lambda each, name: _shifted(importer, node, each, importer.constants.reals(name), name),
            lambda both: _two_maps(node, both, 1))
    return [made]


def subtract(importer, node, values):
    """Sub."""
    _readable(values)
    if isinstance(values[0], Constant):
        values = [values[0], *negate(importer, node, values[1:])]
        return add(importer, node, values)
    return _binary(
        importer, node, values,
        lambda each, name: _shifted(importer, node, each, -importer.constants.reals(name)),
        lambda both: _two_maps(node, both, -1))


def negate(importer, node, values):
    """Neg."""
    _readable(values)
    if isinstance(values[0], Function):
        return function(importer, node, values)
    return [_scaled(node, values[0], exact(-1))]


def multiply(importer, node, values):
    """Mul by a constant; of a map and a function of it."""
    def maps(both):
        return function(importer, node, both)
    return _binary(importer, node, values, lambda each, name: _scaled(
        node, each, importer.constants.reals(name)), maps)


def divide(importer, node, values):
    """Div by a constant."""
    _readable(values)
    if isinstance(values[0], Constant) or any(isinstance(value, Function) for value in values):
        return function(importer, node, values)
    if not isinstance(values[1], Constant):
        raise RefusedNode("it divides by a map", "a constant")
    array = importer.constants.reals(values[1].name)
    if any(value == 0 for value in np.ravel(array)):
        raise RefusedNode("it divides by 0", "other numbers")
    return [_scaled(node, values[0], np.asarray(1 / array, object))]


def _root(value):
    """The square root of a Fraction, to far more bits than a float has."""
    scaled = (value.numerator << 2 * _ROOT_BITS) // value.denominator
    return Fraction(isqrt(scaled), 1 << _ROOT_BITS)


def batch_normalization(importer, node, values):
    """BatchNormalization at inference: a factor and an offset for each channel."""
    _readable(values[:1])
    if node.attributes.get("training_mode", 0) or len([n for n in node.outputs if n]) > 1:
        raise RefusedNode("it takes statistics of the batch", "training_mode = 0")
    if not node.attributes.get("spatial", 1):
        raise RefusedNode("spatial = 0 is of old opsets", "spatial = 1")
    if isinstance(values[0], Function) or not all(
            isinstance(value, Constant) for value in values[1:]):
        raise RefusedNode("its parameters or input are no constants and map", _FRONT)
    gamma, beta, mean, variance = (importer.constants.reals(value.name).ravel()
                                   for value in values[1:5])
    epsilon = Fraction(float(np.float32(node.attributes.get("epsilon", 1e-5))))
    roots = [_root(each + epsilon) if each + epsilon > 0 else None for each in variance]
    if None in roots:
        raise RefusedNode("a variance plus epsilon is not greater than 0", "variances >= 0")
    factor = gamma / np.array(roots, object)
    source = sum_of(values[0])
    shape = (-1, *[1] * (len(source.shape) - 1))
    scaled = _scaled(node, source, factor.reshape(shape))
    return [_shifted(importer, node, scaled, (beta - mean * factor).reshape(shape))]


def _limited(value, low, high):
    """An expression limited further."""
    if isinstance(value, Structured):
        if not value.monotone:
            raise RefusedNode("it stands behind Pad without a quantizer between", _FRONT)
        return Structured(value.shape, tuple(_limited(inner, low, high) for inner in value.inner),
                          value.apply, value.nodes)
    source = sum_of(value)
    ends = []
    for own, limit, choose in ((source.low, low, max), (source.high, high, min)):
        ends.append(limit if own is None else own if limit is None else choose(own, limit))
    # What leaves no room is the later limit: min(max(x, low), high).
    if ends[0] is not None and ends[1] is not None and ends[0] > ends[1]:
        ends = [ends[1], ends[1]] if high is not None and high <= ends[1] else [ends[0], ends[0]]
    return Sum(source.shape, source.terms, source.offset, *ends)


def relu(importer, node, values):
    """Relu."""
    if isinstance(values[0], Function):
        return function(importer, node, values)
    if isinstance(values[0], Real | Quantised):
        _readable(values)
    return [_limited(values[0], Fraction(0), None)]


def clip(importer, node, values):
    """Clip of real values or of integers; Min and Max with a constant."""
    if node.operation in ("Min", "Max"):
        constants = [value for value in values if isinstance(value, Constant)]
        if len(values) != 2 or len(constants) != 1:
            raise RefusedNode("it takes the larger or smaller of maps", "of a map and a constant")
        source = next(value for value in values if value is not constants[0])
        bounds = [constants[0], None] if node.operation == "Max" else [None, constants[0]]
    else:
        source, bounds = values[0], [*values[1:], None, None][:2]
    if isinstance(source, Quantised):
        return clip_integers(importer, node, source, bounds)
    if isinstance(source, Function):
        return function(importer, node, values)
    if isinstance(source, Real):
        _readable([source])
    ends = [node.attributes.get(name) for name in ("min", "max")]
    limits = [None if end is None else Fraction(float(np.float32(end))) for end in ends]
    for index, bound in enumerate(bounds):
        if bound is None:
            continue
        if not isinstance(bound, Constant):
            raise RefusedNode("its bounds are computed from the image", "constants")
        array = importer.constants.array(bound.name)
        if array.size != 1:
            raise RefusedNode("it has several bounds", "one number")
        number = float(array.ravel()[0])
        if np.isnan(number):
            raise RefusedNode("its bound is no number", "a number")
        limits[index] = None if np.isinf(number) else Fraction(number)
    return [_limited(source, *limits)]
