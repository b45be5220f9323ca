// Sums of one or two maps of 8, 4 or 2 bits by the core's dot products: kernels of dots.S.

#include "dots.h"
#include "flexv_intrinsics.h"
#include "share.h"

// Lanes behind a pixel's last channel stay zeros: of `words` words from `to` on, the first of them in a
// pixel the word `at`.
static void clear_lanes(uint32_t *to, uint32_t at, uint32_t words, const struct net_map *out)
{
	uint32_t used = (out->channels - (out->pixel_words - 1) * (32 / out->bits)) * out->bits;
	if (used == 32) return;
	uint32_t mask = (UINT32_C(1) << used) - 1;
	for (uint32_t word = out->pixel_words - 1 - at; word < words; word += out->pixel_words)
		to[word] &= mask;
}

static int in_one_row(const struct net_map *map)
{
	return map->row_words == map->width * map->pixel_words;
}

void net_sum_units(const struct net_term *terms, uint32_t count, const struct net_map *out,
		   const struct net_sums *sums)
{
	const struct net_map *a = terms[0].map, *b = terms[count - 1].map;
	// Words of a unit.
	uint32_t a_words = sums->values * a->bits / 32, b_words = sums->values * b->bits / 32;
	uint32_t words = sums->values * out->bits / 32;
	uint32_t row = out->width * out->pixel_words / words, total = row * out->height;
	if (in_one_row(a) && in_one_row(b) && in_one_row(out)) row = total;
	uint32_t each = total / net_cores(), more = total - each * net_cores(), core = net_core();
	uint32_t at = each * core + smaller(core, more), left = each + (core < more);
	flexv_csr_write(CSR_RQ_CONTROL, net_rq_control(sums->shift, out->bits, sums->addend_shift,
						       sums->rounding));
	flexv_csr_write(CSR_RQ_WORD, 0);
	for (uint32_t run, y = at / row, x = at - y * row; left; left -= run, x = 0, y++) {
		run = smaller(left, row - x);
		uint32_t *to = out->data + y * out->row_words + x * words;
		sums->kernel(a->data + y * a->row_words + x * a_words,
			     b->data + y * b->row_words + x * b_words, to, run, sums);
		clear_lanes(to, x * words % out->pixel_words, run * words, out);
	}
}
