"""Meanings of XpulpV2's scalar bit operations and packed SIMD."""

from flexdrive.flexv.isa import sign_extend

from .arithmetic import MASK, signed32
from .traps import Trap
from .units import immediate, unit

__all__ = []


def _clip(value, lower, upper):
    if value <= lower:
        return lower & MASK
    return (upper if value >= upper else value) & MASK


def _bound(n):
    return (1 << n - 1) - 1 if n else 0


def _field(b):
    """(position, mask at bit 0) of a bit field described by ``b``."""
    length, position = (b >> 5 & 31) + 1, b & 31
    return position, (1 << min(length, 32 - position)) - 1


def _extract(a, b):
    position, mask = _field(b)
    return sign_extend(a >> position, mask.bit_length()) & MASK


def _count_leading(a):
    if a == 0:
        return 0
    sign, count = a >> 31, 0
    while count < 31 and a >> 30 - count & 1 == sign:
        count += 1
    return count


def _insert(a, b, old):
    position, mask = _field(b)
    return old & ~(mask << position) & MASK | (a & mask) << position


_BITS = {
    "abs": lambda a, b, c: abs(signed32(a)) & MASK,
    "le": lambda a, b, c: int(signed32(a) <= signed32(b)),
    "leu": lambda a, b, c: int(a <= b),
    "min": lambda a, b, c: min(a, b, key=signed32),
    "minu": lambda a, b, c: min(a, b),
    "max": lambda a, b, c: max(a, b, key=signed32),
    "maxu": lambda a, b, c: max(a, b),
    "ror": lambda a, b, c: (a >> (b & 31) | a << 32 - (b & 31)) & MASK,
    "ff1": lambda a, b, c: (a & -a).bit_length() - 1 if a else 32,
    "fl1": lambda a, b, c: a.bit_length() - 1 if a else 32,
    "clb": lambda a, b, c: _count_leading(a),
    "cnt": lambda a, b, c: a.bit_count(),
    "exths": lambda a, b, c: sign_extend(a, 16) & MASK,
    "exthz": lambda a, b, c: a & 0xFFFF,
    "extbs": lambda a, b, c: sign_extend(a, 8) & MASK,
    "extbz": lambda a, b, c: a & 0xFF,
    "clip": lambda a, b, c: _clip(signed32(a), ~_bound(b & 31), _bound(b & 31)),
    "clipu": lambda a, b, c: _clip(signed32(a), 0, _bound(b & 31)),
    "clipr": lambda a, b, c: _clip(signed32(a), ~signed32(b), signed32(b)),
    "clipur": lambda a, b, c: _clip(signed32(a), 0, signed32(b)),
    "extract": lambda a, b, c: _extract(a, b),
    "extractu": lambda a, b, c: a >> _field(b)[0] & _field(b)[1],
    "insert": _insert,
    "bclr": lambda a, b, c: a & ~(_field(b)[1] << _field(b)[0]) & MASK,
    "bset": lambda a, b, c: a | _field(b)[1] << _field(b)[0],
}


@unit("bits")
def _bits(entry, fields):
    function, rd, rs1, rs2 = _BITS[entry.op], fields["rd"], fields["rs1"], fields.get("rs2")
    constant = immediate(fields) or 0
    return lambda hart: hart.write(rd, function(
        hart.x[rs1], constant if rs2 is None else hart.x[rs2], hart.x[rd]))


def _signed(value, width):
    return sign_extend(value, width)


