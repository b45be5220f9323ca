// Words of sums of maps of 4 or 2 bits, 4 bits of both maps looked up at a time (net_lookup_words of
// dots.h): 34 cycles for 8 times 4 bits.

	.include "flexv.inc"
	.option norelax
	.option norvc

// The four bytes of \word as indices: two of them in registers, two loaded at once.
	.macro look_up word, r0, r1, r2, r3
	andi \r0, \word, 255
	p.extractu \r1, \word, 7, 8
	p.extractu \r2, \word, 7, 16
	srli \r3, \word, 24
	p.lbu.reg \r0, a4, \r0
	p.lbu.reg \r1, a4, \r1
	p.lbu.reg \r2, a4, \r2
	p.lbu.reg \r3, a4, \r3
	.endm

	.section .text.net_lookup_words, "ax"
	.balign 4
	.globl net_lookup_words
	.type net_lookup_words, @function
net_lookup_words:
	addi sp, sp, -16
	sw s0, 0(sp)
	sw s1, 4(sp)
	li t5, 0x0f0f0f0f
	not t6, t5
	p.lw.post s0, a0, 4
	p.lw.post s1, a1, 4
	lp.setup 0, a3, net_lookup_words_end
	and t0, s0, t5
	srli s0, s0, 4
	and t1, s1, t5
	slli t1, t1, 4
	or t0, t0, t1
	and s0, s0, t5
	and s1, s1, t6
	or s0, s0, s1
	look_up t0, a5, a6, a7, t2
	look_up s0, t0, t1, t3, t4
	p.insert t2, t4, 3, 4
	p.insert a6, t1, 3, 4
	p.insert a7, t3, 3, 4
	p.insert a5, t0, 3, 4
	// No bit field is needed by the instruction behind it.
	p.insert a7, t2, 7, 8
	p.insert a5, a6, 7, 8
	p.lw.post s0, a0, 4
	p.insert a5, a7, 15, 16
	p.lw.post s1, a1, 4
net_lookup_words_end:
	p.sw.post a5, a2, 4
	lw s0, 0(sp)
	lw s1, 4(sp)
	addi sp, sp, 16
	ret
	.size net_lookup_words, . - net_lookup_words
