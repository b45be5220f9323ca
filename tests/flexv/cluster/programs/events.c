// Software events run around the cores.

#include "flexv_cluster.h"
static FLEXV_L1 volatile uint32_t order[8], count;
static void work(void *data)
{
	uint32_t me = core_id(), next = (me + 1) % core_count();
	if (me) event_wait(1 << 3);
	order[count] = me;
	count = count + 1;
	if (next) event_send(3, 1 << next);
}
int main(void)
{
	// Two halves with barriers of their own.
	FLEXV_BARRIER_ARRIVERS[1] = FLEXV_BARRIER_TARGETS[1] = 3;
	if (FLEXV_BARRIER_ARRIVERS[1] != 3 || *FLEXV_BARRIER_ARRIVERS != 15) return 5;
	cluster_fork(work, 0);
	for (uint32_t i = 0; i < core_count(); i++) if (order[i] != i) return 1;
	return 0;
}
