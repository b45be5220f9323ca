// Memory, console and test bench around the core, compiled with it, behind rvfi_record.h and
// core_ports.h. One call runs many cycles.

namespace core_run {

struct region { uint32_t base, size; uint8_t *data; };

using rvfi::record;

struct setup {
	const region *regions;
	uint32_t count;
	// An address of 1 is none.
	uint32_t tohost, fromhost, console, clint;
	uint32_t stack_limit, stack_top;
	uint32_t imem_latency, dmem_latency; // cycles from grant to response; 0, in the same one,
	                                     // is for buses alone that allow it
	uint32_t stall_seed;                 // 0: none; else random grants and further latency
	uint32_t interrupt_seed;             // 0: none; else lines rise at random
	uint32_t interrupt_period;           // mean cycles between two
	uint32_t interrupt_mask;
	uint32_t boot;
};

struct generator { // xorshift32
	uint32_t state;
	uint32_t next() {
		state ^= state << 13; state ^= state >> 17; state ^= state << 5;
		return state;
	}
};

// Timer, software interrupt and lines, as in devices.py.
struct devices {
	uint64_t time = 0, compare = ~UINT64_C(0);
	uint32_t software = 0, driven = 0;

	uint32_t lines() const {
		return driven | software << 3 | (uint32_t)(time >= compare) << 7;
	}
	// Whether a line is up or the timer will raise one.
	bool active() const { return lines() || compare != ~UINT64_C(0); }

	// The word at `offset`, which is changed where `mask` has ones; false: there is none.
	bool access(uint32_t offset, uint32_t mask, uint32_t value, uint32_t &word) {
		switch (offset) {
		case 0: software = change(software, mask, value, word) & 1; return true;
		case 0xc000: driven = change(driven, mask, value, word) & 0xffff0800; return true;
		case 0x4000: case 0x4004: change_half(compare, offset, mask, value, word); return true;
		case 0xbff8: case 0xbffc: change_half(time, offset, mask, value, word); return true;
		}
		return false;
	}
	static uint32_t change(uint32_t old, uint32_t mask, uint32_t value, uint32_t &word) {
		word = old;
		return (old & ~mask) | (value & mask);
	}
	static void change_half(uint64_t &whole, uint32_t offset, uint32_t mask, uint32_t value,
	                        uint32_t &word) {
		uint32_t shift = 8 * (offset & 4);
		uint64_t half = change((uint32_t)(whole >> shift), mask, value, word);
		whole = (whole & ~(UINT64_C(0xffffffff) << shift)) | half << shift;
	}
};

// Cycles in which a store that has been requested has certainly retired.
constexpr uint64_t RETIRES = 200;

struct bench {
	design &top;
	setup config;
	generator stalls, events;
	port instructions, data;
	uint64_t cycle = 0, retired = 0, exit_cycle = 0;
	uint32_t lines = 0, exit_value = 0, sp = 0, asleep = 0;
	bool inside = false, overflow = false; // sp is in the stack, has left it
	bool fetch_granted = false, access_granted = false;
	devices around;
	watch rules;
	harness::queue<char> printed;

	uint8_t *find(uint32_t address) const {
		for (uint32_t i = 0; i < config.count; i++) {
			const region &r = config.regions[i];
			if (address - r.base < r.size) return r.data + (address - r.base);
		}
		return nullptr;
	}

	uint32_t latency(uint32_t fixed) {
		return fixed + (config.stall_seed ? (stalls.next() >> 8) % 3 : 0);
	}

	request fetch_request() {
		return {top.p_ibus__req.get<bool>(), top.p_ibus__addr.get<uint32_t>(), 0, 15, 0};
	}
	request access_request() {
		return {top.p_dbus__req.get<bool>(), top.p_dbus__addr.get<uint32_t>(),
		        top.p_dbus__we.get<bool>(), top.p_dbus__be.get<uint32_t>(),
		        top.p_dbus__wdata.get<uint32_t>()};
	}

	void fetch(const request &r) {
		uint32_t word = 0;
		const uint8_t *place = find(r.address);
		if (place) memcpy(&word, place, 4);
		instructions.push(cycle + latency(config.imem_latency), word, !place);
	}

