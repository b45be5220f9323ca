// How cores divide a map: each takes words that lie one behind the other.
#ifndef NETWORK_SHARE_H
#define NETWORK_SHARE_H

#include "kernels.h"
#include "platform.h"

// Places of this core, in the order in which `put` needs them: words of lanes one after the other,
// each on one core.
struct share {
	uint32_t y, x, word, left, lanes;
};

static inline struct share share_of(const struct net_map *out)
{
	uint32_t total = out->height * out->width * out->pixel_words;
	uint32_t each = total / net_cores(), more = total - each * net_cores(), core = net_core();
	uint32_t at = each * core + (core < more ? core : more);
	uint32_t pixels = at / out->pixel_words, y = pixels / out->width;
	return (struct share){y, pixels - y * out->width, at - pixels * out->pixel_words,
			      each + (core < more), 32 / out->bits};
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
