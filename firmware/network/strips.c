// Depthwise layers: lines of the map as words of 4 pixels of one channel.

#include "dots.h"

#include "flexv_intrinsics.h"
#include "lines.h"
#include "platform.h"

// Words lie line by line, in a line channel by channel, so that from one channel to the next is as
// far as from the last one to the next line's first.
void net_strips_prepare(const struct net_strips_layer *layer)
{
	const struct net_direction *down = &layer->down;
	int32_t last = 4 * (int32_t)down->kernel - 1, pitch = (int32_t)layer->pitch;
	// Two words, or three from the last to the first.
	int32_t count = (int32_t)layer->along.stride, word = count == 1 ? 4 : -4;
	flexv_csr_write(CSR_SB_LEGACY, 0);
	flexv_csr_write(CSR_RQ_CONTROL, layer->control);
	flexv_csr_write(CSR_RQ_WORD, 0);
	flexv_csr_write(CSR_IVEC_FMT, layer->format);
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
}

// Steps to the pixels of the last word of a line, whose last one stands for those behind it.
static void set_last_word(struct net_strips *work, uint32_t valid)
{
	int32_t pixel = work->all_in[0];
	for (uint32_t i = 0; i < 3; i++) work->last_in[i] = i + 1 < valid ? pixel : 0;
	work->last_in[3] = work->all_in[3] + (int32_t)(4 - valid) * pixel;
}

// Places of the results of a word of which `valid` are pixels of the output.
static void set_places(int32_t *places, uint32_t valid, int32_t pixel)
{
	for (uint32_t i = 0; i < 4; i++)
		places[i] = (int32_t)(4 - i <= valid ? 3 - i : valid - 1) * pixel;
}

// Bytes of the unit's pixels behind its results.
static void clear_tails(const struct net_strips_layer *layer, char *to, uint32_t columns,
			uint32_t rows)
{
	for (uint32_t y = 0; y < rows; y++)
		for (uint32_t x = 0; x < columns; x++)
			net_clear_tail(to + (int32_t)y * layer->down.out
				       + (int32_t)x * layer->along.out, layer->tail, layer->width);
}

// Sizes and steps of the unit at a place of the output.
static void set_unit(struct net_strips *work, const struct net_strips_layer *layer,
		     uint32_t columns, uint32_t rows)
{
	const struct net_direction *along = &layer->along, *down = &layer->down;
	uint32_t pixels = (columns - 1) * along->stride + along->kernel;
	work->rows = rows;
	work->lines = (rows - 1) * down->stride + down->kernel;
	work->words = (pixels + 3) / 4;
	work->quads = (columns + 3) / 4;
	set_last_word(work, pixels - 4 * (work->words - 1));
	set_places(work->last_out, columns - 4 * (work->quads - 1), along->out);
}

void net_strips_run(const struct net_strips_layer *layer, const struct net_map *in,
		    const struct net_map *out, const void *weights, uint32_t first, uint32_t count)
{
	const struct net_direction *along = &layer->along, *down = &layer->down;
	const struct net_scales *scales = weights;
	uint32_t groups = (count + 3) / 4, places = layer->strips * layer->blocks, left;
	struct net_part part = net_part_of(places, groups);
	uint32_t place = net_first_of_power(places, part.log_rows, part.row, &left);
	struct net_strips work;
	work.pitch = layer->pitch;
	work.in_word = layer->in_word;
	work.out_word = 4 * along->out;
	work.scratch = net_scratch[net_core()];
	for (uint32_t i = 0; i < 3; i++) work.all_in[i] = along->in;
	work.all_in[3] = down->in - 3 * along->in;
	set_places(work.all_out, 4, along->out);
	work.out_line = down->out;
	uint32_t ends = first + count == out->channels && part.group + part.groups == groups;
	for (; part.groups && left; left--, place++) {
		uint32_t strip = layer->blocks == 1 ? place : place / layer->blocks;
		uint32_t block = place - strip * layer->blocks;
		uint32_t x = 4 * block * layer->quads, y = strip * layer->rows;
		uint32_t columns = along->size - x < 4 * layer->quads ? along->size - x
								      : 4 * layer->quads;
		set_unit(&work, layer, columns,
			 down->size - y < layer->rows ? down->size - y : layer->rows);
		char *to = (char *)out->data + (int32_t)y * down->out + (int32_t)x * along->out;
		uint32_t group = first / 4 + part.group;
		work.w = (const uint32_t *)(scales + groups) + 4 * down->kernel * part.group;
		work.scales = scales + part.group;
		work.out = to + group * layer->group_step;
		work.from = (const char *)in->data + layer->begin + (int32_t)group * layer->in_group
			    + (int32_t)(y * down->stride) * down->in
			    + (int32_t)(x * along->stride) * along->in;
		work.groups = part.groups;
		layer->kernel(&work);
		if (ends && layer->tail) clear_tails(layer, to, columns, work.rows);
	}
	flexv_csr_write(CSR_SB_LEGACY, 1);
}
