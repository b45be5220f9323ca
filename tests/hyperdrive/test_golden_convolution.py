"""The convolution of the golden model against integer arithmetic, one word at a time."""

import numpy as np
import pytest

from flexdrive.hyperdrive.descriptor.fields import Activation
from flexdrive_sim.hyperdrive.golden.chip import channelwise, convolve
from flexdrive_sim.hyperdrive.golden.convolution import averages

from . import binary16 as oracle

CORNERS = np.array([0x0000, 0x8000, 0x0001, 0x8001, 0x03FF, 0x83FF, 0x0400, 0x8400, 0x3C00, 0xBC00,
                    0x3C01, 0x7BFF, 0xFBFF, 0x7BFE, 0x1400, 0x9400, 0x6C00, 0x4400], np.uint16)
SPECIAL = np.array([0x7C00, 0xFC00, 0x7E00, 0xFE00, 0x7C01, 0xFFFF, 0x7FFF], np.uint16)


def patterns(rng, shape, pool=None):
    """Random patterns: ordinary values, or any of ``pool``."""
    if pool is None:
        return rng.standard_normal(shape).astype(np.float16).view(np.uint16)
    return rng.choice(pool, shape)


def compare(x, weights, alpha, beta, stride=1, activation=Activation.NONE, bypass=None, slope=0,
            bounds=None, late=False):
    got = convolve(x, weights, alpha, beta, stride=stride, activation=activation, slope=slope,
                   bypass=bypass, bounds=bounds, late=late)
    wanted = oracle.reference(x, weights, alpha, beta, stride, activation.name, slope, bypass,
                              bounds, late)
    np.testing.assert_array_equal(got, np.array(wanted, np.uint16))


def layer(rng, c_in, c_out, kernel, pool=None, codes=2):
    weights = rng.integers(0, codes, (c_out, c_in, kernel, kernel)).astype(np.uint8)
    return weights, patterns(rng, c_out, pool), patterns(rng, c_out, pool)


@pytest.mark.parametrize("size", [(1, 1), (1, 4), (3, 1), (2, 2), (5, 3), (4, 7)])
@pytest.mark.parametrize(("kernel", "stride"), [(1, 1), (1, 2), (3, 1), (3, 2), (5, 1), (5, 2),
                                               (7, 1), (7, 2)])
