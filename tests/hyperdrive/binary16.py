"""Oracle of the golden model's tests: binary16 by Python integers, one value at a time.

A finite value is an integer number of 2**-24 (addition) or 2**-48 (product); rounding is integer
division. Nothing is shared with the golden model, which computes in float32 and float64.
"""

__all__ = ["add", "multiply", "reference"]

NAN, INFINITY, SIGN = 0x7E00, 0x7C00, 0x8000


def _fields(bits):
    return bits >> 15, bits >> 10 & 31, bits & 1023


def _is_nan(bits):
    return bits & 0x7FFF > INFINITY


def _units(bits):
    """Finite value as a number of 2**-24."""
    sign, exponent, fraction = _fields(bits)
    magnitude = (fraction | 1024) << exponent - 1 if exponent else fraction
    return -magnitude if sign else magnitude


def _encode(sign, magnitude, scale):
    """Pattern of magnitude * 2**-(24 + scale), nearest, ties to even."""
    shift = max(magnitude.bit_length() - 11, scale)
    quotient, rest = magnitude >> shift, magnitude & (1 << shift) - 1
    half = 1 << shift >> 1
    quotient += rest > half or (rest == half and half > 0 and quotient & 1)
    # quotient <= 2048 units of 2**(shift - scale - 24); the carry moves into the exponent.
    field = shift - scale
    bits = quotient if field == 0 else (field << 10) + quotient
    return sign << 15 | min(bits, INFINITY)


def add(a, b):
    """binary16 sum of two patterns."""
    if _is_nan(a) or _is_nan(b) or (a ^ b == SIGN and a & 0x7FFF == INFINITY):
        return NAN
    for operand in (a, b):
        if operand & 0x7FFF == INFINITY:
            return operand
    total = _units(a) + _units(b)
    if total == 0:
        return a & b & SIGN
    return _encode(int(total < 0), abs(total), 0)


def multiply(a, b):
    """binary16 product of two patterns."""
    sign = (a ^ b) >> 15
    if _is_nan(a) or _is_nan(b):
        return NAN
    if INFINITY in (a & 0x7FFF, b & 0x7FFF):
        return NAN if not a & 0x7FFF or not b & 0x7FFF else sign << 15 | INFINITY
    return _encode(sign, abs(_units(a) * _units(b)), 24)


def larger(a, b):
    """The larger of two patterns: NaN if one is, +0 of zeros."""
    if _is_nan(a) or _is_nan(b):
        return NAN
    if not a & 0x7FFF and not b & 0x7FFF:
        return 0
    return a if _order(a) >= _order(b) else b


def _order(a):
    return -(a & 0x7FFF) if a & SIGN else a & 0x7FFF


def activate(v, kind, slope, bounds=None):
    """The activation of CONV: "NONE", "RELU", "SIGN" or "LEAKY", with ``bounds`` of its own or
    None."""
    negative = bool(v & SIGN) and bool(v & 0x7FFF)
    if _is_nan(v):
        return v
    if kind == "SIGN":
        low, high = bounds or (0xBC00, 0x3C00)
        return low if negative else high
    if kind == "LEAKY" and negative:
        v = multiply(v, slope)
    if kind == "RELU" and bounds is None:
        return 0 if v & SIGN else v
    if bounds is None or _is_nan(v):
        return v
    # Half a step for the sign of zero.
    low, place, high = (_order(word) - (word == SIGN) / 2 for word in (bounds[0], v, bounds[1]))
    return bounds[0] if place < low else bounds[1] if place > high else v


def finish(v, alpha, beta, activation, bypass=None, late=False):
    """Scale, addition, bias, activation and late addition of a sum; ``activation``: arguments of
    :func:`activate`."""
    v = multiply(v, alpha)
    if bypass is not None and not late:
        v = add(v, bypass)
    v = activate(add(v, beta), *activation)
    return add(v, bypass) if bypass is not None and late else v


def _weigh(v, operand, weight):
    """``v`` plus ``operand`` (weight 1), minus it (0), or as it is (2)."""
    if weight == 2:
        return v
    return add(v, operand if weight else operand ^ SIGN)


def reference(x, weights, alpha, beta, stride, activation, slope=0, bypass=None, bounds=None,
              late=False):
    """CONV as its description reads, pixel by pixel: nested lists of patterns."""
    c_in, height, width = len(x), len(x[0]), len(x[0][0])
    kernel = len(weights[0][0])
    margin = kernel // 2

    def pixel(ci, row, column):
        inside = 0 <= row < height and 0 <= column < width
        return int(x[ci][row][column]) if inside else 0

    def output(co, row, column):
        v = 0
        for dy in range(kernel):
            for dx in range(kernel):
                for ci in range(c_in):
                    operand = pixel(ci, row * stride + dy - margin, column * stride + dx - margin)
                    v = _weigh(v, operand, weights[co][ci][dy][dx])
        added = None if bypass is None else int(bypass[co][row][column])
        return finish(v, int(alpha[co]), int(beta[co]), (activation, slope, bounds), added, late)

    return [[[output(co, row, column) for column in range(-(-width // stride))]
             for row in range(-(-height // stride))] for co in range(len(weights))]


def channelwise(x, weights, alpha, beta, kernel, stride, activation, slope=0, bypass=None,
                taps=None, bounds=None, late=False):
    """A channelwise CONV as its description reads; ``weights`` None for the maximum, of (rows,
    columns) ``taps`` of the window if given."""
    height, width = len(x[0]), len(x[0][0])
    before, after = (kernel - 1) // 2, kernel // 2

    def output(c, row, column):
        v = 0 if weights is not None else SIGN | INFINITY
        for dy in taps[0] if taps else range(-before, after + 1):
            for dx in taps[1] if taps else range(-before, after + 1):
                y, x_at = row * stride + dy, column * stride + dx
                if not (0 <= y < height and 0 <= x_at < width):
                    continue        # +0 leaves a sum as it is, nothing leaves a maximum
                operand = int(x[c][y][x_at])
                if weights is None:
                    v = larger(v, operand)
                else:
                    v = _weigh(v, operand, weights[c][0][dy + before][dx + before])
        added = None if bypass is None else int(bypass[c][row][column])
        return finish(add(v, 0), int(alpha[c]), int(beta[c]), (activation, slope, bounds), added,
                      late)

    return [[[output(c, row, column) for column in range(-(-width // stride))]
             for row in range(-(-height // stride))] for c in range(len(x))]
