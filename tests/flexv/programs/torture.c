// Corners of C that compilers and cores get wrong: arithmetic, 64 bits, bit fields, aggregates,
// variable arguments, control flow, volatile and misaligned memory.
#include <stdarg.h>
#include "report.h"

static uint32_t seed = 99;
static uint32_t next(void) { return seed = seed * 1664525u + 1013904223u; }

static uint32_t mix(uint32_t hash, uint32_t value) { return (hash ^ value) * 16777619u; }

static const int32_t edges[] = {0, 1, -1, 2, -2, 127, 128, -128, 255, 32767, -32768, 65535,
	0x7fffffff, -0x7fffffff - 1, 0x55555555};
#define EDGES (sizeof edges / sizeof edges[0])

static void arithmetic(void)
{
	uint32_t hash = 1;
	for (unsigned i = 0; i < EDGES; i++)
		for (unsigned j = 0; j < EDGES; j++) {
			uint32_t a = (uint32_t)edges[i], b = (uint32_t)edges[j];
			hash = mix(hash, a + b); hash = mix(hash, a - b); hash = mix(hash, a * b);
			hash = mix(hash, a << (b & 31)); hash = mix(hash, a >> (b & 31));
			hash = mix(hash, (uint32_t)(edges[i] >> (b & 31)));
			hash = mix(hash, a < b); hash = mix(hash, edges[i] < edges[j]);
			if (b) { hash = mix(hash, a / b); hash = mix(hash, a % b); }
			if (b && !(a == 0x80000000u && b == 0xffffffffu)) {
				hash = mix(hash, (uint32_t)(edges[i] / edges[j]));
				hash = mix(hash, (uint32_t)(edges[i] % edges[j]));
			}
		}
	report("arithmetic", hash);
}

static void wide(void)
{
	uint64_t hash = 1;
	for (unsigned i = 0; i < EDGES; i++)
		for (unsigned j = 0; j < EDGES; j++) {
			int64_t a = (int64_t)edges[i] * edges[j] + edges[j], b = (int64_t)edges[j] << 7 | 5;
			hash = hash * 1099511628211u ^ (uint64_t)(a + b);
			hash = hash * 1099511628211u ^ (uint64_t)a * (uint64_t)b;
			hash = hash * 1099511628211u ^ (uint64_t)(a / b);
			hash = hash * 1099511628211u ^ (uint64_t)(a % b);
			hash = hash * 1099511628211u ^ (uint64_t)a >> (j & 63) ^ (uint64_t)b << (i & 63);
			hash ^= (uint64_t)(a >> (i & 63)) + (a < b);
		}
	report("wide low", (uint32_t)hash);
	report("wide high", (uint32_t)(hash >> 32));
}

struct fields { unsigned a : 3; signed b : 5; unsigned c : 11; signed d : 13; uint8_t e; int16_t f; };

static struct fields turn(struct fields f, int by)
{
	f.a += (unsigned)by; f.b = (f.b + by) & 15; f.c ^= 0x2a5; f.d = -f.d / 2; f.e -= 3; f.f ^= by;
	return f;
}

static void aggregates(void)
{
	struct fields f = {5, -7, 1000, -2000, 1, -300};
	uint32_t hash = 1;
	for (int i = 0; i < 50; i++) {
		f = turn(f, i);
		hash = mix(hash, f.a); hash = mix(hash, (uint32_t)f.b); hash = mix(hash, f.c);
		hash = mix(hash, (uint32_t)f.d); hash = mix(hash, f.e); hash = mix(hash, (uint32_t)f.f);
	}
	union { uint32_t word; uint8_t bytes[4]; uint16_t halves[2]; } u = {0x12345678};
	u.bytes[1] ^= 0xff; u.halves[1] += 0x1111;
	report("aggregates", mix(hash, u.word));
}

static uint32_t sum(int count, ...)
{
	va_list list;
	uint32_t total = 0;
	va_start(list, count);
	for (int i = 0; i < count; i++)
		total = i % 3 == 2 ? mix(total, (uint32_t)(va_arg(list, uint64_t) >> 16))
		                   : mix(total, va_arg(list, uint32_t));
	va_end(list);
	return total;
}

static int ackermann(int m, int n)
{
	return m == 0 ? n + 1 : n == 0 ? ackermann(m - 1, 1) : ackermann(m - 1, ackermann(m, n - 1));
}

static int step(int state, uint32_t input)
{
	switch (state * 4 + (int)(input & 3)) {
	case 0: return 3; case 1: return 7; case 2: return 1; case 3: return 0;
	case 4: return 5; case 5: return 2; case 7: return 6; case 9: return 4;
	case 12: return 1; case 13: return 9; case 15: return 8; case 28: return 2;
	case 1000: return 77; case -5: return 1;
	default: return (state + (int)(input >> 3 & 7)) % 10;
	}
}

static uint32_t times3(uint32_t x) { return 3 * x; }
static uint32_t plus(uint32_t x) { return x + 0x1234; }
static uint32_t inverse(uint32_t x) { return ~x; }

static void control(void)
{
	uint32_t (*const functions[])(uint32_t) = {times3, plus, inverse};
	uint32_t hash = 1;
	int state = 0;
	for (int i = 0; i < 300; i++) {
		uint32_t random = next();
		state = step(state, random >> 9);
		hash = functions[random >> 7 & 1 ? 2 : state & 1](mix(hash, (uint32_t)state));
	}
	report("control", hash);
	report("ackermann", (uint32_t)ackermann(2, 6));
	report("arguments", sum(9, 1u, 2u, (uint64_t)0x123456789abcdefull, 4u, 5u, (uint64_t)6 << 40, 7u,
	                        8u, (uint64_t)0xffffffffffffffffull));
}

static uint8_t memory[256];

static void bytes(void)
{
	uint32_t hash = 1;
	for (int i = 0; i < 256; i++) memory[i] = (uint8_t)next();
	for (int i = 0; i < 240; i++) {
		uint32_t word; uint16_t half;
		__builtin_memcpy(&word, memory + i, 4);
		__builtin_memcpy(&half, memory + 255 - i - 2, 2);
		word += half;
		__builtin_memcpy(memory + (i * 7) % 250, &word, 4);
		hash = mix(hash, word);
	}
	volatile uint8_t *p = memory;
	for (int i = 1; i < 256; i++) p[i] = (uint8_t)(p[i] + p[i - 1]);
	for (int i = 0; i < 256; i++) hash = mix(hash, memory[i]);
	report("bytes", hash);
}

int main(void)
{
	arithmetic(); wide(); aggregates(); control(); bytes();
	return 0;
}
