// Mutexes and tickets count what all cores do; barriers part the rounds.

#include "flexv_cluster.h"
static FLEXV_L1 volatile uint32_t shared, tickets, plain[4], bad;
static void work(void *data)
{
	uint32_t me = core_id();
	for (int i = 0; i < 50; i++) {
		mutex_lock(1);
		uint32_t seen = shared;
		for (uint32_t k = 0; k < (me + i) % 5; k++) __asm__ volatile("nop");
		shared = seen + 1;
		mutex_unlock(1);
		uint32_t mine = ticket(2);
		if (mine >= 200) bad = 1;
		mutex_lock(0);
		tickets += mine;
		mutex_unlock(0);
		// Every core sees what every other one has stored before the barrier.
		plain[me] = i;
		barrier();
		for (int k = 0; k < 4; k++) bad |= plain[k] != i;
		barrier();
	}
}
int main(void)
{
	cluster_fork(work, 0);
	return bad ? 1 : shared != 200 ? 2 : tickets != 199 * 200 / 2 ? 3 : 0;
}
