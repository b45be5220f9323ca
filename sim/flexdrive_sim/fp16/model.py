"""binary16 arithmetic on numpy arrays: the golden model of ``flexdrive.fp16``.

Numbers are arrays of ``uint16`` encodings of any shape; two operands are broadcast. The
definition is exact integer arithmetic followed by one rounding (IEEE 754-2019, 4.3.1), and shares
no step with the hardware, which works on aligned significands of 14 bits:

* a finite binary16 number is an integer multiple of 2^-24, so a sum is an integer of 41 bits;
* a product of two is an integer of 22 bits times a power of 2.

Every NaN result is 0x7E00. Whole layers use :func:`add_float` and :func:`multiply_float`, which
work on ``float32`` arrays that hold binary16 values and are equal to the definition bit by bit.
"""

import numpy as np

__all__ = ["CANONICAL_NAN", "INFINITY", "add", "add_float", "equal", "from_float", "is_nan",
           "less", "maximum", "multiply", "multiply_float", "negate", "relu", "round_float",
           "subtract", "to_float", "unordered"]

CANONICAL_NAN = np.uint16(0x7E00)
INFINITY = np.uint16(0x7C00)

_SIGN = np.uint16(0x8000)
_POWERS = np.int64(1) << np.arange(62, dtype=np.int64)


def is_nan(a):
    """Elementwise: whether ``a`` encodes a NaN."""
    return (_bits(a) & 0x7FFF) > INFINITY


def negate(a):
    """``a`` with the sign flipped, also that of a NaN."""
    return _bits(a) ^ _SIGN


def add(a, b):
    """a + b."""
    a, b = np.broadcast_arrays(_bits(a), _bits(b))
    total = _units(a) + _units(b)
    # Only zeros have a sum without a sign of its own: -0 if both are, else +0.
    negative = np.where(total == 0, (a & b & _SIGN) != 0, total < 0)
    result = _encode(negative, np.abs(total), 0)
    infinite_a, infinite_b = _is_infinite(a), _is_infinite(b)
    result = np.where(infinite_a, a, np.where(infinite_b, b, result))
    invalid = is_nan(a) | is_nan(b) | (infinite_a & infinite_b & (a != b))
    return np.where(invalid, CANONICAL_NAN, result)


def subtract(a, b):
    """a - b, which is a + (-b)."""
    return add(a, negate(b))


def multiply(a, b):
    """a x b."""
    a, b = np.broadcast_arrays(_bits(a), _bits(b))
    (integer_a, power_a), (integer_b, power_b) = _decode(a), _decode(b)
    negative = ((a ^ b) & _SIGN) != 0
    result = _encode(negative, integer_a * integer_b, power_a + power_b - 24)
    infinite = _is_infinite(a) | _is_infinite(b)
    result = np.where(infinite, np.where(negative, INFINITY | _SIGN, INFINITY), result)
    zero = ((a & 0x7FFF) == 0) | ((b & 0x7FFF) == 0)
    return np.where(is_nan(a) | is_nan(b) | (infinite & zero), CANONICAL_NAN, result)


def maximum(a, b):
    """The larger operand; NaN if any is; +0 of zeros of both signs (IEEE 754-2019, 9.6)."""
    a, b = np.broadcast_arrays(_bits(a), _bits(b))
    result = np.where(_order(a) >= _order(b), a, b)
    return np.where(is_nan(a) | is_nan(b), CANONICAL_NAN, result)


def relu(a):
    """maximum(a, +0): +0 for -0, 0x7E00 for every NaN."""
    return maximum(a, np.uint16(0))


def unordered(a, b):
    """Whether a or b is a NaN (IEEE 754-2019, 5.11)."""
    return is_nan(a) | is_nan(b)


def equal(a, b):
    """a = b: true for zeros of both signs, false for NaNs."""
    return ~unordered(a, b) & (_units(_bits(a)) == _units(_bits(b)))


def less(a, b):
    """a < b: false for zeros of both signs and for NaNs."""
    return ~unordered(a, b) & (_units(_bits(a)) < _units(_bits(b)))


