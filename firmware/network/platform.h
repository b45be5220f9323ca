// What the C of a network needs of the machine: cores, transfers. One core of any machine here;
// a cluster defines NETWORK_CLUSTER.
#ifndef NETWORK_PLATFORM_H
#define NETWORK_PLATFORM_H

#include <stdint.h>
#include <string.h>

#ifdef NETWORK_CLUSTER
#include "flexv_cluster.h"

#define NET_L1 FLEXV_L1_UNSET
// Of the cluster that works.
#define NET_CORES NETWORK_CLUSTER
// Numbers that every core reads for every layer.
#define NET_DATA FLEXV_L1_DATA
// Maps outside of L1, megabytes: they hold anything at the start.
#define NET_OUTSIDE __attribute__((section(".unset"), aligned(16)))
// NETWORK_CLUSTER is the number of cores that work; the others of the cluster sleep.
static inline uint32_t net_core(void) { return core_id(); }
static inline uint32_t net_cores(void) { return NETWORK_CLUSTER; }
static inline void net_barrier(void)
{
	__asm__ volatile("" : : : "memory");
	(void)FLEXV_BARRIER_WAIT[1];
	__asm__ volatile("" : : : "memory");
}
// Cycle of step `index`'s begin (0: of the run, 1: of the first step).
extern uint32_t network_times[];
static inline void net_time(uint32_t index)
{
	if (net_core() == 0) network_times[index] = *FLEXV_TIME;
}
// Into L1, rows of `bytes`; core 0 only.
static inline void net_fetch(void *l1, uint32_t l1_stride, const void *outside,
			     uint32_t outside_stride, uint32_t bytes, uint32_t rows)
{
	if (rows == 1) dma_row(DMA_IN, l1, outside, bytes);
	else dma_plane(DMA_IN, l1, l1_stride, outside, outside_stride, bytes, rows);
}
// Some channels, `bytes` of each of `columns` pixels of `rows` rows of a map outside, which lie
// `pixel` bytes from each other, one behind the other.
static inline void net_fetch_channels(void *l1, uint32_t l1_stride, const void *outside,
				      uint32_t pixel, uint32_t bytes, uint32_t columns,
				      uint32_t rows)
{
	dma_planes(DMA_IN, l1, bytes, l1_stride, outside, pixel, columns * pixel, bytes, columns,
		   rows);
}
// Out of L1, by the channel of the cluster, so that nothing waits for these that waits for fetches.
static inline void net_send(void *outside, uint32_t outside_stride, const void *l1,
			    uint32_t l1_stride, uint32_t bytes, uint32_t rows)
{
	clusters_plane(DMA_OUT, (void *)l1, l1_stride, outside, outside_stride, bytes, rows);
}
// Waits until at most the last `left` of these are not over.
static inline void net_sent(uint32_t left)
{
	while (*clusters(FLEXV_DMA_STATUS) > left) event_wait(1 << FLEXV_EVENT_CLUSTERS_DMA_CHANNEL);
	__asm__ volatile("" : : : "memory");
}
// Waits until at most the last `left` transfers are not over.
static inline void net_fetched(uint32_t left)
{
	while (*FLEXV_DMA_STATUS > left) event_wait(1 << FLEXV_EVENT_OWN_DMA_CHANNEL);
	__asm__ volatile("" : : : "memory");
}
#else
#define NET_L1
#define NET_CORES 1
#define NET_DATA
#define NET_OUTSIDE __attribute__((aligned(16)))
static inline uint32_t net_core(void) { return 0; }
static inline uint32_t net_cores(void) { return 1; }
static inline void net_barrier(void) {}
static inline void net_time(uint32_t index) { (void)index; }
static inline void net_copy(void *to, uint32_t to_stride, const void *from, uint32_t from_stride,
			    uint32_t bytes, uint32_t rows)
{
	for (uint32_t row = 0; row < rows; row++)
		memcpy((char *)to + row * to_stride, (const char *)from + row * from_stride, bytes);
}
static inline void net_fetch(void *l1, uint32_t l1_stride, const void *outside,
			     uint32_t outside_stride, uint32_t bytes, uint32_t rows)
{
	net_copy(l1, l1_stride, outside, outside_stride, bytes, rows);
}
static inline void net_send(void *outside, uint32_t outside_stride, const void *l1,
			    uint32_t l1_stride, uint32_t bytes, uint32_t rows)
{
	net_copy(outside, outside_stride, l1, l1_stride, bytes, rows);
}
static inline void net_fetch_channels(void *l1, uint32_t l1_stride, const void *outside,
				      uint32_t pixel, uint32_t bytes, uint32_t columns,
				      uint32_t rows)
{
	for (uint32_t row = 0; row < rows; row++)
		net_copy((char *)l1 + row * l1_stride, bytes,
			 (const char *)outside + row * columns * pixel, pixel, bytes, columns);
}
static inline void net_fetched(uint32_t left) { (void)left; }
static inline void net_sent(uint32_t left) { (void)left; }
#endif

#endif
