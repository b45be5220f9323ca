"""The chip's sign is that of scale * s + bias in real numbers, of every binary16 sum s: by exact
rationals, scales and biases of either sign from where binary16 has subnormals to where it ends."""

from fractions import Fraction

import numpy as np
import pytest

from flexdrive.hyperdrive.descriptor.fields import Activation
from flexdrive_deploy.hyperdrive.thresholds import sign_parameters, zero_of
from flexdrive_sim.hyperdrive.golden.convolution import convolve

# Every pattern that is a number, in ascending order; zeros of both signs.
_MAGNITUDES = np.arange(0x7C01, dtype=np.uint16)
SUMS = np.concatenate([_MAGNITUDES[::-1] | 0x8000, _MAGNITUDES]).astype(np.uint16)
VALUES = SUMS.view(np.float16).astype(np.float64)


def exact(scale, bias):
    """+1 or -1 of each of SUMS, by rationals: how many sums, from one end on, are +1."""
    if scale == 0:
        signs = np.full(len(SUMS), 1.0 if bias >= 0 else -1.0)
        signs[np.isinf(VALUES)] = np.nan
        return signs
    finite = np.isfinite(VALUES)
    factor, offset = Fraction(scale), Fraction(bias)

    def positive(value):
        return factor * Fraction(float(value)) + offset >= 0

    # Monotonic: a bisection by rationals, then all of them are known.
    numbers = VALUES[finite] if scale > 0 else VALUES[finite][::-1]
    low, high = 0, len(numbers)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if positive(numbers[middle]) else (middle + 1, high)
    made = np.where(np.arange(len(numbers)) >= low, 1.0, -1.0)
    signs = np.empty(len(SUMS))
    signs[finite] = made if scale > 0 else made[::-1]
    signs[np.isinf(VALUES)] = np.sign(VALUES[np.isinf(VALUES)]) * np.sign(scale)
    return signs


def chip(scale, bias):
    """What the chip makes of SUMS, of each channel."""
    scale, bias = (np.asarray(values, np.float64) for values in (scale, bias))
    alpha, beta = sign_parameters(scale, bias)
    beyond = []
    made = convolve(SUMS.reshape(1, 1, -1), np.ones((len(scale), 1, 1, 1), np.uint8), alpha, beta,
                    activation=Activation.SIGN, watch=beyond.append)
    # No finite sum leaves the numbers on the way, which would be a warning.
    assert not beyond[0][:, 0, np.isfinite(VALUES)].any()
    return made.view(np.float16)[:, 0].astype(np.float64)


def drawn(random, count):
    """Thresholds of every size: between two numbers of binary16, at one, beside one by an ulp of
    float64, beyond the last."""
    scale = random.choice([-1, 1], count) * np.exp2(random.uniform(-30, 30, count))
    near = SUMS[random.integers(len(SUMS), size=count)].view(np.float16).astype(np.float64)
    near[~np.isfinite(near)] = random.choice([-65519, -65505, 65505, 65519, 65520, 1e6, -1e9])
    bias = -scale * near
    kind = random.integers(4, size=count)
    bias = np.where(kind == 0, np.nextafter(bias, np.inf), bias)
    bias = np.where(kind == 1, np.nextafter(bias, -np.inf), bias)
    bias = np.where(kind == 2, bias * random.uniform(0.999, 1.001, count), bias)
    return scale, bias


@pytest.mark.parametrize("seed", range(8))
def test_every_sum_of_random_scales_and_biases(seed):
    scale, bias = drawn(np.random.default_rng(seed), 48)
    for channel, made in enumerate(chip(scale, bias)):
        np.testing.assert_array_equal(made, exact(scale[channel], bias[channel]),
                                      err_msg=f"{scale[channel]!r} * s + {bias[channel]!r}")


def test_every_sum_of_corner_cases():
    tiny, largest = 2.0 ** -24, 65504.0
    biases = [0.0, -0.0, tiny, -tiny, tiny / 2, -tiny / 2, 1e-300, -1e-300, largest, -largest,
              np.nextafter(largest, np.inf), -np.nextafter(largest, np.inf), 65520.0, -65520.0,
              1e300, -1e300]
    for scale in (1.0, -1.0, 0.0, 3.0, -1 / 3):
        for bias, made in zip(biases, chip(np.full(len(biases), scale), biases), strict=True):
            np.testing.assert_array_equal(made, exact(scale, bias), err_msg=f"{scale} {bias}")


def test_the_bisection_is_the_definition():
    """Of a few scales every sum by itself."""
    for scale, bias in ((0.1, -0.7), (-3e-5, 1e-7), (1e4, 65504e4)):
        factor, offset = Fraction(scale), Fraction(bias)
        one_by_one = [1.0 if factor * Fraction(float(value)) + offset >= 0 else -1.0
                      for value in VALUES if np.isfinite(value)]
        np.testing.assert_array_equal(exact(scale, bias)[np.isfinite(VALUES)], one_by_one)


def test_scaling_and_adding_alone_is_not_exact():
    """Which is why: the same channels with alpha and beta rounded to binary16."""
    scale, bias = drawn(np.random.default_rng(0), 48)
    kept = (np.abs(scale) > 1e-3) & (np.abs(scale) < 1e3) & (np.abs(bias) < 6e4)
    alpha, beta = (values[kept].astype(np.float16).view(np.uint16) for values in (scale, bias))
    made = convolve(SUMS.reshape(1, 1, -1), np.ones((kept.sum(), 1, 1, 1), np.uint8), alpha, beta,
                    activation=Activation.SIGN).view(np.float16)[:, 0]
    wrong = sum((row != exact(*numbers)).any() for row, *numbers in zip(
        made, scale[kept], bias[kept], strict=True))
    assert wrong > kept.sum() / 4


def test_sums_that_make_zero_are_found():
    random = np.random.default_rng(1)
    for _ in range(300):
        scale, near = random.choice([-0.5, 2.0, 0.75, -3.0]), SUMS[random.integers(len(SUMS))]
        value = float(near.view(np.float16))
        if not np.isfinite(value):
            continue
        assert zero_of([1.0, scale], [1e-9, -scale * value]) == (1, value)
        beside = np.nextafter(-scale * value, np.inf)
        assert zero_of([scale], [beside]) is None
    assert zero_of([0.0], [0.0]) == (0, 0.0)
    assert zero_of([0.0, 1.0], [1.0, 65505.0]) is None
