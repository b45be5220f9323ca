// A picture outside is inverted in strips: while a core works on one, the DMA unit brings its next
// one in and takes the last one out.
#include "flexv_cluster.h"
#include <stdio.h>

#define STRIPS 24
#define BYTES 128
static uint8_t picture[STRIPS][BYTES], negative[STRIPS][BYTES];
static FLEXV_L1 uint8_t in[16][2][BYTES], out[16][2][BYTES];

static void invert(void *unused)
{
	uint32_t me = core_id(), step = core_count(), turn = 0;
	dma_row(DMA_IN, in[me][0], picture[me], BYTES);
	for (uint32_t strip = me; strip < STRIPS; strip += step, turn ^= 1) {
		dma_wait();
		if (strip + step < STRIPS) dma_row(DMA_IN, in[me][turn ^ 1], picture[strip + step], BYTES);
		if (strip > me) dma_row(DMA_OUT, out[me][turn ^ 1], negative[strip - step], BYTES);
		for (int i = 0; i < BYTES; i++) out[me][turn][i] = ~in[me][turn][i];
		if (strip + step >= STRIPS) dma_row(DMA_OUT, out[me][turn], negative[strip], BYTES);
	}
	dma_wait();
}

int main(void)
{
	for (int i = 0; i < STRIPS * BYTES; i++) picture[0][i] = 11 * i ^ i >> 4;
	cluster_fork(invert, 0);
	int wrong = 0;
	for (int i = 0; i < STRIPS * BYTES; i++) wrong += (picture[0][i] ^ negative[0][i]) != 0xFF;
	printf("%d strips of %d bytes, %d wrong\n", STRIPS, BYTES, wrong);
	return wrong != 0;
}
