// Starts itself and talks to its host through tohost and fromhost, as the benchmarks of
// riscv-tests do.

#include <stdint.h>
#include <string.h>

volatile uint64_t tohost __attribute__((section(".tohost"), aligned(64)));
volatile uint64_t fromhost __attribute__((section(".tohost"), aligned(64)));

__asm__(".section .text.start, \"ax\"\n.globl _start\n_start: la sp, __stack_top\ncall main\n");

static uint32_t call(uint32_t which, uint64_t a, uint64_t b, uint64_t c)
{
	volatile uint64_t magic_mem[8] __attribute__((aligned(64)));
	magic_mem[0] = which;
	magic_mem[1] = a;
	magic_mem[2] = b;
	magic_mem[3] = c;
	__sync_synchronize();
	tohost = (uintptr_t)magic_mem;
	while (fromhost == 0);
	fromhost = 0;
	__sync_synchronize();
	return (uint32_t)magic_mem[0];
}

static void print(const char *text) { call(64, 1, (uintptr_t)text, strlen(text)); }

int main(void)
{
	print("hello\n");
	if (call(64, 2, (uintptr_t)"error\n", 6) != 6) tohost = 3;
	if (call(64, 7, (uintptr_t)"file\n", 5) != (uint32_t)-9) tohost = 5;
	if (call(64, 1, 0x40, 5) != (uint32_t)-14) tohost = 7;
	if (call(64, 1, (uintptr_t)"long", UINT64_C(1) << 40) != (uint32_t)-14) tohost = 9;
	print("done\n");
	call(93, STATUS, 0, 0);
	for (;;);
}