def test_shapes(size, kernel, stride):
    rng = np.random.default_rng(size[0] * 100 + size[1] * 10 + kernel * 2 + stride)
    weights, alpha, beta = layer(rng, 3, 5, kernel)
    x = patterns(rng, (3, *size))
    bypass = patterns(rng, (5, -(-size[0] // stride), -(-size[1] // stride)))
    compare(x, weights, alpha, beta, stride)
    compare(x, weights, alpha, beta, stride, Activation.RELU, bypass)


@pytest.mark.parametrize("pool", [CORNERS, np.concatenate([CORNERS, SPECIAL])])
@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("codes", [2, 3])
def test_corner_values(pool, seed, codes):
    """With 3 codes some weights are zero: also times infinity and NaN the sum stays."""
    rng = np.random.default_rng(seed)
    weights, alpha, beta = layer(rng, 4, 6, 3, pool, codes)
    compare(patterns(rng, (4, 4, 3), pool), weights, alpha, beta, 1, Activation(seed % 4),
            patterns(rng, (6, 4, 3), pool), int(patterns(rng, 1, pool)[0]))


@pytest.mark.parametrize("kind", Activation)
@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("numbers", [CORNERS, np.append(CORNERS, SPECIAL[:2])])
def test_bounds_and_both_orders_of_the_addition(kind, late, numbers):
    """Corner values everywhere; the lower bound is now and then the upper one."""
    for seed in range(6):
        rng = np.random.default_rng(seed)
        weights, alpha, beta = layer(rng, 2, 5, 1, numbers)
        bounds = None if seed == 5 else tuple(int(bound) for bound in patterns(rng, 2, numbers))
        compare(patterns(rng, (2, 4, 5), numbers), weights, alpha, beta, 1, kind,
                patterns(rng, (5, 4, 5), numbers), int(patterns(rng, 1, numbers)[0]), bounds, late)


@pytest.mark.parametrize("kind", Activation)
@pytest.mark.parametrize("low", [0, 0x8000, 0x3C00])
@pytest.mark.parametrize("high", [0, 0x8000, 0xBC00])
def test_bounds_that_are_zeros(kind, low, high):
    """Values of +0 and -0, and beside them; also a lower bound above the upper one."""
    x = np.array([0x0000, 0x0001, 0x8001, 0x3C00], np.uint16).reshape(1, 1, -1)
    compare(x, np.ones((2, 1, 1, 1), np.uint8), np.array([0x3C00, 0xBC00], np.uint16),
            np.array([0x8000, 0x8000], np.uint16), 1, kind, slope=0x3800, bounds=(low, high))


def test_every_pattern_passes_through_identity():
    """alpha = 1 and beta = -0 change nothing but NaNs, and -0 + +0 of the start is +0."""
    x = np.arange(1 << 16, dtype=np.uint16).reshape(1, 256, 256)
    one, minus_zero = np.array([0x3C00], np.uint16), np.array([0x8000], np.uint16)
    got = convolve(x, np.ones((1, 1, 1, 1), np.uint8), one, minus_zero)
    nan = (x & 0x7FFF) > 0x7C00
    wanted = np.where(nan, np.uint16(0x7E00), np.where(x == 0x8000, np.uint16(0), x))
    np.testing.assert_array_equal(got, wanted)


def test_pairs_of_patterns():
    """Sums of two and products over a dense sample of all patterns."""
    rng = np.random.default_rng(7)
    a, b = rng.integers(0, 1 << 16, (2, 20_000)).astype(np.uint16)
    a[:2000], b[:2000] = rng.choice(CORNERS, 2000), rng.choice(CORNERS, 2000)
    near = rng.integers(-3, 4, 6000)
    b[2000:8000] = (a[2000:8000].astype(np.int32) ^ 0x8000) + near & 0xFFFF     # cancellation
    x = np.stack([a, b])[:, None, :]
    one, minus_zero = np.array([0x3C00], np.uint16), np.array([0x8000], np.uint16)
    got = convolve(x, np.ones((1, 2, 1, 1), np.uint8), one, minus_zero).ravel()
    wanted = [oracle.add(oracle.add(0, int(p)), int(q)) for p, q in zip(a, b, strict=True)]
    np.testing.assert_array_equal(got, np.array(wanted, np.uint16))
    # One pixel, 20,000 output channels: the product with every alpha.
    got = convolve(a[:1, None, None], np.ones((20_000, 1, 1, 1), np.uint8), b,
                   np.full(20_000, 0x8000, np.uint16)).ravel()
    wanted = [oracle.multiply(int(a[0]), int(q)) for q in b]
    np.testing.assert_array_equal(got, np.array(wanted, np.uint16))


@pytest.mark.parametrize("alpha", [0x0001, 0x03FF, 0x1400, 0x2E66, 0x3C01, 0x7BFF])
def test_products(alpha):
    rng = np.random.default_rng(alpha)
    a = rng.integers(0, 1 << 16, 4000).astype(np.uint16)
    got = convolve(a[None, None], np.ones((1, 1, 1, 1), np.uint8), np.array([alpha], np.uint16),
                   np.array([0x8000], np.uint16)).ravel()
    wanted = [oracle.multiply(oracle.add(0, int(p)), alpha) for p in a]
    np.testing.assert_array_equal(got, np.array(wanted, np.uint16))


def test_order_of_addition_matters_and_is_taps_outer():
    """65504 - 65504 + 2**-24 keeps the small term only in the stated order."""
    x = np.array([[[0x7BFF, 0x0001]], [[0xFBFF, 0x0000]]], np.uint16)      # (c_in 2, 1, 2)
    ones = np.ones((1, 2, 3, 3), np.uint8)
    got = convolve(x, ones, np.array([0x3C00], np.uint16), np.array([0x8000], np.uint16))
    # Pixel 0: taps (0,0): +max, -max, then tap (0,1): + 2**-24. Channels outer would lose it.
    np.testing.assert_array_equal(got, [[[0x0001, 0x0001]]])


def test_blocks_and_threads_change_nothing():
    """More accumulators than one block holds, in both directions."""
    rng = np.random.default_rng(3)
    x = patterns(rng, (2, 190, 180))
    weights, alpha, beta = layer(rng, 2, 3, 3)
    whole = convolve(x, weights, alpha, beta)
    for threads in (1, 3):
        np.testing.assert_array_equal(convolve(x, weights, alpha, beta, threads=threads), whole)
    sums = np.zeros((3, 190, 180), np.float16)
    padded = np.pad(x.view(np.float16), ((0, 0), (1, 1), (1, 1)))
    for dy in range(3):
        for dx in range(3):
            for ci in range(2):
                tap = padded[ci, dy:dy + 190, dx:dx + 180]
                sums = np.where(weights[:, ci, dy, dx, None, None] == 1, sums + tap, sums - tap)
    scaled = sums * alpha.view(np.float16)[:, None, None] + beta.view(np.float16)[:, None, None]
    np.testing.assert_array_equal(whole, scaled.view(np.uint16))


def test_wrong_arguments():
    x, one = np.zeros((2, 3, 3), np.uint16), np.zeros(1, np.uint16)
    weights = np.zeros((1, 2, 3, 3), np.uint8)
    with pytest.raises(ValueError, match=r"x has type float16 and shape .* expected uint16"):
        convolve(x.view(np.float16), weights, one, one)
    with pytest.raises(ValueError, match=r"alpha has type uint16 and shape \(2,\), expected"):
        convolve(x, weights, np.zeros(2, np.uint16), one)
    with pytest.raises(ValueError, match=r"weights have shape \(1, 2, 9\), expected"):
        convolve(x, weights.reshape(1, 2, 9), one, one)
    with pytest.raises(ValueError, match=r"a kernel of 3 x 3 pixels has taps \(\(0,\), \(0,\)\)"):
        convolve(x, weights, one, one, taps=((0,), (0,)))
    with pytest.raises(ValueError, match=r"bypass has type uint16 and shape"):
        convolve(x, weights, one, one, bypass=x)


@pytest.mark.parametrize("size", [(1, 1), (1, 4), (3, 1), (5, 3), (4, 7)])
@pytest.mark.parametrize("kernel", [1, 2, 3, 5, 7])
@pytest.mark.parametrize("stride", [1, 2])
def test_channelwise(size, kernel, stride):
    rng = np.random.default_rng(size[0] * 100 + size[1] * 10 + kernel * 2 + stride)
    special = np.concatenate([CORNERS, SPECIAL])
    for pool in (None, special):
        weights, alpha, beta = layer(rng, 1, 4, kernel, pool, codes=3)
        x = patterns(rng, (4, *size), pool)
        bypass = patterns(rng, (4, -(-size[0] // stride), -(-size[1] // stride)), pool)
        for used in (weights, None):
            got = channelwise(x, used, alpha, beta, kernel=(kernel, kernel), stride=stride,
                              bypass=bypass, activation=Activation.RELU)
            wanted = oracle.channelwise(x, used, alpha, beta, kernel, stride, "RELU", 0, bypass)
            np.testing.assert_array_equal(got, np.array(wanted, np.uint16))


TAPS = [((0,), (-1, 0, 1)), ((-2, 0, 2), (0,)), ((0, 1), (0, 1)), ((-1, 2), (-3, 0)),
        ((-3,), (-2,)), ((0, 1, 2), (-1, 0)), ((-1, 0, 1), (-1, 0, 1))]


@pytest.mark.parametrize("size", [(1, 1), (1, 4), (5, 3), (4, 7)])
@pytest.mark.parametrize("taps", TAPS)
@pytest.mark.parametrize("stride", [1, 2])
def test_taps(size, taps, stride):
    """As a full window whose other weights are zero; of a maximum, pixel by pixel; and of a part of
    the map."""
    rng = np.random.default_rng(size[0] * 100 + size[1] * 10 + stride)
    x, kernel = patterns(rng, (3, *size)), tuple(map(len, taps))
    made = tuple(-(-edge // stride) for edge in size)
    part = tuple(max(1, edge - 1) for edge in made)
    for inputs, outputs in ((3, 5), (1, 3)):
        weights = rng.integers(0, 2, (outputs, inputs, *kernel)).astype(np.uint8)
        whole = np.full((outputs, inputs, 7, 7), 2, np.uint8)
        whole[:, :, np.array(taps[0])[:, None] + 3, np.array(taps[1]) + 3] = weights
        alpha, beta = patterns(rng, (2, outputs))
        bypass = patterns(rng, (outputs, *made))
        options = {"stride": stride, "taps": taps, "bypass": bypass}
        if inputs == 1:
            got = channelwise(x, weights, alpha, beta, kernel=kernel, **options)
            wanted = oracle.channelwise(x, whole, alpha, beta, 7, stride, "NONE", 0, bypass)
            most = channelwise(x, None, alpha, beta, kernel=kernel, **options)
            np.testing.assert_array_equal(most, np.array(oracle.channelwise(
                x, None, alpha, beta, 7, stride, "NONE", 0, bypass, taps), np.uint16))
        else:
            got = convolve(x, weights, alpha, beta, **options)
            wanted = oracle.reference(x, whole, alpha, beta, stride, "NONE", 0, bypass)
            options["bypass"] = bypass[:, :part[0], :part[1]]
            np.testing.assert_array_equal(convolve(x, weights, alpha, beta, size=part, **options),
                                          got[:, :part[0], :part[1]])
        np.testing.assert_array_equal(got, np.array(wanted, np.uint16))


@pytest.mark.parametrize("pool", [None, np.concatenate([CORNERS, SPECIAL])])
def test_averages(pool):
    """Two chips' patches of a map whose last ones are smaller, pixel by pixel."""
    rng = np.random.default_rng(8)
    image, factor = patterns(rng, (5, 3, 40), pool), 0x2E66
    wanted = np.zeros((2, 2, 40), np.uint16)
    for y in range(2):
        for x in range(2):
            for c in range(40):
                total = 0
                for pixel in image[3 * y:3 * y + 3, 2 * x:2 * x + 2, c].ravel():
                    total = oracle.add(total, int(pixel))
                wanted[y, x, c] = oracle.multiply(total, factor)
    np.testing.assert_array_equal(averages(image, (3, 2), factor), wanted)
