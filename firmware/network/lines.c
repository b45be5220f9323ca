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

static void place(struct lines *lines, uint32_t index)
{
	lines->row = lines->width == lines->length ? 0 : index / lines->width;
	lines->column = index - lines->row * lines->width;
}

void start_lines(struct lines *lines, uint32_t tile)
{
	lines->line = lines->count == 1 ? 0 : tile / lines->per_line;
	lines->k = tile - lines->line * lines->per_line;
	place(lines, lines->pixels * lines->k);
}

void fill_table(struct lines *lines, const struct net_map *out, uint32_t begin_a, uint32_t *table,
		uint32_t count, int once)
{
	uint32_t first = 0, pixels = lines->pixels, a = 0, to = 0;
	int fresh = 1;
	for (uint32_t made = 0; made < count; made++) {
		uint32_t index = pixels * lines->k;
		uint32_t twice = 0;
		if (index + pixels > lines->length) {
			twice = index + pixels - lines->length;
			index -= twice;
			place(lines, index);
		}
		if (fresh || twice) {
			a = begin_a + (uint32_t)((int32_t)lines->line * lines->a_line
						 + (int32_t)index * lines->a_pixel);
			to = (uint32_t)out->data + (uint32_t)(
				(int32_t)(lines->line + lines->row) * lines->out_line
				+ (int32_t)lines->column * lines->out_pixel);
			fresh = 0;
		}
		if (!made) first = a;
		*table++ = a;
		a += pixels * (uint32_t)lines->a_pixel;
		if (lines->column + pixels < lines->width && !twice) {
			// All in one row.
			lines->column += pixels;
			for (uint32_t i = 0; i < pixels; i++, to += (uint32_t)lines->out_pixel)
				*table++ = to;
			lines->k++;
			continue;
		}
		for (uint32_t i = 0; i < pixels; i++) {
			*table++ = once && i < twice ? 0 : to;
			to += (uint32_t)lines->out_pixel;
			if (++lines->column == lines->width) {
				to += (uint32_t)(lines->out_line
						 - (int32_t)lines->width * lines->out_pixel);
				lines->column = 0;
				lines->row++;
			}
		}
		if (++lines->k == lines->per_line) {
			lines->k = lines->row = lines->column = 0;
			lines->line++;
			fresh = 1;
		}
	}
	*table = first;
}
