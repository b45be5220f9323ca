// Sorting, searching, recursion, function pointers.
#include "flexv.h"

static int32_t data[200];
static uint32_t seed = 12345;

static uint32_t next(void) { seed = seed * 1103515245 + 12345; return seed >> 8; }

static void quick(int32_t *a, int n, int (*less)(int32_t, int32_t))
{
	if (n < 2) return;
	int32_t pivot = a[n / 2];
	int i = 0, j = n - 1;
	for (;; i++, j--) {
		while (less(a[i], pivot)) i++;
		while (less(pivot, a[j])) j--;
		if (i >= j) break;
		int32_t t = a[i]; a[i] = a[j]; a[j] = t;
	}
	quick(a, i, less);
	quick(a + i, n - i, less);
}

static int up(int32_t a, int32_t b) { return a < b; }
static int down(int32_t a, int32_t b) { return a > b; }

int main(void)
{
	for (int i = 0; i < 200; i++) data[i] = (int32_t)(next() ^ (next() << 16));
	quick(data, 200, up);
	for (int i = 1; i < 200; i++) if (data[i - 1] > data[i]) return 1;
	quick(data, 200, down);
	for (int i = 1; i < 200; i++) if (data[i - 1] < data[i]) return 2;
	return 0;
}
