// The plain kernels: see kernels.h. Written to be read; lane by lane.

#include "kernels.h"

#include <stddef.h>

#include "platform.h"
#include "share.h"
#ifdef NETWORK_DOTS
#include "dots.h"
#include "flexv_intrinsics.h"
#endif

static uint32_t lane_mask(uint32_t bits) { return bits == 32 ? ~UINT32_C(0) : (UINT32_C(1) << bits) - 1; }

// Lane `index` of words, without sign.
static uint32_t lane(const uint32_t *words, uint32_t index, uint32_t bits)
{
	uint32_t bit = index * bits;
	return words[bit / 32] >> bit % 32 & lane_mask(bits);
}

#define pixel net_pixel

static uint32_t get(const struct net_map *map, uint32_t c, int32_t y, int32_t x)
{
	return map->group_words ? *net_planar(map, c, y, x) : lane(pixel(map, y, x), c, map->bits);
}

// The first lane of a word clears the others, so channels are stored in their order.
void net_put(uint32_t *words, uint32_t c, uint32_t bits, uint32_t value)
{
	uint32_t bit = c * bits, *word = words + bit / 32;
	value &= lane_mask(bits);
	*word = bit % 32 ? *word | value << bit % 32 : value;
}

#define put net_put


// What rounding adds to `low` where `rest` of a divisor is left.
static int64_t round_quotient_rest(int64_t rest, int64_t divisor, int64_t low,
				   enum net_rounding rounding)
{
	// Against the half without doubling, which might overflow.
	int64_t other = divisor - rest;
	int more = rest > other, tie = rest == other;
	switch (rounding) {
	case NET_FLOOR: return 0;
	case NET_CEIL: return rest > 0;
	case NET_DOWN: return rest > 0 && low < 0;
	case NET_UP: return rest > 0 && low >= 0;
	case NET_HALF_UP: return more || (tie && low >= 0);
	case NET_HALF_DOWN: return more || (tie && low < 0);
	default: return more || (tie && (low & 1));
	}
}

// number / divisor, rounded; divisor > 0.
static int64_t round_quotient(int64_t number, int64_t divisor, enum net_rounding rounding)
{
	int64_t low = number / divisor, rest = number % divisor;
	if (rest < 0) {
		low--;
		rest += divisor;
	}
	return low + round_quotient_rest(rest, divisor, low, rounding);
}

// Bits of a positive number above the lowest 20.
static uint32_t bits_above_20(uint64_t number)
{
	uint32_t found = 0;
	number >>= 20;
	for (uint32_t step = 32; step; step /= 2)
		if (number >> (found + step - 1)) found += step;
	return found;
}

// The same for what is clipped behind: of limits of 10 bits beyond these any value will do. A
// division of 32 bits instead of one of 64: it is one too large or too small at most.
static int64_t round_limited_quotient(int64_t number, int64_t divisor,
				      const struct net_requant *requant)
{
	enum net_rounding rounding = requant->rounding;
	if (divisor >= INT64_C(1) << 50 || requant->low - requant->added < -(1 << 10)
	    || requant->high - requant->added >= 1 << 10)
		return round_quotient(number, divisor, rounding);
	int64_t limit = divisor << 10, base = 0;
	if (number >= limit) return 1 << 10;
	if (number < -limit) return -(1 << 10);
	if (number < 0) {
		// Nonnegative, by a multiple.
		number += limit;
		base = -(1 << 10);
	}
	uint32_t beyond = bits_above_20((uint64_t)divisor);
	int32_t low = (int32_t)((uint32_t)(number >> beyond) / (uint32_t)(divisor >> beyond));
	number -= low * divisor;
	if (number < 0) {
		number += divisor;
		low--;
	} else if (number >= divisor) {
		number -= divisor;
		low++;
	}
	return base + low + round_quotient_rest(number, divisor, base + low, rounding);
}

static uint32_t clipped(int64_t value, const struct net_requant *requant)
{
	value += requant->added;
	if (value < requant->low) value = requant->low;
	if (value > requant->high) value = requant->high;
	return (uint32_t)(value - requant->low);
}

