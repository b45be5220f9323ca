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
	int32_t out_word, out_line;	// from 4 pixels of a line to the next 4, from line to line
	// Places of 4 pixels, of the last 4 of a line, from the last to the first. Those that are none
	// lie where the last one comes later.
	int32_t all_out[4], last_out[4];
	uint32_t at, to, left;	// the kernel's own
	uint32_t *scratch;	// for the source's words, unless it is planar
};

// Pixels of the output as lines of equal steps in the source: rows, columns, or all as one line. A
// tile has some at once; the last of a line overlaps the one before. Steps are bytes.
struct net_lines {
	uint32_t count, length;
	uint32_t pixels, per_line;	// of a tile; tiles of a line
	uint32_t width;	// pixels of the output until its next row, or all of the line
	int32_t begin;	// from the source's first pixel to the first window
	int32_t a_pixel, a_line;	// of the source, from pixel to pixel, from line to line
	// Of the output, too; from word to word of a tile's results; the first pixel in its map.
	int32_t out_pixel, out_line, out_step, out_begin;
};

// A layer, or what it does for a stripe of its maps: made by the compiler.
struct net_dots {
	void (*kernel)(struct net_tiles *tiles);	// of its widths and tiles (dots.S)
	uint32_t format, control;	// of CSR ivec_fmt, rq_control
	struct net_lines lines;
	// The window: words of a row, rows; bytes from a tile's last pixel to the next word of the first,
	// at the end of a row to the first of the next one.
	uint32_t row_words, rows;
	int32_t back, next_row;
	uint32_t words, iterations;	// of weights of a channel; of the narrower operand
	uint32_t out_bits, group_step;	// of packed results, 32: sums; bytes from group to group
	uint32_t tail, width;	// bytes of a pixel: of its groups, of all its words; 0, 0: alike
	// Depthwise: bits of the source, channels from one; 0, 0: no such layer.
	uint32_t a_bits, multiple;
};

// The same of a depthwise layer made of strips. Along lines and from line to line: sizes of the output
// and of the window, steps; bytes from pixel to pixel.
struct net_direction {
	uint32_t size, kernel, stride;
	int32_t in, out;
};
struct net_strips_layer {
	void (*kernel)(struct net_strips *work);
	uint32_t format, control;
	struct net_direction along, down;
	// Blocks of so many words of a line times lines of the output; how many there are.
	uint32_t quads, rows, blocks, strips;
	uint32_t pitch;	// bytes from line to line of a channel's words
	// From the source's first pixel, or planar line, to what the first results read; from group to
	// group; in_word of net_strips.
	int32_t begin, in_group, in_word;
	uint32_t group_step, tail, width;	// as above
};

// CSR rq_control: packed results of 8, 4 or 2 bits; for rq.pack.c, where sums that lie on an integer
// make it, or the even, the odd one.
#define NET_WIDTH_CODE(bits) ((bits) == 8 ? 0 : (bits) == 4 ? 1 << 6 : 2 << 6)
#define NET_RQ_CONTROL(shift, bits, addend_shift, rounding) \
	((shift) | NET_WIDTH_CODE(bits) | (addend_shift) << 9 \
	 | ((rounding) == NET_EVEN ? 1 : (rounding) == NET_ODD ? 3 : 0) << 15)

// Bytes of a pixel behind the last group of channels are zeros.
static inline void net_clear_tail(char *pixel, uint32_t begin, uint32_t end)
{
	for (; begin < end; begin++) pixel[begin] = 0;
}

// Words of a core for what is not kept from call to call: tables of tiles, of all cores together;
// words of a block of 4 channels (strips.py knows their number).
enum { NET_SCRATCH = 360 };
extern uint32_t net_scratch[][NET_SCRATCH];

// What a layer needs besides its weights, while they come; a barrier stands between this and the
// call for the channels from `first` on. All cores call both; net_dots_run waits for the others where
// a table does not hold all tiles.
void net_dots_prepare(const struct net_dots *dots, const struct net_map *in,
		      const struct net_map *out, uint32_t first);
void net_dots_run(const struct net_dots *dots, const struct net_map *in, const struct net_map *out,
		  const void *weights, uint32_t first, uint32_t count,
		  const struct net_requant *requant, int scaled);
void net_strips_prepare(const struct net_strips_layer *layer);
void net_strips_run(const struct net_strips_layer *layer, const struct net_map *in,
		    const struct net_map *out, const void *weights, uint32_t first, uint32_t count);
// A sum of maps, clip(((u0 * m0 + u1 * m1) * multiplier + (addend << addend_shift)) >> shift).
struct net_sums {
	// `count` units, at least one; of both maps one more is read.
	void (*kernel)(const uint32_t *a, const uint32_t *b, uint32_t *to, uint32_t count,
		       const struct net_sums *sums);
	uint32_t values;	// of a unit
	uint32_t control;	// rq_control
	int32_t multiplier, addend;
	uint32_t terms;	// m0 and m1 in bytes or in halves of the word, as the kernel wants them
};
// net_sum of maps whose pixels have whole units.
void net_sum_units(const struct net_term *terms, uint32_t count, const struct net_map *out,
		   const struct net_sums *sums);
// net_sum of accumulators with one multiplier, packed. 0 when it is not such a sum, and nothing is done.
int net_packed_sums(const struct net_term *term, int32_t addend, const struct net_map *out,
		    const struct net_requant *requant);

#endif
