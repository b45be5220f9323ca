// Programs for a chip with both machines (docs/soc.md): the stream DMA, words from and to the host.
#ifndef SOC_H
#define SOC_H

#include "flexv.h"
#include "soc_registers.h"

// Why a transfer is not over.
enum soc_end {
	SOC_DONE = 0,
	SOC_LATE,    // the time is over; the channel was stopped, what is left is dropped
	SOC_ADDRESS, // not in the memory, or no multiple of the item's size; the channel has stopped
};

// A transfer of `items` from or to `memory`, which stays the channel's until it is over; the channel
// must not be busy.
static inline void soc_start(uint32_t channel, const volatile void *memory, uint32_t items)
{
	__asm__ volatile("" : : : "memory");
	*SOC_DMA_IRQ_STATUS = 1u << channel;
	SOC_DMA_CHANNEL(channel)[0] = (uint32_t)memory;
	SOC_DMA_CHANNEL(channel)[1] = items;
}

static inline uint32_t soc_left(uint32_t channel) { return SOC_DMA_CHANNEL(channel)[1]; }

// Until the transfer of a channel is over, for `cycles` at most; 0: for ever. The core sleeps where
// there is no limit.
static inline enum soc_end soc_wait(uint32_t channel, uint32_t cycles)
{
	uint32_t bit = 1u << channel, begin = *FLEXV_MTIME;
	uint32_t lines = csr_read(mie);
	enum soc_end end = SOC_DONE;

	*SOC_DMA_IRQ_ENABLE = bit | SOC_DMA_IRQ_ENABLE_FAULT;
	csr_set(mie, 1u << SOC_LINE_DMA);
	while (*SOC_DMA_BUSY & bit) {
		if (cycles == 0) {
			__asm__ volatile("wfi");
		} else if (*FLEXV_MTIME - begin >= cycles) {
			*SOC_DMA_STOP = bit;
			end = SOC_LATE;
		}
	}
	csr_write(mie, lines);
	*SOC_DMA_IRQ_ENABLE = 0;
	if (*SOC_DMA_IRQ_STATUS & SOC_DMA_IRQ_STATUS_FAULT && *SOC_DMA_FAULT_CHANNEL == channel) {
		*SOC_DMA_IRQ_STATUS = SOC_DMA_IRQ_STATUS_FAULT;
		end = SOC_ADDRESS;
	}
	*SOC_DMA_IRQ_STATUS = bit;
	__asm__ volatile("" : : : "memory");
	return end;
}

// The next words that the host has sent or will send.
static inline enum soc_end soc_receive(uint32_t *words, uint32_t count, uint32_t cycles)
{
	soc_start(SOC_CHANNEL_RECEIVED, words, count);
	return soc_wait(SOC_CHANNEL_RECEIVED, cycles);
}

// Words for the host, which gets them as one transfer with their CRC-32.
static inline enum soc_end soc_send(const uint32_t *words, uint32_t count, uint32_t cycles)
{
	soc_start(SOC_CHANNEL_SENT, words, count);
	return soc_wait(SOC_CHANNEL_SENT, cycles);
}

static inline void put_decimal(uint32_t v)
{
	char digits[10];
	int count = 0;
	do digits[count++] = (char)('0' + v % 10);
	while (v /= 10);
	while (count) put_char(digits[--count]);
}

#endif
