// Layers by the core's dot products: tiles of pixels for each core, the walk of Mac&Load.

#include "dots.h"

#include "flexv_intrinsics.h"
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
};

// Pixels of the output as lines of equal steps in the source: rows, columns, or all as one line.
struct lines {
	uint32_t count, length;
	uint32_t width;	// pixels of the output until its next row, or all of the line
	int32_t a_pixel, a_line;	// bytes in the source
	int32_t out_pixel, out_line;	// bytes in the output; of the one line to the next row
};

static uint32_t tiles_of(uint32_t length, uint32_t pixels)
{
	if (length < pixels) return length == 3 ? 2 : 1;
	return (length + pixels - 1) / pixels;
}

static struct lines best_lines(const struct net_map *in, const struct net_map *out,
			       const struct net_window *window, uint32_t pixels)
{
	int32_t a_column = (int32_t)(4 * window->stride_x * in->pixel_words);
	int32_t a_row = (int32_t)(4 * window->stride_y * in->row_words);
	int32_t out_column = (int32_t)(4 * out->pixel_words), out_row = (int32_t)(4 * out->row_words);
	uint32_t height = out->height, width = out->width;
	if (height == 1 || a_row == (int32_t)width * a_column)
		return (struct lines){1, height * width, out_row == (int32_t)width * out_column ? height * width : width,
				      a_column, 0, out_column, out_row};
	if (width * tiles_of(height, pixels) < height * tiles_of(width, pixels))
		return (struct lines){width, height, height, a_row, a_column, out_row, out_column};
	return (struct lines){height, width, width, a_column, a_row, out_column, out_row};
}


static void set_walk(const struct net_dots *dots, uint32_t pixels, int32_t pixel, uint32_t count,
		     int32_t word, int32_t row)
{
	// From pixel to pixel, back and to the next word, at the end of a row to the next one.
	int32_t back = -(int32_t)(pixels - 1) * pixel;
	int32_t next_row = back + row - (int32_t)(count - 1) * word;
	flexv_csr_write(CSR_IVEC_FMT, dots->format);
	flexv_csr_write(CSR_IVEC_SKIP_SIZE, 4 * pixels);
	flexv_csr_write(CSR_IVEC_MIXED_CYCLE, 0);
	flexv_csr_write(CSR_MIXED_COUNT, 0);
	flexv_csr_write(CSR_A_STRIDE, pixel);
	flexv_csr_write(CSR_A_SKIP, pixels - 1);
	flexv_csr_write(CSR_A_ROLLBACK, count == 1 ? next_row : back + word);
	flexv_csr_write(CSR_A_SKIP2, count - 1);
	flexv_csr_write(CSR_A_ROLLBACK2, next_row);
	flexv_csr_write(CSR_W_STRIDE, 4);
	flexv_csr_write(CSR_W_SKIP, 0);
	flexv_csr_write(CSR_W_ROLLBACK, 4);
}

// Bytes of a pixel behind the last group of channels are zeros.
static void clear_tail(char *pixel, uint32_t begin, uint32_t end)
{
	for (; begin < end; begin++) pixel[begin] = 0;
}

// Sums of a tile to what is stored.
static void finish_sums(const struct layer *layer, const int32_t *sums, uint32_t *pixel,
			uint32_t index)
{
	uint32_t end = layer->count - index < 4 ? layer->count - index : 4;
	for (uint32_t i = 0; i < end; i++) {
		uint32_t value = (uint32_t)sums[i];
		if (layer->scaled) {
			// The sum has what it begins with.
			uint32_t start = (uint32_t)layer->scales[index / 4].start[i];
			value = net_finished((int32_t)(value - start), layer->scales, index + i,
					     layer->requant);
		}
		net_put(pixel, layer->first + index + i, layer->out->bits, value);
	}
}