static int64_t shifted_left(int32_t value, uint32_t by) { return (int64_t)((uint64_t)(int64_t)value << by); }

// What is stored of a sum that has its addend.
static uint32_t requantised(int64_t total, const struct net_requant *requant)
{
	if (requant->rounding == NET_NEAREST) return clipped(total >> requant->shift, requant);
	if (requant->rounding == NET_SIGN) return clipped(total >= 0 ? 1 : -1, requant);
	int64_t low = total >> requant->shift, divisor = INT64_C(1) << requant->shift;
	int64_t rest = total & (divisor - 1);
	if (requant->rounding == NET_EVEN || requant->rounding == NET_ODD)
		return clipped(low - (!rest && (low & 1) != (requant->rounding == NET_ODD)), requant);
	return clipped(low + round_quotient_rest(rest, divisor, low, requant->rounding), requant);
}

uint32_t net_finished(int32_t sum, const struct net_scales *scales, uint32_t index,
		      const struct net_requant *requant)
{
	const struct net_scales *group = scales + index / 4;
	uint32_t i = index % 4;
	return requantised((int64_t)sum * group->multiplier[i]
			   + shifted_left(group->addend[i], requant->addend_shift), requant);
}

// Layers

// A layer's kernel: its source and window, `words` of weights of a channel.
struct layer {
	const struct net_map *in;
	const struct net_window *window;
	uint32_t weight_bits, words, first, parameter;
	const uint32_t *weights;
};

// Sum of a channel at a place of the source.
typedef int32_t channel_sum(const struct layer *layer, int32_t y, int32_t x, uint32_t channel);

// Channels in whole groups of 4.
static uint32_t whole(uint32_t count) { return (count + 3) / 4 * 4; }

static inline __attribute__((always_inline)) void every(
	channel_sum sum, struct layer *layer, const struct net_map *out, const void *weights,
	uint32_t count, const struct net_requant *requant, int scaled)
{
	const struct net_scales *scales = weights;
	const struct net_window *window = layer->window;
	layer->weights = scaled ? (const uint32_t *)(scales + whole(count) / 4) : weights;
	for (uint32_t y = net_core(); y < out->height; y += net_cores())
		for (uint32_t x = 0; x < out->width; x++)
			for (uint32_t c = layer->first; c < layer->first + count; c++) {
				int32_t made = sum(layer, (int32_t)(y * window->stride_y) - window->top,
						   (int32_t)(x * window->stride_x) - window->left, c);
				uint32_t value = scaled ? net_finished(made, scales, c - layer->first,
								       requant)
							: (uint32_t)made;
				if (out->group_words)
					*net_planar(out, c, (int32_t)y, (int32_t)x) = (uint8_t)value;
				else
					put(pixel(out, (int32_t)y, (int32_t)x), c, out->bits, value);
			}
}

// Words of weights of a channel, one after the other in lanes with sign.
struct lanes {
	const uint32_t *next;
	uint32_t word, left, bits;
};

static struct lanes channel_lanes(const struct layer *layer, uint32_t channel)
{
	// Words of a group's channels stand side by side.
	uint32_t index = channel - layer->first;
	return (struct lanes){layer->weights + index / 4 * 4 * layer->words + index % 4, 0, 0,
			      layer->weight_bits};
}

static int32_t next_lane(struct lanes *lanes)
{
	uint32_t above = 32 - lanes->bits;
	if (!lanes->left) {
		lanes->word = *lanes->next;
		lanes->next += 4;
		lanes->left = 32 / lanes->bits;
	}
	int32_t value = (int32_t)(lanes->word << above) >> above;
	lanes->word >>= lanes->bits;
	lanes->left--;
	return value;
}