def to_float(a):
    """``float32`` array of the same values; every NaN becomes the default NaN."""
    values = _bits(a).view(np.float16).astype(np.float32)
    return np.where(np.isnan(values), np.float32(np.nan), values)


def from_float(values):
    """Encodings of an array of ``float32`` or ``float64``, rounded once to nearest even; every NaN
    becomes 0x7E00."""
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        rounded = np.asarray(values).astype(np.float16).view(np.uint16)
    return np.where(np.isnan(values), CANONICAL_NAN, rounded)


def add_float(a, b):
    """a + b rounded to binary16; ``float32`` arrays holding binary16 values. Equal to :func:`add`:
    float32 has 24 bits, at least 2 x 11 + 2, so rounding twice rounds right."""
    with np.errstate(invalid="ignore"):
        return round_float(np.add(a, b, dtype=np.float32))


def multiply_float(a, b):
    """a x b rounded to binary16; ``float32`` arrays holding binary16 values. Equal to
    :func:`multiply`: the product is exact in float32."""
    with np.errstate(invalid="ignore"):
        return round_float(np.multiply(a, b, dtype=np.float32))


def round_float(values):
    """``float32`` array rounded to binary16, as ``float32``."""
    values = np.asarray(values, np.float32)
    # Only the default NaN survives the rounding of the encoding.
    values = np.where(np.isnan(values), np.float32(np.nan), values)
    size = np.abs(values)
    # From 0.5 to 1 float32 counts in units of 2^-24, those of the subnormals.
    small = np.copysign((size + np.float32(0.5)) - np.float32(0.5), values)
    return np.where(size < np.float32(2.0**-14), small, _round_normal(values))


def _round_normal(values):
    """Rounded to 11 significant bits, to nearest even, and to infinity from 2^16 on."""
    bits = values.view(np.uint32)
    rounded = (bits + (bits >> 13 & 1) + np.uint32(0xFFF) & np.uint32(0xFFFFE000)).view(np.float32)
    with np.errstate(over="ignore"):
        # 2^16 x 2^112 overflows to infinity; everything below returns unchanged.
        return rounded * np.float32(2.0**112) * np.float32(2.0**-112)


def _bits(a):
    return np.asarray(a, np.uint16)


def _is_infinite(a):
    return (a & 0x7FFF) == INFINITY


def _decode(a):
    """(integer, power): |a| = integer x 2^(power - 24) of finite numbers."""
    exponent = ((a >> 10) & 31).astype(np.int64)
    integer = (a & 0x3FF).astype(np.int64) + np.where(exponent > 0, 1024, 0)
    return integer, np.maximum(exponent, 1) - 1


def _units(a):
    """Finite binary16 as a signed integer in units of 2^-24; infinities beyond all of them."""
    integer, power = _decode(a)
    return np.where(a & _SIGN, -1, 1) * (integer << power)


def _order(a):
    """Integer that orders all numbers, -0 before +0."""
    return np.where(a & _SIGN, -1 - (a & 0x7FFF).astype(np.int64), a)


def _encode(negative, integer, power):
    """Encode ``integer`` x 2^(power - 24) with one rounding to nearest even."""
    integer, power = np.broadcast_arrays(integer, np.int64(power))
    length = np.searchsorted(_POWERS, integer, side="right")
    # Weight of the result's last bit: 11 significant bits, but never below 2^-24.
    last = np.maximum(length + power - 11, 0)
    right = np.maximum(last - power, 0)
    # Below half of the last bit nothing is left, however far the rest is away.
    right = np.minimum(right, 40)
    kept = np.where(right > 0, integer >> right, integer << np.maximum(power - last, 0))
    rest = integer - np.where(right > 0, kept << right, integer)
    half = np.where(right > 0, np.int64(1) << np.maximum(right - 1, 0), 1)
    kept = kept + ((rest > half) | ((rest == half) & (kept & 1 == 1)))
    # A hidden bit in `kept` makes the exponent one more than `last`; so does a carry into it.
    encoding = np.minimum((last << 10) + kept, int(INFINITY)).astype(np.uint16)
    return np.where(negative, encoding | _SIGN, encoding)
