"""RV32I, M, Zicsr, Zifencei and the machine-mode instructions.

Source: The RISC-V Instruction Set Manual, volume I (RV32I 2.1, M 2.0, Zicsr 2.0, Zifencei 2.0) and
volume II (machine mode 1.12).
"""

from .encoding import parse_table

__all__ = ["BASE"]

_RV32I = """
lui     ||| simm[31:12] rd 0110111                            ||| alu.second        ||| rd = imm
auipc   ||| simm[31:12] rd 0010111                            ||| alu.add pc        ||| rd = pc + imm
jal     ||| simm[20|10:1|11|19:12] rd 1101111                 ||| jump.direct       ||| rd = address of the next instruction; pc += imm
jalr    ||| simm[11:0] rs1 000 rd 1100111                     ||| jump.indirect     ||| rd = address of the next instruction; pc = (rs1 + imm) & ~1
beq     ||| simm[12|10:5] rs2 rs1 000 simm[4:1|11] 1100011    ||| branch.eq         ||| if rs1 == rs2: pc += imm
bne     ||| simm[12|10:5] rs2 rs1 001 simm[4:1|11] 1100011    ||| branch.ne         ||| if rs1 != rs2: pc += imm
blt     ||| simm[12|10:5] rs2 rs1 100 simm[4:1|11] 1100011    ||| branch.lt         ||| if rs1 < rs2 (signed): pc += imm
bge     ||| simm[12|10:5] rs2 rs1 101 simm[4:1|11] 1100011    ||| branch.ge         ||| if rs1 >= rs2 (signed): pc += imm
bltu    ||| simm[12|10:5] rs2 rs1 110 simm[4:1|11] 1100011    ||| branch.ltu        ||| if rs1 < rs2 (unsigned): pc += imm
bgeu    ||| simm[12|10:5] rs2 rs1 111 simm[4:1|11] 1100011    ||| branch.geu        ||| if rs1 >= rs2 (unsigned): pc += imm
lb      ||| simm[11:0] rs1 000 rd 0000011                     ||| load.b            ||| rd = sext(mem8[rs1 + imm])
lh      ||| simm[11:0] rs1 001 rd 0000011                     ||| load.h            ||| rd = sext(mem16[rs1 + imm])
lw      ||| simm[11:0] rs1 010 rd 0000011                     ||| load.w            ||| rd = mem32[rs1 + imm]
lbu     ||| simm[11:0] rs1 100 rd 0000011                     ||| load.bu           ||| rd = zext(mem8[rs1 + imm])
lhu     ||| simm[11:0] rs1 101 rd 0000011                     ||| load.hu           ||| rd = zext(mem16[rs1 + imm])
sb      ||| simm[11:5] rs2 rs1 000 simm[4:0] 0100011          ||| store.b           ||| mem8[rs1 + imm] = rs2
sh      ||| simm[11:5] rs2 rs1 001 simm[4:0] 0100011          ||| store.h           ||| mem16[rs1 + imm] = rs2
sw      ||| simm[11:5] rs2 rs1 010 simm[4:0] 0100011          ||| store.w           ||| mem32[rs1 + imm] = rs2
addi    ||| simm[11:0] rs1 000 rd 0010011                     ||| alu.add           ||| rd = rs1 + imm
slti    ||| simm[11:0] rs1 010 rd 0010011                     ||| alu.lt            ||| rd = rs1 < imm (signed)
sltiu   ||| simm[11:0] rs1 011 rd 0010011                     ||| alu.ltu           ||| rd = rs1 < imm (unsigned)
xori    ||| simm[11:0] rs1 100 rd 0010011                     ||| alu.xor           ||| rd = rs1 ^ imm
ori     ||| simm[11:0] rs1 110 rd 0010011                     ||| alu.or            ||| rd = rs1 | imm
andi    ||| simm[11:0] rs1 111 rd 0010011                     ||| alu.and           ||| rd = rs1 & imm
slli    ||| 0000000 uimm[4:0] rs1 001 rd 0010011              ||| alu.sll           ||| rd = rs1 << imm
srli    ||| 0000000 uimm[4:0] rs1 101 rd 0010011              ||| alu.srl           ||| rd = rs1 >> imm (logical)
srai    ||| 0100000 uimm[4:0] rs1 101 rd 0010011              ||| alu.sra           ||| rd = rs1 >> imm (arithmetic)
add     ||| 0000000 rs2 rs1 000 rd 0110011                    ||| alu.add           ||| rd = rs1 + rs2
sub     ||| 0100000 rs2 rs1 000 rd 0110011                    ||| alu.sub           ||| rd = rs1 - rs2
sll     ||| 0000000 rs2 rs1 001 rd 0110011                    ||| alu.sll           ||| rd = rs1 << rs2[4:0]
slt     ||| 0000000 rs2 rs1 010 rd 0110011                    ||| alu.lt            ||| rd = rs1 < rs2 (signed)
sltu    ||| 0000000 rs2 rs1 011 rd 0110011                    ||| alu.ltu           ||| rd = rs1 < rs2 (unsigned)
xor     ||| 0000000 rs2 rs1 100 rd 0110011                    ||| alu.xor           ||| rd = rs1 ^ rs2
srl     ||| 0000000 rs2 rs1 101 rd 0110011                    ||| alu.srl           ||| rd = rs1 >> rs2[4:0] (logical)
sra     ||| 0100000 rs2 rs1 101 rd 0110011                    ||| alu.sra           ||| rd = rs1 >> rs2[4:0] (arithmetic)
or      ||| 0000000 rs2 rs1 110 rd 0110011                    ||| alu.or            ||| rd = rs1 | rs2
and     ||| 0000000 rs2 rs1 111 rd 0110011                    ||| alu.and           ||| rd = rs1 & rs2
fence   ||| ------------ ----- 000 ----- 0001111              ||| system.fence      ||| order memory accesses: nothing to do, they are in order
ecall   ||| 000000000000 00000 000 00000 1110011              ||| system.ecall      ||| trap, cause 11
ebreak  ||| 000000000001 00000 000 00000 1110011              ||| system.ebreak     ||| trap, cause 3
mret    ||| 001100000010 00000 000 00000 1110011              ||| system.mret       ||| pc = mepc; MIE = MPIE; MPIE = 1
wfi     ||| 000100000101 00000 000 00000 1110011              ||| system.wfi        ||| wait until an enabled interrupt is pending
"""

