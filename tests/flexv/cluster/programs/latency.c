// Cycles from one instruction to the next when the first one loads from different places and the
// second needs the value, beyond those of L1.

#include <stdio.h>
#include "flexv_cluster.h"

static FLEXV_L1 uint32_t near;
static uint32_t far;

#define SPENT(address) ({ uint32_t before, after, value; \
	for (int pass = 0; pass < 2; pass++) \
		__asm__ volatile(".balign 16\n\tcsrr %0, mcycle\n\tlw %2, 0(%3)\n\tadd %2, %2, %2\n\t" \
		                 "csrr %1, mcycle" \
		                 : "=&r"(before), "=&r"(after), "=&r"(value) : "r"(address)); \
	after - before; })

int main(void)
{
	uint32_t l1 = SPENT(&near);
	printf("%d %d %d %d\n", (int)(SPENT(FLEXV_EVENT_MASK) - l1), (int)(SPENT(FLEXV_CORES) - l1),
	       (int)(SPENT(FLEXV_DMA_STATUS) - l1), (int)(SPENT(&far) - l1));
}