// Products with words begin..begin + count - 1 of each pixel of a window.
static int32_t products(const struct layer *layer, int32_t y, int32_t x, uint32_t channel,
			uint32_t begin, uint32_t count)
{
	const struct net_map *in = layer->in;
	const struct net_window *window = layer->window;
	struct lanes weights = channel_lanes(layer, channel);
	uint32_t mask = lane_mask(in->bits), sum = 0;
	for (uint32_t i = 0; i < window->height; i++)
		for (uint32_t j = 0; j < window->width; j++) {
			const uint32_t *source = pixel(in, y + (int32_t)(i * window->dilation_y),
						       x + (int32_t)(j * window->dilation_x));
			for (uint32_t k = begin; k < begin + count; k++) {
				uint32_t values = source[k];
				for (uint32_t lanes = 32 / in->bits; lanes; lanes--) {
					sum += (values & mask) * (uint32_t)next_lane(&weights);
					values >>= in->bits;
				}
			}
		}
	return (int32_t)sum;
}

static int32_t dense(const struct layer *layer, int32_t y, int32_t x, uint32_t channel)
{
	return products(layer, y, x, channel, 0, layer->in->pixel_words);
}

// Words of weights of so many lanes.
static uint32_t lane_words(uint32_t lanes, uint32_t bits) { return (lanes * bits + 31) / 32; }

void net_plain_convolve(const struct net_map *in, const struct net_map *out,
			const struct net_window *window, uint32_t weight_bits, const void *weights,
			uint32_t first, uint32_t count, const struct net_requant *requant,
			int scaled)
{
	uint32_t words = lane_words(window->height * window->width * in->pixel_words
				    * (32 / in->bits), weight_bits);
	struct layer layer = {in, window, weight_bits, words, first, 0, NULL};
	every(dense, &layer, out, weights, count, requant, scaled);
}

static int32_t single(const struct layer *layer, int32_t y, int32_t x, uint32_t channel)
{
	return products(layer, y, x, channel,
			channel / layer->parameter * layer->in->bits / 32, 1);
}

void net_plain_depthwise(const struct net_map *in, const struct net_map *out,
			 const struct net_window *window, uint32_t weight_bits,
			 const void *weights, uint32_t first, uint32_t count, uint32_t multiple,
			 const struct net_requant *requant, int scaled)
{
	uint32_t words = lane_words(window->height * window->width * (32 / in->bits), weight_bits);
	struct layer layer = {in, window, weight_bits, words, first, multiple, NULL};
	every(single, &layer, out, weights, count, requant, scaled);
}

static int32_t by_strips(const struct layer *layer, int32_t y, int32_t x, uint32_t channel)
{
	struct lanes weights = channel_lanes(layer, channel);
	uint32_t down = layer->parameter, sum = 0;
	int32_t taps = (int32_t)(down ? layer->window->height : layer->window->width);
	for (int32_t i = 0; i < (int32_t)layer->words; i++)
		for (int32_t j = 0; j < 4; j++) {
			int32_t weight = next_lane(&weights);
			if (j < taps)
				sum += (uint32_t)weight * get(layer->in, channel, y + (down ? j : i),
							      x + (down ? i : j));
		}
	return (int32_t)sum;
}

void net_plain_strips(const struct net_map *in, const struct net_map *out,
		      const struct net_window *window, const void *weights, uint32_t first,
		      uint32_t count, int down, const struct net_requant *requant)
{
	struct layer layer = {in, window, 8, down ? window->width : window->height, first,
			      (uint32_t)down, NULL};
	every(by_strips, &layer, out, weights, count, requant, 1);
}

static int32_t grouped(const struct layer *layer, int32_t y, int32_t x, uint32_t channel)
{
	// Channels of a group of the source, and of the output.
	uint32_t inputs = layer->parameter & 0xffff, outputs = layer->parameter >> 16;
	uint32_t sum = 0, begin = channel / outputs * inputs;
	const struct net_window *window = layer->window;
	struct lanes weights = channel_lanes(layer, channel);
	for (uint32_t i = 0; i < window->height; i++)
		for (uint32_t j = 0; j < window->width; j++)
			for (uint32_t k = 0; k < inputs; k++)
				sum += (uint32_t)next_lane(&weights)
				       * get(layer->in, begin + k,
					     y + (int32_t)(i * window->dilation_y),
					     x + (int32_t)(j * window->dilation_x));
	return (int32_t)sum;
}

