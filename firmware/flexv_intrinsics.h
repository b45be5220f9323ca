// Generated from the instruction table by flexdrive_deploy.flexv.headers; do not edit.
#ifndef FLEXV_INTRINSICS_H
#define FLEXV_INTRINSICS_H

#include <stdint.h>

#define CSR_IVEC_FMT 0xd // operand format, a code of formats.FORMATS (4 bits in the published design)
#define CSR_IVEC_MIXED_CYCLE 0xe // slice of the narrower operand, advanced by the mixed-precision controller
#define CSR_IVEC_SKIP_SIZE 0xf // dot products per slice; 0 and 1 are the same
#define CSR_SB_LEGACY 0x10 // 1: format from the instruction, Mac&Load address from rs1; 0: both from CSRs
#define CSR_MIXED_COUNT 0x800 // dot products made with this slice
#define CSR_LP0_START 0x7c0 // loop 0: address of the first instruction
#define CSR_LP0_END 0x7c1 // loop 0: address of the last instruction
#define CSR_LP0_COUNT 0x7c2 // loop 0: iterations left, the one under way included
#define CSR_LP1_START 0x7c4 // loop 1: address of the first instruction
#define CSR_LP1_END 0x7c5 // loop 1: address of the last instruction
#define CSR_LP1_COUNT 0x7c6 // loop 1: iterations left, the one under way included
#define CSR_MACL_A_ADDRESS 0x100 // activation pointer; a write sets a_count and a_count2 to 0
#define CSR_MACL_W_ADDRESS 0x101 // weight pointer; a write sets w_count to 0
#define CSR_A_STRIDE 0x102 // added to the activation pointer while a_count < a_skip
#define CSR_W_STRIDE 0x103 // added to the weight pointer while w_count < w_skip
#define CSR_A_ROLLBACK 0x104 // added instead when a_count has reached a_skip
#define CSR_W_ROLLBACK 0x105 // added instead when w_count has reached w_skip
#define CSR_A_SKIP 0x106 // strided updates of the activation pointer before a rollback
#define CSR_W_SKIP 0x107 // strided updates of the weight pointer before a rollback
#define CSR_A_COUNT 0x801 // strided updates of the activation pointer since the last rollback
#define CSR_W_COUNT 0x802 // strided updates of the weight pointer since the last rollback
#define CSR_A_ROLLBACK2 0x803 // third level: added instead of a_rollback when a_count2 has reached a_skip2
#define CSR_A_SKIP2 0x804 // third level: rollbacks before a_rollback2; 0: there is no third level
#define CSR_A_COUNT2 0x805 // third level: rollbacks since the last a_rollback2
#define CSR_NN_W0 0x808 // weight register 0
#define CSR_NN_W1 0x809 // weight register 1
#define CSR_NN_W2 0x80a // weight register 2
#define CSR_NN_W3 0x80b // weight register 3
#define CSR_NN_A0 0x80c // activation register 0
#define CSR_NN_A1 0x80d // activation register 1
#define CSR_RQ_CONTROL 0x810 // requantisation: shift 0 to 63 (bits 5:0), width of outputs 8, 4 or 2 bits (bits 7:6: 0, 1, 2; 3 is 2 bits too), outputs are signed (bit 8); with requant_clear addend shift 0 to 63 of rq.pack.c (bits 14:9); with requant_ties, where all bits that are shifted out are 0 (bit 15) and the result is odd, with bit 16 even, it is one less
#define CSR_RQ_WORD 0x811 // packed outputs; a write sets rq_lane to 0
#define CSR_RQ_LANE 0x812 // lane of rq_word for the next output, modulo the number of lanes
#define CSR_RQ_PACKED 0x813 // word that the next rq.pack.sb, rq.pack.sh or rq.pack.sw stores
#define CSR_RQ_ADDRESS 0x814 // where it is stored

#define flexv_csr_read(number) \
	({ uint32_t r_; __asm__ volatile("csrr %0, %1" : "=r"(r_) : "i"(number) : "memory"); r_; })
#define flexv_csr_write(number, value) \
	__asm__ volatile("csrw %0, %1" : : "i"(number), "r"((uint32_t)(value)) : "memory")

// rd += rs1 * rs2
#define flexv_p_mac(rd, a, b) \
	({ uint32_t r_ = (rd); __asm__(".insn r 0x33, 0, 0x21, %0, %1, %2" : "+r"(r_) : "r"(a), "r"(b)); r_; })

// rd -= rs1 * rs2
#define flexv_p_msu(rd, a, b) \
	({ uint32_t r_ = (rd); __asm__(".insn r 0x33, 1, 0x21, %0, %1, %2" : "+r"(r_) : "r"(a), "r"(b)); r_; })

