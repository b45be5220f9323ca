// Convolutions by the core's dot products: what dots.S, generated for a network's widths, offers,
// and how layers use it.
#ifndef NETWORK_DOTS_H
#define NETWORK_DOTS_H

#include "kernels.h"

// Tiles of pixels at equal distances, each of `groups` groups of 4 channels. A kernel changes a, out
// and tiles.
struct net_tile {
	uint32_t a, a_step;	// first word of the first pixel's window; bytes from group to group
	const uint32_t *w;	// weights of the first group
	const struct net_scales *scales;	// of the first group
	void *out;	// results of the first pixel
	uint32_t groups;
	uint32_t iterations;	// words of the narrower operand
	int32_t steps[4];	// bytes from pixel to pixel of the output; the last to the next group
	uint32_t tiles;
	int32_t a_tile, out_tile;	// bytes from tile to tile
};

// Columns of 4 rows of the output, 4 channels.
struct net_columns {
	const uint32_t *a, *w;
	const struct net_scales *scales;
	void *out;
	uint32_t count;
	int32_t row, back;	// bytes from row to row of the output; to the first of the next column
};

struct net_dots {
	uint32_t format;	// of CSR ivec_fmt
	uint32_t pixels;	// of the largest tile
	uint32_t log_w_slices, log_a_slices;	// of words of weights, of activations
	uint32_t out_bits;	// of packed results; 32: sums
	void (*columns)(const struct net_columns *work);	// depthwise 3 x 3, or NULL
	void (*kernels[3])(struct net_tile *tile);	// of 4, 2, 1 pixels
};

// Bits 7:6 of CSR rq_control for packed results of 8, 4 or 2 bits.
static inline uint32_t net_width_code(uint32_t bits)
{
	return (bits == 8 ? 0 : bits == 4 ? 1 : 2) << 6;
}

void net_dots_convolve(const struct net_map *in, const struct net_map *out,
		       const struct net_window *window, uint32_t words, const void *weights,
		       uint32_t first, uint32_t count, const struct net_requant *requant, int scaled,
		       const struct net_dots *dots);
// 0 when the map is too low for it, and nothing is done.
int net_dots_columns(const struct net_map *in, const struct net_map *out,
		     const struct net_window *window, const void *weights, uint32_t first,
		     uint32_t count, const struct net_requant *requant, const struct net_dots *dots);
// net_sum of one or two maps with one multiplier each, packed by rq.pack; 0 when it is not such a
// sum, and nothing is done.
int net_packed_sum(const struct net_term *terms, uint32_t count, int32_t addend,
		   const struct net_map *out, const struct net_requant *requant);

void net_dots_depthwise(const struct net_map *in, const struct net_map *out,
			const struct net_window *window, uint32_t words, const void *weights,
			uint32_t first, uint32_t count, uint32_t multiple,
			const struct net_requant *requant, int scaled, const struct net_dots *dots);

#endif
