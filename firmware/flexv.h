// What a C program needs on Flex-V: console, cycle counter, exit. Instructions of the extensions
// are in flexv_intrinsics.h, which is generated from the instruction table.
#ifndef FLEXV_H
#define FLEXV_H

#include <stdint.h>

#define FLEXV_CONSOLE ((volatile uint8_t *)0x10000000)

#define csr_read(csr) ({ uint32_t v_; __asm__ volatile("csrr %0, " #csr : "=r"(v_)); v_; })
#define csr_write(csr, value) __asm__ volatile("csrw " #csr ", %0" : : "rK"(value) : "memory")

static inline void put_char(char c) { *FLEXV_CONSOLE = (uint8_t)c; }
static inline void put_string(const char *s) { while (*s) put_char(*s++); }
static inline void put_hex(uint32_t v)
{
	for (int shift = 28; shift >= 0; shift -= 4) put_char("0123456789abcdef"[v >> shift & 15]);
}

_Noreturn void exit(int status);

#endif
