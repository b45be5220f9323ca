"""Binary-weight convolution in binary16, one rounding per addition, in the hardware's order.

Order and loop nest: Andri et al., "Hyperdrive", JETCAS 2019, schedule table; written out in
``flexdrive.hyperdrive.descriptor.fields``. Nothing here comes from the RTL.

How the accumulation is fast and exact. Values of binary16 are kept as float32 multiplied by
2**112, so that the largest binary exponent of binary16 is the largest of float32.

* One float32 addition followed by rounding to 11 bits is the correctly rounded binary16 addition:
  double rounding is harmless when the wide format has at least 2*11 + 2 bits (Figueroa, "When is
  double rounding innocuous?", 1995), and float32 has 24.
* Rounding to 11 bits is integer arithmetic on the float32 pattern. What rounds to 65,536 or more
  carries into the exponent of float32's infinity, which is binary16's rule with this scaling.
* Below 2**-13 every sum is a multiple of 2**-24 with at most 11 bits: nothing is rounded, so
  subnormals need no case of their own, and float32 never meets subnormals of its own.
"""

from concurrent.futures import ThreadPoolExecutor
from os import cpu_count

import numpy as np

from flexdrive.hyperdrive.descriptor.fields import Activation

from ...fp16 import model as fp16

__all__ = ["averages", "channelwise", "convolve"]

_SCALE = 112               # float32 holds value * 2**_SCALE
_BLOCK = 1 << 15           # accumulators per block: pattern and operand stay in a 2nd-level cache
_DROPPED = np.uint32(13)   # float32 has 13 fraction bits more than binary16
_HALF_BELOW = np.uint32(0x0FFF)
_KEEP = np.uint32(0xFFFFE000)
_ONE = np.uint32(1)


def _to_scaled(bits):
    """binary16 patterns -> float32 values * 2**112; every NaN becomes one without payload."""
    return np.ldexp(fp16.to_float(bits), _SCALE)