// rd = rs1 <= rs2 (signed)
#define flexv_p_slet(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x33, 2, 0x2, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// rd = rs1 <= rs2 (unsigned)
#define flexv_p_sletu(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x33, 3, 0x2, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// rd = the smaller of rs1 and rs2 (signed)
#define flexv_p_min(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x33, 4, 0x2, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// rd = the smaller of rs1 and rs2 (unsigned)
#define flexv_p_minu(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x33, 5, 0x2, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// rd = the greater of rs1 and rs2 (signed)
#define flexv_p_max(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x33, 6, 0x2, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// rd = the greater of rs1 and rs2 (unsigned)
#define flexv_p_maxu(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x33, 7, 0x2, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// rd = rs1 rotated right by rs2[4:0]
#define flexv_p_ror(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x33, 5, 0x4, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// rd = rs1 limited to -(rs2+1) .. rs2, the lower bound first
#define flexv_p_clipr(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x33, 5, 0xa, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// rd = rs1 limited to 0 .. rs2, the lower bound first
#define flexv_p_clipur(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x33, 6, 0xa, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// as p.extract, imm = rs2[9:0]
#define flexv_p_extractr(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x33, 0, 0x40, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// as p.extractu, imm = rs2[9:0]
#define flexv_p_extractur(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x33, 1, 0x40, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// as p.insert, imm = rs2[9:0]
#define flexv_p_insertr(rd, a, b) \
	({ uint32_t r_ = (rd); __asm__(".insn r 0x33, 2, 0x40, %0, %1, %2" : "+r"(r_) : "r"(a), "r"(b)); r_; })

