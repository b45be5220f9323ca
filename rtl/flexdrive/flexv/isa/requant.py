"""Requantisation: scale, add, shift, clip and pack in one instruction.

An extension of ours. The published core does the same with five instructions or more; its free
code point in the opcode of Mac&Load is used here.
"""

from .encoding import parse_table

__all__ = ["REQUANT"]

_REQUANT = """
rq.pack ||| 1000000 rs2 rs1 000 rs3 1110111 ||| requant.pack acc ||| lane rq_lane of rq_word = clip((rs1 * rs2 + rs3) >> shift), signed, 64 bits; rq_lane += 1
"""

REQUANT = parse_table("requant", _REQUANT)