def _accumulate(taps, signs, masks, out):
    """One block of accumulators: ``out[co, p]`` = sum over taps and inputs, rounded each time.

    taps: uint32 (steps, pixels), patterns of scaled values in the order of addition;
    signs: uint32 (steps, c_out, 1), 0 adds and 1 << 31 subtracts; masks: the same, 0 where the
    weight is zero and all ones elsewhere, or None when none is; out: float32 (c_out, pixels).
    """
    accumulator = np.zeros(out.shape, np.float32)
    pattern = accumulator.view(np.uint32)
    scratch = np.empty(out.shape, np.uint32)
    operand = scratch.view(np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        for step, (pixels, sign) in enumerate(zip(taps, signs, strict=True)):
            np.bitwise_xor(pixels, sign, out=scratch)
            if masks is not None:       # +0 changes no sum, as none is -0
                np.bitwise_and(scratch, masks[step], out=scratch)
            np.add(accumulator, operand, out=accumulator)
            np.right_shift(pattern, _DROPPED, out=scratch)
            np.bitwise_and(scratch, _ONE, out=scratch)
            np.add(scratch, _HALF_BELOW, out=scratch)
            np.add(pattern, scratch, out=pattern)
            np.bitwise_and(pattern, _KEEP, out=pattern)
    out[...] = accumulator


def _windows(x, taps, stride, size, outside):
    """Operands of every tap, one after the other: float32 (c, rows, columns) of ``size``, what lies
    outside of x is ``outside``."""
    (rows, columns), (channels, height, width) = size, x.shape
    below = [max(0, -min(axis)) for axis in taps]
    above = [max(0, max(axis) + (count - 1) * stride + 1 - edge)
             for axis, count, edge in zip(taps, size, (height, width), strict=True)]
    padded = np.full((channels, below[0] + height + above[0], below[1] + width + above[1]), outside,
                     np.float32)
    padded[:, below[0]:below[0] + height, below[1]:below[1] + width] = x
    for dy in taps[0]:
        for dx in taps[1]:
            y, x0 = below[0] + dy, below[1] + dx
            yield padded[:, y:y + (rows - 1) * stride + 1:stride,
                         x0:x0 + (columns - 1) * stride + 1:stride]


def _taps(x, taps, stride, size):
    """Operands in the order of addition: uint32 (taps*c_in, h_out*w_out)."""
    operands = list(_windows(_to_scaled(x), taps, stride, size, 0))
    return np.stack(operands).reshape(len(operands) * len(x), -1).view(np.uint32)


def _geometry(x, weights, stride, taps, size):
    """(taps, size) as given, or those of a kernel that lies around its centre and of the map that
    it makes."""
    if taps is None:
        taps = tuple(tuple(range(-((edge - 1) // 2), edge // 2 + 1)) for edge in weights)
    if (len(taps[0]), len(taps[1])) != tuple(weights):
        raise ValueError(f"a kernel of {weights[0]} x {weights[1]} pixels has taps {taps}")
    return taps, size or tuple(-(-edge // stride) for edge in x.shape[1:])


def _sums(taps, weights, threads):
    """All accumulators, float32 scaled (c_out, pixels), block by block on ``threads`` threads."""
    c_out = weights.shape[0]
    order = weights.transpose(2, 3, 1, 0).reshape(-1, c_out, 1)      # taps outer, inputs inner
    signs = np.where(order == 0, np.uint32(1 << 31), np.uint32(0))
    masks = np.where(order == 2, np.uint32(0), ~np.uint32(0)) if (order == 2).any() else None
    sums = np.empty((c_out, taps.shape[1]), np.float32)
    width = min(taps.shape[1], _BLOCK)
    height = max(1, _BLOCK // width)
    with ThreadPoolExecutor(threads) as pool:
        jobs = [pool.submit(_accumulate, taps[:, p:p + width], signs[:, co:co + height],
                            masks if masks is None else masks[:, co:co + height],
                            sums[co:co + height, p:p + width])
                for co in range(0, c_out, height) for p in range(0, taps.shape[1], width)]
        for job in jobs:
            job.result()
    return sums


def _checked(name, array, dtypes, shape):
    array = np.asarray(array)
    if array.dtype not in dtypes or array.shape != shape:
        raise ValueError(f"{name} has type {array.dtype} and shape {array.shape}, expected "
                         f"{' or '.join(np.dtype(t).name for t in dtypes)} and {shape}")
    return array


def convolve(x, weights, alpha, beta, *, stride=1, taps=None, size=None,
             activation=Activation.NONE, slope=0, bounds=None, bypass=None, late=False,
             threads=None, watch=None):
    """One CONV of the chip, bit for bit.

    Parameters
    ----------
    x : uint16 (c_in, h, w), binary16 patterns.
    weights : bool or uint8 (c_out, c_in, p, q), 1 adds, 0 subtracts and 2 is a weight of zero,
        which leaves the sum as it is whatever the operand. What lies outside of x is zero.
    alpha, beta : uint16 (c_out,), binary16 patterns of scale and bias.
    stride : positive integer.
    taps : (rows, columns) of the kernel's p x q pixels in x, seen from stride times the pixel that
        is made; default -((p-1)//2) ... p//2.
    size : (rows, columns) of the map that is made, default ceil(h/stride), ceil(w/stride).
    activation : the last step; RELU is max(v, +0), SIGN +1 or, for v < 0, -1, LEAKY v * slope for
        v < 0. A NaN stays NaN.
    slope : binary16 pattern.
    bounds : binary16 patterns (low, high) instead of RELU's, of what SIGN makes of v < 0 and of
        others; NONE and LEAKY are then clamped to them as well. Not NaN.
    bypass : uint16 (c_out, *size) or None; late : it is added after the activation.
    threads : number of threads, default one per core.
    watch : function that is called with bool (c_out, *size), the words that are infinite or NaN
        before the activation, which may hide that, or behind it.

    Returns
    -------
    uint16 (c_out, *size), binary16 patterns, NaN always 0x7E00.

    Raises
    ------
    ValueError
        when a shape or a type differs from the above.
    """
    x, weights = np.ascontiguousarray(x), np.asarray(weights)
    if weights.ndim != 4:
        raise ValueError(f"weights have shape {weights.shape}, expected (c_out, c_in, p, q)")
    c_out, c_in, *kernel = weights.shape
    _checked("weights", weights, (np.bool_, np.uint8), weights.shape)
    _checked("x", x, (np.uint16,), (c_in, *x.shape[1:3]))
    taps, size = _geometry(x, kernel, stride, taps, size)
    alpha = _checked("alpha", alpha, (np.uint16,), (c_out,))
    beta = _checked("beta", beta, (np.uint16,), (c_out,))

    sums = _sums(_taps(x, taps, stride, size), weights.astype(np.uint8),
                 threads or cpu_count() or 1)

    return _finish(np.ldexp(sums, -_SCALE).reshape(c_out, *size), alpha, beta, activation,
                   slope, bounds, bypass, late, watch)


def channelwise(x, weights, alpha, beta, *, kernel, stride=1, taps=None, size=None,
                activation=Activation.NONE, slope=0, bounds=None, bypass=None, late=False,
                watch=None):
    """One channelwise CONV of the chip, bit for bit: depthwise convolution or maximum.

    Parameters
    ----------
    x : uint16 (c, h, w), binary16 patterns.
    weights : bool or uint8 (c, 1, p, q), as of :func:`convolve`; None for the maximum, in which
        what lies outside of the map does not take part, a NaN wins and -0 counts as +0.
    kernel : (p, q).
    alpha, beta, stride, taps, size, activation, slope, bounds, bypass, late, watch : as of
        :func:`convolve`.

    Returns
    -------
    uint16 (c, *size), binary16 patterns, NaN always 0x7E00.
    """
    taps, size = _geometry(x, kernel, stride, taps, size)
    nothing = np.float32(0 if weights is not None else -np.inf)
    v = np.full((len(x), *size), nothing, np.float32)
    for tap, operand in enumerate(_windows(fp16.to_float(x), taps, stride, size, nothing)):
        if weights is None:
            v = np.maximum(v, operand)
        else:
            weight = weights.reshape(len(x), -1)[:, tap, None, None]
            v = np.where(weight == 2, v,
                         fp16.add_float(v, np.where(weight == 0, -operand, operand)))
    return _finish(v + np.float32(0), alpha, beta, activation, slope, bounds, bypass,
                   late, watch)


def averages(image, patch, factor):
    """What chips that hold ``patch`` = (rows, columns) of a map each send of it as averages.

    Parameters
    ----------
    image : uint16 (h, w, c), binary16 patterns.
    factor : binary16 pattern, of the sums.

    Returns
    -------
    uint16 (ceil(h / rows), ceil(w / columns), c): the sum over each patch, row by row from +0 on,
    each addition rounded, times ``factor``; NaN always 0x7E00.
    """
    height, width, channels = image.shape
    values = fp16.to_float(image)
    made = np.zeros((-(-height // patch[0]), -(-width // patch[1]), channels), np.float32)
    for y, x in np.ndindex(made.shape[:2]):
        part = values[y * patch[0]:(y + 1) * patch[0], x * patch[1]:(x + 1) * patch[1]]
        for pixel in part.reshape(-1, channels):
            made[y, x] = fp16.add_float(made[y, x], pixel)
    return fp16.from_float(fp16.multiply_float(made, fp16.to_float(np.array(factor, np.uint16))))


def _before(a, b):
    """Whether a lies before b, -0 before +0; not of NaNs."""
    return (a < b) | ((a == b) & np.signbit(a) & ~np.signbit(b))


def _activated(v, activation, slope, bounds):
    """The activation of float32 values, which stay binary16 numbers."""
    low, high = (-np.inf, np.inf) if bounds is None else (
        fp16.to_float(np.array(bounds, np.uint16)))
    if activation == Activation.SIGN:
        below, above = (-1, 1) if bounds is None else (low, high)
        return np.where(np.isnan(v), v, np.where(v < 0, below, above)).astype(np.float32)
    if activation == Activation.RELU and bounds is None:
        return np.where(v <= 0, np.float32(0), v)
    if activation == Activation.LEAKY:
        factor = fp16.to_float(np.array(slope, np.uint16))
        v = np.where(v < 0, fp16.multiply_float(v, factor), v)
    return np.where(_before(v, low), low, np.where(_before(high, v), high, v)).astype(np.float32)


def _finish(v, alpha, beta, activation, slope, bounds, bypass, late, watch):
    """Scale, bypass, bias and activation of sums in the layer's order: float32 -> patterns. What is
    not finite once stays so until the activation."""
    shape = v.shape
    if bypass is not None:
        bypass = fp16.to_float(_checked("bypass", bypass, (np.uint16,), shape))
    v = fp16.multiply_float(v, fp16.to_float(alpha)[:, None, None])
    if bypass is not None and not late:
        v = fp16.add_float(v, bypass)
    v = fp16.add_float(v, fp16.to_float(beta)[:, None, None])
    finite = np.isfinite(v)
    v = _activated(v, activation, slope, bounds)
    if bypass is not None and late:
        v = fp16.add_float(v, bypass)
    if watch is not None:
        watch(~(finite & np.isfinite(v)))
    return fp16.from_float(v)
