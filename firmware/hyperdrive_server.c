// Runs programs of Hyperdrive that the host sends: for self-tests, and for hosts that want no
// firmware of their own (docs/soc.md). For each one the host sends a word for each count of `struct
// request`, then what these count, pixels two a word; it gets the end, and where that is
// HYPERDRIVE_DONE another transfer of results, two a word, and of reports. A request of which all
// counts are 0 ends the program; so does one that is too large.

#include "hyperdrive.h"

struct request {
	uint32_t descriptor_words, weight_words, pixel_count, result_count, report_count, stalled;
};

#define ROOM 6144 // words

static uint32_t room[ROOM];

static uint32_t *take(uint32_t **next, uint32_t words)
{
	uint32_t *place = *next;
	*next += words;
	return place;
}

// Words of a request with what it makes; counts are the host's, so their sum may have 35 bits.
static uint64_t words_of(const struct request *r)
{
	return (uint64_t)r->descriptor_words + r->weight_words + ((uint64_t)r->pixel_count + 1) / 2
	       + ((uint64_t)r->result_count + 1) / 2 + (uint64_t)5 * r->report_count;
}

int main(void)
{
	for (;;) {
		struct request r;
		if (soc_receive((uint32_t *)&r, sizeof r / 4, 0) != SOC_DONE) return 2;
		uint64_t words = words_of(&r);
		if (words == 0) return 0;
		if (words > ROOM) {
			put_string("server: a request of ");
			if (words > UINT32_MAX) put_string("more than ");
			put_decimal(words > UINT32_MAX ? UINT32_MAX : (uint32_t)words);
			put_string(" words, room is for ");
			put_decimal(ROOM);
			put_string("\n");
			return 3;
		}
		uint32_t pixel_words = (r.pixel_count + 1) / 2, result_words = (r.result_count + 1) / 2;
		uint32_t in = r.descriptor_words + r.weight_words + pixel_words;
		uint32_t out = result_words + 5 * r.report_count;
		uint32_t *next = room;
		struct hyperdrive_work work = {
			.descriptors = take(&next, r.descriptor_words),
			.descriptor_words = r.descriptor_words,
			.weights = take(&next, r.weight_words),
			.weight_words = r.weight_words,
			.pixels = (uint16_t *)take(&next, pixel_words),
			.pixel_count = r.pixel_count,
			.results = (uint16_t *)take(&next, result_words),
			.result_count = r.result_count,
			.reports = take(&next, 5 * r.report_count),
			.report_count = r.report_count,
		};
		if (soc_receive(room, in, 0) != SOC_DONE) return 4;
		// The half of a last word that no result fills.
		if (r.result_count & 1) work.results[r.result_count] = 0;
		hyperdrive_start(&work, r.stalled);
		uint32_t end = hyperdrive_wait();
		if (end != HYPERDRIVE_DONE) {
			hyperdrive_print(end);
			hyperdrive_reset();
		}
		soc_send(&end, 1, 0);
		if (end == HYPERDRIVE_DONE) soc_send(room + in, out, 0);
	}
}
