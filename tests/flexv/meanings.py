"""What instructions compute, said a third time: arrays of numpy integers of fixed width, where the
simulator has Python integers and the RTL gates. ``a``, ``b``, ``c``: uint32 arrays with rs1, the
second operand and the old rd."""

import numpy as np

__all__ = ["dot_value", "lane_value", "scalar_value"]

U64, I64 = np.uint64, np.int64


def s(x):
    return x.view(np.int32).astype(I64)


def u(x):
    return x.astype(I64)


def word(x):
    return (np.asarray(x).astype(I64) & 0xFFFFFFFF).astype(np.uint32)


def bits(x):
    """(n, 32) array of 0 and 1, the lowest bit first."""
    return np.unpackbits(x.astype("<u4").view(np.uint8), bitorder="little").reshape(-1, 32)


def from_bits(x):
    return np.packbits(x.astype(np.uint8), axis=1, bitorder="little").view("<u4").reshape(-1)


def _divided(a, b, f):
    """Exact: quotients of 32-bit integers are told apart by float64."""
    quotient = np.trunc(np.divide(f(a).astype(float), np.where(f(b) == 0, 1, f(b))))
    return np.where(f(b) == 0, -1, quotient)


def _remainder(a, b, f):
    return np.where(f(b) == 0, f(a), f(a) - f(b) * _divided(a, b, f).astype(I64))


def _per_bit(function):
    """From a function of one row of bits (rs1), the second operand and rd's row of bits."""
    def whole(a, b, c):
        rows = [function(x, int(y), z) for x, y, z in zip(bits(a), b, bits(c), strict=True)]
        return from_bits(np.array(rows))
    return whole


