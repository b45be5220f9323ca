// Both ends of a serial line at the pins of a System, bit by bit. Compiled with the model.

namespace {

// Times are cycles x 2^16: bits of the host are no whole number of cycles.
constexpr unsigned FRACTION = 16;

struct line_state {
	uint64_t period;        // of a bit of the host
	uint64_t send_next;     // when the bit on the line ends
	uint64_t send_bits;     // bits to come, lowest first
	uint64_t send_left;     // how many
	uint64_t take_next;     // when the next bit is sampled
	uint64_t take_bits;
	uint64_t take_left;     // samples to come, 0: waits for a start bit
	uint64_t sent;          // bytes taken from `input`
	uint64_t taken;         // bytes put into `output`
	uint64_t broken;        // bytes without a stop bit, seen by the host
	uint64_t level;         // of the line to the host in the last cycle
	uint64_t resets;        // reset requests
	uint64_t in_reset;      // what the reset was in the last cycle
	uint64_t busy;          // as the outputs of System are
	uint64_t fault;
};

struct line_fault {
	uint64_t begin, end;    // cycles
	uint64_t wire;          // 0: to the board, 1: to the host
	uint64_t kind;          // 0: at 0, 1: at 1, 2: inverted
};

bool damaged(bool level, uint64_t wire, uint64_t cycle, const line_fault *faults, uint64_t count) {
	for (uint64_t i = 0; i < count; i++) {
		if (faults[i].wire != wire || cycle < faults[i].begin || cycle >= faults[i].end) continue;
		level = faults[i].kind == 2 ? !level : faults[i].kind != 0;
	}
	return level;
}

} // namespace

extern "C" uint64_t flexdrive_line_run(void *handle, uint64_t cycles, line_state *line,
                                       const uint8_t *input, uint64_t inputs, uint8_t *output,
                                       uint64_t room, const line_fault *faults, uint64_t count) {
	model &m = *static_cast<model *>(handle);
	for (uint64_t n = 0; n < cycles; n++) {
		uint64_t now = m.cycle << FRACTION;
		while (line->send_left && now >= line->send_next) {
			line->send_bits >>= 1;
			if (--line->send_left) line->send_next += line->period;
		}
		if (!line->send_left && line->sent < inputs) {
			// Start bit, byte, stop bit; the first is on the line now.
			line->send_bits = (uint64_t)input[line->sent++] << 1 | 1 << 9;
			line->send_left = 10;
			// Byte after byte as long as there are any.
			if (line->send_next + line->period < now) line->send_next = now;
			line->send_next += line->period;
		}
		bool rx = line->send_left ? line->send_bits & 1 : true;
		m.top.p_rx.template set<bool>(damaged(rx, 0, m.cycle, faults, count));
		m.settle();
		bool request = harness::bit(m.top.p_reset__request);
		line->resets += request;
		m.top.p_rst.template set<bool>(request);
		if (request != line->in_reset) m.settle();
		line->in_reset = request;
		bool tx = harness::bit(m.top.p_tx);
		tx = damaged(tx, 1, m.cycle, faults, count);
		if (line->take_left == 0) {
			if (line->level && !tx) {
				line->take_left = 9;
				line->take_next = now + line->period + line->period / 2;
				line->take_bits = 0;
			}
		} else if (now >= line->take_next) {
			line->take_next += line->period;
			line->take_left--;
			line->take_bits = line->take_bits >> 1 | (uint64_t)tx << 8;
			if (line->take_left == 0) {
				line->broken += !tx;
				if (line->taken < room) output[line->taken++] = (uint8_t)line->take_bits;
			}
		}
		line->level = tx;
		line->busy = harness::bit(m.top.p_busy);
		line->fault = harness::bit(m.top.p_fault);
		m.edge();
	}
	m.settle();
	return cycles;
}
