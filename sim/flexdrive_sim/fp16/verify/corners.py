"""Operands at the borders of binary16 arithmetic."""

import numpy as np

from .. import model as fp16

__all__ = ["corner_classes"]

# Zeros, subnormals, normal numbers, infinities and NaNs, on both sides of each border.
_BORDERS = (0x0000, 0x0001, 0x0002, 0x0003, 0x01FF, 0x0200, 0x03FE, 0x03FF, 0x0400, 0x0401,
            0x07FF, 0x0800, 0x3BFF, 0x3C00, 0x3C01, 0x3FFF, 0x4000, 0x77FF, 0x7800, 0x7BFE,
            0x7BFF, 0x7C00, 0x7C01, 0x7DFF, 0x7E00, 0x7E01, 0x7FFF)
_FRACTIONS = sorted({0, 0x3FF, 0x155, 0x2AA, *(1 << i for i in range(10)),
                     *((1 << i) - 1 for i in range(10)), *(0x400 - (1 << i) for i in range(10))})


def corner_classes(seed=0):
    """``{name: (a, b)}``: operand arrays of each class, about four million pairs in all.

    Fractions come from a fixed set (powers of 2, all ones below and above them); what is random
    depends on ``seed`` alone.
    """
    random = np.random.default_rng(seed)
    return {
        "borders": _every_pair(_BORDERS),
        "exponents": _exponents(),
        "cancellation": _cancellation(random),
        "alignment": _alignment(random),
        "sum overflow": _near_sum(random, 65520.0),
        "sum subnormal": _near_sum(random, 2.0**-14),
        "product overflow": _near_product(random, 65520.0),
        "product subnormal": _near_product(random, 2.0**-14),
        "product vanishing": _near_product(random, 2.0**-25),
        "product ties": _product_ties(random),
    }


def _every_pair(encodings):
    both = np.array([*encodings, *(e | 0x8000 for e in encodings)], np.uint16)
    a, b = np.meshgrid(both, both)
    return a.ravel(), b.ravel()


def _signs(random, count):
    return random.integers(0, 2, count, dtype=np.uint16) << 15


def _exponents():
    """All pairs of exponents and signs with all pairs of corner fractions of one half."""
    exponent = np.arange(32, dtype=np.uint16) << 10
    halves = _FRACTIONS[::2], _FRACTIONS[1::2]
    a = (exponent[:, None] + np.array(halves[0], np.uint16)).ravel()
    b = (exponent[:, None] + np.array(halves[1], np.uint16)).ravel()
    b = np.concatenate([b, b | 0x8000])
    a = np.concatenate([a, a | 0x8000])
    a, b = np.meshgrid(a, b)
    return a.ravel(), b.ravel()


def _cancellation(random):
    """Opposite signs, magnitudes a few units to two binades apart."""
    count = 1 << 19
    a = random.integers(0, 0x7C00, count, dtype=np.int64)
    apart = random.integers(-0x800, 0x801, count) >> random.integers(0, 12, count)
    b = np.clip(a + apart, 0, 0x7C00)
    sign = _signs(random, count)
    return a.astype(np.uint16) | sign, b.astype(np.uint16) | (sign ^ 0x8000)


def _alignment(random):
    """Exponents 0 to 14 apart, the smaller operand one bit or a run of ones: guard and sticky."""
    count = 1 << 20
    exponent = random.integers(0, 31, count)
    distance = random.integers(0, 15, count)
    fraction = np.array(_FRACTIONS)[random.integers(0, len(_FRACTIONS), count)]
    a = (exponent << 10) | random.integers(0, 1024, count)
    b = (np.maximum(exponent - distance, 0) << 10) | fraction
    swap = random.integers(0, 2, count) == 1
    a, b = np.where(swap, b, a), np.where(swap, a, b)
    return (a.astype(np.uint16) | _signs(random, count),
            b.astype(np.uint16) | _signs(random, count))


def _around(random, values):
    """Encodings of ``values``, up to two units away."""
    near = fp16.from_float(values).astype(np.int64)
    near = (near & 0x7FFF) + random.integers(-2, 3, len(near))
    return np.clip(near, 0, 0x7C00).astype(np.uint16)


def _near_sum(random, target):
    """Sums, and differences, whose magnitude is close to ``target``."""
    count = 1 << 18
    limit = int(fp16.from_float(np.float64(target)))
    a = random.integers(0, min(limit + 0x400, 0x7C00), count, dtype=np.uint16)
    rest = target - fp16.to_float(a).astype(np.float64)
    b = _around(random, np.abs(rest)) | np.where(rest < 0, 0x8000, 0).astype(np.uint16)
    flip = _signs(random, count)
    return a ^ flip, b ^ flip


def _near_product(random, target):
    """Products whose magnitude is close to ``target``."""
    count = 1 << 18
    a = random.integers(1, 0x7C00, count, dtype=np.uint16)
    b = _around(random, np.minimum(target / fp16.to_float(a).astype(np.float64), 65504.0))
    return a | _signs(random, count), b | _signs(random, count)


def _product_ties(random):
    """Significands with few factors, so that products end in one half of the last place often."""
    count = 1 << 19
    odd = random.integers(1, 64, (2, count)) | 1
    shift = 10 - np.floor(np.log2(odd)).astype(np.int64)
    fraction = (odd << shift) & 0x3FF
    encoding = (random.integers(0, 31, (2, count)) << 10 | fraction).astype(np.uint16)
    return encoding[0] | _signs(random, count), encoding[1] | _signs(random, count)
