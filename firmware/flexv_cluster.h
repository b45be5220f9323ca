// Parallel programs on a cluster of Flex-V cores (docs/cluster.md). main runs on core 0:
//
//	static void work(void *data) { ... core_id() ... }
//	int main(void) { cluster_fork(work, data); }
#ifndef FLEXV_CLUSTER_H
#define FLEXV_CLUSTER_H

#include "flexv.h"
#include "flexv_cluster_registers.h"

// A variable in L1, zero at the start; one with a value; one that holds anything.
#define FLEXV_L1 __attribute__((section(".l1")))
#define FLEXV_L1_DATA __attribute__((section(".l1_data")))
#define FLEXV_L1_UNSET __attribute__((section(".l1_unset")))

static inline uint32_t core_id(void) { return csr_read(mhartid); }
static inline uint32_t core_count(void) { return *FLEXV_CORES; }

// Runs `function(data)` on all cores, this one too; returns when all have come back. On core 0,
// outside of another fork.
void cluster_fork(void (*function)(void *), void *data);

// All cores meet.
static inline void barrier(void)
{
	__asm__ volatile("" : : : "memory");
	(void)*FLEXV_BARRIER_WAIT;
	__asm__ volatile("" : : : "memory");
}

// Waits for one of the events of `mask` and takes those that it returns.
static inline uint32_t event_wait(uint32_t mask)
{
	*FLEXV_EVENT_MASK = mask;
	uint32_t events = *FLEXV_EVENT_WAIT_CLEAR;
	__asm__ volatile("" : : : "memory");
	return events;
}

// Software event `number`, 0 to 7, for the cores of `mask`.
static inline void event_send(int number, uint32_t mask)
{
	__asm__ volatile("" : : : "memory");
	FLEXV_EVENT_SEND[number] = mask;
}

static inline void mutex_lock(int number)
{
	(void)FLEXV_MUTEX[number];
	__asm__ volatile("" : : : "memory");
}

static inline void mutex_unlock(int number)
{
	__asm__ volatile("" : : : "memory");
	FLEXV_MUTEX[number] = 0;
}

// The value before, then one more.
static inline uint32_t ticket(int number) { return FLEXV_TICKET[number]; }

// Instructions that were stored are fetched from now on.
static inline void instructions_changed(void)
{
	__asm__ volatile("" : : : "memory");
	*FLEXV_CACHE_FLUSH = 0;
	__asm__ volatile("fence.i" : : : "memory");
}

enum { DMA_IN = 0, DMA_OUT = 1 };

// Transfers of the core's own channel; they are queued, a third one waits for the first.
static inline void dma_row(int direction, void *l1, const void *outside, uint32_t bytes)
{
	__asm__ volatile("" : : : "memory");
	*FLEXV_DMA_OUTSIDE = (uint32_t)outside;
	*FLEXV_DMA_L1 = (uint32_t)l1;
	*FLEXV_DMA_LENGTH = bytes;
	*FLEXV_DMA_START = direction;
}

static inline void dma_plane(int direction, void *l1, uint32_t l1_stride, const void *outside,
                             uint32_t outside_stride, uint32_t bytes, uint32_t rows)
{
	__asm__ volatile("" : : : "memory");
	*FLEXV_DMA_OUTSIDE = (uint32_t)outside;
	*FLEXV_DMA_L1 = (uint32_t)l1;
	*FLEXV_DMA_LENGTH = bytes;
	*FLEXV_DMA_ROWS = rows;
	*FLEXV_DMA_OUTSIDE_STRIDE = outside_stride;
	*FLEXV_DMA_L1_STRIDE = l1_stride;
	*FLEXV_DMA_START = direction | 2;
}

// `planes` planes, from one to the next `l1_plane` and `outside_plane` bytes.
static inline void dma_planes(int direction, void *l1, uint32_t l1_stride, uint32_t l1_plane,
                              const void *outside, uint32_t outside_stride, uint32_t outside_plane,
                              uint32_t bytes, uint32_t rows, uint32_t planes)
{
	__asm__ volatile("" : : : "memory");
	*FLEXV_DMA_OUTSIDE = (uint32_t)outside;
	*FLEXV_DMA_L1 = (uint32_t)l1;
	*FLEXV_DMA_LENGTH = bytes;
	*FLEXV_DMA_ROWS = rows;
	*FLEXV_DMA_OUTSIDE_STRIDE = outside_stride;
	*FLEXV_DMA_L1_STRIDE = l1_stride;
	*FLEXV_DMA_PLANES = planes;
	*FLEXV_DMA_OUTSIDE_PLANE = outside_plane;
	*FLEXV_DMA_L1_PLANE = l1_plane;
	*FLEXV_DMA_START = direction | 4;
}

// A register of the cluster's channel, which lies beside that of the core's own.
static inline volatile uint32_t *clusters(volatile uint32_t *own)
{
	return own + FLEXV_CLUSTER_CHANNEL / sizeof *own;
}

static inline void clusters_plane(int direction, void *l1, uint32_t l1_stride, const void *outside,
                                  uint32_t outside_stride, uint32_t bytes, uint32_t rows)
{
	__asm__ volatile("" : : : "memory");
	*clusters(FLEXV_DMA_OUTSIDE) = (uint32_t)outside;
	*clusters(FLEXV_DMA_L1) = (uint32_t)l1;
	*clusters(FLEXV_DMA_LENGTH) = bytes;
	*clusters(FLEXV_DMA_ROWS) = rows;
	*clusters(FLEXV_DMA_OUTSIDE_STRIDE) = outside_stride;
	*clusters(FLEXV_DMA_L1_STRIDE) = l1_stride;
	*clusters(FLEXV_DMA_START) = direction | 2;
}

// All transfers of the core's own channel are over; the core sleeps meanwhile.
static inline void dma_wait(void)
{
	while (*FLEXV_DMA_STATUS) event_wait(1 << FLEXV_EVENT_OWN_DMA_CHANNEL);
	__asm__ volatile("" : : : "memory");
}

#endif
