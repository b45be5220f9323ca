// Depthwise layers with kernels of 3 x 3: words of 4 rows of one channel.

#include "dots.h"

#include "flexv_intrinsics.h"
#include "platform.h"

// Of a block of the output; column_kernel.py knows them.
enum { COLUMNS = 16, ROWS = 4 };

// Of each core: for 4 channels and each column rows 0 to 3 and 2 to 5.
static uint32_t columns[NET_CORES][4][COLUMNS + 2][2] NET_L1;

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
	flexv_csr_write(CSR_RQ_CONTROL, net_rq_control(dots, requant));
	flexv_csr_write(CSR_RQ_WORD, 0);
}

// Where a unit's rows begin; the last ones overlap those before.
static void go_to(const struct net_map *in, const struct net_map *out,
		  const struct net_window *window, uint32_t y, uint32_t x, uint32_t channel,
		  uint32_t bits, struct net_columns *work)
{
	if (y + ROWS > out->height) y = out->height - ROWS;
	work->from = net_pixel(in, (int32_t)y - window->top, (int32_t)x - window->left) + channel / 4;
	work->out = (char *)net_pixel(out, (int32_t)y, (int32_t)x) + channel * bits / 8;
}

// A border has one value in all its pixels: its words are written once for all groups.
static void fill_border(uint32_t place, uint32_t values)
{
	for (uint32_t channel = 0; channel < 4; channel++, values >>= 8) {
		uint32_t *to = columns[net_core()][channel][place];
		to[0] = to[1] = (values & 255) * 0x01010101;
	}
}

// Which of the columns 0 to count + 1 of the source are turned: all that are no border.
static void leave_borders(const struct net_map *in, const struct net_window *window, uint32_t x,
			  struct net_columns *work)
{
	uint32_t before = x < (uint32_t)window->left;
	uint32_t behind = x + work->count + 1 >= in->width + (uint32_t)window->left;
	if (before) fill_border(0, *work->from);
	if (behind) fill_border(work->count + 1, work->from[(work->count + 1) * in->pixel_words]);
	work->to = columns[net_core()][0][before];
	work->from += before * in->pixel_words;
	work->turned = work->count + 2 - before - behind;
}

// Bytes of the unit's pixels from `begin` on, where its results end.
static void clear_columns(const struct net_columns *work, uint32_t begin, uint32_t width)
{
	char *to = (char *)work->out - begin;
	int32_t pixel = work->back + (ROWS - 1) * work->row;
	for (uint32_t i = 0; i < ROWS * work->count; i++)
		net_clear_tail(to + (int32_t)(i % ROWS) * work->row + (int32_t)(i / ROWS) * pixel,
			       begin, width);
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
	uint32_t most = (out->width + blocks - 1) / blocks, bits = dots->out_bits;
	uint32_t units = strips * blocks * groups, each = units / net_cores();
	uint32_t more = units - each * net_cores();
	uint32_t at = each * core + (core < more ? core : more), left = each + (core < more);
	uint32_t place = at / groups, group = at - place * groups;
	uint32_t strip = place / blocks, block = place - strip * blocks;
	uint32_t tail = (first + 4 * groups) * bits / 8, width = 4 * out->pixel_words;
	int clears = first + count == out->channels && tail < width;
	int32_t row = (int32_t)(4 * out->row_words), in_row = (int32_t)(4 * in->row_words);
	struct net_columns work = {
		.a = columns[core][0][0], .row = row,
		.back = (int32_t)(4 * out->pixel_words) - (ROWS - 1) * row, .in_row = in_row,
		.in_back = (int32_t)(4 * in->pixel_words) - (ROWS + 1) * in_row};
	set_columns_walk(dots, requant);
	while (left) {
		uint32_t x = block * most, now = groups - group < left ? groups - group : left;
		work.count = out->width - x < most ? out->width - x : most;
		go_to(in, out, window, strip * ROWS, x, first + 4 * group, bits, &work);
		leave_borders(in, window, x, &work);
		work.w = words + 24 * group;
		work.scales = scales + group;
		work.groups = now;
		dots->columns(&work);
		if (clears && group + now == groups) clear_columns(&work, tail, width);
		left -= now;
		group = 0;
		if (++block == blocks) {
			block = 0;
			strip++;
		}
	}
	return 1;
}
