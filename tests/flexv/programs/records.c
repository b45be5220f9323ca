// A mixture in the manner of Dhrystone: records behind pointers, strings, enumerations, small
// procedures, arrays of arrays.
#include "report.h"

enum kind { FIRST, SECOND, THIRD, FOURTH };

struct record {
	struct record *other;
	enum kind kind;
	int32_t number;
	char text[31];
};

static struct record one, two;
static int32_t rows[50][50], line[50];
static int32_t counter;
static char flag;

static int compare(const char *a, const char *b)
{
	while (*a && *a == *b) a++, b++;
	return (uint8_t)*a - (uint8_t)*b;
}

static void copy(char *to, const char *from) { while ((*to++ = *from++)) {} }

static enum kind other_kind(enum kind kind, int32_t limit)
{
	switch (kind) {
	case FIRST: return limit > 100 ? FIRST : FOURTH;
	case SECOND: return FIRST;
	case THIRD: return SECOND;
	default: return THIRD;
	}
}

static void follow(struct record *r)
{
	struct record *next = r->other;
	*next = *r;
	r->number = 5;
	next->number = r->number;
	next->other = r->other;
	if (next->kind == FIRST) {
		next->number = 6;
		next->kind = other_kind(r->kind, counter);
		next->number += 7;
	} else {
		*r = *next;
	}
}

static void fill(int32_t at, int32_t value)
{
	line[at] = value;
	line[at + 1] = line[at];
	line[at + 20] = at;
	for (int32_t i = at; i <= at + 1; i++) rows[at][i] = at;
	rows[at][at - 1]++;
	rows[at + 15][at] = line[at];
	counter = (counter + 5) & 0xffff;
}

int main(void)
{
	char first[31], second[31];
	uint32_t hash = 2166136261u;
	one.other = &two; one.kind = THIRD; one.number = 40;
	copy(one.text, "A RECORD, SOME PROGRAM");
	copy(first, "A RECORD, 1ST STRING");
	for (int32_t run = 1; run <= 100; run++) {
		int32_t a = 2, b = 3, c = run % 7;
		copy(second, run & 1 ? "A RECORD, 2ND STRING" : "A RECORD, 1ST STRING");
		flag = compare(first, second) ? 'A' : 'B';
		while (a < b) { c = 5 * a - b + c; a++; }
		fill(3 + c % 9, c);
		two.other = run % 3 ? &one : &two;
		one.kind = (enum kind)(run & 3);
		follow(&one);
		for (char letter = 'A'; letter <= flag; letter++) b = b * 3 + letter;
		b = b * c;
		a = b / (c ? c : 1);
		b = 7 * (b - a) - c;
		one.other = &two;
		hash = (hash ^ (uint32_t)(a + b + c + counter + (int32_t)two.kind + two.number)) * 16777619u;
	}
	report("records", hash);
	report("text", (uint32_t)compare(two.text, one.text) + (uint8_t)two.text[12]);
	for (int i = 0; i < 50; i++)
		for (int j = 0; j < 50; j++) hash = (hash ^ (uint32_t)rows[i][j]) * 16777619u + (uint32_t)line[j];
	report("rows", hash);
	return 0;
}
