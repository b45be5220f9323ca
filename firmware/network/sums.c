// Sums of maps, packed by rq.pack.

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
	uint32_t a, uint32_t b, uint32_t bits, const struct factors *factors, int two)
{
	uint32_t mask = (UINT32_C(1) << bits) - 1, word, one = 1;
#pragma clang loop unroll(full)
	for (uint32_t k = 0; k < 32 / bits; k++) {
		int64_t total = factors->added
				+ (int64_t)(int32_t)((a >> k * bits & mask) << factors->by)
				  * factors->multiplier[0];
		if (two)
			total += (int64_t)(int32_t)((b >> k * bits & mask) << factors->by)
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

static inline __attribute__((always_inline)) void sum_words(
	const struct net_term *terms, uint32_t count, const struct net_map *out, uint32_t bits,
	const struct factors *factors, const struct net_halves *halves)
{
	// Lanes behind the last channel stay zeros.
	uint32_t used = (out->channels - (out->pixel_words - 1) * (32 / bits)) * bits;
	uint32_t last = used == 32 ? ~UINT32_C(0) : (UINT32_C(1) << used) - 1;
	const struct net_map *first = terms[0].map, *second = terms[count - 1].map;
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
		if (halves) {
			net_sum_bytes(a, b, to, run, halves);
			if (used != 32)
				for (uint32_t at = ends - 1; at < run; at += out->pixel_words)
					to[at] &= last;
			continue;
		}
		for (; run; run--) {
			uint32_t word = count == 2 ? word_of_sums(*a++, *b++, bits, factors, 1)
						   : word_of_sums(*a++, 0, bits, factors, 0);
			if (--ends == 0) {
				word &= last;
				ends = out->pixel_words;
			}
			*to++ = word;
		}
	}
}

int net_packed_sum(const struct net_term *terms, uint32_t count, int32_t addend,
		   const struct net_map *out, const struct net_requant *requant)
{
	uint32_t bits = out->bits, shift = requant->shift;
	int32_t top = requant->high - requant->low;
	if (count > 2 || bits > 8 || requant->rounding != NET_NEAREST || shift < 10
	    || top != (1 << bits) - 1)
		return 0;
	struct factors factors = {.by = 0};
	factors.added = (int64_t)((uint64_t)(int64_t)addend << requant->addend_shift)
			+ (int64_t)((uint64_t)(int64_t)(requant->added - requant->low) << shift);
	for (uint32_t i = 0; i < count; i++) {
		const struct net_term *term = terms + i;
		if (term->map->bits != bits || (term->channel | term->row | term->column)) return 0;
		factors.multiplier[i] = *term->multiplier;
		factors.added -= (int64_t)term->zero * *term->multiplier;
	}
	struct net_halves halves;
	if (bits == 8 && halves_of(&factors, &halves)) {
		flexv_csr_write(CSR_RQ_CONTROL, shift);
		flexv_csr_write(CSR_RQ_WORD, 0);
		sum_words(terms, count, out, 8, &factors, &halves);
		return 1;
	}
	// The upper word alone is packed.
	factors.by = shift < 32 ? 32 - shift : 0;
	int64_t moved = (int64_t)((uint64_t)factors.added << factors.by);
	if (moved >> factors.by != factors.added) return 0;
	factors.added = moved;
	flexv_csr_write(CSR_RQ_CONTROL, (shift < 32 ? 0 : shift - 32)
			| net_width_code(bits));
	flexv_csr_write(CSR_RQ_WORD, 0);
	switch (bits) {
	case 2: sum_words(terms, count, out, 2, &factors, 0); break;
	case 4: sum_words(terms, count, out, 4, &factors, 0); break;
	default: sum_words(terms, count, out, 8, &factors, 0);
	}
	return 1;
}
