// Sums of one or two maps of 8, 4 or 2 bits by kernels of dots.S; accumulators packed by rq.pack.c.

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
	flexv_csr_write(CSR_RQ_CONTROL, sums->control);
	flexv_csr_write(CSR_RQ_WORD, 0);
	for (uint32_t run, y = at / row, x = at - y * row; left; left -= run, x = 0, y++) {
		run = smaller(left, row - x);
		uint32_t *to = out->data + y * out->row_words + x * words;
		sums->kernel(a->data + y * a->row_words + x * a_words,
			     b->data + y * b->row_words + x * b_words, to, run, sums);
		clear_lanes(to, x * words % out->pixel_words, run * words, out);
	}
}

// The lowest result is part of the addend.
int net_packed_sums(const struct net_term *term, int32_t addend, const struct net_map *out,
			const struct net_requant *requant)
{
	const uint32_t bits = out->bits, lanes = 32 / bits;
	const int64_t low = (int64_t)(requant->added - requant->low)
			    << (requant->shift - requant->addend_shift);
	const int64_t wide = addend + low;
	const int nearest = requant->rounding == NET_NEAREST || requant->rounding == NET_EVEN
			    || requant->rounding == NET_ODD;
	if (term->map->bits != 32 || (term->channel | term->row | term->column) || term->zero || !nearest || bits > 8 || wide != (int32_t)wide
	    || requant->high - requant->low != (1 << bits) - 1)
		return 0;
	const uint32_t multiplier = (uint32_t)*term->multiplier, added = (uint32_t)wide;
	flexv_csr_write(CSR_RQ_CONTROL, NET_RQ_CONTROL(requant->shift, bits, requant->addend_shift,
						       requant->rounding));
	flexv_csr_write(CSR_RQ_WORD, 0);
	for (struct share s = share_of(out); s.left; next_word(&s, out)) {
		uint32_t word, c = s.word * lanes, used = smaller(lanes, out->channels - c) * bits;
		const uint32_t *from = net_pixel(term->map, (int32_t)s.y, (int32_t)s.x) + c;
#pragma clang loop unroll_count(4)
		for (uint32_t k = 0; k < lanes; k++)
			(void)flexv_rq_pack_c(from[k], multiplier, added);
		__asm__ volatile("csrrw %0, %1, zero" : "=r"(word) : "i"(CSR_RQ_WORD));
		if (used < 32) word &= (UINT32_C(1) << used) - 1;
		net_pixel(out, (int32_t)s.y, (int32_t)s.x)[s.word] = word;
	}
	return 1;
}
