// Start-up of all cores of a cluster: stack in L1, trap vector. Core 0 zeroes what is to be zero,
// runs constructors, main and exit; the others wait for functions that core 0 sends them
// (cluster.c). A trap stops the cluster with its cause.

#include "flexv_cluster_registers.h"

	.section .text.start, "ax"
	.globl _start
	.type _start, @function
_start:
	.option push
	.option norelax
	la gp, __global_pointer$
	.option pop
	la t0, trap_entry
	csrw mtvec, t0
	csrr s0, mhartid
	lui t0, %hi(__core_stack_size)
	addi t0, t0, %lo(__core_stack_size)
	addi t1, s0, 1
	mul t1, t1, t0
	la sp, __l1_stacks
	add sp, sp, t1
	beqz s0, 1f
	j cluster_worker
1:	la t0, __bss_start
	la t1, __bss_end
	call zero
	la t0, __l1_start
	la t1, __l1_end
	call zero
	la t0, __l1_data_start
	la t1, __l1_data_end
	la t2, __l1_data_load
2:	bgeu t0, t1, 3f
	lw t3, 0(t2)
	sw t3, 0(t0)
	addi t0, t0, 4
	addi t2, t2, 4
	j 2b
3:	call __libc_init_array
	li a0, 0
	la a1, no_arguments
	li a2, 0
	call main
	call exit
	.size _start, . - _start

	.type zero, @function
zero:	bgeu t0, t1, 1f
	sw zero, 0(t0)
	addi t0, t0, 4
	j zero
1:	ret
	.size zero, . - zero

	.globl _exit
	.type _exit, @function
_exit:	slli a0, a0, 1
	ori a0, a0, 1
	la t0, tohost
	sw a0, 0(t0)
1:	j 1b
	.size _exit, . - _exit

	// The first core that traps stops the cluster: FAULT_VALUE claims, FAULT_CAUSE stops.
	.weak trap_entry
	.type trap_entry, @function
	.balign 4
trap_entry:
	li t0, FLEXV_ADDRESS_FAULT_CAUSE
	csrr t1, mtval
	sw t1, FLEXV_ADDRESS_FAULT_VALUE - FLEXV_ADDRESS_FAULT_CAUSE(t0)
	csrr t1, mepc
	sw t1, FLEXV_ADDRESS_FAULT_PC - FLEXV_ADDRESS_FAULT_CAUSE(t0)
	csrr t1, mcause
	sw t1, 0(t0)
1:	j 1b
	.size trap_entry, . - trap_entry

	.section .tohost, "aw", @progbits
	.balign 64
	.globl tohost
tohost:	.word 0, 0
	.balign 64
no_arguments: .word 0
