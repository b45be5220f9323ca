"""Requantisation: scale, add, shift, clip and pack in one instruction.

An extension of ours. The published core does the same with five instructions or more; its free
code point in the opcode of Mac&Load is used here. ``rq.pack.c`` leaves the accumulator ready for
the next sum, and its addend has the bits behind the point that exact requantisation needs.
"""

from .encoding import parse_table

__all__ = ["CLEARING", "REQUANT"]

_REQUANT = """
rq.pack ||| 1000000 rs2 rs1 000 rs3 1110111 ||| requant.pack acc ||| lane rq_lane of rq_word = clip((rs1 * rs2 + rs3) >> shift), signed, 64 bits; rq_lane += 1
"""

_CLEARING = """
rq.pack.c ||| 1000000 rs2 rs1 001 rs3 1110111 ||| requant.pack acc post ||| lane rq_lane of rq_word = clip((rs1 * rs2 + (rs3 << addend shift)) >> shift), signed, 64 bits; rq_lane += 1; rs1 = 0
"""

REQUANT = parse_table("requant", _REQUANT)
CLEARING = parse_table("requant_clear", _CLEARING)
