// Transfers of all cores at once, at odd addresses and of odd lengths.

#include "flexv_cluster.h"
static uint8_t source[4][600], target[4][600];
static FLEXV_L1 uint8_t buffer[4][640];
static FLEXV_L1 volatile uint32_t bad;
static void work(void *data)
{
	uint32_t me = core_id();
	uint8_t *own = buffer[me];
	dma_row(DMA_IN, own + 3, source[me], 301);
	dma_row(DMA_IN, own + 3 + 301, source[me] + 301, 299);
	dma_wait();
	for (int i = 0; i < 600; i++) own[3 + i] += me;
	dma_plane(DMA_OUT, own + 3, 60, target[me] + 5, 60, 50, 9);
	dma_wait();
	for (int i = 0; i < 540; i++) {
		int in = i % 60 < 50;
		uint8_t wanted = in ? (uint8_t)(source[me][i] + me) : 0;
		if (target[me][5 + i] != wanted) bad = 1;
	}
}
int main(void)
{
	for (int i = 0; i < 2400; i++) source[0][i] = i * 7 + (i >> 5);
	cluster_fork(work, 0);
	return bad;
}
