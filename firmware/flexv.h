// What a C program needs on Flex-V beside the C library: console, timer and interrupts of
// flexdrive flexv run (docs/flexv-programs.md), CSRs. Instructions of the extensions are in
// flexv_intrinsics.h, which is generated from the instruction table.
#ifndef FLEXV_H
#define FLEXV_H

#include <stdint.h>
#include <stdlib.h>

#define FLEXV_CONSOLE ((volatile uint8_t *)0x10000000)

// Bit 0: interrupt 3 (software).
#define FLEXV_MSIP ((volatile uint32_t *)0x02000000)
// Interrupt 7 (timer) while mtime >= mtimecmp; two words each.
#define FLEXV_MTIMECMP ((volatile uint32_t *)0x02004000)
#define FLEXV_MTIME ((volatile uint32_t *)0x0200bff8)
// Bits 11 (external) and 16 to 31 (local): interrupts of these numbers.
#define FLEXV_LINES ((volatile uint32_t *)0x0200c000)

#define csr_read(csr) ({ uint32_t v_; __asm__ volatile("csrr %0, " #csr : "=r"(v_)); v_; })
#define csr_write(csr, value) __asm__ volatile("csrw " #csr ", %0" : : "rK"(value) : "memory")

#define csr_set(csr, bits) __asm__ volatile("csrs " #csr ", %0" : : "rK"(bits) : "memory")
#define csr_clear(csr, bits) __asm__ volatile("csrc " #csr ", %0" : : "rK"(bits) : "memory")

static inline uint64_t timer_read(void)
{
	uint32_t high, low;
	do {
		high = FLEXV_MTIME[1];
		low = FLEXV_MTIME[0];
	} while (high != FLEXV_MTIME[1]);
	return (uint64_t)high << 32 | low;
}

// The next interrupt of the timer comes at `time`; ~0 for none.
static inline void timer_set(uint64_t time)
{
	// No interrupt in between.
	FLEXV_MTIMECMP[1] = ~UINT32_C(0);
	FLEXV_MTIMECMP[0] = (uint32_t)time;
	FLEXV_MTIMECMP[1] = (uint32_t)(time >> 32);
}

static inline void put_char(char c) { *FLEXV_CONSOLE = (uint8_t)c; }
static inline void put_string(const char *s) { while (*s) put_char(*s++); }
static inline void put_hex(uint32_t v)
{
	for (int shift = 28; shift >= 0; shift -= 4) put_char("0123456789abcdef"[v >> shift & 15]);
}

#endif
