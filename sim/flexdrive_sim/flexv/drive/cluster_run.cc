// The outside of a cluster: memory, console and the end of a run, compiled with it, behind
// rvfi_record.h and functions that cluster_bench.py writes for its cores. One call runs many cycles.

namespace cluster_run {

struct region { uint32_t base, size; uint8_t *data; };

struct setup {
	const region *regions;
	uint32_t count;
	uint32_t tohost, console; // an address of 1 is none
	uint32_t latency;         // cycles from grant to answer
	uint32_t stall_seed;      // 0: none; else random grants and further latency
	uint32_t boot;
	uint8_t *activity;        // what each core does in each cycle, or null
	uint64_t activity_cycles;
	rvfi::record *records;    // instructions of all cores in the order in which they retire
	uint8_t *cores;           // by record, whose it is
	uint64_t capacity;
};

struct generator { // xorshift32
	uint32_t state;
	uint32_t next() {
		state ^= state << 13; state ^= state >> 17; state ^= state << 5;
		return state;
	}
};

struct answer { uint64_t when; uint64_t data; bool error; };

struct bench {
	design &top;
	setup config;
	generator stalls;
	harness::queue<answer> answers;
	uint64_t cycle = 0, last = 0, idle = 0, accesses = 0;
	uint64_t counts[CORES][4] = {};
	uint32_t exit_value = 0, broken = 0;
	bool granted = false, asked = false;
	uint64_t before[5] = {};
	uint64_t recorded = 0;
	harness::queue<char> printed;

	uint8_t *find(uint32_t address) const {
		for (uint32_t i = 0; i < config.count; i++) {
			const region &r = config.regions[i];
			if (address - r.base < r.size) return r.data + (address - r.base);
		}
		return nullptr;
	}

	void access() {
		uint32_t address = top.p_bus__addr.get<uint32_t>(), be = top.p_bus__be.get<uint32_t>();
		uint64_t word = 0, data = top.p_bus__wdata.get<uint64_t>();
		bool store = top.p_bus__we.get<bool>(), error = false;
		accesses++;
		if (uint8_t *place = find(address)) {
			for (int i = 0; store && i < 8; i++)
				if (be >> i & 1) place[i] = (uint8_t)(data >> 8 * i);
			memcpy(&word, place, 8);
			if (store && address == (config.tohost & ~7u) && (be >> (config.tohost & 7) & 1))
				exit_value = (uint32_t)(data >> 8 * (config.tohost & 7));
		} else if (address == config.console) {
			if (store && (be & 1)) printed.push_back((char)data);
		} else {
			error = true;
		}
		// The answer to a store is anything.
		if (store) word = ~word;
		uint64_t when = cycle + config.latency
		              + (config.stall_seed ? (stalls.next() >> 8) % 3 : 0);
		if (when <= last) when = last + 1;
		last = when;
		answers.push_back({when, word, error});
	}

	void step() {
		bool due = !answers.empty() && answers.front().when == cycle;
		granted = !config.stall_seed || (stalls.next() & 0x300);
		top.p_bus__gnt.set<bool>(granted);
		top.p_bus__rvalid.set<bool>(due);
		top.p_bus__rdata.set<uint64_t>(due ? answers.front().data
		                                   : cycle * UINT64_C(0x9e3779b97f4a7c15));
		top.p_bus__err.set<bool>(due ? answers.front().error : (cycle & 2) != 0);
		if (due) answers.pop_front();
		top.p_clk.set<bool>(false);
		top.step();
		bool request = top.p_bus__req.get<bool>();
		watch(request);
		if (request && granted) access();
		for (int i = 0; i < CORES; i++) {
			uint32_t waits = core_waits(top, i);
			for (int k = 0; k < 4; k++) counts[i][k] += waits >> k & 1;
			if (cycle < config.activity_cycles)
				config.activity[cycle * CORES + i] = (uint8_t)waits;
			if (recorded < config.capacity && core_retires(top, i, config.records[recorded])) {
				config.records[recorded].cycle = (uint32_t)cycle;
				config.cores[recorded++] = (uint8_t)i;
			}
		}
		idle = top.p_idle.get<bool>() ? idle + 1 : 0;
		top.p_clk.set<bool>(true);
		top.step();
		cycle++;
	}

	// A request that was not granted stays as it is.
	void watch(bool request) {
		uint64_t now[5] = {request, top.p_bus__addr.get<uint32_t>(), top.p_bus__we.get<uint32_t>(),
		                   top.p_bus__be.get<uint32_t>(), top.p_bus__wdata.get<uint64_t>()};
		if (asked) broken |= memcmp(now, before, now[2] ? sizeof now : 4 * sizeof *now) != 0;
		if (request && (now[1] & 7)) broken |= 2;
		asked = request && !granted;
		memcpy(before, now, sizeof now);
	}
};

} // namespace cluster_run

extern "C" {

void *cluster_create(void *handle, const cluster_run::setup *setup) {
	design &top = static_cast<model *>(handle)->top;
	auto *b = harness::make<cluster_run::bench>(
	    top, *setup, cluster_run::generator{setup->stall_seed * 2654435761u | 1});
	top.p_boot__address.set<uint32_t>(setup->boot);
	top.p_rst.set<bool>(true);
	top.p_clk.set<bool>(false); top.step();
	top.p_clk.set<bool>(true); top.step();
	top.p_rst.set<bool>(false);
	return b;
}

void cluster_destroy(void *bench) { harness::drop(static_cast<cluster_run::bench *>(bench)); }

// Runs until `cycles` have passed in all, the program has written tohost, the cluster has stopped,
// all cores wait for the host, or there is no room for the records of another cycle. Returns the
// reason: 0 cycles, 1 tohost, 2 fault, 3 idle, 4 room.
int cluster_run_until(void *handle, uint64_t cycles) {
	auto &b = *static_cast<cluster_run::bench *>(handle);
	while (b.cycle < cycles) {
		b.step();
		if (b.exit_value) return 1;
		if (b.top.p_halted.get<bool>()) return 2;
		if (b.idle > 1000) return 3;
		if (b.config.capacity && b.recorded + CORES > b.config.capacity) return 4;
	}
	return 0;
}

// One access by the host's port; returns 0 and the word, or 1 if it failed, 2 without an answer.
int cluster_host(void *handle, uint32_t address, uint32_t store, uint32_t value, uint32_t *word) {
	auto &b = *static_cast<cluster_run::bench *>(handle);
	b.top.p_host__req.set<bool>(true);
	b.top.p_host__addr.set<uint32_t>(address);
	b.top.p_host__we.set<bool>(store);
	b.top.p_host__be.set<uint32_t>(15);
	b.top.p_host__wdata.set<uint32_t>(value);
	bool taken = false;
	for (int i = 0; i < 1000; i++) {
		b.step();
		// The outputs are still those before the edge.
		if (taken && b.top.p_host__rvalid.get<bool>()) {
			*word = b.top.p_host__rdata.get<uint32_t>();
			return b.top.p_host__err.get<bool>();
		}
		if (!taken && b.top.p_host__gnt.get<bool>()) {
			taken = true;
			b.top.p_host__req.set<bool>(false);
		}
	}
	return 2;
}

uint64_t cluster_cycles(void *bench) { return static_cast<cluster_run::bench *>(bench)->cycle; }
// How many records there are; from then on they begin anew.
uint64_t cluster_recorded(void *bench) {
	auto &b = *static_cast<cluster_run::bench *>(bench);
	uint64_t count = b.recorded;
	b.recorded = 0;
	return count;
}
uint64_t cluster_accesses(void *bench) { return static_cast<cluster_run::bench *>(bench)->accesses; }
uint32_t cluster_broken(void *bench) { return static_cast<cluster_run::bench *>(bench)->broken; }
uint32_t cluster_asleep(void *bench) {
	return static_cast<cluster_run::bench *>(bench)->top.p_asleep.get<uint32_t>();
}
uint32_t cluster_exit_value(void *bench) {
	return static_cast<cluster_run::bench *>(bench)->exit_value;
}
const uint64_t *cluster_counts(void *bench) {
	return &static_cast<cluster_run::bench *>(bench)->counts[0][0];
}
uint32_t cluster_printed(void *bench, uint8_t *to, uint32_t capacity) {
	const auto &text = static_cast<cluster_run::bench *>(bench)->printed;
	uint32_t count = text.size() < capacity ? (uint32_t)text.size() : capacity;
	memcpy(to, text.data(), count);
	return (uint32_t)text.size();
}

}
