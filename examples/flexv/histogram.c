// How often each byte occurs: every core counts a part by itself, then all add up a part of the bins.
#include "flexv_cluster.h"
#include <stdio.h>

static uint8_t data[2048];
static FLEXV_L1 uint16_t counts[16][256];
static FLEXV_L1 uint32_t sums[256];

static void count(void *unused)
{
	for (uint32_t i = core_id(); i < sizeof(data); i += core_count()) counts[core_id()][data[i]]++;
	barrier();
	for (uint32_t bin = core_id(); bin < 256; bin += core_count())
		for (uint32_t core = 0; core < core_count(); core++) sums[bin] += counts[core][bin];
}

int main(void)
{
	for (uint32_t i = 0; i < sizeof(data); i++) data[i] = i * i >> 3;
	cluster_fork(count, 0);
	uint32_t all = 0, most = 0;
	for (uint32_t bin = 0; bin < 256; bin++) {
		all += sums[bin];
		if (sums[bin] > sums[most]) most = bin;
	}
	printf("%lu bytes, most often %lu: %lu times\n", (unsigned long)all, (unsigned long)most,
	       (unsigned long)sums[most]);
	return all != sizeof(data);
}
