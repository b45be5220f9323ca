"""Integers with which hardware requantises: a multiplier and an addend for each channel, shifts.

    y = clip((sum of (q - zero) * M + (B << p)) >> s)        64 bits, no overflow, proved here

s is the largest for which every ``|round(factor * 2**s)|`` is below 2**31 and the sum below 2**62
for all that can come; M are those numbers. p = max(0, s - 20), more where B would not fit into
32 bits; B = round((offset + zero point
+ 1/2) * 2**(s - p)). What the hardware multiplies has no zero point taken off, so the offset has
that part too.

Where a sum can lie exactly between two integers (``factor * 2**t`` is an integer for a t <= 12 in
all channels: scales of powers of two), and for other modes than rounding to nearest, B has neither
1/2 nor the zero point; the sum of 64 bits is rounded by its mode, and the zero point added behind.

Means are exact quotients; where the formula makes the same of every sum that can come, which is
tried here, it takes their place.
"""

import functools
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from flexdrive_deploy.errors import ModelError

from .ir import Requantise

__all__ = ["FixedPoint", "Ratio", "Sign", "requantisation"]

_LARGEST_SHIFT = 62
_ADDEND_BITS = 20
_TIE_BITS = 12
# Sums of which each is tried.
_SHOWN = 1 << 16
_NEAREST = ("HALF_EVEN", "HALF_UP", "HALF_DOWN")


@dataclass(frozen=True, eq=False)
class FixedPoint:
    """Attributes
    ----------
    multipliers : int64 array for each source, below 2**31 in size; addend : the same, one.
    shift, addend_shift : s and p.
    rounding : "NEAREST" (the formula above), or a mode of :mod:`.rounding`.
    added : integer that is added behind the rounding.
    """

    multipliers: tuple
    addend: np.ndarray
    shift: int
    addend_shift: int
    rounding: str
    added: int


@dataclass(frozen=True, eq=False)
class Ratio:
    """round((q - zero) * numerator / denominator) + added, exactly; int64 arrays."""

    numerator: np.ndarray
    denominator: np.ndarray
    rounding: str
    added: int


@dataclass(frozen=True, eq=False)
class Sign:
    """1 where (q - zero) * multiplier + addend >= 0, else -1; multiplier is -1, 0 or 1."""

    multiplier: np.ndarray
    addend: np.ndarray


def _each(function, array):
    """An object array of ints, of each element."""
    array = np.asarray(array, object)
    made = np.empty(array.shape, object)
    made.ravel()[:] = [function(each) for each in array.ravel().tolist()]
    return made


def _size(array):
    return max((abs(each) for each in np.ravel(array).tolist()), default=0)


def _reach(node, index):
    """Largest |q - zero| of a source."""
    tensor, zero = node.sources[index], node.zeros[index]
    return max(abs(tensor.low - zero), abs(tensor.high - zero))


def _ties(node):
    """Whether a sum may lie in the middle of two results: all factors are coarse, and not all that
    is added is whole."""
    factors = [Fraction(each) for factor in node.factors for each in np.ravel(factor).tolist()]
    offsets = [Fraction(each) for each in np.ravel(node.offset).tolist()]
    return (all((each * (1 << _TIE_BITS)).denominator == 1 for each in factors)
            and any(each.denominator > 1 for each in (*factors, *offsets)))


def _shift(node):
    """The largest s of which the multipliers have 31 bits."""
    largest = max(_size(factor) for factor in node.factors)
    for shift in range(_LARGEST_SHIFT, -1, -1):
        if round(largest * 2 ** shift) < 1 << 31:
            return shift
    raise ModelError(f"Node {node.name}: a step of its sums is {float(largest):.3g} steps of its "
                     "result. What would pass: a result with a larger scale, less than 2**31")


def _fixed(node):
    for shift in range(_shift(node), -1, -1):
        found = _with_shift(node, shift)
        if found is not None:
            return found
    raise ModelError(f"Node {node.name}: its sums and its bias of {float(_size(node.offset)):.3g} "
                     "steps of its result do not fit into 64 bits. What would pass: a result with "
                     "a larger scale")


