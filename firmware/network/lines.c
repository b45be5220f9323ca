// How cores divide a layer, and where the pixels of tiles are: see lines.h.

#include "lines.h"

static uint32_t most_of(uint32_t count, uint32_t parts) { return (count + parts - 1) / parts; }

// So many rows of cores for tiles, the cores of a row for groups, that the last is done first. The
// number of cores is known to the compiler.
struct part part_of(uint32_t tiles, uint32_t groups)
{
	uint32_t best = ~UINT32_C(0);
	struct part part = {0, 0, 0, 0};
#pragma clang loop unroll(full)
	for (uint32_t rows = net_cores(); rows; rows /= 2) {
		uint32_t columns = net_cores() / rows;
		uint32_t cost = most_of(tiles, rows) * most_of(groups, columns);
		if (cost >= best) continue;
		best = cost;
		uint32_t row = net_core() % rows, column = net_core() / rows;
		uint32_t each = tiles / rows, more = tiles % rows;
		part.tile = each * row + (row < more ? row : more);
		part.tiles = each + (row < more);
		each = groups / columns;
		more = groups % columns;
		part.group = each * column + (column < more ? column : more);
		part.groups = column < columns ? each + (column < more) : 0;
	}
	return part;
}

static uint32_t tiles_of(uint32_t length, uint32_t pixels)
{
	if (length < pixels) return length == 3 ? 2 : 1;
	return (length + pixels - 1) / pixels;
}

struct lines best_lines(const struct net_map *in, const struct net_map *out,
			const struct net_window *window, uint32_t pixels)
{
	int32_t a_column = (int32_t)(4 * window->stride_x * in->pixel_words);
	int32_t a_row = (int32_t)(4 * window->stride_y * in->row_words);
	int32_t out_column = (int32_t)(4 * out->pixel_words), out_row = (int32_t)(4 * out->row_words);
	uint32_t height = out->height, width = out->width;
	struct lines lines = {height, width, pixels, 0, width, a_column, a_row, out_column, out_row,
			      0, 0, 0, 0};
	if (height == 1 || a_row == (int32_t)width * a_column) {
		lines.count = 1;
		lines.length = height * width;
		if (out_row == (int32_t)width * out_column) lines.width = lines.length;
	} else if (width * tiles_of(height, pixels) < height * tiles_of(width, pixels)) {
		lines = (struct lines){width, height, pixels, 0, height, a_row, a_column, out_row,
				       out_column, 0, 0, 0, 0};
	}
	while (lines.pixels > lines.length) lines.pixels /= 2;
	lines.per_line = (lines.length + lines.pixels - 1) / lines.pixels;
	return lines;
}

struct lines planar_lines(const struct net_map *in, const struct net_map *out,
			  const struct net_window *window)
{
	int32_t a_column = (int32_t)(4 * window->stride_x * in->pixel_words);
	int32_t a_row = (int32_t)(4 * window->stride_y * in->row_words);
	uint32_t count = out->down ? out->width : out->height;
	uint32_t length = out->down ? out->height : out->width;
	return (struct lines){count, length, 4, (length + 3) / 4, length,
			      out->down ? a_row : a_column, out->down ? a_column : a_row,
			      1, 16 * (int32_t)out->row_words, 0, 0, 0, 0};
}

// Row of a pixel of the one line.
static uint32_t row_of(const struct lines *lines, uint32_t index)
{
	return lines->width == lines->length ? 0 : index / lines->width;
}

void start_lines(struct lines *lines, uint32_t tile)
{
	lines->line = lines->count == 1 ? 0 : tile / lines->per_line;
	lines->k = tile - lines->line * lines->per_line;
	uint32_t index = lines->pixels * lines->k;
	lines->row = row_of(lines, index);
	lines->column = index - lines->row * lines->width;
}

void fill_table(struct lines *lines, const struct net_map *out, uint32_t begin_a, uint32_t *table,
		uint32_t count, int once)
{
	// Copies: the compiler takes entries of the table for fields otherwise.
	const uint32_t pixels = lines->pixels, length = lines->length, width = lines->width;
	const uint32_t step = (uint32_t)lines->out_pixel, data = (uint32_t)out->data;
	const uint32_t a_tile = pixels * (uint32_t)lines->a_pixel;
	const uint32_t wrap = (uint32_t)lines->out_line - width * step;
	uint32_t index = pixels * lines->k, column = lines->column, row = lines->row;
	uint32_t first = 0, a = 0, to = 0;
	for (uint32_t made = 0, fresh = 1; made < count; made++) {
		uint32_t twice = 0;
		if (index + pixels > length) {
			twice = index + pixels - length;
			index -= twice;
			row = row_of(lines, index);
			column = index - row * width;
			fresh = 1;
		}
		if (fresh) {
			a = begin_a + lines->line * (uint32_t)lines->a_line
			    + index * (uint32_t)lines->a_pixel;
			to = data + (lines->line + row) * (uint32_t)lines->out_line + column * step;
			fresh = 0;
		}
		if (!made) first = a;
		*table++ = a;
		a += a_tile;
		index += pixels;
		if (pixels == 4 && column + 4 < width && !twice) {
			// All in one row, and the line goes on.
			table[0] = to;
			table[1] = to += step;
			table[2] = to += step;
			table[3] = to += step;
			to += step;
			table += 4;
			column += 4;
			continue;
		}
		for (uint32_t i = 0; i < pixels; i++) {
			*table++ = once && i < twice ? 0 : to;
			to += step;
			if (++column == width) {
				to += wrap;
				column = 0;
				row++;
			}
		}
		if (index >= length) {
			index = row = column = 0;
			lines->line++;
			fresh = 1;
		}
	}
	*table = first;
	lines->k = (index + pixels - 1) / pixels;
	lines->row = row;
	lines->column = column;
}

void fill_planar(struct lines *lines, const struct net_map *out, uint32_t begin_a, uint32_t *table,
		 uint32_t count)
{
	uint32_t first = 0, index = 4 * lines->k, pitch = 4 * out->row_words;
	for (uint32_t made = 0; made < count; made++) {
		uint32_t at = index + 4 > lines->length ? lines->length - 4 : index;
		uint32_t a = begin_a + lines->line * (uint32_t)lines->a_line
			     + at * (uint32_t)lines->a_pixel;
		uint32_t to = (uint32_t)out->data + lines->line * (uint32_t)lines->out_line + out->lane
			      + at;
		if (!made) first = a;
		*table++ = a;
		for (uint32_t i = 0; i < 4; i++, to += pitch) *table++ = to;
		index += 4;
		if (index >= lines->length) {
			index = 0;
			lines->line++;
		}
	}
	*table = first;
	lines->k = index / 4;
}
