// A barrier that some arrive at and others are woken by.

#include "flexv_cluster.h"
static FLEXV_L1 volatile uint32_t there[2];
static void work(void *data)
{
	uint32_t me = core_id();
	if (me == 1) {
		for (int i = 0; i < 100; i++) __asm__ volatile("nop");
		there[0] = 7;
		FLEXV_BARRIER_ARRIVE[2] = 0;
	} else if (me == 2) {
		(void)FLEXV_BARRIER_WAIT[2];
		there[1] = there[0];
	} else if (me == 3) {
		// A target that has not arrived gets the event.
		event_wait(1 << (FLEXV_EVENT_BARRIER + 2));
		if (there[0] != 7) there[1] = 100;
	}
}
int main(void)
{
	FLEXV_BARRIER_ARRIVERS[2] = 6;
	FLEXV_BARRIER_TARGETS[2] = 12;
	cluster_fork(work, 0);
	return there[1] != 7;
}