def _span(b):
    return slice(b % 32, min(b % 32 + b // 32 % 32, 31) + 1)


def _extract(signed):
    def function(x, b, _):
        part = x[_span(b)]
        return np.concatenate([part, np.full(32 - len(part), part[-1] if signed else 0)])
    return _per_bit(function)


def _insert(x, b, z):
    z = z.copy()
    z[_span(b)] = x[:len(z[_span(b)])]
    return z


def _fill(value):
    def function(x, b, _):
        x = x.copy()
        x[_span(b)] = value
        return x
    return _per_bit(function)


def _first(rows):
    return np.where(rows.any(axis=1), rows.argmax(axis=1), 32)


def _leading(a, b, c):
    rows = bits(a)[:, ::-1]
    changes = rows[:, 1:] != rows[:, :1]
    return np.where(a == 0, 0, np.where(changes.any(axis=1), changes.argmax(axis=1), 31))


def _clip_bound(b):
    return np.where(b % 32 == 0, 0, (1 << np.maximum(b.astype(I64) % 32, 1) - 1) - 1)


def _clip(a, lower, upper):
    return np.where(s(a) <= lower, lower, np.minimum(s(a), upper))


_SCALAR = {
    "add": lambda a, b, c: u(a) + u(b), "sub": lambda a, b, c: u(a) - u(b),
    "sll": lambda a, b, c: u(a) << u(b) % 32, "srl": lambda a, b, c: u(a) >> u(b) % 32,
    "sra": lambda a, b, c: s(a) >> u(b) % 32, "slt": lambda a, b, c: s(a) < s(b),
    "sltu": lambda a, b, c: a < b, "xor": lambda a, b, c: a ^ b, "or": lambda a, b, c: a | b,
    "and": lambda a, b, c: a & b,
    "mul": lambda a, b, c: s(a) * s(b), "mulh": lambda a, b, c: s(a) * s(b) >> 32,
    "mulhsu": lambda a, b, c: np.array([int(x) * int(y) >> 32
                                        for x, y in zip(s(a), b, strict=True)]),
    "mulhu": lambda a, b, c: a.astype(U64) * b.astype(U64) >> U64(32),
    "div": lambda a, b, c: _divided(a, b, s), "divu": lambda a, b, c: _divided(a, b, u),
    "rem": lambda a, b, c: _remainder(a, b, s), "remu": lambda a, b, c: _remainder(a, b, u),
    "p.mac": lambda a, b, c: s(c) + s(a) * s(b), "p.msu": lambda a, b, c: s(c) - s(a) * s(b),
    "p.abs": lambda a, b, c: np.abs(s(a)),
    "p.slet": lambda a, b, c: s(a) <= s(b), "p.sletu": lambda a, b, c: a <= b,
    "p.min": lambda a, b, c: np.minimum(s(a), s(b)), "p.minu": lambda a, b, c: np.minimum(a, b),
    "p.max": lambda a, b, c: np.maximum(s(a), s(b)), "p.maxu": lambda a, b, c: np.maximum(a, b),
    "p.ror": _per_bit(lambda x, b, _: np.roll(x, -(b % 32))),
    "p.ff1": lambda a, b, c: _first(bits(a)),
    "p.fl1": lambda a, b, c: np.where(a == 0, 32, 31 - _first(bits(a)[:, ::-1])),
    "p.clb": _leading, "p.cnt": lambda a, b, c: bits(a).sum(axis=1),
    "p.exths": lambda a, b, c: a.astype(np.int16), "p.exthz": lambda a, b, c: a.astype(np.uint16),
    "p.extbs": lambda a, b, c: a.astype(np.int8), "p.extbz": lambda a, b, c: a.astype(np.uint8),
    "p.clip": lambda a, b, c: _clip(a, -1 - _clip_bound(b), _clip_bound(b)),
    "p.clipu": lambda a, b, c: _clip(a, 0, _clip_bound(b)),
    "p.clipr": lambda a, b, c: _clip(a, -1 - s(b), s(b)),
    "p.clipur": lambda a, b, c: _clip(a, 0, s(b)),
    "p.extract": _extract(True), "p.extractu": _extract(False), "p.insert": _per_bit(_insert),
    "p.bclr": _fill(0), "p.bset": _fill(1),
}
_SCALAR |= {f"{name}r": _SCALAR[name] for name in (
    "p.extract", "p.extractu", "p.insert", "p.bclr", "p.bset")}
_SCALAR |= {f"{name}i": _SCALAR[name] for name in (
    "add", "slt", "xor", "or", "and", "sll", "srl", "sra")} | {"sltiu": _SCALAR["sltu"]}


def scalar_value(name, a, b, c):
    """Result of a scalar instruction."""
    return word(_SCALAR[name](a, b, c))


def lanes(x, width, signed):
    """(n, 32 / width) integers."""
    rows = bits(x).reshape(len(x), -1, width).astype(I64)
    weights = 2 ** np.arange(width)
    weights[-1] *= -1 if signed else 1
    return rows @ weights


def joined(x, width):
    return word(((x & (1 << width) - 1) << np.arange(0, 32, width)).sum(axis=1))


# Of lanes: signedness of operands, function of both and the width.
_LANES = {
    "add": (0, lambda a, b, w: a + b), "sub": (0, lambda a, b, w: a - b),
    "avgu": (0, lambda a, b, w: (a + b) % 2**w // 2),
    "minu": (0, lambda a, b, w: np.minimum(a, b)), "maxu": (0, lambda a, b, w: np.maximum(a, b)),
    "min": (1, lambda a, b, w: np.minimum(a, b)), "max": (1, lambda a, b, w: np.maximum(a, b)),
    "srl": (0, lambda a, b, w: a // 2**(b % w)), "sll": (0, lambda a, b, w: a * 2**(b % w)),
    "sra": (1, lambda a, b, w: a // 2**(b % w)),
    "or": (0, lambda a, b, w: a | b), "xor": (0, lambda a, b, w: a ^ b),
    "and": (0, lambda a, b, w: a & b), "abs": (1, lambda a, b, w: np.abs(a)),
    "avg": (1, lambda a, b, w: ((a + b + 2**(w - 1)) % 2**w - 2**(w - 1)) // 2),
}
for _name, _test in (("eq", np.equal), ("ne", np.not_equal), ("gt", np.greater),
                     ("ge", np.greater_equal), ("lt", np.less), ("le", np.less_equal)):
    _LANES[f"cmp{_name}"] = (1, lambda a, b, w, test=_test: -test(a, b).astype(I64))
    _LANES[f"cmp{_name}u"] = (0, lambda a, b, w, test=_test: -test(a, b).astype(I64))


def lane_value(name, a, b, c, width):
    """Result of a packed-SIMD instruction ``pv.NAME[.sc|.sci].h|.b`` with lanes of ``width``."""
    operation, scalar = name.split(".")[1], ".sc" in name
    if operation in ("extract", "extractu", "insert"):
        index = b[0] % (32 // width)
        if operation == "insert":
            rows = lanes(c, width, False)
            rows[:, index] = lanes(a, width, False)[:, 0]
            return joined(rows, width)
        return word(lanes(a, width, operation == "extract")[:, index])
    signed, function = _LANES[operation]
    second = lanes(b, width, signed)
    if scalar:
        second = np.repeat(second[:, :1], 32 // width, axis=1)
    return joined(function(lanes(a, width, signed), second, width), width)


def dot_value(name, a, b, c, a_bits, w_bits, index):
    """Result of a dot product with formats and slice given."""
    kind = name.split(".")[1]
    a_signed, w_signed = kind.endswith("tsp"), kind.endswith("sp")
    first, second = lanes(a, a_bits, a_signed), lanes(b, w_bits, w_signed)
    if ".sc" in name:
        second = np.repeat(second[:, :1], 32 // w_bits, axis=1)
    count = 32 // max(a_bits, w_bits)
    if a_bits < w_bits:
        first = first[:, index * count:(index + 1) * count]
    if w_bits < a_bits:
        second = second[:, index * count:(index + 1) * count]
    return word((first * second).sum(axis=1) + (u(c) if kind.startswith("sdot") else 0))
