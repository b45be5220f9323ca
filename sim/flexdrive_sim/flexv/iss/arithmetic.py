"""Meanings of the base set's arithmetic on Python integers; words are 0 to 2**32 - 1."""

__all__ = ["ALU", "CONDITIONS", "DIVIDE", "MASK", "MULTIPLY", "signed32"]

MASK = 0xFFFFFFFF


def signed32(value):
    return value - 0x100000000 if value & 0x80000000 else value


def _div(a, b):
    if b == 0:
        return MASK
    quotient = abs(signed32(a)) // abs(signed32(b))
    return (quotient if (signed32(a) < 0) == (signed32(b) < 0) else -quotient) & MASK


def _rem(a, b):
    if b == 0:
        return a
    remainder = abs(signed32(a)) % abs(signed32(b))
    return (-remainder if signed32(a) < 0 else remainder) & MASK


ALU = {
    "add": lambda a, b: (a + b) & MASK,
    "sub": lambda a, b: (a - b) & MASK,
    "sll": lambda a, b: (a << (b & 31)) & MASK,
    "srl": lambda a, b: a >> (b & 31),
    "sra": lambda a, b: (signed32(a) >> (b & 31)) & MASK,
    "lt": lambda a, b: int(signed32(a) < signed32(b)),
    "ltu": lambda a, b: int(a < b),
    "xor": lambda a, b: a ^ b,
    "or": lambda a, b: a | b,
    "and": lambda a, b: a & b,
    "second": lambda a, b: b,
}

MULTIPLY = {
    "low": lambda a, b: (a * b) & MASK,
    "high": lambda a, b: (signed32(a) * signed32(b) >> 32) & MASK,
    "high_su": lambda a, b: (signed32(a) * b >> 32) & MASK,
    "high_u": lambda a, b: a * b >> 32,
}

DIVIDE = {
    "div": _div,
    "divu": lambda a, b: a // b if b else MASK,
    "rem": _rem,
    "remu": lambda a, b: a % b if b else a,
}

CONDITIONS = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "lt": lambda a, b: signed32(a) < signed32(b),
    "ge": lambda a, b: signed32(a) >= signed32(b),
    "ltu": lambda a, b: a < b,
    "geu": lambda a, b: a >= b,
}