void net_grouped(const struct net_map *in, const struct net_map *out,
		 const struct net_window *window, uint32_t weight_bits, const void *weights,
		 uint32_t first, uint32_t count, uint32_t groups, const struct net_requant *requant,
		 int scaled)
{
	uint32_t inputs = in->channels / groups;
	struct layer layer = {
		in, window, weight_bits,
		lane_words(window->height * window->width * inputs, weight_bits), first,
		inputs | out->channels / groups << 16, NULL};
	every(grouped, &layer, out, weights, count, requant, scaled);
}

// Elementwise

#define EVERY(out) \
	for (struct share s = share_of(out); s.left; next_word(&s, out)) \
		for (uint32_t y = s.y, x = s.x, c = s.word * s.lanes, \
		     end = smaller(c + s.lanes, (out)->channels); c < end; c++)
#define PUT(out, value) put(pixel(out, (int32_t)y, (int32_t)x), c, (out)->bits, value)

// One term, with the same numbers everywhere.
static void scale_evenly(const struct net_term *term, int32_t addend, const struct net_map *out,
			 const struct net_requant *requant)
{
	const struct net_map *in = term->map;
	const int32_t multiplier = *term->multiplier;
	const uint32_t shift = requant->shift, even = requant->rounding == NET_HALF_EVEN && shift;
	const int64_t rest = (INT64_C(1) << shift) - 1, half = even ? INT64_C(1) << (shift - 1) : 0;
	const int64_t base = shifted_left(addend, requant->addend_shift)
			     - (int64_t)term->zero * multiplier + half;
	const int64_t added = requant->added, low = requant->low, high = requant->high;
	EVERY(out) {
		int64_t total = base + (int64_t)(int32_t)get(in, c, (int32_t)y, (int32_t)x) * multiplier;
		int64_t value = total >> shift;
		// Of the two next to a tie the even one.
		if (even && !(total & rest)) value &= ~INT64_C(1);
		value += added;
		value = value < low ? low : value > high ? high : value;
		PUT(out, (uint32_t)(value - low));
	}
}

void net_sum(const struct net_term *terms, uint32_t count, const int32_t *addend, uint32_t channel,
	     uint32_t row, uint32_t column, const struct net_map *out,
	     const struct net_requant *requant, const struct net_sums *sums)
{
#ifdef NETWORK_DOTS
	if (sums) {
		net_sum_units(terms, count, out, sums);
		return;
	}
	if (count == 1 && !(channel | row | column) && net_packed_sums(terms, *addend, out, requant)) return;
#endif
	(void)sums;
	if (count == 1 && !(channel | row | column | terms->channel | terms->row | terms->column)
	    && (requant->rounding == NET_NEAREST || requant->rounding == NET_HALF_EVEN)) {
		scale_evenly(terms, *addend, out, requant);
		return;
	}
	EVERY(out) {
		int64_t total = shifted_left(addend[c * channel + y * row + x * column],
					     requant->addend_shift);
		for (uint32_t i = 0; i < count; i++) {
			const struct net_term *term = terms + i;
			int64_t value = (int32_t)get(term->map, c, (int32_t)y, (int32_t)x);
			total += (value - term->zero) * term->multiplier[
				c * term->channel + y * term->row + x * term->column];
		}
		PUT(out, requantised(total, requant));
	}
}

void net_scale_exactly(const struct net_map *in, int32_t zero, const struct net_ratio *ratio,
		       const struct net_map *out, const struct net_requant *requant)
{
	EVERY(out) {
		uint32_t at = c * ratio->channel + y * ratio->row + x * ratio->column;
		int64_t value = (int64_t)(int32_t)get(in, c, (int32_t)y, (int32_t)x) - zero;
		PUT(out, clipped(round_limited_quotient(value * ratio->numerator[at],
						     ratio->denominator[at], requant), requant));
	}
}

// Pools

// Taps of a window along one axis that are in the map: the place of the first, how many.
struct taps {
	int32_t first;
	uint32_t count;
};

static struct taps taps_in(int32_t first, uint32_t count, uint32_t dilation, uint32_t size)
{
	while (count && first < 0) {
		first += (int32_t)dilation;
		count--;
	}
	while (count && first + (int32_t)((count - 1) * dilation) >= (int32_t)size) count--;
	return (struct taps){first, count};
}

