// Start-up: stack, trap vector, zeroed .bss, constructors, main; then exit, which calls what is
// registered for it, and _exit, which ends the run through tohost.
// A program that defines trap_entry itself has its own handler.

	.section .text.start, "ax"
	.globl _start
	.type _start, @function
_start:
	.option push
	.option norelax
	la gp, __global_pointer$
	.option pop
	la sp, __stack_top
	la t0, trap_entry
	csrw mtvec, t0
	la t0, __bss_start
	la t1, __bss_end
1:	bgeu t0, t1, 2f
	sw zero, 0(t0)
	addi t0, t0, 4
	j 1b
2:	call __libc_init_array
	li a0, 0
	la a1, no_arguments
	li a2, 0
	call main
	call exit
	.size _start, . - _start

	.globl _exit
	.type _exit, @function
_exit:	slli a0, a0, 1
	ori a0, a0, 1
	la t0, tohost
	sw a0, 0(t0)
	sw zero, 4(t0)
1:	j 1b
	.size _exit, . - _exit

	// A trap that nobody expects ends the program with 0x400 + cause; flexdrive flexv run finds
	// the rest at unexpected_trap.
	.weak trap_entry
	.type trap_entry, @function
	.balign 4
trap_entry:
	la t0, unexpected_trap
	csrr a0, mcause
	sw a0, 0(t0)
	csrr t1, mepc
	sw t1, 4(t0)
	csrr t1, mtval
	sw t1, 8(t0)
	andi a0, a0, 0x3f
	ori a0, a0, 0x400
	j _exit
	.size trap_entry, . - trap_entry

	.section .tohost, "aw", @progbits
	.balign 64
	.globl tohost
tohost:	.word 0, 0
	.balign 64
	.globl fromhost
fromhost: .word 0, 0
	// mcause, mepc, mtval. Here because nobody writes here by mistake.
	.weak unexpected_trap
unexpected_trap: .word 0, 0, 0
no_arguments: .word 0