def _with_shift(node, shift):
    """FixedPoint of a shift; None when an addend has no 32 bits, or a sum no 64."""
    multipliers = tuple(_each(lambda each: round(Fraction(each) * 2 ** shift), factor)
                        for factor in node.factors)
    rounding, offset = node.rounding, node.offset
    added = node.added
    if rounding in _NEAREST and not _ties(node):
        rounding = "NEAREST"
        offset = np.asarray(offset + (added + Fraction(1, 2)), object)
        added = 0
    for addend_shift in range(max(0, shift - _ADDEND_BITS), shift + 1):
        addend = _each(lambda each, by=shift - addend_shift: round(Fraction(each) * 2 ** by),
                       offset)
        if _size(addend) < 1 << 31:
            break
    else:
        return None
    total = sum(_reach(node, index) * _size(each) for index, each in enumerate(multipliers))
    if total + (_size(addend) << addend_shift) >= 1 << 62:
        return None
    return FixedPoint(tuple(each.astype(np.int64) for each in multipliers),
                      addend.astype(np.int64), shift, addend_shift, rounding, added)


def _ratio(node):
    """The Ratio of a node of one source and whole offset, or None when 64 bits do not hold it."""
    factor = _each(Fraction, node.factors[0])
    offsets = {*np.ravel(node.offset).tolist()}
    if len(offsets) != 1:
        return None
    (offset,) = offsets
    numerator, denominator = (_each(lambda each, part=part: getattr(each, part), factor)
                              for part in ("numerator", "denominator"))
    added = node.added + int(offset)
    # The parity of HALF_EVEN and the sign of modes that have one go by what is rounded.
    if int(offset) and node.rounding not in ("FLOOR", "CEIL"):
        return None
    if 2 * _reach(node, 0) * _size(numerator) + 2 * _size(denominator) >= 1 << 62:
        return None
    return Ratio(numerator.astype(np.int64), denominator.astype(np.int64), node.rounding, added)


def _shown(node, ratio):
    """A FixedPoint that makes what a Ratio does of every sum that can come, or None."""
    source, alike = node.sources[0], [{*np.ravel(each).tolist()} for each in (
        ratio.numerator, ratio.denominator)]
    if (node.rounding != "HALF_EVEN" or source.high - source.low >= _SHOWN
            or any(len(each) > 1 for each in alike)):
        return None
    rule = _fixed(node)
    if rule.rounding != "NEAREST":
        return None
    sums = np.arange(source.low, source.high + 1) - node.zeros[0]
    (numerator,), (denominator,) = alike
    low, rest = np.divmod(sums * numerator, denominator)
    up = (2 * rest > denominator) | ((2 * rest == denominator) & (low % 2 == 1))
    total = (sums * np.ravel(rule.multipliers[0])[0]
             + (np.ravel(rule.addend)[0] << rule.addend_shift))
    return rule if (total >> rule.shift == low + up + ratio.added).all() else None


def _sign(node):
    """Exact thresholds of one source; None of several."""
    if len(node.sources) != 1:
        return None
    factor, offset = np.broadcast_arrays(np.asarray(node.factors[0], object),
                                         np.asarray(node.offset, object))
    multiplier = _each(lambda each: (each > 0) - (each < 0), factor)
    addend = np.empty(factor.shape, object)
    for index in np.ndindex(factor.shape):
        # q * f + o >= 0 where q >= -o / f, or q <= -o / f when f is negative: for integers
        # sign(f) * q + floor(o / |f|) >= 0.
        size = abs(factor[index])
        bound = Fraction(offset.item(index)) / size if size else Fraction(offset.item(index))
        addend[index] = min(max(bound.__floor__(), -(1 << 33)), 1 << 33)
    return Sign(multiplier.astype(np.int64), addend.astype(np.int64))


@functools.lru_cache(maxsize=4096)
def requantisation(node: Requantise):
    """:class:`FixedPoint`, :class:`Ratio` or :class:`Sign` of a Requantise.

    Raises
    ------
    ModelError
        when 64 bits do not hold a sum; names the node and what would pass.
    """
    if node.rounding == "SIGN":
        return _sign(node) or _fixed(node)
    if node.exact:
        found = _ratio(node)
        if found is not None:
            return _shown(node, found) or found
    return _fixed(node)
