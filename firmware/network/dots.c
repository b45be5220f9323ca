// Layers by the core's dot products: which tiles of pixels and groups of channels a core makes, the
// walk of Mac&Load.

#include "dots.h"

#include "flexv_intrinsics.h"
#include "lines.h"
#include "platform.h"

uint32_t net_scratch[NET_CORES][NET_SCRATCH] NET_L1;

// A call for some channels.
struct call {
	const struct net_dots *dots;
	const struct net_map *in, *out;
	const struct net_scales *scales;
	const uint32_t *weights;
	const struct net_requant *requant;
	uint32_t first, count;
	int scaled;
};

// Cores fill a table together and make its tiles behind a barrier, while those that are ready fill
// the other one.
enum { TABLE = NET_CORES * NET_SCRATCH / 2 };

static uint32_t *table_of(uint32_t round) { return net_scratch[0] + (round & 1 ? TABLE : 0); }

// Tiles of a table: as many as fit, or all in equal parts that cores share evenly.
static uint32_t table_tiles(const struct net_lines *lines)
{
	uint32_t all = lines->count * lines->per_line, most = TABLE - 1;
	most = lines->pixels == 4 ? most / 5 : lines->pixels == 2 ? most / 3 : most / 2;
	if (all <= most) return all;
	uint32_t each = net_most_of(all, net_most_of(all, most));
	each = net_most_of(each, net_cores()) * net_cores();
	return each < most ? each : most;
}

// This core's part of the table of tiles first..first + count - 1, and the word behind it.
static void fill(const struct net_dots *dots, const struct net_map *in, const struct net_map *out,
		 uint32_t *table, uint32_t first, uint32_t count)
{
	uint32_t own, begin = net_first_of(count, net_cores(), net_core(), &own);
	uint32_t from = (uint32_t)in->data + (uint32_t)dots->lines.begin, entry = dots->lines.pixels + 1;
	uint32_t to = (uint32_t)out->data + (uint32_t)dots->lines.out_begin;
	if (own)
		net_fill_table(&dots->lines, from, to, table + begin * entry, first + begin, own,
			       dots->out_bits == 32);
	if (net_core() == 0) table[count * entry] = from;
}

#ifdef NETWORK_XPULP
static void set_walk(const struct net_dots *dots) { (void)dots; }
static void set_walk_of(struct net_tiles *work, const struct call *call)
{
	const struct net_dots *dots = call->dots;
	work->count = dots->row_words;
	work->rows = dots->rows;
	work->pixel = dots->lines.a_pixel;
	work->back = dots->back;
	work->row = dots->next_row - dots->back;
	work->shift = call->requant->shift - 32;
	work->addend_shift = call->requant->addend_shift;
}
#else
static void set_walk(const struct net_dots *dots)
{
	// From pixel to pixel, back and to the next word, at the end of a row to the next one.
	uint32_t pixels = dots->lines.pixels, last = 4 * dots->words - 1;
	int32_t pixel = dots->lines.a_pixel;
	flexv_csr_write(CSR_SB_LEGACY, 0);
	flexv_csr_write(CSR_RQ_CONTROL, dots->control);
	flexv_csr_write(CSR_RQ_WORD, 0);
	flexv_csr_write(CSR_IVEC_FMT, dots->format);
	flexv_csr_write(CSR_IVEC_SKIP_SIZE, 4 * pixels);
	flexv_csr_write(CSR_IVEC_MIXED_CYCLE, 0);
	flexv_csr_write(CSR_MIXED_COUNT, 0);
	flexv_csr_write(CSR_A_STRIDE, pixel);
	flexv_csr_write(CSR_A_SKIP, pixels - 1);
	flexv_csr_write(CSR_A_ROLLBACK, dots->row_words == 1 ? dots->next_row : dots->back);
	flexv_csr_write(CSR_A_SKIP2, dots->row_words - 1);
	flexv_csr_write(CSR_A_ROLLBACK2, dots->next_row);
	// The weights of a group for each tile.
	flexv_csr_write(CSR_W_STRIDE, 4);
	flexv_csr_write(CSR_W_SKIP, last);
	flexv_csr_write(CSR_W_ROLLBACK, -(int32_t)(4 * last));
}
#endif

// Sums of a tile to what is stored.
static void finish_sums(const struct call *call, const int32_t *sums, uint32_t *pixel, uint32_t index)
{
	uint32_t end = call->count - index < 4 ? call->count - index : 4;
	for (uint32_t i = 0; i < end; i++) {
		uint32_t value = (uint32_t)sums[i];
		if (call->scaled)
			value = net_finished((int32_t)value, call->scales, index + i, call->requant);
		net_put(pixel, call->first + index + i, call->out->bits, value);
	}
}

