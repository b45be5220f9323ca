// Depthwise layers: lines of the map as words of 4 pixels of one channel.

#include "dots.h"

#include "flexv_intrinsics.h"
#include "platform.h"

// Words of a core for the lines of a block, of 4 channels; words of a line but one where not all lines
// fit. strips.py knows them.
enum { WORDS = 360, WIDEST = 4 };

static uint32_t words_of[NET_CORES][WORDS] NET_L1;

// Along lines, and from line to line.
struct direction {
	uint32_t size, kernel, stride;	// of the output, of the window
	int32_t in, out;	// bytes from pixel to pixel
};

static uint32_t most_of(uint32_t count, uint32_t parts) { return (count + parts - 1) / parts; }

// Blocks of `quads` words of a line times `rows` lines, each for all groups of 4 channels; of the
// cores `ways` share the blocks, the others the groups.
struct division {
	uint32_t quads, blocks, rows, strips, ways, cost;
};

// Of equal costs with the most cores for groups: blocks differ in size.
static uint32_t share_blocks(struct division *division, uint32_t groups)
{
	uint32_t places = division->blocks * division->strips, best = ~UINT32_C(0);
#pragma clang loop unroll(full)
	for (uint32_t ways = 1; ways <= net_cores(); ways *= 2) {
		uint32_t cost = most_of(places, ways) * most_of(groups, net_cores() / ways);
		if (cost >= best) continue;
		best = cost;
		division->ways = ways;
	}
	return best;
}

// Without divisions where they are not needed: each takes as long as half of a tile.
static struct division divide(const struct direction *along, const struct direction *down,
			      uint32_t step, uint32_t groups, int planar)
{
	uint32_t all = (down->size - 1) * down->stride + down->kernel, fewest = 1;
	struct division best = {.cost = ~UINT32_C(0)}, tried = {.quads = (along->size + 3) / 4,
								.blocks = 1};
	uint32_t widest = planar ? tried.quads : WIDEST >> (step - 1);
	if (tried.quads > widest) {
		// Wider ones where all lines fit.
		uint32_t fits = WORDS / 4 / all;
		if (fits > WIDEST) widest = (fits - 1) >> (step - 1);
		tried.blocks = most_of(tried.quads, widest);
		tried.quads = most_of(tried.quads, tried.blocks);
	}
	uint32_t words = step * tried.quads + 1;
	if (!planar && all * words > WORDS / 4)
		fewest = most_of(down->size,
				 (WORDS / 4 / words - down->kernel) / down->stride + 1);
	for (uint32_t strips = fewest; strips <= down->size && strips < fewest + 4; strips++) {
		tried.rows = strips == 1 ? down->size : most_of(down->size, strips);
		tried.strips = strips == 1 ? 1 : most_of(down->size, tried.rows);
		uint32_t units = share_blocks(&tried, groups);
		uint32_t lines = (tried.rows - 1) * down->stride + down->kernel;
		// About the cycles of a unit.
		tried.cost = units * (150 + tried.quads * (60 + 27 * down->kernel * tried.rows)
				      + (planar ? 0 : 18 * lines * words));
		if (tried.cost < best.cost) best = tried;
		if (units * net_cores() == tried.strips * tried.blocks * groups) break;
	}
	return best;
}

// The first of the units of a part, and how many.
static inline uint32_t first_of(uint32_t units, uint32_t parts, uint32_t part, uint32_t *count)
{
	uint32_t each = units / parts, more = units - each * parts;
	*count = each + (part < more);
	return each * part + (part < more ? part : more);
}

// Words lie line by line, in a line channel by channel, so that from one channel to the next is as
// far as from the last one to the next line's first.
static void set_walk(const struct net_dots *dots, const struct net_requant *requant,
		     const struct direction *down, int32_t pitch)
{
	int32_t last = 4 * (int32_t)down->kernel - 1;
	// Two words, or three from the last to the first.
	int32_t word = dots->step == 1 ? 4 : -4, count = (int32_t)dots->step;
	flexv_csr_write(CSR_IVEC_FMT, dots->format);
	flexv_csr_write(CSR_IVEC_SKIP_SIZE, 1);
	flexv_csr_write(CSR_IVEC_MIXED_CYCLE, 0);
	flexv_csr_write(CSR_MIXED_COUNT, 0);
	flexv_csr_write(CSR_A_STRIDE, word);
	flexv_csr_write(CSR_A_SKIP, count);
	flexv_csr_write(CSR_A_ROLLBACK, pitch - count * word);
	flexv_csr_write(CSR_A_SKIP2, last);
	flexv_csr_write(CSR_A_ROLLBACK2,
			(4 * (int32_t)down->stride - last) * pitch - count * word);
	// The weights again and again.
	flexv_csr_write(CSR_W_STRIDE, 4);
	flexv_csr_write(CSR_W_SKIP, last);
	flexv_csr_write(CSR_W_ROLLBACK, -4 * last);
	flexv_csr_write(CSR_RQ_CONTROL, net_layer_control(dots, requant));
	flexv_csr_write(CSR_RQ_WORD, 0);
}

