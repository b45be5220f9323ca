// Kernels of quantised networks: what the compiler's C calls for each layer.
//
// The plain versions are in kernels.c: C for any machine, which define the results bit for bit. A
// faster version of a kernel has the same name, arguments and results. docs/flexv-deployment.md
// says how maps and weights lie in memory.
//
// Every core of the cluster calls a kernel with the same arguments; it takes its share of the
// output by net_core() and net_cores(), so that no two cores write one word. Nothing here waits for other cores.
#ifndef NETWORK_KERNELS_H
#define NETWORK_KERNELS_H

#include <stdint.h>

// Pixels of channels in lanes, lowest first, each pixel in whole words, lanes without channel 0:
// pixel (y, x) at data + y * row_words + x * pixel_words. A border of pixels may lie in front of
// row 0 and of column 0 and behind the last ones. Lanes of 2, 4, 8 and 16 bits have no sign; those
// of 32 bits are accumulators, with sign.
struct net_map {
	uint32_t *data;
	uint32_t channels, height, width;
	uint32_t bits;
	uint32_t pixel_words, row_words;
	uint32_t group_words, lane, down;	// of planar maps
};

// Planar, where group_words is not 0: pixels of a channel in bytes, line by line, a line being a row or,
// `down`, a column. For each group of 4 channels, for each line, a line of each channel in row_words
// words; pixel 0 is its byte `lane`, behind those of the border. data: the first word of line 0.
static inline uint8_t *net_planar(const struct net_map *map, uint32_t channel, int32_t y, int32_t x)
{
	int32_t line = map->down ? x : y, index = map->down ? y : x;
	return (uint8_t *)(map->data + channel / 4 * map->group_words
			   + (4 * line + (int32_t)(channel % 4)) * (int32_t)map->row_words)
	       + (int32_t)map->lane + index;
}

static inline uint32_t *net_pixel(const struct net_map *map, int32_t y, int32_t x)
{
	return map->data + y * (int32_t)map->row_words + x * (int32_t)map->pixel_words;
}

// Stores lane `channel` of a pixel; the first lane of a word clears the others.
void net_put(uint32_t *words, uint32_t channel, uint32_t bits, uint32_t value);

// How a sum is rounded. NEAREST, EVEN, ODD: the addend has 1/2 and the zero point; of a sum that
// lies on an integer then and of the one below, the result is the even, the odd one.
enum net_rounding {
	NET_NEAREST, NET_HALF_EVEN, NET_HALF_UP, NET_HALF_DOWN, NET_FLOOR, NET_CEIL, NET_DOWN, NET_UP,
	NET_SIGN, NET_EVEN, NET_ODD
};

// Of a group of 4 channels: multiplier, addend. Behind the last channel zeros.
struct net_scales {
	int32_t multiplier[4], addend[4];
};

// stored = clip(round((sum * multiplier + (addend << addend_shift)) >> shift) + added,
//               low, high) - low
// in 64 bits. Without scales of a layer (NULL), the sum itself is stored, in 32 bits.
struct net_requant {
	uint32_t shift, addend_shift;
	enum net_rounding rounding;
	int32_t added, low, high;
};

struct net_window {
	uint32_t height, width, stride_y, stride_x, dilation_y, dilation_x;
	int32_t top, left;	// padding: pixel (0, 0) of the output begins at (-top, -left)
};

// What is stored of the sum of channel `index` of a layer's chunk.
uint32_t net_finished(int32_t sum, const struct net_scales *scales, uint32_t index,
		      const struct net_requant *requant);

// Channels first..first + count - 1 of a convolution. weights: when `scaled`, a net_scales for each
// group of 4 channels; then for each group, for each word, the words of the 4 channels. A channel's
// words are its weights in the order (kernel row, column, lane of the pixel), lanes without channel
// being 0, in lanes of weight_bits with sign, whole words at the end; a group is whole, with zeros.
// The source has a border of what the window reads outside.
void net_plain_convolve(const struct net_map *in, const struct net_map *out,
			const struct net_window *window, uint32_t weight_bits, const void *weights,
			uint32_t first, uint32_t count, const struct net_requant *requant,
			int scaled);

