// The cost of a barrier of all cores.

#include "flexv_cluster.h"
static FLEXV_L1 volatile uint32_t spent[16];
static void work(void *data)
{
	uint32_t least = 1000;
	for (int i = 0; i < 8; i++) {
		barrier();
		// A core that stands still counts no cycles.
		uint32_t before, after, asleep = *FLEXV_COUNT_EVENT;
		__asm__ volatile("lui t0, 0x40200\n"
		                 "\t.balign 16\n"
		                 "\tcsrr %0, mcycle\n"
		                 "\tlw zero, 0x40(t0)\n"
		                 "\tcsrr %1, mcycle"
		                 : "=r"(before), "=r"(after) : : "t0", "memory");
		asleep = *FLEXV_COUNT_EVENT - asleep;
		if (after - before + asleep < least) least = after - before + asleep;
	}
	spent[core_id()] = least;
}
int main(void)
{
	cluster_fork(work, 0);
	cluster_fork(work, 0);
	for (uint32_t i = 0; i < core_count(); i++) if (spent[i] > 6) return spent[i];
	return spent[0] < 2;
}