static void run_tiles(const struct layer *layer, const struct lines *lines, uint32_t begin_a,
		      uint32_t a_bits, uint32_t pixels, uint32_t iterations)
{
	const struct net_map *out = layer->out;
	uint32_t groups = (layer->count + 3) / 4, out_bits = layer->dots->out_bits;
	uint32_t per_line = (lines->length + pixels - 1) / pixels;
	void (*kernel)(struct net_tile *) = layer->dots->kernels[pixels == 4 ? 0
								     : pixels == 2 ? 1 : 2];
	// Cores take groups of tiles; where groups share words that C changes, those of a word.
	uint32_t shared = out_bits == 32 && out->bits < 8 ? 8 / out->bits : 1;
	uint32_t spanned = (groups + shared - 1) / shared * shared;
	uint32_t units = lines->count * per_line * (spanned / shared), core = net_core();
	uint32_t each = units / net_cores(), more = units - each * net_cores();
	uint32_t at = shared * (each * core + (core < more ? core : more));
	uint32_t end = at + shared * (each + (core < more));
	uint32_t tail = (layer->first + 4 * groups) * out_bits / 8, width = 4 * out->pixel_words;
	int first_groups_only = layer->single && layer->multiple != 1;
	if (at == end) return;
	uint32_t tile = at / spanned, group = at - tile * spanned;
	uint32_t line = lines->count == 1 ? 0 : tile / per_line, k = tile - line * per_line;
	uint32_t index = 0, row = 0, column = 0, follows = ~UINT32_C(0);
	int32_t sums[16];
	char *place[4] = {0};
	struct net_tile work = {
		.a_step = a_bits / 2, .iterations = iterations,
		.a_tile = (int32_t)pixels * lines->a_pixel,
		.out_tile = (int32_t)pixels * lines->out_pixel};
	// Whether the kernel goes from tile to tile by itself.
	int even = out_bits != 32 && !first_groups_only
		   && (tail >= width || layer->first + layer->count != out->channels)
		   && lines->width == lines->length;
	uint32_t begin = 0;
	int fresh = 1;
	while (at < end) {
		uint32_t now = spanned - group < end - at ? spanned - group : end - at;
		if (out_bits == 32 || first_groups_only) now = 1;
		if (fresh) {
			// The last tile of a line overlaps the one before.
			index = pixels * k;
			if (index + pixels > lines->length) index = lines->length - pixels;
			begin = begin_a + (uint32_t)((int32_t)line * lines->a_line
						     + (int32_t)index * lines->a_pixel);
			// The output's row and column of a pixel go on from tile to tile.
			if (index != follows) {
				row = lines->width == lines->length ? 0 : index / lines->width;
				column = index - row * lines->width;
			}
			follows = index + pixels;
			char *to = (char *)out->data + (int32_t)(line + row) * lines->out_line;
			for (uint32_t i = 0; i < pixels; i++) {
				place[i] = to + (int32_t)column * lines->out_pixel;
				if (i) work.steps[i - 1] = place[i] - place[i - 1];
				if (++column == lines->width) {
					column = 0;
					row++;
					to += lines->out_line;
				}
			}
			work.steps[pixels - 1] = place[0] - place[pixels - 1]
						 + (int32_t)(out_bits / 2);
			fresh = 0;
		}
		work.a = begin;
		if (layer->single)
			work.a += (layer->multiple == 1 ? layer->first + 4 * group
				   : (layer->first + 4 * group) / layer->multiple) * a_bits / 8;
		work.w = layer->weights + 4 * group * layer->words;
		work.scales = layer->scales + (layer->scaled ? group : 0);
		work.groups = now;
		work.tiles = 1;
		if (even && now == groups) {
			// Whole tiles of this line in front of one that overlaps.
			uint32_t tiles = lines->length / pixels - k, mine = end - at;
			if (tiles > 1 && mine > groups) {
				while (tiles * groups > mine) tiles--;
				work.tiles = tiles;
			}
		}
		uint32_t batch = work.tiles;
		if (group >= groups) {
			// Behind the last group of a word.
			now = spanned - group;
		} else if (out_bits == 32) {
			work.out = sums;
			kernel(&work);
			// What the tile before has stored stays.
			for (uint32_t i = pixels * k - index; i < pixels; i++)
				finish_sums(layer, sums + 4 * i, (uint32_t *)place[i], 4 * group);
		} else {
			work.out = place[0] + (layer->first + 4 * group) * out_bits / 8;
			kernel(&work);
			if (group + now == groups && layer->first + layer->count == out->channels)
				for (uint32_t i = 0; i < pixels; i++)
					clear_tail(place[i], tail, width);
		}
		if (batch > 1) {
			at += batch * groups - now;
			k += batch - 1;
			follows = ~UINT32_C(0);
		}
		at += now;
		group += now;
		if (group == spanned) {
			group = 0;
			fresh = 1;
			if (++k == per_line) {
				k = 0;
				line++;
				follows = ~UINT32_C(0);
			}
		}
	}
}