_ZIFENCEI = """
fence.i ||| ------------ ----- 001 ----- 0001111              ||| system.fence_i    ||| fetch the following instructions anew
"""

_ZICSR = """
csrrw   ||| csr[11:0] rs1 001 rd 1110011                      ||| csr.write         ||| rd = csr; csr = rs1
csrrs   ||| csr[11:0] rs1 010 rd 1110011                      ||| csr.set           ||| rd = csr; csr |= rs1
csrrc   ||| csr[11:0] rs1 011 rd 1110011                      ||| csr.clear         ||| rd = csr; csr &= ~rs1
csrrwi  ||| csr[11:0] zimm[4:0] 101 rd 1110011                ||| csr.write         ||| rd = csr; csr = imm
csrrsi  ||| csr[11:0] zimm[4:0] 110 rd 1110011                ||| csr.set           ||| rd = csr; csr |= imm
csrrci  ||| csr[11:0] zimm[4:0] 111 rd 1110011                ||| csr.clear         ||| rd = csr; csr &= ~imm
"""

_M = """
mul     ||| 0000001 rs2 rs1 000 rd 0110011                    ||| multiply.low      ||| rd = rs1 * rs2
mulh    ||| 0000001 rs2 rs1 001 rd 0110011                    ||| multiply.high     ||| rd = rs1 * rs2 >> 32 (signed)
mulhsu  ||| 0000001 rs2 rs1 010 rd 0110011                    ||| multiply.high_su  ||| rd = rs1 * rs2 >> 32 (signed * unsigned)
mulhu   ||| 0000001 rs2 rs1 011 rd 0110011                    ||| multiply.high_u   ||| rd = rs1 * rs2 >> 32 (unsigned)
div     ||| 0000001 rs2 rs1 100 rd 0110011                    ||| divide.div        ||| rd = rs1 / rs2 (signed, towards zero)
divu    ||| 0000001 rs2 rs1 101 rd 0110011                    ||| divide.divu       ||| rd = rs1 / rs2 (unsigned)
rem     ||| 0000001 rs2 rs1 110 rd 0110011                    ||| divide.rem        ||| rd = rs1 % rs2 (signed, sign of rs1)
remu    ||| 0000001 rs2 rs1 111 rd 0110011                    ||| divide.remu       ||| rd = rs1 % rs2 (unsigned)
"""

BASE = [*parse_table("i", _RV32I), *parse_table("zifencei", _ZIFENCEI),
        *parse_table("zicsr", _ZICSR), *parse_table("m", _M)]
