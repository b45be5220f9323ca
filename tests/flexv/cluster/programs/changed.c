// Code that is stored, then run by all cores.

#include "flexv_cluster.h"
static uint32_t code[2] = {0, 0x00008067};  // li a0, n; ret
static FLEXV_L1 volatile uint32_t bad;
static void work(void *data)
{
	uint32_t (*function)(void) = (uint32_t (*)(void))code;
	if (function() != (uint32_t)data) bad = 1;
}
int main(void)
{
	for (uint32_t i = 1; i < 20; i++) {
		code[0] = 0x513 | i << 20;
		instructions_changed();
		cluster_fork(work, (void *)i);
	}
	return bad;
}
