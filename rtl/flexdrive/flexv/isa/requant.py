"""Requantisation: scale, add, shift, clip and pack in one instruction.

An extension of ours. The published core does the same with five instructions or more; its free
code point in the opcode of Mac&Load is used here. ``rq.pack.c`` leaves the accumulator ready for
the next sum, and its addend has the bits behind the point that exact requantisation needs.

``rq.pack.s*`` are packed outputs' way to memory. A word is there some cycles behind its last output,
so what they store is the word that the one before has completed: an ordinary store, whose failure is
a precise trap. Its address is a register of its own, for all three operands are taken; ``rq.at``
takes it from a table.
"""

from .encoding import parse_table

__all__ = ["CLEARING", "REQUANT", "STORING"]

_REQUANT = """
rq.pack ||| 1000000 rs2 rs1 000 rs3 1110111 ||| requant.pack acc ||| lane rq_lane of rq_word = clip((rs1 * rs2 + rs3) >> shift), signed, 64 bits; rq_lane += 1
"""

_CLEARING = """
rq.pack.c ||| 1000000 rs2 rs1 001 rs3 1110111 ||| requant.pack acc post ||| lane rq_lane of rq_word = clip((rs1 * rs2 + (rs3 << addend shift)) >> shift), signed, 64 bits; rq_lane += 1; rs1 = 0
"""

_STORING = "\n".join(
    f"rq.pack.s{size} ||| 1000000 rs2 rs1 {f3} rs3 1110111 ||| requant.store_{size} acc post ||| "
    f"mem{bits}[rq_address] = rq_packed; then as rq.pack.c; then rq_packed = rq_word; rq_word = 0; "
    "rq_lane = 0" for size, bits, f3 in (("b", 8, "010"), ("h", 16, "011"), ("w", 32, "100")))

_PLACING = """
rq.at ||| simm[11:0] rs1 011 rs3 0001011 ||| load.w acc post ||| rq_address = mem32[rs1] + rs3; rs1 += imm
"""

REQUANT = parse_table("requant", _REQUANT)
CLEARING = parse_table("requant_clear", _CLEARING)
STORING = parse_table("requant_store", _STORING + _PLACING)
