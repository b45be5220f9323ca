// How cores divide a layer, and where the pixels of tiles are.
#ifndef NETWORK_LINES_H
#define NETWORK_LINES_H

#include "dots.h"
#include "share.h"

static inline uint32_t net_most_of(uint32_t count, uint32_t parts)
{
	return (count + parts - 1) / parts;
}

// So many rows of cores for tiles, the cores of a row for groups of channels, that the last is done
// first; of equal ones the most cores for groups, which are begun anew for each table.
struct net_part {
	uint32_t log_rows, row;
	uint32_t group, groups;	// of this core; none of a core without tiles
};
// The first of the units of 1 << log parts.
static inline uint32_t net_first_of_power(uint32_t units, uint32_t log, uint32_t part,
					  uint32_t *count)
{
	uint32_t each = units >> log, more = units - (each << log);
	*count = each + (part < more);
	return each * part + (part < more ? part : more);
}
struct net_part net_part_of(uint32_t tiles, uint32_t groups);

// Entries of tiles first..first + count - 1 (struct net_tiles). Of a pixel that the tile before has
// too the place of the results is 0 where each is to be stored `once`.
void net_fill_table(const struct net_lines *lines, uint32_t from, uint32_t to, uint32_t *table,
		    uint32_t first, uint32_t count, int once);

#endif
