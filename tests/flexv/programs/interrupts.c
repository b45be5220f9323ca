// Every interrupt source of flexdrive flexv run, and every width of access to its registers.

#include <stdio.h>

#include "flexv.h"

static volatile uint32_t seen[32], count;

// Withdraws what it was called for.
__attribute__((interrupt("machine"))) void trap_entry(void)
{
	uint32_t cause = csr_read(mcause), number = cause & 31;
	if (count < 32) seen[count++] = cause;
	if (number == 3) *FLEXV_MSIP = 0;
	else if (number == 7) timer_set(~UINT64_C(0));
	else *FLEXV_LINES &= ~(UINT32_C(1) << number);
}

static void report(const char *what)
{
	printf("%s:", what);
	for (uint32_t i = 0; i < count; i++) printf(" %lx", (unsigned long)seen[i]);
	printf("\n");
	count = 0;
}

int main(void)
{
	csr_write(mie, 0xffff0888);
	// What is up while interrupts are off waits; the order of priority then.
	*FLEXV_MSIP = 0xffffffff;
	*FLEXV_LINES = 0xffffffff;
	timer_set(0);
	printf("%lx %lx %lx\n", (unsigned long)csr_read(mip), (unsigned long)*FLEXV_MSIP,
	       (unsigned long)*FLEXV_LINES);
	csr_set(mstatus, 8);
	while (count < 19);
	report("all");
	printf("%lx\n", (unsigned long)csr_read(mip));

	uint64_t then = timer_read() + 500;
	timer_set(then);
	while (count == 0) __asm__ volatile("wfi");
	printf("%d %d ", timer_read() >= then, timer_read() < then + 300);
	report("timer");
	// A jump to itself that an interrupt ends.
	csr_clear(mie, 1 << 7);
	timer_set(timer_read() + 300);
	*FLEXV_MSIP = 1;
	csr_set(mie, 1 << 7);
	while (count < 2);
	report("two");

	csr_clear(mstatus, 8);
	volatile uint8_t *bytes = (volatile uint8_t *)FLEXV_MTIMECMP;
	FLEXV_MTIMECMP[0] = 0x11223344;
	FLEXV_MTIMECMP[1] = 0x55667788;
	bytes[2] = 0xaa;
	*(volatile uint16_t *)(bytes + 4) = 0xbbcc;
	uint32_t across;
	__asm__ volatile("lw %0, 0(%1)" : "=r"(across) : "r"(bytes + 3));
	printf("%lx %lx %x %lx\n", (unsigned long)FLEXV_MTIMECMP[0], (unsigned long)FLEXV_MTIMECMP[1],
	       bytes[6], (unsigned long)across);
	FLEXV_MTIME[1] = 9;
	printf("%lx\n", (unsigned long)FLEXV_MTIME[1]);

	// The console: its lowest byte is printed, it gives 0.
	*(volatile uint32_t *)FLEXV_CONSOLE = 0x0a212141;
	FLEXV_CONSOLE[1] = 'x';
	*(volatile uint16_t *)(FLEXV_CONSOLE + 2) = 0x7979;
	printf("!%d%d\n", FLEXV_CONSOLE[0], FLEXV_CONSOLE[3]);
}
