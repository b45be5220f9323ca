// How cores divide what there is to do: each takes what lies one behind the other.
#ifndef NETWORK_SHARE_H
#define NETWORK_SHARE_H

#include "kernels.h"
#include "platform.h"

// The first of the units of a part, and how many: as equal as can be, the first ones one more.
static inline uint32_t net_first_of(uint32_t units, uint32_t parts, uint32_t part, uint32_t *count)
{
	uint32_t each = units / parts, more = units - each * parts;
	*count = each + (part < more);
	return each * part + (part < more ? part : more);
}

// Places of this core, in the order in which `put` needs them: words of lanes one after the other,
// each on one core.
struct share {
	uint32_t y, x, word, left, lanes;
};

static inline struct share share_of(const struct net_map *out)
{
	uint32_t total = out->height * out->width * out->pixel_words;
	uint32_t left, at = net_first_of(total, net_cores(), net_core(), &left);
	uint32_t pixels = at / out->pixel_words, y = pixels / out->width;
	return (struct share){y, pixels - y * out->width, at - pixels * out->pixel_words,
			      left, 32 / out->bits};
}

static inline void next_word(struct share *share, const struct net_map *out)
{
	share->left--;
	if (++share->word == out->pixel_words) {
		share->word = 0;
		if (++share->x == out->width) {
			share->x = 0;
			share->y++;
		}
	}
}

static inline uint32_t smaller(uint32_t a, uint32_t b) { return a < b ? a : b; }

#endif
