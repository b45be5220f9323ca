// Layers by the core's dot products: which tiles of pixels and groups of channels a core makes, the
// walk of Mac&Load.

#include "dots.h"

#include "flexv_intrinsics.h"
#include "lines.h"
#include "platform.h"

struct layer {
	const struct net_map *out;
	const struct net_scales *scales;
	const struct net_requant *requant;
	const struct net_dots *dots;
	const uint32_t *weights;
	uint32_t words;	// of weights of a channel
	uint32_t first, count, multiple;
	int scaled, single;
#ifdef NETWORK_XPULP
	struct net_tiles walk;
#endif
};

// Tiles of a table.
enum { BLOCK = 16 };
static uint32_t tables[NET_CORES][BLOCK * 5 + 1] NET_L1;

#ifdef NETWORK_XPULP
static void set_walk(struct layer *layer, uint32_t pixels, int32_t pixel, uint32_t count,
		     int32_t word, int32_t row)
{
	layer->walk = (struct net_tiles){
		.count = count, .rows = layer->words / count, .pixel = pixel,
		.back = word - (int32_t)(pixels - 1) * pixel, .row = row - (int32_t)count * word,
		.shift = layer->requant->shift - 32, .addend_shift = layer->requant->addend_shift};
}
#else
static void set_walk(struct layer *layer, uint32_t pixels, int32_t pixel, uint32_t count,
		     int32_t word, int32_t row)
{
	// From pixel to pixel, back and to the next word, at the end of a row to the next one.
	int32_t back = -(int32_t)(pixels - 1) * pixel;
	int32_t next_row = back + row - (int32_t)(count - 1) * word;
	flexv_csr_write(CSR_IVEC_FMT, layer->dots->format);
	flexv_csr_write(CSR_IVEC_SKIP_SIZE, 4 * pixels);
	flexv_csr_write(CSR_IVEC_MIXED_CYCLE, 0);
	flexv_csr_write(CSR_MIXED_COUNT, 0);
	flexv_csr_write(CSR_A_STRIDE, pixel);
	flexv_csr_write(CSR_A_SKIP, pixels - 1);
	flexv_csr_write(CSR_A_ROLLBACK, count == 1 ? next_row : back + word);
	flexv_csr_write(CSR_A_SKIP2, count - 1);
	flexv_csr_write(CSR_A_ROLLBACK2, next_row);
	// The weights of a group for each tile.
	uint32_t last = 4 * layer->words - 1;
	flexv_csr_write(CSR_W_STRIDE, 4);
	flexv_csr_write(CSR_W_SKIP, last);
	flexv_csr_write(CSR_W_ROLLBACK, -(int32_t)(4 * last));
}
#endif

// Sums of a tile to what is stored.
static void finish_sums(const struct layer *layer, const int32_t *sums, uint32_t *pixel,
			uint32_t index)
{
	uint32_t end = layer->count - index < 4 ? layer->count - index : 4;
	for (uint32_t i = 0; i < end; i++) {
		uint32_t value = (uint32_t)sums[i];
		if (layer->scaled)
			value = net_finished((int32_t)value, layer->scales, index + i,
					     layer->requant);
		net_put(pixel, layer->first + index + i, layer->out->bits, value);
	}
}

// Groups first..first + count - 1 of the tiles of a table.
struct groups {
	uint32_t first, count;
};

static void prepare(const struct layer *layer, const struct net_map *in, struct net_tiles *work,
		    uint32_t group)
{
	uint32_t channel = layer->first + 4 * group, out_bits = layer->dots->out_bits;
	work->w = layer->weights + 4 * group * layer->words;
	work->w_step = 16 * layer->words;
	work->scales = layer->scales + (layer->scaled ? group : 0);
	work->out_at = out_bits == 32 ? 0 : channel * out_bits / 8;
	work->out_step = out_bits / 2;
	if (layer->out->group_words) {
		work->out_step = 4 * layer->out->group_words;
		work->out_at = channel / 4 * work->out_step;
	}
	if (layer->single) {
		work->a_at = (layer->multiple == 1 ? channel : channel / layer->multiple) * in->bits / 8;
		work->a_step = in->bits / 2;
	}
}

// Sums that C finishes: tile by tile, group by group.
static void run_sums(const struct layer *layer, const struct net_map *in, struct net_tiles work,
		     const uint32_t *table, uint32_t tiles, uint32_t pixels, struct groups groups,
		     void (*kernel)(struct net_tiles *tiles))
{
	int32_t sums[16];
	uint32_t own[3];
	work.table = own;
	work.tiles = 1;
	own[1] = (uint32_t)sums;
	for (; tiles; tiles--, table += pixels + 1)
		for (uint32_t i = 0; i < groups.count && 4 * (groups.first + i) < layer->count; i++) {
			own[0] = own[2] = table[0];
			prepare(layer, in, &work, groups.first + i);
			work.groups = 1;
			kernel(&work);
			for (uint32_t k = 0; k < pixels; k++)
				if (table[1 + k])
					finish_sums(layer, sums + 4 * k, (uint32_t *)table[1 + k],
						    4 * (groups.first + i));
		}
}