// Each channel from `1 / multiple` of one: channel c of the output from channel c / multiple of the
// source. weights as of net_plain_convolve, of the one word of each pixel that holds the channel, so that
// all its other lanes are 0.
void net_plain_depthwise(const struct net_map *in, const struct net_map *out,
			 const struct net_window *window, uint32_t weight_bits,
			 const void *weights, uint32_t first, uint32_t count, uint32_t multiple,
			 const struct net_requant *requant, int scaled);

// Depthwise, maps of 8 bits, each channel from one, windows of up to 4 pixels along a line, which is a
// row of the map, or where lines go `down` a column. weights: net_scales, then for each group of 4
// channels, for each line of the window, a word of each channel, whose bytes are its weights, zeros
// behind.
void net_plain_strips(const struct net_map *in, const struct net_map *out,
		      const struct net_window *window, const void *weights, uint32_t first,
		      uint32_t count, int down, const struct net_requant *requant);

// In groups, from the group's own channels; weights as of net_plain_convolve, but a channel's words are
// (row, column, channel of the group) without lanes in between.
void net_grouped(const struct net_map *in, const struct net_map *out,
		 const struct net_window *window, uint32_t weight_bits, const void *weights,
		 uint32_t first, uint32_t count, uint32_t groups, const struct net_requant *requant,
		 int scaled);

// Source of an elementwise sum: (u - zero) * multiplier; steps between multipliers along channels,
// rows and columns, 0 where they are the same.
struct net_term {
	const struct net_map *map;
	int32_t zero;
	const int32_t *multiplier;
	uint32_t channel, row, column;
};

// Sum of `count` terms and of addends (steps as of a term), requantised. sums: the same in one kernel
// (dots.h), or NULL; only cores with these instructions use it.
struct net_sums;
void net_sum(const struct net_term *terms, uint32_t count, const int32_t *addend, uint32_t channel,
	     uint32_t row, uint32_t column, const struct net_map *out,
	     const struct net_requant *requant, const struct net_sums *sums);

// round((u - zero) * numerator / denominator) + added, exactly; steps as of a term.
struct net_ratio {
	const int64_t *numerator, *denominator;
	uint32_t channel, row, column;
};
void net_scale_exactly(const struct net_map *in, int32_t zero, const struct net_ratio *ratio,
		       const struct net_map *out, const struct net_requant *requant);

// Sums of u - zero over the part of a window that is in the map, in 32 bits.
void net_window_sum(const struct net_map *in, const struct net_map *out,
		    const struct net_window *window, int32_t zero);
// Largest u of the part of a window that is in the map.
void net_max_pool(const struct net_map *in, const struct net_map *out,
		  const struct net_window *window);
// out = table[u], in bytes.
void net_table(const struct net_map *in, const struct net_map *out, const uint8_t *table);
// Writes `in` into `out` from (channel, row, column) on; `shift` is added to every u.
void net_place(const struct net_map *in, const struct net_map *out, uint32_t channel, uint32_t row,
	       uint32_t column, int32_t shift);
// All values of a map.
void net_fill(const struct net_map *out, uint32_t value);
// Border around a map: pixels whose channels are `value`. Of a planar map the words that have these,
// before its pixels are stored.
void net_border(const struct net_map *out, uint32_t top, uint32_t left, uint32_t bottom,
		uint32_t right, uint32_t value);
// Value i of `out`, in the order (channel, row, column), is value `sum of index * step` of `in` in
// that order: transposition.
void net_permute(const struct net_map *in, const struct net_map *out, uint32_t channel_step,
		 uint32_t row_step, uint32_t column_step);
// The same order of values (channel, row, column) in another shape.
void net_reshape(const struct net_map *in, const struct net_map *out);
// Every value several times along each axis.
void net_upsample(const struct net_map *in, const struct net_map *out, uint32_t channels,
		  uint32_t rows, uint32_t columns);
// Index of the largest of a line of `length` values with distance along `axis` (0 channels, 1 rows,
// 2 columns); of equals the first, or the last. 32 bits.
void net_argmax(const struct net_map *in, const struct net_map *out, uint32_t axis, int last);

#endif
