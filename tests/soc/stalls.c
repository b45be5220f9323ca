// The server of firmware/hyperdrive_server.c, but every stream of the chip comes and goes in pieces
// of 1 to 9 items with pauses between them.

#include "hyperdrive.h"

static struct hyperdrive_work now;

static uint32_t draw(uint32_t below)
{
	static uint32_t state = 1;
	state = state * 1664525 + 1013904223;
	return (state >> 16) % below;
}

static void pieces_begin(const struct hyperdrive_work *work, uint32_t stalled)
{
	(void)stalled;
	now = *work;
}

static enum hyperdrive_end pieces(void)
{
	struct { uint32_t channel, at, left, size; } parts[] = {
		{SOC_CHANNEL_DESCRIPTORS, (uint32_t)now.descriptors, now.descriptor_words, 4},
		{SOC_CHANNEL_WEIGHTS, (uint32_t)now.weights, now.weight_words, 4},
		{SOC_CHANNEL_PIXELS, (uint32_t)now.pixels, now.pixel_count, 2},
		{SOC_CHANNEL_RESULTS, (uint32_t)now.results, now.result_count, 2},
		{SOC_CHANNEL_REPORTS, (uint32_t)now.reports, 5 * now.report_count, 4},
	};
	for (;;) {
		uint32_t going = *SOC_DMA_BUSY & SOC_CHIP_CHANNELS;
		for (int i = 0; i < 5; i++) {
			if (!parts[i].left) continue;
			uint32_t count = 1 + draw(9);
			if (count > parts[i].left) count = parts[i].left;
			if (going >> parts[i].channel & 1 || draw(3)) {
				going |= 1u << 31;
				continue;
			}
			soc_start(parts[i].channel, (void *)parts[i].at, count);
			parts[i].at += count * parts[i].size;
			parts[i].left -= count;
			going |= 1u << 31;
		}
		if (!going) return HYPERDRIVE_DONE;
	}
}

#define hyperdrive_start pieces_begin
#define hyperdrive_wait pieces
#include "hyperdrive_server.c"