# Functions of two unsigned lanes and their width.
_LANES = {
    "add": lambda a, b, w: a + b,
    "sub": lambda a, b, w: a - b,
    "avg": lambda a, b, w: _signed(a + b, w) >> 1,
    "avgu": lambda a, b, w: (a + b & (1 << w) - 1) >> 1,
    "min": lambda a, b, w: min(_signed(a, w), _signed(b, w)),
    "minu": lambda a, b, w: min(a, b),
    "max": lambda a, b, w: max(_signed(a, w), _signed(b, w)),
    "maxu": lambda a, b, w: max(a, b),
    "srl": lambda a, b, w: a >> b % w,
    "sra": lambda a, b, w: _signed(a, w) >> b % w,
    "sll": lambda a, b, w: a << b % w,
    "or": lambda a, b, w: a | b,
    "xor": lambda a, b, w: a ^ b,
    "and": lambda a, b, w: a & b,
    "abs": lambda a, b, w: abs(_signed(a, w)),
    "cmpeq": lambda a, b, w: -(a == b),
    "cmpne": lambda a, b, w: -(a != b),
    "cmpgt": lambda a, b, w: -(_signed(a, w) > _signed(b, w)),
    "cmpge": lambda a, b, w: -(_signed(a, w) >= _signed(b, w)),
    "cmplt": lambda a, b, w: -(_signed(a, w) < _signed(b, w)),
    "cmple": lambda a, b, w: -(_signed(a, w) <= _signed(b, w)),
    "cmpgtu": lambda a, b, w: -(a > b),
    "cmpgeu": lambda a, b, w: -(a >= b),
    "cmpltu": lambda a, b, w: -(a < b),
    "cmpleu": lambda a, b, w: -(a <= b),
}


@unit("simd")
def _simd(entry, fields):
    op, rd, rs1, rs2 = entry.op, fields["rd"], fields["rs1"], fields.get("rs2")
    constant = fields.get("simm6", fields.get("zimm6", 0)) & MASK
    width_of_word = 16 if entry.name.endswith(".h") else 8
    scalar = ".sc" in entry.name

    def execute(hart):
        width = width_of_word
        if not hart.flexv.legacy:
            fmt = hart.flexv.format()
            if fmt is None:
                raise Trap(2, hart.word)
            width = fmt.wide
        a, b = hart.x[rs1], constant if rs2 is None else hart.x[rs2]
        mask = (1 << width) - 1
        if op in ("extract", "extractu", "insert"):
            low = constant % (32 // width) * width
            if op == "insert":
                result = hart.x[rd] & ~(mask << low) | (a & mask) << low
            else:
                lane = a >> low & mask
                result = _signed(lane, width) if op == "extract" else lane
        else:
            result = 0
            for low in range(0, 32, width):
                second = b & mask if scalar else b >> low & mask
                result |= (_LANES[op](a >> low & mask, second, width) & mask) << low
        hart.write(rd, result & MASK)
    return execute


def _parts(value, width):
    return [value >> low & (1 << width) - 1 for low in range(0, 32, width)]


def _join(parts, width):
    return sum(part << width * i for i, part in enumerate(parts))


def _permuted(op, a, b, c):
    if op.startswith("shuffle_i") and op[-1].isdigit():
        chosen = [b >> 2 * i & 3 for i in range(3)] + [int(op[-1])]
        return _join([_parts(a, 8)[i] for i in chosen], 8)
    if op == "shuffle_imm_h":
        return _join([_parts(a, 16)[b >> i & 1] for i in range(2)], 16)
    if op.startswith("shuffle"):
        width = 16 if op.endswith("h") else 8
        count, sources = 32 // width, (_parts(c, width), _parts(a, width))
        two = op.startswith("shuffle2")
        return _join([sources[which // count % 2 if two else 1][which % count]
                      for which in _parts(b, width)], width)
    if op in ("pack", "pack_h"):
        half = int(op == "pack_h")
        return _parts(a, 16)[half] << 16 | _parts(b, 16)[half]
    pair = (a & 0xFF) << 8 | b & 0xFF
    return (c & 0xFFFF | pair << 16) if op == "packhi" else (c & 0xFFFF0000 | pair)


@unit("permute")
def _permute(entry, fields):
    op, rd, rs1, rs2 = entry.op, fields["rd"], fields["rs1"], fields.get("rs2")
    constant = fields.get("zimm6")
    return lambda hart: hart.write(rd, _permuted(
        op, hart.x[rs1], constant if rs2 is None else hart.x[rs2], hart.x[rd]))
