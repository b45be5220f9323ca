// Convolutions by the core's dot products: what dots.S, generated for a network's widths, offers,
// and how layers use it.
#ifndef NETWORK_DOTS_H
#define NETWORK_DOTS_H

#include "kernels.h"

// Tiles of pixels times groups of 4 channels. The table has for each tile the address of the first
// word of its first pixel's window, then those of its pixels' results, and behind the last tile an
// address more from which a word can be read. A kernel changes w, scales, groups, out_at and a_at.
struct net_tiles {
	const uint32_t *table;
	uint32_t tiles;
	const uint32_t *w;	// weights of the first group
	uint32_t w_step;	// bytes of a group
	const struct net_scales *scales;	// of the first group
	uint32_t groups;
	uint32_t iterations;	// words of the narrower operand
	uint32_t out_at, out_step;	// bytes from a pixel's results to those of the first group, of each
	uint32_t a_at, a_step;	// the same in the source; depthwise only
#ifdef NETWORK_XPULP
	// Kernels of XpulpV2 alone: words of a row of the window, rows; bytes to the next pixel, from the
	// last to the next word of the first, from behind a row to the next; shift - 32, addend shift.
	uint32_t count, rows;
	int32_t pixel, back, row;
	uint32_t shift, addend_shift;
#endif
};

// Lines of the output, for each of some groups of 4 channels. A kernel changes w, scales, out, from,
// groups, at, to and left.
struct net_strips {
	const uint32_t *w;
	const struct net_scales *scales;
	void *out;	// of the first pixel
	const char *from;	// the first pixel of the first line of the source
	uint32_t groups;	// of 4 channels, one after the other
	uint32_t words, pitch, lines;	// of a line of the source; bytes from line to line of words; lines
	int32_t in_word;	// bytes from 4 pixels of the source to the next 4; planar: from group to group
	// From pixel to pixel of a word, and to the first one of the next line; of the last word.
	int32_t all_in[4], last_in[4];
	uint32_t quads, rows;	// 4 pixels of a line of the output, the last ones perhaps fewer; lines
	int32_t out_word;	// as in_word
	// From the last pixel of 4 to the one before, and to the last one of the next line; from the
	// first one to the last; of the last 4.
	int32_t all_out[5], last_out[5];
	uint32_t at, to, left;	// the kernel's own
	uint32_t *scratch;	// for the source's words, unless it is planar
};

struct net_dots {
	uint32_t format;	// of CSR ivec_fmt
	uint32_t pixels;	// of the largest tile
	uint32_t log_w_slices, log_a_slices;	// of words of weights, of activations
	uint32_t out_bits;	// of packed results; 32: sums
	uint32_t unused;	// bits of these that no result has
	uint32_t step, down;	// of strips: of the window along a line; lines are columns of the map
	void (*strips)(struct net_strips *work);	// depthwise, or NULL
	void (*kernels[3])(struct net_tiles *tiles);	// of 4, 2, 1 pixels
};

// Bits 7:6 of CSR rq_control for packed results of 8, 4 or 2 bits.
static inline uint32_t net_width_code(uint32_t bits)
{
	return (bits == 8 ? 0 : bits == 4 ? 1 : 2) << 6;
}

// CSR rq_control for rq.pack.c.
static inline uint32_t net_rq_control(uint32_t shift, uint32_t bits, uint32_t addend_shift,
				      enum net_rounding rounding)
{
	uint32_t ties = rounding == NET_EVEN ? 1 : rounding == NET_ODD ? 3 : 0;
	return shift | net_width_code(bits) | addend_shift << 9 | ties << 15;
}

// The same of a layer.
static inline uint32_t net_layer_control(const struct net_dots *dots, const struct net_requant *requant)
{
	return net_rq_control(requant->shift - dots->unused, dots->out_bits, requant->addend_shift,
			      requant->rounding);
}

// Bytes of a pixel behind the last group of channels are zeros.
static inline void net_clear_tail(char *pixel, uint32_t begin, uint32_t end)
{
	for (; begin < end; begin++) pixel[begin] = 0;
}

void net_dots_convolve(const struct net_map *in, const struct net_map *out,
		       const struct net_window *window, uint32_t words, const void *weights,
		       uint32_t first, uint32_t count, const struct net_requant *requant, int scaled,
		       const struct net_dots *dots);
void net_dots_strips(const struct net_map *in, const struct net_map *out,
		     const struct net_window *window, const void *weights, uint32_t first,
		     uint32_t count, const struct net_requant *requant, const struct net_dots *dots);

// A sum of maps, clip(((u0 * m0 + u1 * m1) * multiplier + (addend << addend_shift)) >> shift).
struct net_sums {
	// `count` units, at least one; of both maps one more is read.
	void (*kernel)(const uint32_t *a, const uint32_t *b, uint32_t *to, uint32_t count,
		       const struct net_sums *sums);
	uint32_t values;	// of a unit
	int32_t multiplier, addend;
	uint32_t terms;	// m0 and m1 in bytes or in halves of the word, as the kernel wants them
	uint32_t shift, addend_shift;
	enum net_rounding rounding;	// NEAREST: no ties; EVEN, ODD
};
// net_sum of maps whose pixels have whole units.
void net_sum_units(const struct net_term *terms, uint32_t count, const struct net_map *out,
		   const struct net_sums *sums);

void net_dots_depthwise(const struct net_map *in, const struct net_map *out,
			const struct net_window *window, uint32_t words, const void *weights,
			uint32_t first, uint32_t count, uint32_t multiple,
			const struct net_requant *requant, int scaled, const struct net_dots *dots);

#endif