static const struct net_scales no_scales[2] NET_DATA = {{{0}, {0}, {0}}};

static void run_layer(const struct layer *layer, const struct net_map *in,
		      const struct net_window *window, uint32_t count, int32_t word, int32_t row)
{
	const struct net_dots *dots = layer->dots;
	struct lines lines = best_lines(in, layer->out, window, dots->pixels);
	uint32_t pixels = dots->pixels;
	while (pixels > lines.length) pixels /= 2;
	uint32_t begin_a = (uint32_t)net_pixel(in, -window->top, -window->left);
	uint32_t iterations = layer->words >> dots->log_a_slices;
	flexv_csr_write(CSR_SB_LEGACY, 0);
	if (dots->out_bits != 32) {
		flexv_csr_write(CSR_RQ_CONTROL, layer->requant->shift
				| net_width_code(dots->out_bits));
		flexv_csr_write(CSR_RQ_WORD, 0);
	}
	set_walk(dots, pixels, lines.a_pixel, count, word, row);
	run_tiles(layer, &lines, begin_a, in->bits, pixels, iterations);
	flexv_csr_write(CSR_SB_LEGACY, 1);
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

// Depthwise layers with kernels of 3 x 3: words of 4 rows of one channel.

enum { COLUMNS = 14, ROWS = 4 };	// of a block of the output

// Of each core: for 4 channels and each column rows 0 to 3 and 2 to 5.
static uint32_t columns[NET_CORES][4][COLUMNS + 2][2] NET_L1;

// 4 channels of 6 rows, `count` columns.
static void turn(const uint32_t *from, uint32_t row, uint32_t pixel, uint32_t count,
		 uint32_t (*to)[COLUMNS + 2][2])
{
	const uint32_t low = 0x05010400, high = 0x07030602;
	uint32_t *out = to[0][0];
	for (; count; count--, from += pixel, out += 2) {
		const uint32_t *at = from;
		uint32_t r0 = *at, r1 = *(at += row), r2 = *(at += row), r3 = *(at += row);
		uint32_t r4 = *(at += row), r5 = *(at += row);
		uint32_t low01 = flexv_shuffle2_b(r0, r1, low);
		uint32_t low23 = flexv_shuffle2_b(r2, r3, low);
		uint32_t low45 = flexv_shuffle2_b(r4, r5, low);
		uint32_t high01 = flexv_shuffle2_b(r0, r1, high);
		uint32_t high23 = flexv_shuffle2_b(r2, r3, high);
		uint32_t high45 = flexv_shuffle2_b(r4, r5, high);
		enum { NEXT = 2 * (COLUMNS + 2) };
		out[0] = flexv_pack(low23, low01);
		out[1] = flexv_pack(low45, low23);
		out[NEXT] = flexv_pack_h(low23, low01);
		out[NEXT + 1] = flexv_pack_h(low45, low23);
		out[2 * NEXT] = flexv_pack(high23, high01);
		out[2 * NEXT + 1] = flexv_pack(high45, high23);
		out[3 * NEXT] = flexv_pack_h(high23, high01);
		out[3 * NEXT + 1] = flexv_pack_h(high45, high23);
	}
}

static void set_columns_walk(const struct net_dots *dots, const struct net_requant *requant)
{
	int32_t channel = sizeof columns[0][0];
	flexv_csr_write(CSR_IVEC_FMT, dots->format);
	flexv_csr_write(CSR_IVEC_SKIP_SIZE, 1);
	flexv_csr_write(CSR_IVEC_MIXED_CYCLE, 0);
	flexv_csr_write(CSR_MIXED_COUNT, 0);
	// The 6 words of a channel's columns, those of 4 channels, the next column.
	flexv_csr_write(CSR_A_STRIDE, 4);
	flexv_csr_write(CSR_A_SKIP, 5);
	flexv_csr_write(CSR_A_ROLLBACK, channel - 20);
	flexv_csr_write(CSR_A_SKIP2, 3);
	flexv_csr_write(CSR_A_ROLLBACK2, 8 - 3 * channel - 20);
	// The 24 words of weights again and again.
	flexv_csr_write(CSR_W_STRIDE, 4);
	flexv_csr_write(CSR_W_SKIP, 23);
	flexv_csr_write(CSR_W_ROLLBACK, -92);
	flexv_csr_write(CSR_RQ_CONTROL, requant->shift | net_width_code(dots->out_bits));
	flexv_csr_write(CSR_RQ_WORD, 0);
}

int net_dots_columns(const struct net_map *in, const struct net_map *out,
		     const struct net_window *window, const void *weights, uint32_t first,
		     uint32_t count, const struct net_requant *requant, const struct net_dots *dots)
{
	if (out->height < ROWS) return 0;
	const struct net_scales *scales = weights;
	uint32_t groups = (count + 3) / 4, blocks = (out->width + COLUMNS - 1) / COLUMNS;
	const uint32_t *words = (const uint32_t *)(scales + groups);
	uint32_t strips = (out->height + ROWS - 1) / ROWS, core = net_core();
	uint32_t units = strips * blocks * groups, each = units / net_cores();
	uint32_t more = units - each * net_cores();
	uint32_t at = each * core + (core < more ? core : more), left = each + (core < more);
	uint32_t place = at / groups, group = at - place * groups;
	uint32_t strip = place / blocks, block = place - strip * blocks;
	uint32_t tail = (first + 4 * groups) * dots->out_bits / 8, width = 4 * out->pixel_words;
	int32_t row = (int32_t)(4 * out->row_words), pixel = (int32_t)(4 * out->pixel_words);
	struct net_columns work = {.a = columns[core][0][0], .row = row,
				   .back = pixel - (ROWS - 1) * row};
	set_columns_walk(dots, requant);
	for (; left; left--) {
		uint32_t y = strip * ROWS, x = block * COLUMNS;
		if (y + ROWS > out->height) y = out->height - ROWS;
		work.count = out->width - x < COLUMNS ? out->width - x : COLUMNS;
		turn(net_pixel(in, (int32_t)y - window->top, (int32_t)x - window->left) + first / 4
		     + group, in->row_words, in->pixel_words, work.count + 2, columns[core]);
		work.w = words + 24 * group;
		work.scales = scales + group;
		char *to = (char *)net_pixel(out, (int32_t)y, (int32_t)x);
		work.out = to + (first + 4 * group) * dots->out_bits / 8;
		dots->columns(&work);
		if (group + 1 == groups) {
			if (first + count == out->channels && tail < width)
				for (uint32_t i = 0; i < ROWS * work.count; i++)
					clear_tail(to + (int32_t)(i % ROWS) * row
						   + (int32_t)(i / ROWS) * pixel, tail, width);
			group = 0;
			if (++block == blocks) {
				block = 0;
				strip++;
			}
		} else {
			group++;
		}
	}
	return 1;
}
