// 64-bit arithmetic, division, shifts, sign and zero extension, bit fields, volatile accesses.
#include "flexv.h"

struct bits { unsigned a : 3; signed b : 5; unsigned c : 11; signed d : 13; };
static volatile uint64_t wide = 0x123456789abcdef0ull;
static volatile int64_t negative = -987654321012345ll;
static volatile int32_t small[4] = {-7, 3, -2147483647 - 1, -1};
static volatile int8_t bytes[5] = {-128, 127, -1, 0, 5};
static volatile uint16_t halves[3] = {0xffff, 0x8000, 1};

int main(void)
{
	if (wide % 1000003 != 0x123456789abcdef0ull - wide / 1000003 * 1000003) return 1;
	if (negative / 12345 != -80004400244 || negative % 12345 != -165) return 2;
	if (small[0] / small[1] != -2 || small[0] % small[1] != -1) return 3;
	if ((uint32_t)small[2] / 3u != 715827882u) return 4;
	if ((negative >> 7) * 128 + (negative & 127) != negative) return 5;
	int32_t total = 0;
	for (int i = 0; i < 5; i++) total = total * 3 + bytes[i];
	if (total != -6943) return 6;
	if (halves[0] + halves[1] * 2 != 131071 || (int16_t)halves[1] != -32768) return 7;
	struct bits b = {5, -9, 1777, -4000};
	b.a += 4; b.b -= 8; b.c ^= 1023; b.d /= 7;
	if (b.a != 1 || b.b != 15 || b.c != 1294 || b.d != -571) return 8;
	uint32_t crc = ~0u;
	for (int i = 0; i < 64; i++) {
		crc ^= (uint8_t)(wide >> i % 56);
		for (int k = 0; k < 8; k++) crc = crc >> 1 ^ (0xEDB88320u & -(crc & 1));
	}
	put_string("crc "); put_hex(~crc); put_char('\n');
	return 0;
}
