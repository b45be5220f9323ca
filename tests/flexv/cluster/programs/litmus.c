// Store buffering, message passing, load buffering and coherence, by pairs of cores, with variables in
// L1, outside and mixed, at many distances: what sequential consistency forbids must not be seen.

#include "flexv_cluster.h"

#ifndef DISTANCES
#define DISTANCES 10
#endif

struct pair {
	volatile uint32_t a, b;
};

static FLEXV_L1 struct pair near[2];
static struct pair far[2];
static FLEXV_L1 volatile uint32_t seen[4][2], bad;

static inline void after(uint32_t cycles)
{
	while (cycles--) __asm__ volatile("nop");
}

static void work(void *data)
{
	uint32_t me = core_id(), second = me & 1, group = me >> 1;
	for (uint32_t place = 0; place < 3; place++) {
		volatile uint32_t *x = place == 1 ? &far[group].a : &near[group].a;
		volatile uint32_t *y = place == 0 ? &near[group].b : &far[group].b;
		for (uint32_t test = 0; test < 4; test++) {
			for (uint32_t distance = 0; distance < 2 * DISTANCES; distance++) {
				uint32_t first = 0, then = 0;
				if (!second) *x = 0, *y = 0;
				barrier();
				if (second == (distance & 1)) after(distance >> 1);
				if (test == 0) {
					*(second ? y : x) = 1;
					first = *(second ? x : y);
				} else if (test == 1) {
					if (second) first = *y, then = *x;
					else *x = 1, *y = 1;
				} else if (test == 2) {
					first = *(second ? y : x);
					*(second ? x : y) = 1;
				} else {
					if (second) first = *x, then = *x;
					else *x = 1, *x = 2;
				}
				seen[me][0] = first, seen[me][1] = then;
				barrier();
				if (second) {
					uint32_t other = seen[me - 1][0];
					int wrong = test == 0 ? !first && !other
					          : test == 1 ? first && !then
					          : test == 2 ? first && other
					                      : first > then;
					if (wrong) bad = 1 + test + 4 * place;
				}
				barrier();
			}
		}
	}
}

int main(void)
{
	cluster_fork(work, 0);
	return bad;
}
