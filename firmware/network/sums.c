// Sums of maps: of bytes packed by rq.pack, of narrower lanes looked up.

#include "dots.h"
#include "flexv_intrinsics.h"
#include "share.h"

// Terms without steps: (u << by) * multiplier.
struct factors {
	int32_t multiplier[2];
	uint32_t by;
	int64_t added;	// with zero points, limits and rounding, all << by
};

// Results for 4 bits of the one map, and, times 16, 4 bits of the other.
static uint8_t looked_up[256] NET_L1 __attribute__((aligned(4)));

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

static inline __attribute__((always_inline)) uint32_t word_by_table(uint32_t a, uint32_t b)
{
	uint32_t nibbles = 0x0f0f0f0f, word = 0;
	uint32_t even = (a & nibbles) | (b & nibbles) << 4;
	uint32_t odd = (a >> 4 & nibbles) | (b & ~nibbles);
#pragma clang loop unroll(full)
	for (uint32_t k = 0; k < 32; k += 8)
		word |= (uint32_t)looked_up[even >> k & 255] << k
			| (uint32_t)looked_up[odd >> k & 255] << (k + 4);
	return word;
}

// All cores together: none looks up what the call before has left, all may afterwards.
static void fill_table(const struct net_term *terms, uint32_t count, int32_t addend, uint32_t bits,
		       const struct net_requant *requant)
{
	uint32_t all = count == 2 ? 256 : 16, lanes = (UINT32_C(1) << bits) - 1;
	uint32_t first = net_core(), step = net_cores();
	// Lanes of 2 bits: what two of them make is put together of what single ones do.
	uint32_t pairs[16];
	if (bits == 2)
		for (uint32_t i = 0; i < 16; i++) {
			uint32_t values[2] = {i & 3, i >> 2};
			pairs[i] = net_sum_of(terms, count, addend, values, requant);
		}
	net_barrier();
	for (uint32_t i = first; i < all; i += step) {
		uint32_t values[2] = {i & lanes, i >> 4 & lanes};
		looked_up[i] = (uint8_t)(
			bits == 4 ? net_sum_of(terms, count, addend, values, requant)
				  : pairs[(i & 3) | (i >> 4 & 3) << 2]
				    | pairs[(i >> 2 & 3) | (i >> 6 & 3) << 2] << 2);
	}
	net_barrier();
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
	const struct net_term *terms, uint32_t count, const struct net_map *out,
	const struct factors *factors, const struct net_halves *halves)
{
	// Lanes behind the last channel stay zeros.
	uint32_t bits = out->bits;
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
			uint32_t left = *a++, right = count == 2 ? *b++ : 0;
			uint32_t word = !factors ? word_by_table(left, right)
				      : count == 2 ? word_of_sums(left, right, factors, 1)
						   : word_of_sums(left, 0, factors, 0);
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
	if (count > 2 || bits > 8) return 0;
	for (uint32_t i = 0; i < count; i++) {
		const struct net_term *term = terms + i;
		if (term->map->bits != bits || (term->channel | term->row | term->column)) return 0;
	}
	if (bits < 8) {
		fill_table(terms, count, addend, bits, requant);
		sum_words(terms, count, out, 0, 0);
		return 1;
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
		sum_words(terms, count, out, &factors, &halves);
		return 1;
	}
	// The upper word alone is packed.
	factors.by = shift < 32 ? 32 - shift : 0;
	int64_t moved = (int64_t)((uint64_t)factors.added << factors.by);
	if (moved >> factors.by != factors.added) return 0;
	factors.added = moved;
	flexv_csr_write(CSR_RQ_CONTROL, (shift < 32 ? 0 : shift - 32) | NET_WIDTH_CODE(8));
	flexv_csr_write(CSR_RQ_WORD, 0);
	sum_words(terms, count, out, &factors, 0);
	return 1;
}
