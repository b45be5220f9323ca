// Results of a program as text, on Flex-V and, for the expected text, on the machine that builds.
#ifndef REPORT_H
#define REPORT_H

#include <stdint.h>

#ifdef HOST
#include <stdio.h>
static void put_character(char c) { putchar(c); }
#else
#include "flexv.h"
static void put_character(char c) { put_char(c); }
#endif

static void report(const char *what, uint32_t value)
{
	while (*what) put_character(*what++);
	put_character(' ');
	for (int shift = 28; shift >= 0; shift -= 4)
		put_character("0123456789abcdef"[value >> shift & 15]);
	put_character('\n');
}

#endif
