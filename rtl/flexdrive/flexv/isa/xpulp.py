"""XpulpV2 as the kernels use it, in the PULP encoding map (not that of CORE-V).

Sources: the encodings published with RI5CY and riscv-binutils (PULP branch); meanings as in the
CV32E40P user manual, which describes the same instructions under other encodings.
"""

from .encoding import parse_table

__all__ = ["XPULP"]

_MEMORY = """
p.lb.post   ||| simm[11:0] rs1 000 rd 0001011          ||| load.b post  ||| rd = sext(mem8[rs1]); rs1 += imm
p.lh.post   ||| simm[11:0] rs1 001 rd 0001011          ||| load.h post  ||| rd = sext(mem16[rs1]); rs1 += imm
p.lw.post   ||| simm[11:0] rs1 010 rd 0001011          ||| load.w post  ||| rd = mem32[rs1]; rs1 += imm
p.lbu.post  ||| simm[11:0] rs1 100 rd 0001011          ||| load.bu post ||| rd = zext(mem8[rs1]); rs1 += imm
p.lhu.post  ||| simm[11:0] rs1 101 rd 0001011          ||| load.hu post ||| rd = zext(mem16[rs1]); rs1 += imm
p.elw.post  ||| simm[11:0] rs1 110 rd 0001011          ||| load.w post  ||| event load: rd = mem32[rs1]; rs1 += imm
p.elw       ||| simm[11:0] rs1 110 rd 0000011          ||| load.w       ||| event load: rd = mem32[rs1 + imm]; the port answers when the event is there
p.lb.rpost  ||| 0000000 rs2 rs1 111 rd 0001011         ||| load.b post  ||| rd = sext(mem8[rs1]); rs1 += rs2
p.lh.rpost  ||| 0001000 rs2 rs1 111 rd 0001011         ||| load.h post  ||| rd = sext(mem16[rs1]); rs1 += rs2
p.lw.rpost  ||| 0010000 rs2 rs1 111 rd 0001011         ||| load.w post  ||| rd = mem32[rs1]; rs1 += rs2
p.lbu.rpost ||| 0100000 rs2 rs1 111 rd 0001011         ||| load.bu post ||| rd = zext(mem8[rs1]); rs1 += rs2
p.lhu.rpost ||| 0101000 rs2 rs1 111 rd 0001011         ||| load.hu post ||| rd = zext(mem16[rs1]); rs1 += rs2
p.lb.reg    ||| 0000000 rs2 rs1 111 rd 0000011         ||| load.b       ||| rd = sext(mem8[rs1 + rs2])
p.lh.reg    ||| 0001000 rs2 rs1 111 rd 0000011         ||| load.h       ||| rd = sext(mem16[rs1 + rs2])
p.lw.reg    ||| 0010000 rs2 rs1 111 rd 0000011         ||| load.w       ||| rd = mem32[rs1 + rs2]
p.lbu.reg   ||| 0100000 rs2 rs1 111 rd 0000011         ||| load.bu      ||| rd = zext(mem8[rs1 + rs2])
p.lhu.reg   ||| 0101000 rs2 rs1 111 rd 0000011         ||| load.hu      ||| rd = zext(mem16[rs1 + rs2])
p.sb.post   ||| simm[11:5] rs2 rs1 000 simm[4:0] 0101011 ||| store.b post ||| mem8[rs1] = rs2; rs1 += imm
p.sh.post   ||| simm[11:5] rs2 rs1 001 simm[4:0] 0101011 ||| store.h post ||| mem16[rs1] = rs2; rs1 += imm
p.sw.post   ||| simm[11:5] rs2 rs1 010 simm[4:0] 0101011 ||| store.w post ||| mem32[rs1] = rs2; rs1 += imm
p.sb.rpost  ||| 0000000 rs2 rs1 100 rs3 0101011        ||| store.b post ||| mem8[rs1] = rs2; rs1 += rs3
p.sh.rpost  ||| 0000000 rs2 rs1 101 rs3 0101011        ||| store.h post ||| mem16[rs1] = rs2; rs1 += rs3
p.sw.rpost  ||| 0000000 rs2 rs1 110 rs3 0101011        ||| store.w post ||| mem32[rs1] = rs2; rs1 += rs3
p.sb.reg    ||| 0000000 rs2 rs1 100 rs3 0100011        ||| store.b      ||| mem8[rs1 + rs3] = rs2
p.sh.reg    ||| 0000000 rs2 rs1 101 rs3 0100011        ||| store.h      ||| mem16[rs1 + rs3] = rs2
p.sw.reg    ||| 0000000 rs2 rs1 110 rs3 0100011        ||| store.w      ||| mem32[rs1 + rs3] = rs2
"""

_LOOP = """
lp.starti   ||| uimm[12:1] 00000 000 0000 loop[0] 1111011       ||| loop.starti ||| start of the loop = pc + imm
lp.endi     ||| uimm[12:1] 00000 001 0000 loop[0] 1111011       ||| loop.endi   ||| last instruction of the loop = pc + imm
lp.count    ||| 000000000000 rs1 010 0000 loop[0] 1111011       ||| loop.count  ||| iterations of the loop = rs1
lp.counti   ||| count[11:0] 00000 011 0000 loop[0] 1111011      ||| loop.counti ||| iterations of the loop = count
lp.setup    ||| uimm[12:1] rs1 100 0000 loop[0] 1111011         ||| loop.setup  ||| start = next instruction; last instruction = pc + imm; iterations = rs1
lp.setupi   ||| count[11:0] uimm5[5:1] 101 0000 loop[0] 1111011 ||| loop.setupi ||| start = next instruction; last instruction = pc + uimm5; iterations = count
p.beqimm    ||| simm[12|10:5] simm5[4:0] rs1 010 simm[4:1|11] 1100011 ||| branch.eq ||| if rs1 == simm5: pc += imm
p.bneimm    ||| simm[12|10:5] simm5[4:0] rs1 011 simm[4:1|11] 1100011 ||| branch.ne ||| if rs1 != simm5: pc += imm
"""

_MAC = """
p.mac       ||| 0100001 rs2 rs1 000 rd 0110011 ||| multiply.mac acc ||| rd += rs1 * rs2
p.msu       ||| 0100001 rs2 rs1 001 rd 0110011 ||| multiply.msu acc ||| rd -= rs1 * rs2
"""

XPULP = [*parse_table("xpulp_memory", _MEMORY), *parse_table("xpulp_loop", _LOOP),
         *parse_table("xpulp_mac", _MAC)]