	void access(const request &r) {
		uint32_t word = 0;
		uint8_t *place = find(r.address);
		bool error = false;
		rules.accesses.push_back(r);
		if (place) {
			for (int i = 0; r.store && i < 4; i++)
				if (r.enables >> i & 1) place[i] = (uint8_t)(r.data >> 8 * i);
			memcpy(&word, place, 4);
			if (r.store && r.address == config.tohost && word) tell(word);
		} else if (r.address == config.console) {
			if (r.store && (r.enables & 1)) printed.push_back((char)r.data);
		} else {
			uint32_t mask = 0;
			for (int i = 0; r.store && i < 4; i++)
				if (r.enables >> i & 1) mask |= 0xffu << 8 * i;
			error = config.clint == 1
			     || !around.access(r.address - config.clint, mask, r.data, word);
		}
		// Bytes that are not meant, and the answer to a store, are anything.
		word ^= r.store ? ~0u : ~r.lanes();
		data.push(cycle + latency(config.dmem_latency), word, error);
	}

	// The program has written `word` to tohost.
	void tell(uint32_t word) {
		if (!(word & 1) && config.fromhost != 1) word = host_call(word);
		if (!word) {
			memset(find(config.tohost), 0, 4);
			if (uint8_t *place = find(config.fromhost)) {
				const uint32_t done = 1;
				memcpy(place, &done, 4);
			}
			return;
		}
		exit_value = word;
		exit_cycle = cycle;
	}

	// Bytes at `address`, or null where there are not `size`.
	uint8_t *span(uint64_t address, uint64_t size) const {
		for (uint32_t i = 0; i < config.count; i++) {
			const region &r = config.regions[i];
			if (address >= r.base && size <= r.size && address - r.base <= r.size - size)
				return r.data + (address - r.base);
		}
		return nullptr;
	}

	// As host_call in devices.py.
	uint32_t host_call(uint32_t address) {
		uint64_t call[4]; // number and arguments
		uint8_t *buffer = span(address, sizeof call);
		if (!buffer) return address;
		memcpy(call, buffer, sizeof call);
		if (call[0] == 93) return (uint32_t)(call[1] << 1 | 1); // exit
		if (call[0] != 64) return address;                      // write
		const uint8_t *content = span(call[2], call[3]);
		int64_t result = call[3];
		if (call[1] != 1 && call[1] != 2) result = -9; // EBADF
		else if (!content) result = -14;               // EFAULT
		else printed.append((const char *)content, call[3]);
		memcpy(buffer, &result, sizeof result);
		return 0;
	}

	void drive() {
		bool stalled = config.stall_seed != 0;
		fetch_granted = !stalled || (stalls.next() & 0x300);
		access_granted = !stalled || (stalls.next() & 0x300);
		top.p_ibus__gnt.set<bool>(fetch_granted);
		top.p_dbus__gnt.set<bool>(access_granted);
		respond(true);
		if (config.interrupt_seed && events.next() % config.interrupt_period == 0) {
			uint32_t line = 1u << (events.next() >> 7 & 31);
			lines = (lines ^ line) & config.interrupt_mask;
		}
		top.p_interrupts.set<uint32_t>(lines | around.lines());
		around.time++;
	}

	// ``first``: at the begin of a cycle; else what was granted in it may be answered too.
	void respond(bool first) {
		// Without a response the other lines carry anything.
		uint32_t noise = (uint32_t)cycle * 2654435761u;
		const port::response *response = instructions.due(cycle);
		if (first || response) {
			top.p_ibus__rvalid.set<bool>(response != nullptr);
			top.p_ibus__rdata.set<uint32_t>(response ? response->data : noise);
			top.p_ibus__err.set<bool>(response ? response->error : noise >> 31);
		}
		if (response) instructions.pop();
		response = data.due(cycle);
		if (first || response) {
			top.p_dbus__rvalid.set<bool>(response != nullptr);
			top.p_dbus__rdata.set<uint32_t>(response ? response->data : ~noise);
			top.p_dbus__err.set<bool>(response ? response->error : noise >> 30 & 1);
		}
		if (response) data.pop();
	}

	void log(record *records, uint32_t capacity) {
		record &r = records[retired++ % capacity];
		RVFI_RECORD(r, top.p_rvfi__);
		r.lines = lines;
		if (r.rd == 2 || r.rd2 == 2) move_stack(r.rd == 2 ? r.value : r.value2);
		// The device behind a line withdraws its request when the handler begins.
		if (r.flags & 2) lines &= ~(1u << (r.flags >> 2 & 31));
		r.cycle = (uint32_t)cycle;
		if (r.masks) rules.match(r.address, r.masks, r.wdata);
	}

