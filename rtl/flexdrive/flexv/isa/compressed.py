"""The C extension: each 16-bit instruction with the instruction that it stands for.

Source: The RISC-V Instruction Set Manual, volume I, C 2.0 (RV32, without floating point).
"""

import re
from dataclasses import dataclass

from .encoding import Encoding

__all__ = ["COMPRESSED", "CompressedInstruction"]

# name ||| encoding ||| expansion ||| values that are not this instruction ("field!=value")
# Registers written with ' are x8 to x15. Where two lines match, the first wins.
_TABLE = """
c.addi4spn ||| 000 nzuimm[5:4|9:6|2|3] rd' 00      ||| addi rd=rd' rs1=2 simm=nzuimm      ||| nzuimm!=0
c.lw       ||| 010 uimm[5:3] rs1' uimm[2|6] rd' 00 ||| lw rd=rd' rs1=rs1' simm=uimm       |||
c.sw       ||| 110 uimm[5:3] rs1' uimm[2|6] rs2' 00||| sw rs2=rs2' rs1=rs1' simm=uimm     |||
c.nop      ||| 000 - 00000 ----- 01                ||| addi rd=0 rs1=0 simm=0             |||
c.addi     ||| 000 simm[5] rd simm[4:0] 01         ||| addi rd=rd rs1=rd simm=simm         |||
c.jal      ||| 001 simm[11|4|9:8|10|6|7|3:1|5] 01  ||| jal rd=1 simm=simm                 |||
c.li       ||| 010 simm[5] rd simm[4:0] 01         ||| addi rd=rd rs1=0 simm=simm          |||
c.addi16sp ||| 011 simm[9] 00010 simm[4|6|8:7|5] 01||| addi rd=2 rs1=2 simm=simm          ||| simm!=0
c.lui      ||| 011 simm[17] rd simm[16:12] 01      ||| lui rd=rd simm=simm                ||| simm!=0 rd!=2
c.srli     ||| 100 0 00 rd' uimm[4:0] 01           ||| srli rd=rd' rs1=rd' uimm=uimm      |||
c.srai     ||| 100 0 01 rd' uimm[4:0] 01           ||| srai rd=rd' rs1=rd' uimm=uimm      |||
c.andi     ||| 100 simm[5] 10 rd' simm[4:0] 01     ||| andi rd=rd' rs1=rd' simm=simm      |||
c.sub      ||| 100 0 11 rd' 00 rs2' 01             ||| sub rd=rd' rs1=rd' rs2=rs2'        |||
c.xor      ||| 100 0 11 rd' 01 rs2' 01             ||| xor rd=rd' rs1=rd' rs2=rs2'        |||
c.or       ||| 100 0 11 rd' 10 rs2' 01             ||| or rd=rd' rs1=rd' rs2=rs2'         |||
c.and      ||| 100 0 11 rd' 11 rs2' 01             ||| and rd=rd' rs1=rd' rs2=rs2'        |||
c.j        ||| 101 simm[11|4|9:8|10|6|7|3:1|5] 01  ||| jal rd=0 simm=simm                 |||
c.beqz     ||| 110 simm[8|4:3] rs1' simm[7:6|2:1|5] 01 ||| beq rs1=rs1' rs2=0 simm=simm   |||
c.bnez     ||| 111 simm[8|4:3] rs1' simm[7:6|2:1|5] 01 ||| bne rs1=rs1' rs2=0 simm=simm   |||
c.slli     ||| 000 0 rd uimm[4:0] 10               ||| slli rd=rd rs1=rd uimm=uimm        |||
c.lwsp     ||| 010 uimm[5] rd uimm[4:2|7:6] 10     ||| lw rd=rd rs1=2 simm=uimm           ||| rd!=0
c.jr       ||| 100 0 rs1 00000 10                  ||| jalr rd=0 rs1=rs1 simm=0           ||| rs1!=0
c.mv       ||| 100 0 rd rs2 10                     ||| add rd=rd rs1=0 rs2=rs2            ||| rs2!=0
c.ebreak   ||| 100 1 00000 00000 10                ||| ebreak                             |||
c.jalr     ||| 100 1 rs1 00000 10                  ||| jalr rd=1 rs1=rs1 simm=0           ||| rs1!=0
c.add      ||| 100 1 rd rs2 10                     ||| add rd=rd rs1=rd rs2=rs2           ||| rs2!=0
c.swsp     ||| 110 uimm[5:2|7:6] rs2 10            ||| sw rs2=rs2 rs1=2 simm=uimm         |||
"""


@dataclass(frozen=True)
class CompressedInstruction:
    """One 16-bit instruction.

    Attributes
    ----------
    target : name of the 32-bit instruction.
    values : {field of the target: field of this one, or a number}.
    excluded : pairs (field, value) with which the word is not this instruction.
    """

    name: str
    encoding: Encoding
    target: str
    values: dict
    excluded: tuple

    def matches(self, half):
        return self.encoding.matches(half) and all(
            self.encoding.fields[field].extract(half) != value for field, value in self.excluded)

    def expand(self, half):
        """{field of the target: value}."""
        fields = {name: value + 8 if name.endswith("'") else value
                  for name, value in self.encoding.decode(half).items()}
        return {name: source if isinstance(source, int) else fields[source]
                for name, source in self.values.items()}


def _parse(line):
    name, encoding, expansion, excluded = (part.strip() for part in line.split("|||"))
    target, *values = expansion.split()
    pairs = (value.split("=") for value in values)
    return CompressedInstruction(
        name, Encoding(encoding, 16), target,
        {field: int(source) if source.isdigit() else source for field, source in pairs},
        tuple((field, int(value)) for field, value in re.findall(r"(\S+)!=(\d+)", excluded)))


COMPRESSED = [_parse(line) for line in _TABLE.strip().splitlines()]
