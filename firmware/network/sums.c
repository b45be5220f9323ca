// Sums of maps: of bytes packed by rq.pack, of narrower lanes by tables.

#include "dots.h"
#include "flexv_intrinsics.h"
#include "share.h"

// Terms without steps: (u << by) * multiplier.
struct factors {
	int32_t multiplier[2];
	uint32_t by;
	int64_t added;	// with zero points, limits and rounding, all << by
};

static inline __attribute__((always_inline)) uint32_t word_of_sums(
	uint32_t a, uint32_t b, const struct factors *factors, int two)
{
	uint32_t word, one = 1;
#pragma clang loop unroll(full)
	for (uint32_t k = 0; k < 4; k++) {
		int64_t total = factors->added
				+ (int64_t)(int32_t)((a >> k * 8 & 255) << factors->by)
				  * factors->multiplier[0];
		if (two)
			total += (int64_t)(int32_t)((b >> k * 8 & 255) << factors->by)
				 * factors->multiplier[1];
		// The lower word has no part in the result.
		flexv_rq_pack((uint32_t)(total >> 32), one, 0);
	}
	__asm__ volatile("csrrw %0, %1, zero" : "=r"(word) : "i"(CSR_RQ_WORD));
	return word;
}

// The halves, or 0 where 16 bits do not hold those of the multipliers or 32 the sums.
static int halves_of(const struct factors *factors, struct net_halves *halves)
{
	int64_t added = factors->added;
	if (factors->by || added >= INT64_C(1) << 46 || added < -(INT64_C(1) << 46)) return 0;
	uint32_t first = (uint32_t)factors->multiplier[0], second = (uint32_t)factors->multiplier[1];
	halves->upper = first >> 16 | (second & 0xffff0000);
	halves->lower = (first & 0xffff) | second << 16;
	halves->added_upper = (int32_t)(added >> 16);
	halves->added_lower = (uint32_t)added & 0xffff;
	return 1;
}

// How words of a row are made: sums of bytes in two ways, 4 bits by a table.
struct words_of {
	const struct factors *factors;
	const struct net_halves *halves;
	const uint8_t *table;
};

static inline __attribute__((always_inline)) void make_words(
	const uint32_t *a, const uint32_t *b, uint32_t *to, uint32_t count,
	const struct words_of *words, int two)
{
	if (words->table) net_lookup_words(a, b, to, count, words->table);
	else if (words->halves) net_sum_bytes(a, b, to, count, words->halves);
	else
		for (; count; count--) {
			*to++ = word_of_sums(*a, two ? *b : 0, words->factors, two);
			a++;
			b++;
		}
}

static inline __attribute__((always_inline)) void sum_words(
	const struct net_map *first, const struct net_map *second, const struct net_map *out,
	const struct words_of *words, int two)
{
	// Lanes behind the last channel stay zeros.
	uint32_t bits = out->bits;
	uint32_t used = (out->channels - (out->pixel_words - 1) * (32 / bits)) * bits;
	uint32_t last = used == 32 ? ~UINT32_C(0) : (UINT32_C(1) << used) - 1;
	for (struct share s = share_of(out); s.left;) {
		int32_t y = (int32_t)s.y, x = (int32_t)s.x;
		const uint32_t *a = net_pixel(first, y, x) + s.word;
		const uint32_t *b = net_pixel(second, y, x) + s.word;
		uint32_t *to = net_pixel(out, y, x) + s.word;
		// To the end of the row, where all maps have their words one behind the other.
		uint32_t run = smaller(s.left, (out->width - s.x) * out->pixel_words - s.word);
		uint32_t ends = out->pixel_words - s.word;
		s.left -= run;
		s.x = s.word = 0;
		s.y++;
		make_words(a, b, to, run, words, two);
		if (used != 32)
			for (uint32_t at = ends - 1; at < run; at += out->pixel_words) to[at] &= last;
	}
}

void net_lookup_sum(const struct net_map *first, const struct net_map *second,
		    const struct net_map *out, const uint8_t *table)
{
	struct words_of words = {0, 0, table};
	sum_words(first, second, out, &words, 1);
}

// Accumulators by rq.pack.c, with the lowest result in the addend.
static int scale_packed(const struct net_term *term, int32_t addend, const struct net_map *out,
			const struct net_requant *requant)
{
	const uint32_t bits = out->bits, lanes = 32 / bits;
	const int64_t low = (int64_t)(requant->added - requant->low)
			    << (requant->shift - requant->addend_shift);
	const int64_t wide = addend + low;
	const int nearest = requant->rounding == NET_NEAREST || requant->rounding == NET_EVEN
			    || requant->rounding == NET_ODD;
	if (term->zero || !nearest || bits > 8 || wide != (int32_t)wide
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

int net_packed_sum(const struct net_term *terms, uint32_t count, int32_t addend,
		   const struct net_map *out, const struct net_requant *requant)
{
	uint32_t bits = out->bits, shift = requant->shift;
	if (count == 1 && terms->map->bits == 32
	    && !(terms->channel | terms->row | terms->column))
		return scale_packed(terms, addend, out, requant);
	if (count > 2 || bits != 8) return 0;
	for (uint32_t i = 0; i < count; i++) {
		const struct net_term *term = terms + i;
		if (term->map->bits != bits || (term->channel | term->row | term->column)) return 0;
	}
	if (requant->rounding != NET_NEAREST || shift < 10 || requant->high - requant->low != 255)
		return 0;
	struct factors factors = {.by = 0};
	factors.added = (int64_t)((uint64_t)(int64_t)addend << requant->addend_shift)
			+ (int64_t)((uint64_t)(int64_t)(requant->added - requant->low) << shift);
	for (uint32_t i = 0; i < count; i++) {
		factors.multiplier[i] = *terms[i].multiplier;
		factors.added -= (int64_t)terms[i].zero * *terms[i].multiplier;
	}
	struct net_halves halves;
	if (halves_of(&factors, &halves)) {
		flexv_csr_write(CSR_RQ_CONTROL, shift);
		flexv_csr_write(CSR_RQ_WORD, 0);
		struct words_of words = {0, &halves, 0};
		sum_words(terms[0].map, terms[count - 1].map, out, &words, 1);
		return 1;
	}
	// The upper word alone is packed.
	factors.by = shift < 32 ? 32 - shift : 0;
	int64_t moved = (int64_t)((uint64_t)factors.added << factors.by);
	if (moved >> factors.by != factors.added) return 0;
	factors.added = moved;
	flexv_csr_write(CSR_RQ_CONTROL, (shift < 32 ? 0 : shift - 32) | NET_WIDTH_CODE(8));
	flexv_csr_write(CSR_RQ_WORD, 0);
	struct words_of words = {&factors, 0, 0};
	if (count == 2) sum_words(terms[0].map, terms[1].map, out, &words, 1);
	else sum_words(terms[0].map, terms[0].map, out, &words, 0);
	return 1;
}