	// As Stack in run_iss.py.
	void move_stack(uint32_t to) {
		sp = to;
		if (inside && (top.p_rvfi__rs1__addr.get<uint32_t>() == 2
		               || top.p_rvfi__rs2__addr.get<uint32_t>() == 2))
			overflow = to < config.stack_limit;
		else
			inside = config.stack_limit < to && to <= config.stack_top;
	}

	void evaluate() {
		top.p_clk.set<bool>(false);
		top.step();
	}
	void advance() {
		top.p_clk.set<bool>(true);
		top.step();
	}

	bool at_once() const { return !config.imem_latency || !config.dmem_latency; }

	void step(record *records, uint32_t capacity) {
		drive();
		evaluate();
		request wants = fetch_request(), needs = access_request();
		if (rules.takes(wants, rules.fetching, fetch_granted)) fetch(wants);
		if (rules.takes(needs, rules.accessing, access_granted)) access(needs);
		if (at_once()) {
			respond(false);
			evaluate();
			// What is answered in its own cycle must not change for that.
			if (!wants.same(fetch_request()) || !needs.same(access_request()))
				rules.broken |= WITHDRAWN;
		}
		if (top.p_rvfi__valid.get<bool>()) log(records, capacity);
		asleep = top.p_sleeping.get<bool>() && !around.active() ? asleep + 1 : 0;
		advance();
		cycle++;
	}
};

} // namespace core_run

extern "C" {

void *flexv_create(void *handle, const core_run::setup *setup) {
	design &top = static_cast<model *>(handle)->top;
	auto *b = harness::make<core_run::bench>(
	    top, *setup, core_run::generator{setup->stall_seed * 2654435761u | 1},
	    core_run::generator{setup->interrupt_seed * 2246822519u | 1});
	top.p_boot__address.set<uint32_t>(setup->boot);
	top.p_rst.set<bool>(true);
	top.p_clk.set<bool>(false); top.step();
	top.p_clk.set<bool>(true); top.step();
	if (top.p_ibus__req.get<bool>() || top.p_dbus__req.get<bool>()) b->rules.broken |= core_run::RESET;
	top.p_rst.set<bool>(false);
	return b;
}

void flexv_destroy(void *bench) { harness::drop(static_cast<core_run::bench *>(bench)); }

// Runs until `cycles` have passed in all, `retired` instructions have been logged in all, the
// program has written tohost, an instruction jumps to itself, the stack overflows, or the core
// sleeps and nothing can wake it. Returns the reason: 0 cycles, 1 instructions, 2 tohost, 3 hang,
// 4 stack, 5 sleep.
int flexv_run(void *handle, uint64_t cycles, uint64_t retired, core_run::record *records,
              uint32_t capacity) {
	auto &b = *static_cast<core_run::bench *>(handle);
	while (b.cycle < cycles) {
		uint64_t before = b.retired;
		b.step(records, capacity);
		// The instruction that has written tohost belongs to the run.
		if (b.retired != before) {
			const core_run::record &r = records[(b.retired - 1) % capacity];
			bool jump_to_itself = r.insn == 0x6f || r.insn == 0xa001;
			if (b.exit_value && r.masks >> 4 && r.address == b.config.tohost) return 2;
			if (b.overflow) return 4;
			if (jump_to_itself && r.next == r.pc && !b.config.interrupt_seed
			    && !b.around.active()) return 3;
			if (b.retired >= retired) return 1;
		}
		if (b.exit_value && b.cycle > b.exit_cycle + core_run::RETIRES) return 2;
		if (b.config.clint != 1 && b.asleep > core_run::RETIRES) return 5;
	}
	return 0;
}

uint64_t flexv_cycles(void *bench) { return static_cast<core_run::bench *>(bench)->cycle; }
uint64_t flexv_retired(void *bench) { return static_cast<core_run::bench *>(bench)->retired; }
uint32_t flexv_sp(void *bench) { return static_cast<core_run::bench *>(bench)->sp; }
uint32_t flexv_broken(void *bench) { return static_cast<core_run::bench *>(bench)->rules.broken; }
uint32_t flexv_exit_value(void *bench) { return static_cast<core_run::bench *>(bench)->exit_value; }
uint32_t flexv_printed(void *bench, uint8_t *to, uint32_t capacity) {
	const auto &text = static_cast<core_run::bench *>(bench)->printed;
	uint32_t count = text.size() < capacity ? (uint32_t)text.size() : capacity;
	memcpy(to, text.data(), count);
	return (uint32_t)text.size();
}

}
