"""XpulpV2 as its manual has it, written from that alone: words, operands in the order in which they
are written, immediates and what they do. Nothing here comes from the table of this project.

Source: CV32E40P user manual, chapter "CORE-V Instruction Set Extensions"; encodings of its version
before 1.0, which are those of PULP (sections "Load & Store", "Hardware Loops", "Bit Manipulation",
"General ALU", "Immediate Branching", "Multiply-Accumulate", "SIMD ALU", "SIMD Comparison");
meanings of later versions where they say more: the immediate of avgu is zero-extended (issue 814
of the public core), bit fields have Is3 + 1 bits, clb counts one less than the bits that are equal.
Of unsigned comparisons the manual says "unsigned" only, while it has immediates sign-extended where
it says nothing; the public core zero-extends theirs, as it does in all other unsigned operations.
"""

__all__ = ["DOT", "FIELDS", "OPERANDS", "SIMD", "packed", "simd_word"]

_MASK = 0xFFFFFFFF


def _signed(value, bits):
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> bits - 1 else value


# Bits 31:26, whether the lanes of both operands are signed, whether the immediate of .sci is; what
# becomes of the lanes, which are cut to w bits.
SIMD = {
    "add": (0b000000, True, True, lambda a, b, w: a + b),
    "sub": (0b000010, True, True, lambda a, b, w: a - b),
    "avg": (0b000100, True, True, lambda a, b, w: _signed(a + b, w) >> 1),
    "avgu": (0b000110, False, False, lambda a, b, w: (a + b) % (1 << w) >> 1),
    "min": (0b001000, True, True, lambda a, b, w: a if a < b else b),
    "minu": (0b001010, False, False, lambda a, b, w: a if a < b else b),
    "max": (0b001100, True, True, lambda a, b, w: a if a > b else b),
    "maxu": (0b001110, False, False, lambda a, b, w: a if a > b else b),
    # Of an amount that is as wide as the lane or wider only the lower bits count.
    "srl": (0b010000, False, False, lambda a, b, w: a >> b % w),
    "sra": (0b010010, True, False, lambda a, b, w: a >> b % w),
    "sll": (0b010100, False, False, lambda a, b, w: a << b % w),
    "or": (0b010110, False, True, lambda a, b, w: a | b),
    "xor": (0b011000, False, True, lambda a, b, w: a ^ b),
    "and": (0b011010, False, True, lambda a, b, w: a & b),
    "cmpeq": (0b000001, True, True, lambda a, b, w: -(a == b)),
    "cmpne": (0b000011, True, True, lambda a, b, w: -(a != b)),
    "cmpgt": (0b000101, True, True, lambda a, b, w: -(a > b)),
    "cmpge": (0b000111, True, True, lambda a, b, w: -(a >= b)),
    "cmplt": (0b001001, True, True, lambda a, b, w: -(a < b)),
    "cmple": (0b001011, True, True, lambda a, b, w: -(a <= b)),
    "cmpgtu": (0b001101, False, False, lambda a, b, w: -(a > b)),
    "cmpgeu": (0b001111, False, False, lambda a, b, w: -(a >= b)),
    "cmpltu": (0b010001, False, False, lambda a, b, w: -(a < b)),
    "cmpleu": (0b010011, False, False, lambda a, b, w: -(a <= b)),
}
# Dot products: bits 31:26, signedness of rs1 and of the second operand (its immediate too).
DOT = {"dotup": (0b100000, False, False), "dotusp": (0b100010, False, True),
       "dotsp": (0b100110, True, True)}
_F3 = {16: 0b110, 8: 0b111}


def simd_word(name, width, immediate, rs1, rd):
    """pv.NAME.sci.h or .b: bits 25:20 are the immediate's bits 0, 5, 4, 3, 2, 1."""
    operation = (SIMD | DOT)[name][0]
    place = (immediate & 1) << 25 | (immediate >> 1 & 31) << 20
    return operation << 26 | place | rs1 << 15 | _F3[width] << 12 | rd << 7 | 0b1010111


def packed(name, width, a, immediate):
    """Result of pv.NAME.sci with these six bits."""
    lanes = range(0, 32, width)
    if name in DOT:
        _, first, second = DOT[name]
        b = _signed(immediate, 6) if second else immediate
        return sum(b * (_signed(a >> at, width) if first else a >> at & (1 << width) - 1)
                   for at in lanes) & _MASK
    _, is_signed, extends, function = SIMD[name]
    b, result = _signed(immediate, 6) if extends else immediate, 0
    for at in lanes:
        x, y = a >> at & (1 << width) - 1, b & (1 << width) - 1
        if is_signed:
            x, y = _signed(x, width), _signed(y, width) if extends else y
        result |= (function(x, y, width) & (1 << width) - 1) << at
    return result