// The last word of a line has `valid` pixels, the last of which stands for those behind it.
static void set_last_word(struct net_strips *work, uint32_t valid)
{
	int32_t pixel = work->all_in[0];
	for (uint32_t i = 0; i < 3; i++) work->last_in[i] = i + 1 < valid ? pixel : 0;
	work->last_in[3] = work->all_in[3] + (int32_t)(4 - valid) * pixel;
}

// Results of a word of which `valid` are pixels of the output: stored from the last to the first,
// those that are none where the last one comes later.
static void set_results(int32_t *steps, uint32_t valid, const struct direction *along,
			const struct direction *down)
{
	int32_t begin = (int32_t)(valid - 1) * along->out;
	for (uint32_t i = 0; i < 3; i++) steps[i] = 3 - i < valid ? -along->out : 0;
	steps[3] = down->out + begin;
	steps[4] = begin;
}

// Bytes of the unit's pixels from `begin` on, where its results end.
static void clear_tails(char *to, const struct direction *along, uint32_t columns,
			const struct direction *down, uint32_t rows, uint32_t begin, uint32_t width)
{
	for (uint32_t y = 0; y < rows; y++)
		for (uint32_t x = 0; x < columns; x++)
			net_clear_tail(to + (int32_t)y * down->out + (int32_t)x * along->out, begin,
				       width);
}

void net_dots_strips(const struct net_map *in, const struct net_map *out,
		     const struct net_window *window, const void *weights, uint32_t first,
		     uint32_t count, const struct net_requant *requant, const struct net_dots *dots)
{
	const struct net_scales *scales = weights;
	struct direction along = {out->width, window->width, window->stride_x,
				  (int32_t)(4 * in->pixel_words), (int32_t)(4 * out->pixel_words)};
	struct direction down = {out->height, window->height, window->stride_y,
				 (int32_t)(4 * in->row_words), (int32_t)(4 * out->row_words)};
	if (dots->down) {
		struct direction other = along;
		along = down;
		down = other;
	}
	uint32_t groups = (count + 3) / 4, core = net_core(), bits = dots->out_bits;
	struct division division = divide(&along, &down, dots->step, groups,
					  in->group_words != 0);
	uint32_t most = division.quads, rows = division.rows;
	uint32_t pitch = in->group_words ? in->row_words : dots->step * most + 1;
	uint32_t left = division.strips * division.blocks, place = 0, now, group;
	if (division.ways == 1) {
		group = first_of(groups, net_cores(), core, &now);
	} else {
		uint32_t columns = net_cores() / division.ways, column = core / division.ways;
		group = first_of(groups, columns, column, &now);
		place = first_of(left, division.ways, core - column * division.ways, &left);
		if (column >= columns) now = 0;
	}
	uint32_t strip = division.blocks == 1 ? place : place / division.blocks;
	uint32_t block = place - strip * division.blocks;
	uint32_t tail = (first + 4 * groups) * bits / 8, width = 4 * out->pixel_words;
	int clears = first + count == out->channels && tail < width;
	const char *from = (const char *)net_pixel(in, -window->top, -window->left) + first;
	struct net_strips work = {
		.pitch = 4 * pitch, .in_word = 4 * along.in,
		.all_in = {along.in, along.in, along.in, down.in - 3 * along.in},
		.out_word = 4 * along.out, .scratch = words_of[core]};
	set_results(work.all_out, 4, &along, &down);
	flexv_csr_write(CSR_SB_LEGACY, 0);
	set_walk(dots, requant, &down, (int32_t)(4 * pitch));
	for (; now && left; left--) {
		uint32_t x = 4 * block * most, y = strip * rows;
		uint32_t columns = along.size - x < 4 * most ? along.size - x : 4 * most;
		uint32_t pixels = (columns - 1) * along.stride + along.kernel;
		char *to = (char *)out->data + (int32_t)y * down.out + (int32_t)x * along.out;
		work.rows = down.size - y < rows ? down.size - y : rows;
		work.lines = (work.rows - 1) * down.stride + down.kernel;
		work.words = (pixels + 3) / 4;
		set_last_word(&work, pixels - 4 * (work.words - 1));
		work.quads = (columns + 3) / 4;
		set_results(work.last_out, columns - 4 * (work.quads - 1), &along, &down);
		work.w = (const uint32_t *)(scales + groups) + 4 * down.kernel * group;
		work.scales = scales + group;
		work.out = to + (first + 4 * group) * bits / 8;
		work.from = from + (int32_t)(y * down.stride) * down.in
			    + (int32_t)(x * along.stride) * along.in + 4 * group;
		if (in->group_words) {
			uint32_t before = (uint32_t)(dots->down ? window->left : window->top);
			work.from = (const char *)(in->data + (first / 4 + group) * in->group_words)
				    + (int32_t)(16 * pitch) * (int32_t)(y * down.stride - before);
			work.in_word = (int32_t)(4 * in->group_words);
		}
		work.groups = now;
		dots->strips(&work);
		if (clears && group + now == groups)
			clear_tails(to, &along, columns, &down, work.rows, tail, width);
		if (++block == division.blocks) {
			block = 0;
			strip++;
		}
	}
	flexv_csr_write(CSR_SB_LEGACY, 1);
}
