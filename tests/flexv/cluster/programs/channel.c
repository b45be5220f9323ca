// The channel of the cluster: everybody gets its event.

#include "flexv_cluster.h"

#define OF_CLUSTER(r) (*(volatile uint32_t *)(FLEXV_ADDRESS_##r + FLEXV_CLUSTER_CHANNEL))

static uint32_t source[64];
static FLEXV_L1 uint32_t target[64];
static FLEXV_L1 volatile uint32_t sums[4];

static void work(void *data)
{
	if (core_id() == 2) {
		OF_CLUSTER(DMA_OUTSIDE) = (uint32_t)source;
		OF_CLUSTER(DMA_L1) = (uint32_t)target;
		OF_CLUSTER(DMA_LENGTH) = 4;
		OF_CLUSTER(DMA_ROWS) = 8;
		OF_CLUSTER(DMA_OUTSIDE_STRIDE) = 4;
		OF_CLUSTER(DMA_L1_STRIDE) = 4;
		OF_CLUSTER(DMA_PLANES) = 8;
		OF_CLUSTER(DMA_OUTSIDE_PLANE) = 32;
		OF_CLUSTER(DMA_L1_PLANE) = 32;
		OF_CLUSTER(DMA_START) = DMA_IN | 4;
	}
	event_wait(1 << FLEXV_EVENT_CLUSTERS_DMA_CHANNEL);
	uint32_t sum = 0;
	for (int i = 0; i < 64; i++) sum += target[i];
	sums[core_id()] = sum;
}

int main(void)
{
	for (int i = 0; i < 64; i++) source[i] = i + 1;
	cluster_fork(work, 0);
	for (int i = 0; i < 4; i++) if (sums[i] != 64 * 65 / 2) return 1 + i;
	return OF_CLUSTER(DMA_STATUS);
}
