// In the style of the standard test programs: own start, tests by number, tohost, signature.
	.include "flexv.inc"
	.option norelax
	.section .text.start, "ax"
	.globl _start
_start:	la t0, handler
	csrw mtvec, t0
	la s1, begin_signature

	.macro expect number, cause, value
	li gp, \number
	li t1, \cause
	bne a0, t1, fail
	li t1, \value
	bne a1, t1, fail
	.endm

	li gp, 1
	ecall
	expect 2, 11, 0
	ebreak
	expect 3, 3, 0
	.word 0xffffffff
	expect 4, 2, -1
	.half 0
	expect 5, 2, 0
	li t0, 0x40000002
	lw t2, 0(t0)
	expect 6, 5, 0x40000002
	sh t2, 1(t0)
	expect 7, 7, 0x40000003
	csrw mhartid, t0
	expect 8, 2, 0xf1429073
	csrr t0, 0x5c0
	expect 9, 2, 0x5c0022f3
	la ra, 1f
	li t0, 0x30000000
	jr t0
1:	expect 10, 1, 0x30000000
	// A hardware loop in which every instruction traps goes on afterwards.
	li s2, 0
	lp.setupi 0, 3, 2f
	addi s2, s2, 1
2:	addi s2, s2, 0x10
	li gp, 11
	li t1, 0x33
	bne s2, t1, fail
	// The third format code that does not exist makes dot products illegal.
	csrwi CSR_SB_LEGACY, 0
	csrwi CSR_IVEC_FMT, 12
	pv.dotsp.b a2, a3, a4
	expect 12, 2, 0x98e69657
	csrwi CSR_SB_LEGACY, 1

	li t0, 1
	j done
fail:	slli t0, gp, 1
	ori t0, t0, 1
done:	la t1, tohost
	sw t0, 0(t1)
	sw zero, 4(t1)
1:	j 1b

	// Leaves cause and value in a0, a1 and steps over the instruction.
	.balign 4
handler:
	csrr a0, mcause
	csrr a1, mtval
	csrr t6, mepc
	sw a0, 0(s1)
	addi s1, s1, 4
	li t5, 1
	beq a0, t5, 3f
	lhu t5, 0(t6)
	andi t5, t5, 3
	addi t6, t6, 2
	li t4, 3
	bne t5, t4, 2f
	addi t6, t6, 2
2:	csrw mepc, t6
	mret
3:	csrw mepc, ra
	mret

	.section .tohost, "aw", @progbits
	.balign 64
	.globl tohost
tohost:	.word 0, 0
	.data
	.balign 16
	.globl begin_signature
begin_signature:
	.space 48, 0xff
	.globl end_signature
end_signature:
