// The C interface that library.py loads. Expects, from the generated port table: `design` (the
// top class), `HAS_CLOCK`, `set_port`, `get_port`, `chunks_of`, `STREAMS`, `before_edge` and
// `offer`.

#if defined(FLEXDRIVE_VCD)
#include <cxxrtl/cxxrtl_vcd.h>
#endif

namespace {

struct model {
	design top;
	uint64_t cycle = 0;
#if defined(FLEXDRIVE_LANES)
	explicit model(uint64_t power_up) : top(power_up) {}
#else
	explicit model(uint64_t) {} // its power-up is built in
#endif
#if defined(FLEXDRIVE_VCD)
	std::unique_ptr<cxxrtl::vcd_writer> vcd;
	FILE *file = nullptr;
	uint64_t period = 10;
	void sample(uint64_t time) {
		if (!vcd) return;
		vcd->sample(time);
		fwrite(vcd->buffer.data(), 1, vcd->buffer.size(), file); // close() tells of errors
		vcd->buffer.clear();
	}
	bool close() {
		if (!file) return true;
		const bool failed = ferror(file), closed = fclose(file) == 0;
		file = nullptr;
		vcd.reset();
		return closed && !failed;
	}
	~model() { close(); }
#endif
	// Outputs read right after a rising edge may lag by one evaluation in a hierarchical model;
	// they are read only after the low phase that follows.
	void settle() {
		set_clock(top, false);
		top.step();
	}
	void edge() {
		if (!HAS_CLOCK) { cycle++; return; }
#if defined(FLEXDRIVE_VCD)
		sample(cycle * period);
#endif
		set_clock(top, true);
		top.step();
#if defined(FLEXDRIVE_VCD)
		sample(cycle * period + period / 2);
#endif
		cycle++;
	}
};

} // namespace

extern "C" {

void *flexdrive_create(uint64_t power_up) { return harness::make<model>(power_up); }
void flexdrive_destroy(void *handle) { harness::drop(static_cast<model *>(handle)); }
uint64_t flexdrive_cycle(void *handle) { return static_cast<model *>(handle)->cycle; }
void flexdrive_set(void *handle, uint32_t port, const harness::chunk *value) {
	set_port(static_cast<model *>(handle)->top, port, value);
}
void flexdrive_get(void *handle, uint32_t port, harness::chunk *value) {
	get_port(static_cast<model *>(handle)->top, port, value);
}
void flexdrive_settle(void *handle) { static_cast<model *>(handle)->settle(); }
void flexdrive_edge(void *handle) { static_cast<model *>(handle)->edge(); }

// Runs up to `cycles` cycles; returns how many were run. A stop condition is looked at before the
// edge, and that edge is not taken.
uint64_t flexdrive_run(void *handle, uint64_t cycles, harness::stream *streams,
                       const harness::stop *stop, const harness::probe *probe) {
	model &m = *static_cast<model *>(handle);
	harness::chunk *sample = probe->samples;
	harness::chunk current[64];
	for (uint64_t n = 0; n < cycles; n++) {
		offer(m.top, streams, m.cycle);
		m.settle();
		if (stop->port >= 0) {
			get_port(m.top, stop->port, current);
			if (current[0] == stop->value) return n;
		}
		if (stop->streams && finished(streams)) return n;
		for (uint64_t i = 0; i < probe->count; i++) {
			get_port(m.top, probe->ports[i], sample);
			sample += chunks_of(probe->ports[i]);
		}
		transfer(m.top, streams, m.cycle);
		m.edge();
	}
	offer(m.top, streams, m.cycle);
	m.settle();
	return cycles;
}

int flexdrive_vcd(void *handle, const char *path) {
#if defined(FLEXDRIVE_VCD)
	model &m = *static_cast<model *>(handle);
	m.close();
	m.file = fopen(path, "wb");
	if (!m.file) return -1;
	m.vcd.reset(new cxxrtl::vcd_writer);
	cxxrtl::debug_items items;
	cxxrtl::debug_scopes scopes;
	m.top.debug_info(&items, &scopes, "");
	m.vcd->timescale(1, "ns");
	m.vcd->add_without_memories(items);
	return 1;
#else
	(void)handle, (void)path;
	return 0;
#endif
}

// 1 when all of the waveform is in its file.
int flexdrive_vcd_close(void *handle) {
#if defined(FLEXDRIVE_VCD)
	return static_cast<model *>(handle)->close();
#else
	(void)handle;
	return 1;
#endif
}

}
