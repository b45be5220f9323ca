"""Signs that are exact: a sum compared with a number of binary16, instead of scaled and added to.

The chip makes sign(s * alpha + beta) with a rounding after each step. With alpha = 1 or -1 the
first step rounds nothing, and the second cannot change whether the result is below zero, as a
difference of binary16 numbers is zero only where they are equal. So beta is the threshold, rounded
to the side on which no sum lies between it and the real one.

Thresholds from 1 on are halved with their sums, so that no difference leaves the numbers of
binary16, which would be reported: what a half rounds is far below them. Where no finite sum reaches
the threshold, or all do, the sums are made small beside a constant; infinite ones keep their sign.
"""

from fractions import Fraction

import numpy as np

__all__ = ["sign_parameters", "zero_of"]

_LARGEST = np.float16(65504)
_HALF = np.float16(0.5)
_SMALL, _BESIDE = np.float16(2.0 ** -14), np.float16(8)     # any finite sum times _SMALL is below 4


def _reaches(number, threshold):
    return Fraction(float(number)) >= threshold


def _least_from(threshold):
    """The least binary16 number that is ``threshold`` (Fraction) or more; infinite when all finite
    ones are less, minus the largest when all are more."""
    if not _reaches(_LARGEST, threshold):
        return np.float16(np.inf)
    if _reaches(-_LARGEST, threshold):
        return -_LARGEST
    number = np.float16(float(threshold))
    if not np.isfinite(number):         # a threshold just below the largest number
        number = _LARGEST
    while not _reaches(number, threshold):
        number = np.nextafter(number, _LARGEST)
    while _reaches(before := np.nextafter(number, -_LARGEST), threshold):
        number = before
    return number


def _parameters(scale, bias):
    """(alpha, beta) of one channel, float16."""
    if scale == 0:
        return np.float16(0), np.float16(1 if bias >= 0 else -1)
    # scale * s + bias >= 0 is way * s >= threshold.
    way = np.float16(1 if scale > 0 else -1)
    least = _least_from(-Fraction(float(bias)) / abs(Fraction(float(scale))))
    if np.isinf(least) or least == -_LARGEST:
        return way * _SMALL, np.copysign(_BESIDE, -least)
    return (way * _HALF, -least * _HALF) if abs(least) >= 1 else (way, -least)


def sign_parameters(scale, bias):
    """Parameters with which the chip's sign is exactly that of scale * s + bias, of every binary16
    sum s that is a number: +1 from 0 on.

    Parameters
    ----------
    scale, bias : float64 (channels,), finite.

    Returns
    -------
    (alpha, beta) : uint16 (channels,), binary16 patterns.
    """
    made = np.array([_parameters(*channel) for channel in zip(scale, bias, strict=True)],
                    np.float16).reshape(-1, 2)
    return made[:, 0].copy().view(np.uint16), made[:, 1].copy().view(np.uint16)


def zero_of(scale, bias):
    """(channel, sum) of the first channel of which a finite binary16 sum s makes scale * s + bias
    zero, else None; parameters as of :func:`sign_parameters`."""
    for channel, (factor, offset) in enumerate(zip(scale, bias, strict=True)):
        if factor == 0:
            if offset == 0:
                return channel, 0.0
            continue
        threshold = -Fraction(float(offset)) / Fraction(float(factor))
        least = _least_from(threshold)
        if np.isfinite(least) and Fraction(float(least)) == threshold:
            return channel, float(least)
    return None
