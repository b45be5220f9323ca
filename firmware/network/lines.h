// How cores divide a layer, and where the pixels of tiles are.
#ifndef NETWORK_LINES_H
#define NETWORK_LINES_H

#include "kernels.h"
#include "platform.h"

// Tiles and groups of channels of a core.
struct part {
	uint32_t tile, tiles, group, groups;
};

// Pixels of the output as lines of equal steps in the source: rows, columns, or all as one line. A
// tile has some at once; the last of a line overlaps the one before.
struct lines {
	uint32_t count, length;
	uint32_t pixels, per_line;	// of a tile; tiles of a line
	uint32_t width;	// pixels of the output until its next row, or all of the line
	int32_t a_pixel, a_line;	// bytes in the source
	int32_t out_pixel, out_line;	// bytes in the output; of the one line to the next row
	// The next tile: its line, its place there; of the one line row and column of the output.
	uint32_t line, k, row, column;
};

struct part part_of(uint32_t tiles, uint32_t groups);
struct lines best_lines(const struct net_map *in, const struct net_map *out,
			const struct net_window *window, uint32_t pixels);
// Of a planar output: its own lines, at least 4 pixels long.
struct lines planar_lines(const struct net_map *in, const struct net_map *out,
			  const struct net_window *window);
// To a tile, counted over all lines.
void start_lines(struct lines *lines, uint32_t tile);
// Entries of the next `count` tiles (struct net_tiles). Of a pixel that the tile before has too the
// place of the results is 0 where each is to be stored `once`.
void fill_table(struct lines *lines, const struct net_map *out, uint32_t begin_a, uint32_t *table,
		uint32_t count, int once);
// The same of a planar output: the places of 4 pixels of each of 4 channels.
void fill_planar(struct lines *lines, const struct net_map *out, uint32_t begin_a, uint32_t *table,
		 uint32_t count);

#endif