// A lane of the widths that the core adds and compares in one instruction, or lane by lane.
static inline __attribute__((always_inline)) void join_lanes(uint32_t *lanes, uint32_t values,
							     uint32_t bits, int largest)
{
#ifdef NETWORK_DOTS
	if (bits == 8 && !largest) {
#pragma clang loop unroll(full)
		for (uint32_t k = 0; k < 4; k++)
			lanes[k] = flexv_sdotup_b(lanes[k], values, UINT32_C(1) << 8 * k);
		return;
	}
	if (bits == 4 && !largest) {
		uint32_t even = values & 0x0f0f0f0f, odd = values >> 4 & 0x0f0f0f0f;
#pragma clang loop unroll(full)
		for (uint32_t k = 0; k < 4; k++) {
			lanes[2 * k] = flexv_sdotup_b(lanes[2 * k], even, UINT32_C(1) << 8 * k);
			lanes[2 * k + 1] = flexv_sdotup_b(lanes[2 * k + 1], odd,
							  UINT32_C(1) << 8 * k);
		}
		return;
	}
#endif
#pragma clang loop unroll(full)
	for (uint32_t k = 0; k < 32 / bits; k++) {
		uint32_t value = values >> k * bits & lane_mask(bits);
		if (!largest) lanes[k] += value;
		else if (value > lanes[k]) lanes[k] = value;
	}
}

// The part of an output pixel's window that is in the map.
struct place {
	const uint32_t *first;
	uint32_t rows, columns, row_step, step, taps;
};

static struct place place_of(const struct net_map *in, const struct net_window *window, uint32_t y,
			     uint32_t x)
{
	struct taps rows = taps_in((int32_t)(y * window->stride_y) - window->top, window->height,
				   window->dilation_y, in->height);
	struct taps columns = taps_in((int32_t)(x * window->stride_x) - window->left,
				      window->width, window->dilation_x, in->width);
	struct place place = {pixel(in, rows.first, columns.first), rows.count, columns.count,
			      window->dilation_y * in->row_words,
			      window->dilation_x * in->pixel_words, rows.count * columns.count};
	if (place.row_step == place.columns * place.step) {
		// All at equal distances.
		place.columns = place.taps;
		place.rows = place.taps != 0;
	}
	return place;
}

// Sums or largest ones of the lanes of a word of a window's pixels.
static inline __attribute__((always_inline)) void pool_lanes(
	const struct place *place, uint32_t word, uint32_t bits, int largest, uint32_t *made)
{
	uint32_t own[16] = {0};
	const uint32_t *row = place->first + word;
	for (uint32_t i = place->rows; i; i--, row += place->row_step) {
		const uint32_t *at = row;
#pragma clang loop unroll_count(4)
		for (uint32_t j = place->columns; j; j--, at += place->step)
			join_lanes(own, *at, bits, largest);
	}
#pragma clang loop unroll(full)
	for (uint32_t k = 0; k < 32 / bits; k++) made[k] = own[k];
}

static inline __attribute__((always_inline)) void pool(const struct place *place, uint32_t word,
						       uint32_t bits, int largest, uint32_t *made)
{
	switch (bits) {
	case 2: pool_lanes(place, word, 2, largest, made); break;
	case 4: pool_lanes(place, word, 4, largest, made); break;
	case 8: pool_lanes(place, word, 8, largest, made); break;
	case 16: pool_lanes(place, word, 16, largest, made); break;
	default: pool_lanes(place, word, 32, largest, made);
	}
}

void net_window_sum(const struct net_map *in, const struct net_map *out,
		    const struct net_window *window, int32_t zero)
{
	// Words of the source; each makes as many sums as it has lanes.
	struct net_map words = *out;
	words.pixel_words = in->pixel_words;
	struct share s = share_of(&words);
	struct place place = place_of(in, window, s.y, s.x);
	for (; s.left; next_word(&s, &words)) {
		if (!s.word) place = place_of(in, window, s.y, s.x);
		uint32_t sums[16], lanes = 32 / in->bits, c = s.word * lanes;
		uint32_t end = smaller(c + lanes, out->channels);
		uint32_t taken = (uint32_t)zero * place.taps;
		pool(&place, s.word, in->bits, 0, sums);
		uint32_t *to = pixel(out, (int32_t)s.y, (int32_t)s.x);
		for (uint32_t k = 0; c < end; c++, k++) to[c] = sums[k] - taken;
	}
}

