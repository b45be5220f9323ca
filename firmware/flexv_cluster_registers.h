// Generated from the register table by flexdrive_deploy.flexv.headers; do not edit.
#ifndef FLEXV_CLUSTER_REGISTERS_H
#define FLEXV_CLUSTER_REGISTERS_H

#define FLEXV_L1_BASE 0x40000000
// What the registers DMA_... have in the cluster's channel beside a core's own.
#define FLEXV_CLUSTER_CHANNEL 0x80

#define FLEXV_EVENT_SOFTWARE 0
#define FLEXV_EVENT_OWN_DMA_CHANNEL 8
#define FLEXV_EVENT_CLUSTERS_DMA_CHANNEL 9
#define FLEXV_EVENT_BARRIER 16

#define FLEXV_ADDRESS_EVENT_MASK 0x40200000 // rw
#define FLEXV_ADDRESS_EVENT_BUFFER 0x40200004 // r
#define FLEXV_ADDRESS_EVENT_CLEAR 0x40200008 // w
#define FLEXV_ADDRESS_EVENT_WAIT 0x4020000c // wait
#define FLEXV_ADDRESS_EVENT_WAIT_CLEAR 0x40200010 // wait
#define FLEXV_ADDRESS_EVENT_SEND 0x40200020 // w
#define FLEXV_ADDRESS_BARRIER_WAIT 0x40200040 // wait
#define FLEXV_ADDRESS_BARRIER_ARRIVE 0x40200060 // w
#define FLEXV_ADDRESS_MUTEX 0x40200080 // wait
#define FLEXV_ADDRESS_COUNT_BANK 0x40200100 // rw
#define FLEXV_ADDRESS_COUNT_OUTSIDE 0x40200104 // rw
#define FLEXV_ADDRESS_COUNT_EVENT 0x40200108 // rw
#define FLEXV_ADDRESS_COUNT_FETCH 0x4020010c // rw
#define FLEXV_ADDRESS_CORES 0x40201000 // r
#define FLEXV_ADDRESS_L1_BYTES 0x40201004 // r
#define FLEXV_ADDRESS_TIME 0x40201008 // r
#define FLEXV_ADDRESS_TIMEH 0x4020100c // r
#define FLEXV_ADDRESS_FAULT_CAUSE 0x40201010 // rw
#define FLEXV_ADDRESS_FAULT_CORE 0x40201014 // r
#define FLEXV_ADDRESS_FAULT_PC 0x40201018 // rw
#define FLEXV_ADDRESS_FAULT_VALUE 0x4020101c // rw
#define FLEXV_ADDRESS_BUS_ERROR 0x40201020 // r
#define FLEXV_ADDRESS_BUS_ERROR_CORE 0x40201024 // r
#define FLEXV_ADDRESS_WAITING 0x40201028 // r
#define FLEXV_ADDRESS_CACHE_FLUSH 0x40201030 // w
#define FLEXV_ADDRESS_BARRIER_ARRIVERS 0x40201040 // rw
#define FLEXV_ADDRESS_BARRIER_TARGETS 0x40201060 // rw
#define FLEXV_ADDRESS_BARRIER_ARRIVED 0x40201080 // r
#define FLEXV_ADDRESS_TICKET 0x402010a0 // rw
#define FLEXV_ADDRESS_DMA_OUTSIDE 0x40202000 // w
#define FLEXV_ADDRESS_DMA_L1 0x40202004 // w
#define FLEXV_ADDRESS_DMA_LENGTH 0x40202008 // w
#define FLEXV_ADDRESS_DMA_ROWS 0x4020200c // w
#define FLEXV_ADDRESS_DMA_OUTSIDE_STRIDE 0x40202010 // w
#define FLEXV_ADDRESS_DMA_L1_STRIDE 0x40202014 // w
#define FLEXV_ADDRESS_DMA_PLANES 0x40202018 // w
#define FLEXV_ADDRESS_DMA_OUTSIDE_PLANE 0x4020201c // w
#define FLEXV_ADDRESS_DMA_L1_PLANE 0x40202020 // w
#define FLEXV_ADDRESS_DMA_START 0x40202024 // w
#define FLEXV_ADDRESS_DMA_STATUS 0x40202028 // r

#ifndef __ASSEMBLER__
#include <stdint.h>