# Immediates of five bits: all without sign. Bits 31:25 and 14:12 of opcode 0x33; with two of them
# bits 31:30 are ones, Is3 is in 29:25, Is2 in 24:20. Functions of rs1, old rd, Is3, Is2.
def _ones(is3, is2):
    return (1 << min(is3 + is2, 31) - is2 + 1) - 1


FIELDS = {
    "p.extract": (0b000, lambda a, d, n, p: _signed(a >> p, min(n + p, 31) - p + 1)),
    "p.extractu": (0b001, lambda a, d, n, p: a >> p & _ones(n, p)),
    "p.insert": (0b010, lambda a, d, n, p: d & ~(_ones(n, p) << p) | (a & _ones(n, p)) << p),
    "p.bclr": (0b011, lambda a, d, n, p: a & ~(_ones(n, p) << p)),
    "p.bset": (0b100, lambda a, d, n, p: a | _ones(n, p) << p),
}

# Operands as they are written; memory: data, offset(base) with ! where the base moves. An offset or
# target is given with its bits and whether it is signed, other immediates too.
OPERANDS = {
    **{f"p.{n}.post": "rD Imm12s(rs1!)" for n in ("lb", "lbu", "lh", "lhu", "lw")},
    **{f"p.{n}.rpost": "rD rs2(rs1!)" for n in ("lb", "lbu", "lh", "lhu", "lw")},
    **{f"p.{n}.reg": "rD rs2(rs1)" for n in ("lb", "lbu", "lh", "lhu", "lw")},
    **{f"p.{n}.post": "rs2 Imm12s(rs1!)" for n in ("sb", "sh", "sw")},
    **{f"p.{n}.rpost": "rs2 rs3(rs1!)" for n in ("sb", "sh", "sw")},
    **{f"p.{n}.reg": "rs2 rs3(rs1)" for n in ("sb", "sh", "sw")},
    "p.elw": "rD Imm12s(rs1)",
    "lp.starti": "L target12u", "lp.endi": "L target12u", "lp.count": "L rs1",
    "lp.counti": "L count12u", "lp.setup": "L rs1 target12u", "lp.setupi": "L count12u target5u",
    **{f"p.{n}": "rD rs1 Imm5u Imm5u" for n in ("extract", "extractu", "insert", "bclr", "bset")},
    **{f"p.{n}r": "rD rs1 rs2" for n in ("extract", "extractu", "insert", "bclr", "bset")},
    **{f"p.{n}": "rD rs1" for n in ("ff1", "fl1", "clb", "cnt", "abs", "exths", "exthz", "extbs",
                                    "extbz")},
    **{f"p.{n}": "rD rs1 rs2" for n in ("ror", "slet", "sletu", "min", "minu", "max", "maxu",
                                        "clipr", "clipur", "mac", "msu")},
    "p.clip": "rD rs1 Imm5u", "p.clipu": "rD rs1 Imm5u",
    "p.beqimm": "rs1 Imm5s target12s", "p.bneimm": "rs1 Imm5s target12s",
    **{f"pv.{n}{v}.{s}": "rD rs1 " + ("rs2" if v != ".sci" else f"Imm6{'s' if facts[-2] else 'u'}")
       for n, facts in SIMD.items() for v in ("", ".sc", ".sci") for s in "hb"},
    **{f"pv.{a}{n}{v}.{s}": "rD rs1 " + ("rs2" if v != ".sci" else f"Imm6{'s' if signed else 'u'}")
       for n, (_, _, signed) in DOT.items() for a in ("", "s") for v in ("", ".sc", ".sci")
       for s in "hb"},
    "pv.abs.h": "rD rs1", "pv.abs.b": "rD rs1",
    **{f"pv.{n}.{s}": "rD rs1 Imm6u" for n in ("extract", "extractu", "insert") for s in "hb"},
    **{f"pv.{n}": "rD rs1 rs2" for n in ("shuffle.h", "shuffle.b", "shuffle2.h", "shuffle2.b",
                                         "pack", "pack.h", "packhi.b", "packlo.b")},
    "pv.shuffle.sci.h": "rD rs1 Imm6u",
    **{f"pv.shufflei{i}.sci.b": "rD rs1 Imm6u" for i in range(4)},
}
