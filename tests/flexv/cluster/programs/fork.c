// A sum, a part on each core.

#include <stdio.h>
#include "flexv_cluster.h"
static FLEXV_L1 volatile uint32_t sums[16];
static void work(void *data)
{
	uint32_t sum = 0;
	for (uint32_t i = core_id(); i < (uint32_t)data; i += core_count()) sum += i;
	sums[core_id()] = sum;
}
int main(void)
{
	uint32_t total = 0;
	cluster_fork(work, (void *)1000);
	for (uint32_t i = 0; i < core_count(); i++) total += sums[i];
	printf("%u cores: %u\n", (unsigned)core_count(), (unsigned)total);
}
