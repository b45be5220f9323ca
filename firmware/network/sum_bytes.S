// Words of sums of two maps of 8 bits (net_sum_bytes of dots.h): 35 cycles for 4 values.

	.include "flexv.inc"
	.option norelax
	.option norvc

// Pairs of a value of each map, from the next word of each; they are made while a word is packed.
	.macro next_pairs
	p.lw.post s0, a0, 4
	p.lw.post s1, a1, 4
	and s2, s0, t5
	and s3, s1, t5
	srli s0, s0, 8
	srli s1, s1, 8
	and s0, s0, t5
	and s1, s1, t5
	pv.pack a5, s3, s2
	pv.pack a6, s1, s0
	pv.pack.h a7, s3, s2
	pv.pack.h t6, s1, s0
	.endm

	.section .text.net_sum_bytes, "ax"
	.balign 4
	.globl net_sum_bytes
	.type net_sum_bytes, @function
net_sum_bytes:
	addi sp, sp, -32
	sw s0, 0(sp)
	sw s1, 4(sp)
	sw s2, 8(sp)
	sw s3, 12(sp)
	sw s4, 16(sp)
	sw s5, 20(sp)
	sw s6, 24(sp)
	sw s7, 28(sp)
	lw t0, 0(a4)
	lw t1, 4(a4)
	lw t2, 8(a4)
	lw t3, 12(a4)
	lui t4, 0x10
	li t5, 0x00ff00ff
	next_pairs
	lp.setup 0, a3, net_sum_bytes_end
	mv s0, t2
	mv s1, t2
	mv s2, t2
	mv s3, t2
	mv s4, t3
	mv s5, t3
	mv s6, t3
	mv s7, t3
	pv.sdotusp.h s0, a5, t0
	pv.sdotup.h s4, a5, t1
	pv.sdotusp.h s1, a6, t0
	pv.sdotup.h s5, a6, t1
	pv.sdotusp.h s2, a7, t0
	pv.sdotup.h s6, a7, t1
	pv.sdotusp.h s3, t6, t0
	pv.sdotup.h s7, t6, t1
	rq.pack s0, t4, s4
	rq.pack s1, t4, s5
	rq.pack s2, t4, s6
	rq.pack s3, t4, s7
	next_pairs
	csrrw s0, CSR_RQ_WORD, zero
net_sum_bytes_end:
	p.sw.post s0, a2, 4
	lw s0, 0(sp)
	lw s1, 4(sp)
	lw s2, 8(sp)
	lw s3, 12(sp)
	lw s4, 16(sp)
	lw s5, 20(sp)
	lw s6, 24(sp)
	lw s7, 28(sp)
	addi sp, sp, 32
	ret
	.size net_sum_bytes, . - net_sum_bytes
