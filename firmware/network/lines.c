// How cores divide a layer, and where the pixels of tiles are: see lines.h.

#include "lines.h"

// The number of cores is known to the C compiler.
struct net_part net_part_of(uint32_t tiles, uint32_t groups)
{
	uint32_t best = ~UINT32_C(0), way = 0, core = net_core();
	for (uint32_t log = 0; 1u << log <= net_cores(); log++) {
		uint32_t cost = ((tiles + (1u << log) - 1) >> log)
				* net_most_of(groups, net_cores() >> log);
		if (cost >= best) continue;
		best = cost;
		way = log;
	}
	uint32_t columns = net_cores() >> way, column = core >> way;
	struct net_part part = {way, core - (column << way), 0, 0};
	if (column >= columns) return part;
	part.group = NET_CORES == 8 ? net_first_of_power(groups, 3 - way, column, &part.groups)
				    : net_first_of(groups, columns, column, &part.groups);
	return part;
}

// Tiles whose pixels lie at equal distances.
static uint32_t *fill_even(const struct net_lines *lines, uint32_t a, uint32_t to, uint32_t *table,
			   uint32_t count)
{
	const uint32_t pixels = lines->pixels, step = (uint32_t)lines->out_step;
	const uint32_t a_tile = pixels * (uint32_t)lines->a_pixel;
	const uint32_t tile = pixels * (uint32_t)lines->out_pixel;
	for (; count; count--) {
		uint32_t place = to;
		*table++ = a;
		if (pixels == 4) {
			table[0] = place;
			table[1] = place += step;
			table[2] = place += step;
			table[3] = place += step;
			table += 4;
		} else {
			for (uint32_t i = pixels; i; i--, place += step) *table++ = place;
		}
		a += a_tile;
		to += tile;
	}
	return table;
}

// Tiles of the one line, whose pixels lie in several rows of the output.
static uint32_t *fill_rows(const struct net_lines *lines, uint32_t a, uint32_t to, uint32_t *table,
			   uint32_t index, uint32_t count)
{
	const uint32_t pixels = lines->pixels, width = lines->width, step = (uint32_t)lines->out_step;
	const uint32_t a_tile = pixels * (uint32_t)lines->a_pixel;
	uint32_t row = index / width, column = index - row * width;
	a += index * (uint32_t)lines->a_pixel;
	to += row * (uint32_t)lines->out_line + column * step;
	for (; count; count--, a += a_tile) {
		*table++ = a;
		for (uint32_t i = pixels; i; i--) {
			*table++ = to;
			to += step;
			if (++column == width) {
				to += (uint32_t)lines->out_line - width * step;
				column = 0;
			}
		}
	}
	return table;
}

static uint32_t *fill_tiles(const struct net_lines *lines, uint32_t a, uint32_t to, uint32_t *table,
			    uint32_t index, uint32_t count)
{
	if (lines->width != lines->length) return fill_rows(lines, a, to, table, index, count);
	return fill_even(lines, a + index * (uint32_t)lines->a_pixel,
			 to + index * (uint32_t)lines->out_pixel, table, count);
}

void net_fill_table(const struct net_lines *lines, uint32_t from, uint32_t to, uint32_t *table,
		    uint32_t first, uint32_t count, int once)
{
	const uint32_t pixels = lines->pixels, twice = pixels * lines->per_line - lines->length;
	uint32_t line = lines->count == 1 ? 0 : first / lines->per_line;
	uint32_t k = first - line * lines->per_line;
	from += line * (uint32_t)lines->a_line;
	to += line * (uint32_t)lines->out_line;
	while (count) {
		uint32_t run = lines->per_line - k < count ? lines->per_line - k : count;
		// The last tile of a line may overlap the one before.
		uint32_t ends = twice && k + run == lines->per_line;
		table = fill_tiles(lines, from, to, table, pixels * k, run - ends);
		if (ends) {
			table = fill_tiles(lines, from, to, table, lines->length - pixels, 1);
			for (uint32_t i = 0; once && i < twice; i++) table[(int32_t)(i - pixels)] = 0;
		}
		count -= run;
		k = 0;
		from += (uint32_t)lines->a_line;
		to += (uint32_t)lines->out_line;
	}
}