// as p.bclr, imm = rs2[9:0]
#define flexv_p_bclrr(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x33, 3, 0x40, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// as p.bset, imm = rs2[9:0]
#define flexv_p_bsetr(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x33, 4, 0x40, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: add(rs1, second operand)
#define flexv_add_h(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 0, 0x0, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: add(rs1, second operand)
#define flexv_add_sc_h(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 4, 0x0, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: add(rs1, second operand)
#define flexv_add_b(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 1, 0x0, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: add(rs1, second operand)
#define flexv_add_sc_b(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 5, 0x0, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: sub(rs1, second operand)
#define flexv_sub_h(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 0, 0x4, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: sub(rs1, second operand)
#define flexv_sub_sc_h(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 4, 0x4, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: sub(rs1, second operand)
#define flexv_sub_b(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 1, 0x4, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: sub(rs1, second operand)
#define flexv_sub_sc_b(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 5, 0x4, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: avg(rs1, second operand)
#define flexv_avg_h(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 0, 0x8, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: avg(rs1, second operand)
#define flexv_avg_sc_h(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 4, 0x8, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: avg(rs1, second operand)
#define flexv_avg_b(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 1, 0x8, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: avg(rs1, second operand)
#define flexv_avg_sc_b(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 5, 0x8, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: avgu(rs1, second operand)
#define flexv_avgu_h(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 0, 0xc, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: avgu(rs1, second operand)
#define flexv_avgu_sc_h(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 4, 0xc, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: avgu(rs1, second operand)
#define flexv_avgu_b(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 1, 0xc, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: avgu(rs1, second operand)
#define flexv_avgu_sc_b(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 5, 0xc, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: min(rs1, second operand)
#define flexv_min_h(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 0, 0x10, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: min(rs1, second operand)
#define flexv_min_sc_h(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 4, 0x10, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: min(rs1, second operand)
#define flexv_min_b(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 1, 0x10, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: min(rs1, second operand)
#define flexv_min_sc_b(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 5, 0x10, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: minu(rs1, second operand)
#define flexv_minu_h(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 0, 0x14, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: minu(rs1, second operand)
#define flexv_minu_sc_h(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 4, 0x14, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: minu(rs1, second operand)
#define flexv_minu_b(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 1, 0x14, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: minu(rs1, second operand)
#define flexv_minu_sc_b(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 5, 0x14, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: max(rs1, second operand)
#define flexv_max_h(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 0, 0x18, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: max(rs1, second operand)
#define flexv_max_sc_h(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 4, 0x18, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: max(rs1, second operand)
#define flexv_max_b(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 1, 0x18, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: max(rs1, second operand)
#define flexv_max_sc_b(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 5, 0x18, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: maxu(rs1, second operand)
#define flexv_maxu_h(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 0, 0x1c, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: maxu(rs1, second operand)
#define flexv_maxu_sc_h(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 4, 0x1c, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: maxu(rs1, second operand)
#define flexv_maxu_b(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 1, 0x1c, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: maxu(rs1, second operand)
#define flexv_maxu_sc_b(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 5, 0x1c, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: srl(rs1, second operand)
#define flexv_srl_h(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 0, 0x20, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: srl(rs1, second operand)
#define flexv_srl_sc_h(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 4, 0x20, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: srl(rs1, second operand)
#define flexv_srl_b(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 1, 0x20, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: srl(rs1, second operand)
#define flexv_srl_sc_b(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 5, 0x20, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: sra(rs1, second operand)
#define flexv_sra_h(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 0, 0x24, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: sra(rs1, second operand)
#define flexv_sra_sc_h(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 4, 0x24, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: sra(rs1, second operand)
#define flexv_sra_b(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 1, 0x24, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: sra(rs1, second operand)
#define flexv_sra_sc_b(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 5, 0x24, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: sll(rs1, second operand)
#define flexv_sll_h(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 0, 0x28, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: sll(rs1, second operand)
#define flexv_sll_sc_h(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 4, 0x28, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: sll(rs1, second operand)
#define flexv_sll_b(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 1, 0x28, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: sll(rs1, second operand)
#define flexv_sll_sc_b(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 5, 0x28, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: or(rs1, second operand)
#define flexv_or_h(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 0, 0x2c, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: or(rs1, second operand)
#define flexv_or_sc_h(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 4, 0x2c, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: or(rs1, second operand)
#define flexv_or_b(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 1, 0x2c, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: or(rs1, second operand)
#define flexv_or_sc_b(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 5, 0x2c, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: xor(rs1, second operand)
#define flexv_xor_h(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 0, 0x30, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: xor(rs1, second operand)
#define flexv_xor_sc_h(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 4, 0x30, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: xor(rs1, second operand)
#define flexv_xor_b(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 1, 0x30, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: xor(rs1, second operand)
#define flexv_xor_sc_b(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 5, 0x30, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: and(rs1, second operand)
#define flexv_and_h(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 0, 0x34, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: and(rs1, second operand)
#define flexv_and_sc_h(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 4, 0x34, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: and(rs1, second operand)
#define flexv_and_b(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 1, 0x34, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: and(rs1, second operand)
#define flexv_and_sc_b(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 5, 0x34, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: cmpeq(rs1, second operand)
#define flexv_cmpeq_h(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 0, 0x2, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: cmpeq(rs1, second operand)
#define flexv_cmpeq_sc_h(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 4, 0x2, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: cmpeq(rs1, second operand)
#define flexv_cmpeq_b(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 1, 0x2, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: cmpeq(rs1, second operand)
#define flexv_cmpeq_sc_b(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 5, 0x2, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: cmpne(rs1, second operand)
#define flexv_cmpne_h(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 0, 0x6, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: cmpne(rs1, second operand)
#define flexv_cmpne_sc_h(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 4, 0x6, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: cmpne(rs1, second operand)
#define flexv_cmpne_b(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 1, 0x6, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: cmpne(rs1, second operand)
#define flexv_cmpne_sc_b(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 5, 0x6, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: cmpgt(rs1, second operand)
#define flexv_cmpgt_h(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 0, 0xa, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: cmpgt(rs1, second operand)
#define flexv_cmpgt_sc_h(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 4, 0xa, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: cmpgt(rs1, second operand)
#define flexv_cmpgt_b(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 1, 0xa, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: cmpgt(rs1, second operand)
#define flexv_cmpgt_sc_b(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 5, 0xa, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: cmpge(rs1, second operand)
#define flexv_cmpge_h(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 0, 0xe, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: cmpge(rs1, second operand)
#define flexv_cmpge_sc_h(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 4, 0xe, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: cmpge(rs1, second operand)
#define flexv_cmpge_b(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 1, 0xe, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: cmpge(rs1, second operand)
#define flexv_cmpge_sc_b(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 5, 0xe, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: cmplt(rs1, second operand)
#define flexv_cmplt_h(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 0, 0x12, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: cmplt(rs1, second operand)
#define flexv_cmplt_sc_h(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 4, 0x12, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: cmplt(rs1, second operand)
#define flexv_cmplt_b(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 1, 0x12, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: cmplt(rs1, second operand)
#define flexv_cmplt_sc_b(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 5, 0x12, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: cmple(rs1, second operand)
#define flexv_cmple_h(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 0, 0x16, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: cmple(rs1, second operand)
#define flexv_cmple_sc_h(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 4, 0x16, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: cmple(rs1, second operand)
#define flexv_cmple_b(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 1, 0x16, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: cmple(rs1, second operand)
#define flexv_cmple_sc_b(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 5, 0x16, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: cmpgtu(rs1, second operand)
#define flexv_cmpgtu_h(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 0, 0x1a, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: cmpgtu(rs1, second operand)
#define flexv_cmpgtu_sc_h(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 4, 0x1a, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: cmpgtu(rs1, second operand)
#define flexv_cmpgtu_b(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 1, 0x1a, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: cmpgtu(rs1, second operand)
#define flexv_cmpgtu_sc_b(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 5, 0x1a, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: cmpgeu(rs1, second operand)
#define flexv_cmpgeu_h(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 0, 0x1e, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: cmpgeu(rs1, second operand)
#define flexv_cmpgeu_sc_h(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 4, 0x1e, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: cmpgeu(rs1, second operand)
#define flexv_cmpgeu_b(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 1, 0x1e, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: cmpgeu(rs1, second operand)
#define flexv_cmpgeu_sc_b(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 5, 0x1e, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: cmpltu(rs1, second operand)
#define flexv_cmpltu_h(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 0, 0x22, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: cmpltu(rs1, second operand)
#define flexv_cmpltu_sc_h(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 4, 0x22, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: cmpltu(rs1, second operand)
#define flexv_cmpltu_b(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 1, 0x22, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: cmpltu(rs1, second operand)
#define flexv_cmpltu_sc_b(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 5, 0x22, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: cmpleu(rs1, second operand)
#define flexv_cmpleu_h(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 0, 0x26, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: cmpleu(rs1, second operand)
#define flexv_cmpleu_sc_h(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 4, 0x26, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: cmpleu(rs1, second operand)
#define flexv_cmpleu_b(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 1, 0x26, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// each lane: cmpleu(rs1, second operand)
#define flexv_cmpleu_sc_b(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 5, 0x26, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// rd.h[i] = rs1.h[rs2.h[i][0]]
#define flexv_shuffle_h(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 0, 0x60, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// rd.b[i] = rs1.b[rs2.b[i][1:0]]
#define flexv_shuffle_b(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 1, 0x60, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// rd.h[i] = (rs2.h[i][1] ? rs1 : rd).h[rs2.h[i][0]]
#define flexv_shuffle2_h(rd, a, b) \
	({ uint32_t r_ = (rd); __asm__(".insn r 0x57, 0, 0x64, %0, %1, %2" : "+r"(r_) : "r"(a), "r"(b)); r_; })

