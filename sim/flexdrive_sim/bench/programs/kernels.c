// A mixture in the manner of CoreMark: a linked list sorted and searched, matrices, a state machine
// over text, a CRC over all results.
#include "report.h"

#ifndef RUNS
#define RUNS 3
#endif

static uint16_t crc16(uint16_t crc, uint32_t value)
{
	for (int i = 0; i < 32; i++, value >>= 1) {
		uint16_t carry = (uint16_t)((crc ^ value) & 1);
		crc = (uint16_t)(crc >> 1 ^ (carry ? 0xa001 : 0));
	}
	return crc;
}

struct node { struct node *next; int16_t value, index; };
static struct node nodes[60];

static struct node *merge_sort(struct node *list, int by_index)
{
	if (!list || !list->next) return list;
	struct node *slow = list, *fast = list->next;
	while (fast && fast->next) slow = slow->next, fast = fast->next->next;
	struct node *right = merge_sort(slow->next, by_index), head = {0, 0, 0}, *tail = &head;
	slow->next = 0;
	struct node *left = merge_sort(list, by_index);
	while (left && right) {
		struct node **chosen = (by_index ? left->index <= right->index : left->value <= right->value)
			? &left : &right;
		tail->next = *chosen;
		tail = *chosen;
		*chosen = (*chosen)->next;
	}
	tail->next = left ? left : right;
	return head.next;
}

static uint16_t lists(uint16_t crc, uint32_t seed)
{
	for (int i = 0; i < 60; i++) {
		seed = seed * 1103515245u + 12345u;
		nodes[i].value = (int16_t)(seed >> 16);
		nodes[i].index = (int16_t)i;
		nodes[i].next = i < 59 ? &nodes[i + 1] : 0;
	}
	struct node *list = merge_sort(nodes, 0);
	for (struct node *n = list; n; n = n->next) crc = crc16(crc, (uint32_t)(n->value * 64 + n->index));
	list = merge_sort(list, 1);
	for (struct node *n = list; n; n = n->next) crc = crc16(crc, (uint32_t)n->value);
	return crc;
}

#define N 12
static int16_t a[N][N], b[N][N];
static int32_t c[N][N];

static uint16_t matrices(uint16_t crc, uint32_t seed)
{
	for (int i = 0; i < N; i++)
		for (int j = 0; j < N; j++) {
			seed = seed * 1664525u + 1013904223u;
			a[i][j] = (int16_t)(seed >> 20); b[i][j] = (int16_t)(seed >> 8 & 0xfff);
		}
	for (int i = 0; i < N; i++)
		for (int j = 0; j < N; j++) {
			int32_t total = 0;
			for (int k = 0; k < N; k++) total += a[i][k] * b[k][j];
			c[i][j] = total;
		}
	for (int i = 0; i < N; i++)
		for (int j = 0; j < N; j++) {
			crc = crc16(crc, (uint32_t)c[i][j]);
			crc = crc16(crc, (uint32_t)((c[i][j] >> 2 & 15) * (c[i][j] >> 5 & 127)));
		}
	return crc;
}

static const char text[] = "5012,-1.5e3,+17,0x,1e,.7,99999,-3.25E-2,abc,1.,--4,8e+5,,12";

static uint16_t states(uint16_t crc)
{
	enum { START, SIGN, INT, POINT, FRACTION, EXPONENT, POWER, BAD } state = START;
	uint32_t counts[8] = {0};
	for (const char *p = text;; p++) {
		char ch = *p;
		int digit = ch >= '0' && ch <= '9', sign = ch == '+' || ch == '-';
		if (ch == ',' || !ch) { counts[state]++; state = START; if (!ch) break; continue; }
		switch (state) {
		case START: state = sign ? SIGN : digit ? INT : ch == '.' ? POINT : BAD; break;
		case SIGN: state = digit ? INT : ch == '.' ? POINT : BAD; break;
		case INT: state = digit ? INT : ch == '.' ? FRACTION : (ch | 32) == 'e' ? EXPONENT : BAD; break;
		case POINT: state = digit ? FRACTION : BAD; break;
		case FRACTION: state = digit ? FRACTION : (ch | 32) == 'e' ? EXPONENT : BAD; break;
		case EXPONENT: state = digit || sign ? POWER : BAD; break;
		case POWER: state = digit ? POWER : BAD; break;
		default: break;
		}
	}
	for (int i = 0; i < 8; i++) crc = crc16(crc, counts[i]);
	return crc;
}

int main(void)
{
	uint16_t crc = 0xffff;
	for (uint32_t run = 0; run < RUNS; run++) {
		crc = lists(crc, 0x1234 + run);
		report("lists", crc);
		crc = matrices(crc, crc);
		report("matrices", crc);
		crc = states(crc);
		report("states", crc);
	}
	return 0;
}
