// The driver of Hyperdrive for the core beside it (docs/soc.md):
//
//	hyperdrive_start(&work, 100000);
//	...
//	enum hyperdrive_end end = hyperdrive_wait();
//	if (end) { hyperdrive_print(end); hyperdrive_reset(); }
#ifndef HYPERDRIVE_H
#define HYPERDRIVE_H

#include "soc.h"

// How work ended.
enum hyperdrive_end {
	HYPERDRIVE_DONE = 0, // results and reports are in memory
	HYPERDRIVE_BUSY,     // it has not
	HYPERDRIVE_REFUSED,  // the chip refused a descriptor
	HYPERDRIVE_STALLED,  // no word has moved for so long
	HYPERDRIVE_ADDRESS,  // a channel of the DMA met an address that is not possible
};

// A program of the chip with what it reads and what it makes. Counts are those of the program; what
// is 0 has no transfer. All of it stays the chip's until the work is over.
struct hyperdrive_work {
	const uint32_t *descriptors;
	uint32_t descriptor_words;
	const uint32_t *weights; // SOC_HYPERDRIVE_WEIGHT_BUFFER_PARTS words each, lowest first
	uint32_t weight_words;
	const uint16_t *pixels; // binary16, for its LOADs
	uint32_t pixel_count;
	uint16_t *results; // of its STOREs
	uint32_t result_count;
	uint32_t *reports; // five words for each descriptor
	uint32_t report_count;
};

// Chip and its channels as after power-up; whatever they did is dropped.
static inline void hyperdrive_reset(void)
{
	*SOC_HYPERDRIVE_CONTROL = SOC_HYPERDRIVE_CONTROL_RESET;
	*SOC_HYPERDRIVE_IRQ_STATUS = ~0u;
	*SOC_HYPERDRIVE_WAITED = ~0u;
	*SOC_DMA_IRQ_STATUS = SOC_CHIP_CHANNELS | SOC_DMA_IRQ_STATUS_FAULT;
}

// Begins; `stalled`: cycles without a word on any stream of the chip after which it is given up,
// more than the longest layer takes; 0: never.
static inline void hyperdrive_start(const struct hyperdrive_work *work, uint32_t stalled)
{
	*SOC_HYPERDRIVE_TIMEOUT = stalled;
	*SOC_HYPERDRIVE_IRQ_ENABLE =
		SOC_HYPERDRIVE_IRQ_ENABLE_REFUSED | SOC_HYPERDRIVE_IRQ_ENABLE_TIMEOUT;
	soc_start(SOC_CHANNEL_REPORTS, work->reports, 5 * work->report_count);
	soc_start(SOC_CHANNEL_RESULTS, work->results, work->result_count);
	soc_start(SOC_CHANNEL_DESCRIPTORS, work->descriptors, work->descriptor_words);
	soc_start(SOC_CHANNEL_WEIGHTS, work->weights, work->weight_words);
	soc_start(SOC_CHANNEL_PIXELS, work->pixels, work->pixel_count);
}

// What is, without waiting.
static inline enum hyperdrive_end hyperdrive_poll(void)
{
	// In this order: a refusal is told before the last report is in memory, and what comes from here
	// on raises the line again. The chip is busy while a channel is, and while it has a word more
	// than were counted.
	*SOC_DMA_IRQ_STATUS = SOC_CHIP_CHANNELS;
	uint32_t busy = *SOC_HYPERDRIVE_STATUS & SOC_HYPERDRIVE_STATUS_BUSY;
	uint32_t happened = *SOC_HYPERDRIVE_IRQ_STATUS;

	__asm__ volatile("" : : : "memory");
	if (happened & SOC_HYPERDRIVE_IRQ_STATUS_REFUSED) return HYPERDRIVE_REFUSED;
	if (*SOC_DMA_IRQ_STATUS & SOC_DMA_IRQ_STATUS_FAULT) return HYPERDRIVE_ADDRESS;
	if (!busy) return HYPERDRIVE_DONE;
	return happened & SOC_HYPERDRIVE_IRQ_STATUS_TIMEOUT ? HYPERDRIVE_STALLED : HYPERDRIVE_BUSY;
}

// Until the work is over; the core sleeps.
static inline enum hyperdrive_end hyperdrive_wait(void)
{
	uint32_t lines = csr_read(mie);
	enum hyperdrive_end end;

	*SOC_DMA_IRQ_ENABLE = SOC_CHIP_CHANNELS | SOC_DMA_IRQ_ENABLE_FAULT;
	csr_set(mie, 1u << SOC_LINE_CHIP | 1u << SOC_LINE_DMA);
	while ((end = hyperdrive_poll()) == HYPERDRIVE_BUSY) {
		// What comes after the last transfer raises no line but that of the time-out.
		if (*SOC_DMA_BUSY & SOC_CHIP_CHANNELS) __asm__ volatile("wfi");
	}
	csr_write(mie, lines);
	*SOC_DMA_IRQ_ENABLE = 0;
	return end;
}

static inline const char *hyperdrive_code(uint32_t code)
{
	switch (code) {
#define X(value, name) case value: return #name;
	SOC_CODES(X)
#undef X
	}
	return "unknown";
}

// One line on the console that says what went wrong; before hyperdrive_reset.
static inline void hyperdrive_print(enum hyperdrive_end end)
{
	static const char *const channels[] = {SOC_CHANNEL_NAMES};
	uint32_t refused = *SOC_HYPERDRIVE_REFUSED, waited = *SOC_HYPERDRIVE_WAITED;

	put_string("hyperdrive: ");
	if (end == HYPERDRIVE_REFUSED) {
		put_string("descriptor ");
		put_decimal(refused & SOC_HYPERDRIVE_REFUSED_INDEX);
		put_string(" refused: ");
		put_string(hyperdrive_code(refused >> 16 & 255));
		put_string(" (code ");
		put_decimal(refused >> 16 & 255);
		put_string(")");
	} else if (end == HYPERDRIVE_ADDRESS) {
		put_string("channel ");
		put_string(channels[*SOC_DMA_FAULT_CHANNEL]);
		put_string(" stopped at address 0x");
		put_hex(*SOC_DMA_FAULT_ADDRESS);
	} else if (end == HYPERDRIVE_STALLED) {
		static const char *const streams[] = {SOC_STREAM_NAMES};
		put_string("no word moved for ");
		put_decimal(*SOC_HYPERDRIVE_TIMEOUT);
		put_string(" cycles; the chip waits for");
		for (uint32_t i = 0; i < sizeof streams / sizeof *streams; i++) {
			if (waited >> i & 1) {
				put_string(" ");
				put_string(streams[i]);
			}
		}
		put_string(waited ? "; left:" : " nothing; left:");
		if (!(*SOC_DMA_BUSY & SOC_CHIP_CHANNELS)) put_string(" nothing");
		for (uint32_t i = 0; i < sizeof channels / sizeof *channels; i++) {
			if (*SOC_DMA_BUSY & SOC_CHIP_CHANNELS & 1u << i) {
				put_string(" ");
				put_string(channels[i]);
				put_string(" ");
				put_decimal(soc_left(i));
			}
		}
	} else {
		put_string(end == HYPERDRIVE_DONE ? "done" : "busy");
	}
	put_string("\n");
}

#endif