void net_max_pool(const struct net_map *in, const struct net_map *out,
		  const struct net_window *window)
{
	struct share s = share_of(out);
	struct place place = place_of(in, window, s.y, s.x);
	for (; s.left; next_word(&s, out)) {
		if (!s.word) place = place_of(in, window, s.y, s.x);
		uint32_t made[16], c = s.word * s.lanes, end = smaller(c + s.lanes, out->channels);
		pool(&place, s.word, in->bits, 1, made);
		for (uint32_t k = 0; c < end; c++, k++)
			put(pixel(out, (int32_t)s.y, (int32_t)s.x), c, out->bits, made[k]);
	}
}

void net_table(const struct net_map *in, const struct net_map *out, const uint8_t *table)
{
	EVERY(out) PUT(out, table[get(in, c, (int32_t)y, (int32_t)x)]);
}

// What moves values

// A lane among others that are kept.
static void set(uint32_t *words, uint32_t c, uint32_t bits, uint32_t value)
{
	uint32_t bit = c * bits, *word = words + bit / 32;
	*word = (*word & ~(lane_mask(bits) << bit % 32)) | (value & lane_mask(bits)) << bit % 32;
}

void net_place(const struct net_map *in, const struct net_map *out, uint32_t channel, uint32_t row,
	       uint32_t column, int32_t shift)
{
	// Words of the output may hold lanes of several words.
	for (uint32_t y = net_core(); y < in->height; y += net_cores())
		for (uint32_t x = 0; x < in->width; x++)
			for (uint32_t c = 0; c < in->channels; c++)
				set(pixel(out, (int32_t)(y + row), (int32_t)(x + column)), channel + c, out->bits,
				    get(in, c, (int32_t)y, (int32_t)x) + (uint32_t)shift);
}

// Word `word` of a pixel whose channels are all `value`.
static uint32_t filled(const struct net_map *map, uint32_t word, uint32_t value)
{
	uint32_t lanes = 32 / map->bits, made = value & lane_mask(map->bits);
	uint32_t used = smaller(lanes, map->channels - word * lanes) * map->bits;
	for (uint32_t bits = map->bits; bits < 32; bits *= 2) made |= made << bits;
	return used == 32 ? made : made & ((UINT32_C(1) << used) - 1);
}

// What the words of a pixel hold, whose channels are all the same: all of them, and the last.
struct fill {
	uint32_t word, last;
};

static struct fill fill_of(const struct net_map *map, uint32_t value)
{
	return (struct fill){filled(map, 0, value), filled(map, map->pixel_words - 1, value)};
}

static void fill_words(uint32_t *to, uint32_t count, uint32_t word)
{
	uint32_t *end = to + count;
	for (; end - to >= 8; to += 8)
#pragma clang loop unroll(full)
		for (uint32_t i = 0; i < 8; i++) to[i] = word;
	while (to < end) *to++ = word;
}

static void fill_pixels(const struct net_map *out, uint32_t *to, uint32_t count, struct fill fill)
{
	uint32_t most = out->pixel_words - 1;
	if (fill.word == fill.last) {
		fill_words(to, count * (most + 1), fill.word);
		return;
	}
	for (; count; count--) {
#pragma clang loop unroll_count(4)
		for (uint32_t i = 0; i < most; i++) *to++ = fill.word;
		*to++ = fill.last;
	}
}

void net_fill(const struct net_map *out, uint32_t value)
{
	struct fill fill = fill_of(out, value);
	for (uint32_t y = net_core(); y < out->height; y += net_cores())
		fill_pixels(out, pixel(out, (int32_t)y, 0), out->width, fill);
}

static void fill_column(uint32_t *to, uint32_t count, uint32_t step, uint32_t word)
{
#pragma clang loop unroll_count(8)
	for (; count; count--, to += step) *to = word;
}