// rd.b[i] = (rs2.b[i][2] ? rs1 : rd).b[rs2.b[i][1:0]]
#define flexv_shuffle2_b(rd, a, b) \
	({ uint32_t r_ = (rd); __asm__(".insn r 0x57, 1, 0x64, %0, %1, %2" : "+r"(r_) : "r"(a), "r"(b)); r_; })

// rd = {rs1.h[0], rs2.h[0]}
#define flexv_pack(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 0, 0x68, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// rd = {rs1.h[1], rs2.h[1]}
#define flexv_pack_h(a, b) \
	({ uint32_t r_; __asm__(".insn r 0x57, 0, 0x69, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// rd.b[3] = rs1.b[0]; rd.b[2] = rs2.b[0]
#define flexv_packhi_b(rd, a, b) \
	({ uint32_t r_ = (rd); __asm__(".insn r 0x57, 1, 0x6c, %0, %1, %2" : "+r"(r_) : "r"(a), "r"(b)); r_; })

// rd.b[1] = rs1.b[0]; rd.b[0] = rs2.b[0]
#define flexv_packlo_b(rd, a, b) \
	({ uint32_t r_ = (rd); __asm__(".insn r 0x57, 1, 0x70, %0, %1, %2" : "+r"(r_) : "r"(a), "r"(b)); r_; })

// rd = sum of products of the lanes of rs1 and rs2
#define flexv_dotup_h(a, b) \
	({ uint32_t r_; __asm__ volatile(".insn r 0x57, 0, 0x40, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// rd = sum of products of the lanes of rs1 and lane 0 of rs2
#define flexv_dotup_sc_h(a, b) \
	({ uint32_t r_; __asm__ volatile(".insn r 0x57, 4, 0x40, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// rd = sum of products of the lanes of rs1 and rs2
#define flexv_dotup_b(a, b) \
	({ uint32_t r_; __asm__ volatile(".insn r 0x57, 1, 0x40, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// rd = sum of products of the lanes of rs1 and lane 0 of rs2
#define flexv_dotup_sc_b(a, b) \
	({ uint32_t r_; __asm__ volatile(".insn r 0x57, 5, 0x40, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// rd = sum of products of the lanes of rs1 and rs2
#define flexv_dotusp_h(a, b) \
	({ uint32_t r_; __asm__ volatile(".insn r 0x57, 0, 0x44, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// rd = sum of products of the lanes of rs1 and lane 0 of rs2
#define flexv_dotusp_sc_h(a, b) \
	({ uint32_t r_; __asm__ volatile(".insn r 0x57, 4, 0x44, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// rd = sum of products of the lanes of rs1 and rs2
#define flexv_dotusp_b(a, b) \
	({ uint32_t r_; __asm__ volatile(".insn r 0x57, 1, 0x44, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// rd = sum of products of the lanes of rs1 and lane 0 of rs2
#define flexv_dotusp_sc_b(a, b) \
	({ uint32_t r_; __asm__ volatile(".insn r 0x57, 5, 0x44, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// rd = sum of products of the lanes of rs1 and rs2
#define flexv_dotsp_h(a, b) \
	({ uint32_t r_; __asm__ volatile(".insn r 0x57, 0, 0x4c, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// rd = sum of products of the lanes of rs1 and lane 0 of rs2
#define flexv_dotsp_sc_h(a, b) \
	({ uint32_t r_; __asm__ volatile(".insn r 0x57, 4, 0x4c, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// rd = sum of products of the lanes of rs1 and rs2
#define flexv_dotsp_b(a, b) \
	({ uint32_t r_; __asm__ volatile(".insn r 0x57, 1, 0x4c, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// rd = sum of products of the lanes of rs1 and lane 0 of rs2
#define flexv_dotsp_sc_b(a, b) \
	({ uint32_t r_; __asm__ volatile(".insn r 0x57, 5, 0x4c, %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

// rd += sum of products of the lanes of rs1 and rs2
#define flexv_sdotup_h(rd, a, b) \
	({ uint32_t r_ = (rd); __asm__ volatile(".insn r 0x57, 0, 0x50, %0, %1, %2" : "+r"(r_) : "r"(a), "r"(b)); r_; })

// rd += sum of products of the lanes of rs1 and lane 0 of rs2
#define flexv_sdotup_sc_h(rd, a, b) \
	({ uint32_t r_ = (rd); __asm__ volatile(".insn r 0x57, 4, 0x50, %0, %1, %2" : "+r"(r_) : "r"(a), "r"(b)); r_; })

// rd += sum of products of the lanes of rs1 and rs2
#define flexv_sdotup_b(rd, a, b) \
	({ uint32_t r_ = (rd); __asm__ volatile(".insn r 0x57, 1, 0x50, %0, %1, %2" : "+r"(r_) : "r"(a), "r"(b)); r_; })

// rd += sum of products of the lanes of rs1 and lane 0 of rs2
#define flexv_sdotup_sc_b(rd, a, b) \
	({ uint32_t r_ = (rd); __asm__ volatile(".insn r 0x57, 5, 0x50, %0, %1, %2" : "+r"(r_) : "r"(a), "r"(b)); r_; })

// rd += sum of products of the lanes of rs1 and rs2
#define flexv_sdotusp_h(rd, a, b) \
	({ uint32_t r_ = (rd); __asm__ volatile(".insn r 0x57, 0, 0x54, %0, %1, %2" : "+r"(r_) : "r"(a), "r"(b)); r_; })

// rd += sum of products of the lanes of rs1 and lane 0 of rs2
#define flexv_sdotusp_sc_h(rd, a, b) \
	({ uint32_t r_ = (rd); __asm__ volatile(".insn r 0x57, 4, 0x54, %0, %1, %2" : "+r"(r_) : "r"(a), "r"(b)); r_; })

// rd += sum of products of the lanes of rs1 and rs2
#define flexv_sdotusp_b(rd, a, b) \
	({ uint32_t r_ = (rd); __asm__ volatile(".insn r 0x57, 1, 0x54, %0, %1, %2" : "+r"(r_) : "r"(a), "r"(b)); r_; })

// rd += sum of products of the lanes of rs1 and lane 0 of rs2
#define flexv_sdotusp_sc_b(rd, a, b) \
	({ uint32_t r_ = (rd); __asm__ volatile(".insn r 0x57, 5, 0x54, %0, %1, %2" : "+r"(r_) : "r"(a), "r"(b)); r_; })

// rd += sum of products of the lanes of rs1 and rs2
#define flexv_sdotsp_h(rd, a, b) \
	({ uint32_t r_ = (rd); __asm__ volatile(".insn r 0x57, 0, 0x5c, %0, %1, %2" : "+r"(r_) : "r"(a), "r"(b)); r_; })

// rd += sum of products of the lanes of rs1 and lane 0 of rs2
#define flexv_sdotsp_sc_h(rd, a, b) \
	({ uint32_t r_ = (rd); __asm__ volatile(".insn r 0x57, 4, 0x5c, %0, %1, %2" : "+r"(r_) : "r"(a), "r"(b)); r_; })

// rd += sum of products of the lanes of rs1 and rs2
#define flexv_sdotsp_b(rd, a, b) \
	({ uint32_t r_ = (rd); __asm__ volatile(".insn r 0x57, 1, 0x5c, %0, %1, %2" : "+r"(r_) : "r"(a), "r"(b)); r_; })

// rd += sum of products of the lanes of rs1 and lane 0 of rs2
#define flexv_sdotsp_sc_b(rd, a, b) \
	({ uint32_t r_ = (rd); __asm__ volatile(".insn r 0x57, 5, 0x5c, %0, %1, %2" : "+r"(r_) : "r"(a), "r"(b)); r_; })

// rd += dot product of a register and w register; loads nothing
#define flexv_ml_sdotup(acc, wreg, areg) \
	({ uint32_t r_ = (acc); __asm__ volatile(".insn r 0x77, 0, 0x70, %0, x0, x%1" : "+r"(r_) : "i"(0 | (wreg) << 1 | (areg)) : "memory"); r_; })

// rd += dot product of a register and w register; loads w register
#define flexv_ml_sdotup_w(acc, wreg, areg) \
	({ uint32_t r_ = (acc); __asm__ volatile(".insn r 0x77, 0, 0x70, %0, x0, x%1" : "+r"(r_) : "i"(16 | (wreg) << 1 | (areg)) : "memory"); r_; })

// rd += dot product of a register and w register; loads a register
#define flexv_ml_sdotup_a(acc, wreg, areg) \
	({ uint32_t r_ = (acc); __asm__ volatile(".insn r 0x77, 0, 0x70, %0, x0, x%1" : "+r"(r_) : "i"(8 | (wreg) << 1 | (areg)) : "memory"); r_; })

// rd += dot product of a register and w register; loads nothing
#define flexv_ml_sdotusp(acc, wreg, areg) \
	({ uint32_t r_ = (acc); __asm__ volatile(".insn r 0x77, 0, 0x74, %0, x0, x%1" : "+r"(r_) : "i"(0 | (wreg) << 1 | (areg)) : "memory"); r_; })

// rd += dot product of a register and w register; loads w register
#define flexv_ml_sdotusp_w(acc, wreg, areg) \
	({ uint32_t r_ = (acc); __asm__ volatile(".insn r 0x77, 0, 0x74, %0, x0, x%1" : "+r"(r_) : "i"(16 | (wreg) << 1 | (areg)) : "memory"); r_; })

// rd += dot product of a register and w register; loads a register
#define flexv_ml_sdotusp_a(acc, wreg, areg) \
	({ uint32_t r_ = (acc); __asm__ volatile(".insn r 0x77, 0, 0x74, %0, x0, x%1" : "+r"(r_) : "i"(8 | (wreg) << 1 | (areg)) : "memory"); r_; })

// rd += dot product of a register and w register; loads nothing
#define flexv_ml_sdotsup(acc, wreg, areg) \
	({ uint32_t r_ = (acc); __asm__ volatile(".insn r 0x77, 0, 0x6c, %0, x0, x%1" : "+r"(r_) : "i"(0 | (wreg) << 1 | (areg)) : "memory"); r_; })

// rd += dot product of a register and w register; loads w register
#define flexv_ml_sdotsup_w(acc, wreg, areg) \
	({ uint32_t r_ = (acc); __asm__ volatile(".insn r 0x77, 0, 0x6c, %0, x0, x%1" : "+r"(r_) : "i"(16 | (wreg) << 1 | (areg)) : "memory"); r_; })

// rd += dot product of a register and w register; loads a register
#define flexv_ml_sdotsup_a(acc, wreg, areg) \
	({ uint32_t r_ = (acc); __asm__ volatile(".insn r 0x77, 0, 0x6c, %0, x0, x%1" : "+r"(r_) : "i"(8 | (wreg) << 1 | (areg)) : "memory"); r_; })

// rd += dot product of a register and w register; loads nothing
#define flexv_ml_sdotsp(acc, wreg, areg) \
	({ uint32_t r_ = (acc); __asm__ volatile(".insn r 0x77, 0, 0x7c, %0, x0, x%1" : "+r"(r_) : "i"(0 | (wreg) << 1 | (areg)) : "memory"); r_; })

// rd += dot product of a register and w register; loads w register
#define flexv_ml_sdotsp_w(acc, wreg, areg) \
	({ uint32_t r_ = (acc); __asm__ volatile(".insn r 0x77, 0, 0x7c, %0, x0, x%1" : "+r"(r_) : "i"(16 | (wreg) << 1 | (areg)) : "memory"); r_; })

// rd += dot product of a register and w register; loads a register
#define flexv_ml_sdotsp_a(acc, wreg, areg) \
	({ uint32_t r_ = (acc); __asm__ volatile(".insn r 0x77, 0, 0x7c, %0, x0, x%1" : "+r"(r_) : "i"(8 | (wreg) << 1 | (areg)) : "memory"); r_; })

// rd += dot product of a register and w register; loads the other a register
#define flexv_ml_sdotup_x(acc, wreg, areg) \
	({ uint32_t r_ = (acc); __asm__ volatile(".insn r 0x77, 0, 0x70, %0, x0, x%1" : "+r"(r_) : "i"(24 | (wreg) << 1 | (areg)) : "memory"); r_; })

// rd += dot product of a register and w register; loads the other a register
#define flexv_ml_sdotusp_x(acc, wreg, areg) \
	({ uint32_t r_ = (acc); __asm__ volatile(".insn r 0x77, 0, 0x74, %0, x0, x%1" : "+r"(r_) : "i"(24 | (wreg) << 1 | (areg)) : "memory"); r_; })

// rd += dot product of a register and w register; loads the other a register
#define flexv_ml_sdotsup_x(acc, wreg, areg) \
	({ uint32_t r_ = (acc); __asm__ volatile(".insn r 0x77, 0, 0x6c, %0, x0, x%1" : "+r"(r_) : "i"(24 | (wreg) << 1 | (areg)) : "memory"); r_; })

// rd += dot product of a register and w register; loads the other a register
#define flexv_ml_sdotsp_x(acc, wreg, areg) \
	({ uint32_t r_ = (acc); __asm__ volatile(".insn r 0x77, 0, 0x7c, %0, x0, x%1" : "+r"(r_) : "i"(24 | (wreg) << 1 | (areg)) : "memory"); r_; })

// lane rq_lane of rq_word = clip((rs1 * rs2 + rs3) >> shift), signed, 64 bits; rq_lane += 1
#define flexv_rq_pack(acc, scale, addend) \
	__asm__ volatile(".insn r 0x77, 0, 0x40, %2, %0, %1" : : "r"(acc), "r"(scale), "r"(addend))

// lane rq_lane of rq_word = clip((rs1 * rs2 + (rs3 << addend shift)) >> shift), signed, 64 bits; rq_lane += 1; rs1 = 0
#define flexv_rq_pack_c(acc, scale, addend) \
	({ uint32_t r_ = (acc); __asm__ volatile(".insn r 0x77, 1, 0x40, %2, %0, %1" : "+r"(r_) : "r"(scale), "r"(addend)); r_; })

// mem8[rq_address] = rq_packed; then as rq.pack.c; then rq_packed = rq_word; rq_word = 0; rq_lane = 0
#define flexv_rq_pack_sb(acc, scale, addend) \
	({ uint32_t r_ = (acc); __asm__ volatile(".insn r 0x77, 2, 0x40, %2, %0, %1" : "+r"(r_) : "r"(scale), "r"(addend) : "memory"); r_; })

// mem16[rq_address] = rq_packed; then as rq.pack.c; then rq_packed = rq_word; rq_word = 0; rq_lane = 0
#define flexv_rq_pack_sh(acc, scale, addend) \
	({ uint32_t r_ = (acc); __asm__ volatile(".insn r 0x77, 3, 0x40, %2, %0, %1" : "+r"(r_) : "r"(scale), "r"(addend) : "memory"); r_; })

// mem32[rq_address] = rq_packed; then as rq.pack.c; then rq_packed = rq_word; rq_word = 0; rq_lane = 0
#define flexv_rq_pack_sw(acc, scale, addend) \
	({ uint32_t r_ = (acc); __asm__ volatile(".insn r 0x77, 4, 0x40, %2, %0, %1" : "+r"(r_) : "r"(scale), "r"(addend) : "memory"); r_; })

// rq_address = mem32[rs1] + rs3; rs1 += imm
#define flexv_rq_at(pointer, step, offset) \
	({ const uint32_t *r_ = (pointer); __asm__ volatile(".insn i 0xb, 3, %1, %0, %2" : "+r"(r_) : "r"(offset), "i"(step) : "memory"); r_; })

// rd += dot product of an a register, weights, and bits offset + 31 .. offset of w registers wreg + 1 and wreg, activations; loads nothing, w registers through the activation pointer; illegal while sb_legacy is 1
#define flexv_ml_f_sdotup(acc, wreg, areg, offset) \
	({ uint32_t r_ = (acc); __asm__ volatile(".insn r 0x77, 4, 0x71, %0, x%2, x%1" : "+r"(r_) : "i"(0 | (wreg) << 1 | (areg)), "i"(offset) : "memory"); r_; })

// rd += dot product of an a register, weights, and bits offset + 31 .. offset of w registers wreg + 1 and wreg, activations; loads w register wreg + 2, w registers through the activation pointer; illegal while sb_legacy is 1
#define flexv_ml_f_sdotup_a(acc, wreg, areg, offset) \
	({ uint32_t r_ = (acc); __asm__ volatile(".insn r 0x77, 4, 0x71, %0, x%2, x%1" : "+r"(r_) : "i"(16 | (wreg) << 1 | (areg)), "i"(offset) : "memory"); r_; })

// rd += dot product of an a register, weights, and bits offset + 31 .. offset of w registers wreg + 1 and wreg, activations; loads w register wreg + 3, w registers through the activation pointer; illegal while sb_legacy is 1
#define flexv_ml_f_sdotup_b(acc, wreg, areg, offset) \
	({ uint32_t r_ = (acc); __asm__ volatile(".insn r 0x77, 4, 0x71, %0, x%2, x%1" : "+r"(r_) : "i"(24 | (wreg) << 1 | (areg)), "i"(offset) : "memory"); r_; })

// rd += dot product of an a register, weights, and bits offset + 31 .. offset of w registers wreg + 1 and wreg, activations; loads the a register, w registers through the activation pointer; illegal while sb_legacy is 1
#define flexv_ml_f_sdotup_w(acc, wreg, areg, offset) \
	({ uint32_t r_ = (acc); __asm__ volatile(".insn r 0x77, 4, 0x71, %0, x%2, x%1" : "+r"(r_) : "i"(8 | (wreg) << 1 | (areg)), "i"(offset) : "memory"); r_; })

// rd += dot product of an a register, weights, and bits offset + 31 .. offset of w registers wreg + 1 and wreg, activations; loads nothing, w registers through the activation pointer; illegal while sb_legacy is 1
#define flexv_ml_f_sdotsup(acc, wreg, areg, offset) \
	({ uint32_t r_ = (acc); __asm__ volatile(".insn r 0x77, 4, 0x75, %0, x%2, x%1" : "+r"(r_) : "i"(0 | (wreg) << 1 | (areg)), "i"(offset) : "memory"); r_; })

// rd += dot product of an a register, weights, and bits offset + 31 .. offset of w registers wreg + 1 and wreg, activations; loads w register wreg + 2, w registers through the activation pointer; illegal while sb_legacy is 1
#define flexv_ml_f_sdotsup_a(acc, wreg, areg, offset) \
	({ uint32_t r_ = (acc); __asm__ volatile(".insn r 0x77, 4, 0x75, %0, x%2, x%1" : "+r"(r_) : "i"(16 | (wreg) << 1 | (areg)), "i"(offset) : "memory"); r_; })

// rd += dot product of an a register, weights, and bits offset + 31 .. offset of w registers wreg + 1 and wreg, activations; loads w register wreg + 3, w registers through the activation pointer; illegal while sb_legacy is 1
#define flexv_ml_f_sdotsup_b(acc, wreg, areg, offset) \
	({ uint32_t r_ = (acc); __asm__ volatile(".insn r 0x77, 4, 0x75, %0, x%2, x%1" : "+r"(r_) : "i"(24 | (wreg) << 1 | (areg)), "i"(offset) : "memory"); r_; })

// rd += dot product of an a register, weights, and bits offset + 31 .. offset of w registers wreg + 1 and wreg, activations; loads the a register, w registers through the activation pointer; illegal while sb_legacy is 1
#define flexv_ml_f_sdotsup_w(acc, wreg, areg, offset) \
	({ uint32_t r_ = (acc); __asm__ volatile(".insn r 0x77, 4, 0x75, %0, x%2, x%1" : "+r"(r_) : "i"(8 | (wreg) << 1 | (areg)), "i"(offset) : "memory"); r_; })

// rd += dot product of an a register, weights, and bits offset + 31 .. offset of w registers wreg + 1 and wreg, activations; loads nothing, w registers through the activation pointer; illegal while sb_legacy is 1
#define flexv_ml_f_sdotusp(acc, wreg, areg, offset) \
	({ uint32_t r_ = (acc); __asm__ volatile(".insn r 0x77, 4, 0x6d, %0, x%2, x%1" : "+r"(r_) : "i"(0 | (wreg) << 1 | (areg)), "i"(offset) : "memory"); r_; })

// rd += dot product of an a register, weights, and bits offset + 31 .. offset of w registers wreg + 1 and wreg, activations; loads w register wreg + 2, w registers through the activation pointer; illegal while sb_legacy is 1
#define flexv_ml_f_sdotusp_a(acc, wreg, areg, offset) \
	({ uint32_t r_ = (acc); __asm__ volatile(".insn r 0x77, 4, 0x6d, %0, x%2, x%1" : "+r"(r_) : "i"(16 | (wreg) << 1 | (areg)), "i"(offset) : "memory"); r_; })

// rd += dot product of an a register, weights, and bits offset + 31 .. offset of w registers wreg + 1 and wreg, activations; loads w register wreg + 3, w registers through the activation pointer; illegal while sb_legacy is 1
#define flexv_ml_f_sdotusp_b(acc, wreg, areg, offset) \
	({ uint32_t r_ = (acc); __asm__ volatile(".insn r 0x77, 4, 0x6d, %0, x%2, x%1" : "+r"(r_) : "i"(24 | (wreg) << 1 | (areg)), "i"(offset) : "memory"); r_; })

// rd += dot product of an a register, weights, and bits offset + 31 .. offset of w registers wreg + 1 and wreg, activations; loads the a register, w registers through the activation pointer; illegal while sb_legacy is 1
#define flexv_ml_f_sdotusp_w(acc, wreg, areg, offset) \
	({ uint32_t r_ = (acc); __asm__ volatile(".insn r 0x77, 4, 0x6d, %0, x%2, x%1" : "+r"(r_) : "i"(8 | (wreg) << 1 | (areg)), "i"(offset) : "memory"); r_; })

// rd += dot product of an a register, weights, and bits offset + 31 .. offset of w registers wreg + 1 and wreg, activations; loads nothing, w registers through the activation pointer; illegal while sb_legacy is 1
#define flexv_ml_f_sdotsp(acc, wreg, areg, offset) \
	({ uint32_t r_ = (acc); __asm__ volatile(".insn r 0x77, 4, 0x7d, %0, x%2, x%1" : "+r"(r_) : "i"(0 | (wreg) << 1 | (areg)), "i"(offset) : "memory"); r_; })

// rd += dot product of an a register, weights, and bits offset + 31 .. offset of w registers wreg + 1 and wreg, activations; loads w register wreg + 2, w registers through the activation pointer; illegal while sb_legacy is 1
#define flexv_ml_f_sdotsp_a(acc, wreg, areg, offset) \
	({ uint32_t r_ = (acc); __asm__ volatile(".insn r 0x77, 4, 0x7d, %0, x%2, x%1" : "+r"(r_) : "i"(16 | (wreg) << 1 | (areg)), "i"(offset) : "memory"); r_; })

// rd += dot product of an a register, weights, and bits offset + 31 .. offset of w registers wreg + 1 and wreg, activations; loads w register wreg + 3, w registers through the activation pointer; illegal while sb_legacy is 1
#define flexv_ml_f_sdotsp_b(acc, wreg, areg, offset) \
	({ uint32_t r_ = (acc); __asm__ volatile(".insn r 0x77, 4, 0x7d, %0, x%2, x%1" : "+r"(r_) : "i"(24 | (wreg) << 1 | (areg)), "i"(offset) : "memory"); r_; })

// rd += dot product of an a register, weights, and bits offset + 31 .. offset of w registers wreg + 1 and wreg, activations; loads the a register, w registers through the activation pointer; illegal while sb_legacy is 1
#define flexv_ml_f_sdotsp_w(acc, wreg, areg, offset) \
	({ uint32_t r_ = (acc); __asm__ volatile(".insn r 0x77, 4, 0x7d, %0, x%2, x%1" : "+r"(r_) : "i"(8 | (wreg) << 1 | (areg)), "i"(offset) : "memory"); r_; })

#endif