// From group `group` of the call's channels on.
static void set_groups(const struct call *call, struct net_tiles *work, uint32_t group,
		       uint32_t groups)
{
	const struct net_dots *dots = call->dots;
	work->groups = groups;
	work->w = call->weights + 4 * group * dots->words;
	work->w_step = 16 * dots->words;
	work->scales = call->scales + group;
	work->out_step = dots->group_step;
	work->out_at = (call->first / 4 + group) * dots->group_step;
	if (dots->multiple) {
		uint32_t channel = call->first + 4 * group;
		work->a_at = (dots->multiple == 1 ? channel : channel / dots->multiple) * dots->a_bits
			     / 8;
		work->a_step = dots->a_bits / 2;
	}
}

// Groups first..first + count - 1.
struct groups {
	uint32_t first, count;
};

// Sums that C finishes: tile by tile, group by group.
static void run_sums(const struct call *call, struct net_tiles work, struct groups groups)
{
	int32_t sums[16];
	uint32_t own[3], pixels = call->dots->lines.pixels, tiles = work.tiles;
	const uint32_t *table = work.table;
	work.table = own;
	work.tiles = 1;
	own[1] = (uint32_t)sums;
	for (; tiles; tiles--, table += pixels + 1)
		for (uint32_t i = 0; i < groups.count && 4 * (groups.first + i) < call->count; i++) {
			own[0] = own[2] = table[0];
			set_groups(call, &work, groups.first + i, 1);
			work.out_at = 0;
			call->dots->kernel(&work);
			for (uint32_t k = 0; k < pixels; k++)
				if (table[1 + k])
					finish_sums(call, sums + 4 * k, (uint32_t *)table[1 + k],
						    4 * (groups.first + i));
		}
}

static void run_groups(const struct call *call, struct net_tiles *work, struct groups groups)
{
	const struct net_dots *dots = call->dots;
	if (dots->multiple > 1) {
		// Groups whose channels of the source are at no equal distances.
		for (uint32_t i = 0; i < groups.count; i++) {
			set_groups(call, work, groups.first + i, 1);
			dots->kernel(work);
		}
	} else {
		set_groups(call, work, groups.first, groups.count);
		dots->kernel(work);
	}
	uint32_t behind = call->first + 4 * (groups.first + groups.count);
	if (!dots->tail || behind < call->out->channels) return;
	const uint32_t *table = work->table;
	for (uint32_t tile = 0; tile < work->tiles; tile++, table++)
		for (uint32_t k = dots->lines.pixels; k; k--)
			net_clear_tail((char *)*++table, dots->tail, dots->width);
}

void net_dots_prepare(const struct net_dots *dots, const struct net_map *in,
		      const struct net_map *out, uint32_t first)
{
	uint32_t tiles = table_tiles(&dots->lines);
	set_walk(dots);
	// The chunks of a layer have one table, if that has all tiles.
	if (!first || tiles != dots->lines.count * dots->lines.per_line)
		fill(dots, in, out, table_of(0), 0, tiles);
}

void net_dots_run(const struct net_dots *dots, const struct net_map *in, const struct net_map *out,
		  const void *weights, uint32_t first, uint32_t count,
		  const struct net_requant *requant, int scaled)
{
	struct call call = {dots, in, out, weights, weights, requant, first, count, scaled};
	uint32_t all = dots->lines.count * dots->lines.per_line, each = table_tiles(&dots->lines);
	// Groups share words that C changes.
	uint32_t groups = (count + 3) / 4, shared = 0;
	if (scaled) call.weights += 8 * groups;
	if (dots->out_bits == 32 && out->bits < 8) shared = out->bits == 4 ? 1 : 2;
	struct net_part part = net_part_of(all, (groups + (1u << shared) - 1) >> shared);
	struct groups own = {part.group << shared, part.groups << shared};
	if (own.count && own.first + own.count > groups) own.count = groups - own.first;
	struct net_tiles work;
	work.iterations = dots->iterations;
#ifdef NETWORK_XPULP
	set_walk_of(&work, &call);
#endif
	for (uint32_t round = 0, begin = 0; begin < all; round++, begin += each) {
		uint32_t tiles = all - begin < each ? all - begin : each, *table = table_of(round);
		if (round) {
			fill(dots, in, out, table, begin, tiles);
			net_barrier();
		}
		if (!own.count) continue;
		uint32_t tile = net_first_of_power(tiles, part.log_rows, part.row, &work.tiles);
		work.table = table + tile * (dots->lines.pixels + 1);
		if (!work.tiles) continue;
		if (dots->out_bits == 32) run_sums(&call, work, own);
		else run_groups(&call, &work, own);
	}
#ifndef NETWORK_XPULP
	flexv_csr_write(CSR_SB_LEGACY, 1);
#endif
}