// events that EVENT_WAIT and EVENT_WAIT_CLEAR wait for
#define FLEXV_EVENT_MASK ((volatile uint32_t *)FLEXV_ADDRESS_EVENT_MASK)
// events that have come
#define FLEXV_EVENT_BUFFER ((volatile uint32_t *)FLEXV_ADDRESS_EVENT_BUFFER)
// takes the events of the ones away
#define FLEXV_EVENT_CLEAR ((volatile uint32_t *)FLEXV_ADDRESS_EVENT_CLEAR)
// until an event of the mask is there; gives those that are
#define FLEXV_EVENT_WAIT ((volatile uint32_t *)FLEXV_ADDRESS_EVENT_WAIT)
// the same, and takes away what it gives
#define FLEXV_EVENT_WAIT_CLEAR ((volatile uint32_t *)FLEXV_ADDRESS_EVENT_WAIT_CLEAR)
// [0] to [7]: software event i for the cores of the ones
#define FLEXV_EVENT_SEND ((volatile uint32_t *)FLEXV_ADDRESS_EVENT_SEND)
// [0] to [7]: arrive at barrier i and wait until it opens; gives 0
#define FLEXV_BARRIER_WAIT ((volatile uint32_t *)FLEXV_ADDRESS_BARRIER_WAIT)
// [0] to [7]: arrive at barrier i; event 16 + i tells that it opens
#define FLEXV_BARRIER_ARRIVE ((volatile uint32_t *)FLEXV_ADDRESS_BARRIER_ARRIVE)
// [0] to [7]: load: wait for mutex i and take it; store: give it back
#define FLEXV_MUTEX ((volatile uint32_t *)FLEXV_ADDRESS_MUTEX)
// cycles in which L1 did not grant; a store clears
#define FLEXV_COUNT_BANK ((volatile uint32_t *)FLEXV_ADDRESS_COUNT_BANK)
// cycles in which an access outside or to a shared register was not over
#define FLEXV_COUNT_OUTSIDE ((volatile uint32_t *)FLEXV_ADDRESS_COUNT_OUTSIDE)
// cycles in which a waiting load was not answered
#define FLEXV_COUNT_EVENT ((volatile uint32_t *)FLEXV_ADDRESS_COUNT_EVENT)
// cycles in which the private instruction cache waited
#define FLEXV_COUNT_FETCH ((volatile uint32_t *)FLEXV_ADDRESS_COUNT_FETCH)
// number of cores
#define FLEXV_CORES ((volatile uint32_t *)FLEXV_ADDRESS_CORES)
// size of L1
#define FLEXV_L1_BYTES ((volatile uint32_t *)FLEXV_ADDRESS_L1_BYTES)
// cycles since reset, lower half
#define FLEXV_TIME ((volatile uint32_t *)FLEXV_ADDRESS_TIME)
// upper half
#define FLEXV_TIMEH ((volatile uint32_t *)FLEXV_ADDRESS_TIMEH)
// why the cluster has stopped, see causes; a store by the core of FAULT_CORE stops it
#define FLEXV_FAULT_CAUSE ((volatile uint32_t *)FLEXV_ADDRESS_FAULT_CAUSE)
// bit 31: a fault is claimed; bits 4:0: by which core
#define FLEXV_FAULT_CORE ((volatile uint32_t *)FLEXV_ADDRESS_FAULT_CORE)
// where; only the core of FAULT_CORE writes
#define FLEXV_FAULT_PC ((volatile uint32_t *)FLEXV_ADDRESS_FAULT_PC)
// value; the first core that writes claims the fault
#define FLEXV_FAULT_VALUE ((volatile uint32_t *)FLEXV_ADDRESS_FAULT_VALUE)
// address of the first access that failed
#define FLEXV_BUS_ERROR ((volatile uint32_t *)FLEXV_ADDRESS_BUS_ERROR)
// bit 31: there was one; bits 4:0: the core, 31: the DMA unit
#define FLEXV_BUS_ERROR_CORE ((volatile uint32_t *)FLEXV_ADDRESS_BUS_ERROR_CORE)
// cores whose waiting load is not answered
#define FLEXV_WAITING ((volatile uint32_t *)FLEXV_ADDRESS_WAITING)
// empties all instruction caches
#define FLEXV_CACHE_FLUSH ((volatile uint32_t *)FLEXV_ADDRESS_CACHE_FLUSH)
// [0] to [7]: cores that barrier i waits for
#define FLEXV_BARRIER_ARRIVERS ((volatile uint32_t *)FLEXV_ADDRESS_BARRIER_ARRIVERS)
// [0] to [7]: cores that barrier i wakes
#define FLEXV_BARRIER_TARGETS ((volatile uint32_t *)FLEXV_ADDRESS_BARRIER_TARGETS)
// [0] to [7]: cores that have arrived at barrier i
#define FLEXV_BARRIER_ARRIVED ((volatile uint32_t *)FLEXV_ADDRESS_BARRIER_ARRIVED)
// [0] to [7]: a load gives the value and adds 1
#define FLEXV_TICKET ((volatile uint32_t *)FLEXV_ADDRESS_TICKET)
// address outside, of a byte
#define FLEXV_DMA_OUTSIDE ((volatile uint32_t *)FLEXV_ADDRESS_DMA_OUTSIDE)
// address in L1, of a byte
#define FLEXV_DMA_L1 ((volatile uint32_t *)FLEXV_ADDRESS_DMA_L1)
// bytes of a row, 20 bits
#define FLEXV_DMA_LENGTH ((volatile uint32_t *)FLEXV_ADDRESS_DMA_LENGTH)
// rows of a plane, 16 bits
#define FLEXV_DMA_ROWS ((volatile uint32_t *)FLEXV_ADDRESS_DMA_ROWS)
// bytes from row to row outside
#define FLEXV_DMA_OUTSIDE_STRIDE ((volatile uint32_t *)FLEXV_ADDRESS_DMA_OUTSIDE_STRIDE)
// bytes from row to row in L1
#define FLEXV_DMA_L1_STRIDE ((volatile uint32_t *)FLEXV_ADDRESS_DMA_L1_STRIDE)
// planes, 16 bits
#define FLEXV_DMA_PLANES ((volatile uint32_t *)FLEXV_ADDRESS_DMA_PLANES)
// bytes from plane to plane outside
#define FLEXV_DMA_OUTSIDE_PLANE ((volatile uint32_t *)FLEXV_ADDRESS_DMA_OUTSIDE_PLANE)
// bytes from plane to plane in L1
#define FLEXV_DMA_L1_PLANE ((volatile uint32_t *)FLEXV_ADDRESS_DMA_L1_PLANE)
// bit 0: 0 into L1, 1 out of it; bits 2:1: 0 one row, 1 one plane, 2 all planes; queues the transfer
#define FLEXV_DMA_START ((volatile uint32_t *)FLEXV_ADDRESS_DMA_START)
// transfers of this channel that are not over
#define FLEXV_DMA_STATUS ((volatile uint32_t *)FLEXV_ADDRESS_DMA_STATUS)

#endif
#endif