static void run_groups(const struct layer *layer, const struct net_map *in, struct net_tiles work,
		       uint32_t pixels, struct groups groups,
		       void (*kernel)(struct net_tiles *tiles))
{
	if (layer->single && layer->multiple != 1) {
		// Groups whose channels of the source are at no equal distances.
		for (uint32_t i = 0; i < groups.count; i++) {
			prepare(layer, in, &work, groups.first + i);
			work.groups = 1;
			kernel(&work);
		}
	} else {
		prepare(layer, in, &work, groups.first);
		work.groups = groups.count;
		kernel(&work);
	}
	const struct net_map *out = layer->out;
	if (out->group_words) return;
	uint32_t behind = layer->first + 4 * (groups.first + groups.count);
	uint32_t tail = behind * layer->dots->out_bits / 8, width = 4 * out->pixel_words;
	if (behind < out->channels || tail >= width) return;
	const uint32_t *table = work.table;
	for (uint32_t tile = 0; tile < work.tiles; tile++, table += pixels + 1)
		for (uint32_t k = 1; k <= pixels; k++)
			net_clear_tail((char *)table[k], tail, width);
}

static void run_tiles(const struct layer *layer, const struct net_map *in, struct lines *lines,
		      uint32_t begin_a, uint32_t iterations)
{
	uint32_t out_bits = layer->dots->out_bits, pixels = lines->pixels;
	// Groups share words that C changes.
	uint32_t shared = out_bits == 32 && layer->out->bits < 8 ? 8 / layer->out->bits : 1;
	uint32_t all = (layer->count + 3) / 4, units = (all + shared - 1) / shared;
	struct part part = part_of(lines->count * lines->per_line, units);
	if (!part.tiles || !part.groups) return;
	struct groups groups = {shared * part.group, shared * part.groups};
	if (groups.first + groups.count > all) groups.count = all - groups.first;
	void (*kernel)(struct net_tiles *) = layer->dots->kernels[pixels == 4 ? 0
								      : pixels == 2 ? 1 : 2];
	uint32_t *table = tables[net_core()];
#ifdef NETWORK_XPULP
	struct net_tiles work = layer->walk;
	work.table = table;
	work.iterations = iterations;
#else
	struct net_tiles work = {.table = table, .iterations = iterations};
#endif
	start_lines(lines, part.tile);
	for (uint32_t left = part.tiles; left; left -= work.tiles) {
		work.tiles = left < BLOCK ? left : BLOCK;
		if (layer->out->group_words)
			fill_planar(lines, layer->out, begin_a, table, work.tiles);
		else
			fill_table(lines, layer->out, begin_a, table, work.tiles, out_bits == 32);
		if (out_bits == 32)
			run_sums(layer, in, work, table, work.tiles, pixels, groups, kernel);
		else
			run_groups(layer, in, work, pixels, groups, kernel);
	}
}

static const struct net_scales no_scales[2] NET_DATA = {{{0}, {0}}};

static void run_layer(struct layer *layer, const struct net_map *in,
		      const struct net_window *window, uint32_t count, int32_t word, int32_t row)
{
	const struct net_dots *dots = layer->dots;
	struct lines lines = layer->out->group_words
				     ? planar_lines(in, layer->out, window)
				     : best_lines(in, layer->out, window, dots->pixels);
	uint32_t begin_a = (uint32_t)net_pixel(in, -window->top, -window->left);
#ifndef NETWORK_XPULP
	flexv_csr_write(CSR_SB_LEGACY, 0);
	if (dots->out_bits != 32) {
		flexv_csr_write(CSR_RQ_CONTROL, net_layer_control(dots, layer->requant));
		flexv_csr_write(CSR_RQ_WORD, 0);
	}
#endif
	set_walk(layer, lines.pixels, lines.a_pixel, count, word, row);
	run_tiles(layer, in, &lines, begin_a, layer->words >> dots->log_a_slices);
#ifndef NETWORK_XPULP
	flexv_csr_write(CSR_SB_LEGACY, 1);
#endif
}

static struct layer layer_of(const struct net_map *out, uint32_t words, const void *weights,
			     uint32_t first, uint32_t count, const struct net_requant *requant,
			     int scaled, const struct net_dots *dots)
{
	const struct net_scales *scales = scaled ? weights : no_scales;
	return (struct layer){
		.out = out, .scales = scales, .requant = requant, .dots = dots,
		.weights = scaled ? (const uint32_t *)(scales + (count + 3) / 4) : weights,
		.words = words, .first = first, .count = count, .multiple = 1, .scaled = scaled};
}

void net_dots_convolve(const struct net_map *in, const struct net_map *out,
		       const struct net_window *window, uint32_t words, const void *weights,
		       uint32_t first, uint32_t count, const struct net_requant *requant, int scaled,
		       const struct net_dots *dots)
{
	struct layer layer = layer_of(out, words, weights, first, count, requant, scaled, dots);
	int32_t row = (int32_t)(4 * window->dilation_y * in->row_words);
	// A row of the window: words one behind the other, or one of each column.
	uint32_t dilated = window->dilation_x > 1 && window->width > 1;
	run_layer(&layer, in, window, window->width * in->pixel_words,
		  dilated ? (int32_t)(4 * window->dilation_x * in->pixel_words) : 4, row);
}

void net_dots_depthwise(const struct net_map *in, const struct net_map *out,
			const struct net_window *window, uint32_t words, const void *weights,
			uint32_t first, uint32_t count, uint32_t multiple,
			const struct net_requant *requant, int scaled, const struct net_dots *dots)
{
	struct layer layer = layer_of(out, words, weights, first, count, requant, scaled, dots);
	layer.multiple = multiple;
	layer.single = 1;
	run_layer(&layer, in, window, window->width,
		  (int32_t)(4 * window->dilation_x * in->pixel_words),
		  (int32_t)(4 * window->dilation_y * in->row_words));
}
