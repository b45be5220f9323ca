// What the core gives to its memories, and whether it keeps the rules of its ports.

namespace core_run {

// Responses of one port, in order.
struct port {
	struct response { uint64_t when; uint32_t data; bool error; } queue[64];
	uint32_t first = 0, count = 0;
	uint64_t last = 0;
	void push(uint64_t when, uint32_t data, bool error) {
		if (when <= last) when = last + 1;
		last = when;
		queue[(first + count++) % 64] = {when, data, error};
	}
	const response *due(uint64_t now) const {
		return count && queue[first].when == now ? &queue[first] : nullptr;
	}
	void pop() { first = (first + 1) % 64; count--; }
};

// Rules that the core has broken, by bit; the names are known to rtl_core.py.
enum rule {
	RESET = 1,     // a request during reset
	WITHDRAWN = 2, // a request that was not granted changed or went away
	ALIGNED = 4,   // an address is not a multiple of 4
	LANES = 8,     // an instruction's access was not on the bus with its bytes and data, in order
	STORED = 16,   // a store on the bus that belongs to no instruction
};

// What one port requests.
struct request {
	bool made;
	uint32_t address, store, enables, data;
	bool same(const request &o) const {
		return made == o.made && address == o.address && store == o.store &&
		       enables == o.enables && (!store || data == o.data);
	}
	// Bits of the data that are meant.
	uint32_t lanes() const {
		uint32_t bits = 0;
		for (int i = 0; i < 4; i++)
			if (enables >> i & 1) bits |= 0xffu << 8 * i;
		return bits;
	}
};

// Both ports, and what has been accessed.
struct watch {
	uint32_t broken = 0; // rules, see above
	request fetching = {}, accessing = {}; // not granted in the cycle before
	harness::queue<request> accesses; // that no instruction has retired with

	// Checks a port's request and takes it if it is granted.
	bool takes(const request &r, request &before, bool granted) {
		if (before.made && !r.same(before)) broken |= WITHDRAWN;
		if (r.made && r.address & 3) broken |= ALIGNED;
		before = r;
		before.made = r.made && !granted;
		return r.made && granted;
	}

	// The retired instruction's access has been on the bus: its word, or both words one behind the
	// other. Loads between belong to instructions that were dropped.
	void match(uint32_t address, uint32_t masks, uint32_t data) {
		uint32_t size = (masks | masks >> 4) & 15, offset = address & 3;
		uint64_t value = (uint64_t)data << 8 * offset;
		request first = {true, address & ~3u, masks >> 4 != 0, size << offset & 15,
		                 (uint32_t)value};
		request second = {true, first.address + 4, first.store, size << offset >> 4,
		                  (uint32_t)(value >> 32)};
		while (!accesses.empty() && !matches(accesses.front(), first)) {
			if (accesses.front().store) broken |= STORED;
			accesses.pop_front();
		}
		const request both[] = {first, second};
		for (const request &wanted : both) {
			if (!wanted.enables) continue;
			if (accesses.empty() || !matches(accesses.front(), wanted)) {
				broken |= LANES;
				return;
			}
			accesses.pop_front();
		}
	}
	static bool matches(const request &r, const request &wanted) {
		return r.address == wanted.address && r.store == wanted.store &&
		       r.enables == wanted.enables &&
		       (!r.store || !((r.data ^ wanted.data) & wanted.lanes()));
	}
};

} // namespace core_run