// Whole words, those that have pixels too: lines in front and behind, the words where those of each
// channel's lines begin and end.
static void planar_border(const struct net_map *out, uint32_t before, uint32_t behind, uint32_t right,
			  uint32_t value)
{
	const uint32_t lines = out->down ? out->width : out->height, all = before + lines + behind;
	const uint32_t length = out->down ? out->height : out->width, pitch = out->row_words;
	const uint32_t groups = (out->channels + 3) / 4, word = value * 0x01010101;
	uint32_t left, *data = out->data - 4 * before * pitch;
	uint32_t ends = right ? (out->lane + length) / 4 : pitch;
	if (out->lane || right) {
		uint32_t *to = data + net_first_of(4 * groups * all, net_cores(), net_core(), &left)
					      * pitch;
		fill_column(to, left, pitch, word);
		for (uint32_t i = ends; i < pitch; i++) fill_column(to + i, left, pitch, word);
	}
	if (!(before + behind)) return;
	uint32_t unit = net_first_of(groups * (before + behind), net_cores(), net_core(), &left);
	for (; left; left--, unit++) {
		uint32_t group = unit / (before + behind), line = unit - group * (before + behind);
		if (line >= before) line += lines;
		fill_words(data + group * out->group_words + 4 * line * pitch, 4 * pitch, word);
	}
}

// This core's part of pixels that lie one behind the other.
static void fill_part(const struct net_map *out, uint32_t *to, uint32_t count, struct fill fill)
{
	uint32_t own, first = net_first_of(count, net_cores(), net_core(), &own);
	fill_pixels(out, to + first * out->pixel_words, own, fill);
}

void net_border(const struct net_map *out, uint32_t top, uint32_t left, uint32_t bottom,
		uint32_t right, uint32_t value)
{
	if (out->group_words) {
		if (out->down) planar_border(out, left, right, bottom, value);
		else planar_border(out, top, bottom, right, value);
		return;
	}
	const int32_t height = (int32_t)out->height, width = (int32_t)out->width;
	const uint32_t around = left + out->width + right;
	struct fill fill = fill_of(out, value);
	// In front of the first row; from the end of a row to the begin of the next one; behind the last.
	fill_part(out, pixel(out, -(int32_t)top, -(int32_t)left), top * around + left, fill);
	if (left + right)
		for (int32_t y = (int32_t)net_core(); y < height - 1; y += (int32_t)net_cores())
			fill_pixels(out, pixel(out, y, width), right + left, fill);
	fill_part(out, pixel(out, height - 1, width), right + bottom * around, fill);
}

// Value `index` of a map in the order (channel, row, column).
static uint32_t value_at(const struct net_map *in, uint32_t index)
{
	uint32_t area = in->height * in->width, rest = index % area;
	return get(in, index / area, (int32_t)(rest / in->width), (int32_t)(rest % in->width));
}

void net_permute(const struct net_map *in, const struct net_map *out, uint32_t channel_step,
		 uint32_t row_step, uint32_t column_step)
{
	EVERY(out) PUT(out, value_at(in, c * channel_step + y * row_step + x * column_step));
}

void net_reshape(const struct net_map *in, const struct net_map *out)
{
	net_permute(in, out, out->height * out->width, out->width, 1);
}

void net_upsample(const struct net_map *in, const struct net_map *out, uint32_t channels,
		  uint32_t rows, uint32_t columns)
{
	EVERY(out) PUT(out, get(in, c / channels, (int32_t)(y / rows), (int32_t)(x / columns)));
}

void net_argmax(const struct net_map *in, const struct net_map *out, uint32_t axis, int last)
{
	uint32_t length = axis == 0 ? in->channels : axis == 1 ? in->height : in->width;
	EVERY(out) {
		uint32_t best = 0, largest = 0;
		for (uint32_t i = 0; i < length; i++) {
			uint32_t value = get(in, axis == 0 ? i : c, (int32_t)(axis == 1 ? i : y),
					     (int32_t)(axis == 2 ? i : x));
			if (i == 0 || value > largest || (last && value == largest)) {
				best = i;
				largest = value;
			}
		}
		PUT(out, best);
	}
}
