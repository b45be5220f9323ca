// Compiled together with the model of one binary16 operator: an oracle that shares nothing with
// the hardware or with the numpy model (the compiler's _Float16), and loops that feed one pair of
// operands per cycle. FP16_SUBTRACT and FP16_ENABLE are defined if the design has the ports
// `subtract` and `en`. Operations are numbered as in OPERATIONS in __init__.py.

namespace fp16 {

struct pair { uint16_t a, b; };
struct mismatch { uint16_t a, b, expected, got; };

enum { ADD, SUB, MUL, MAX };

static inline uint16_t oracle(uint64_t operation, pair p) {
	_Float16 x, y, r;
	memcpy(&x, &p.a, sizeof x);
	memcpy(&y, &p.b, sizeof y);
	switch (operation) {
	case ADD: r = x + y; break;
	case SUB: r = x - y; break;
	case MUL: r = x * y; break;
	case MAX:
		if (x != x || y != y) return 0x7e00;
		// Equal encodings, or zeros, of which the positive one is the larger.
		if (x == y) return p.a & p.b;
		return x > y ? p.a : p.b;
	}
	uint16_t bits;
	memcpy(&bits, &r, sizeof r);
	return r != r ? 0x7e00 : bits;
}

static inline void drive(design &top, uint64_t operation, pair p) {
	top.p_a.data[0] = p.a;
	top.p_b.data[0] = p.b;
#ifdef FP16_SUBTRACT
	top.p_subtract.data[0] = operation == SUB;
#endif
}

static inline void enable(design &top, bool level) {
#ifdef FP16_ENABLE
	top.p_en.data[0] = level;
#endif
}

// Feeds pair(0) to pair(count - 1) and calls result(i, y) for each; `gate` (or null) is the
// enable of each cycle modulo its length.
template <class Pair, class Result>
static void feed(model &m, uint64_t operation, uint64_t count, uint64_t latency,
                 const uint8_t *gate, uint64_t gate_length, Pair pair_of, Result result) {
	for (uint64_t i = 0, cycle = 0; i < count + latency; cycle++) {
		bool level = !gate || gate[cycle % gate_length];
		drive(m.top, operation, pair_of(i < count ? i : count - 1));
		enable(m.top, level);
		m.settle();
		if (level && i >= latency)
			result(i - latency, (uint16_t)harness::read(m.top.p_y).data[0]);
		m.edge();
		i += level;
	}
}

template <class Pair>
static uint64_t check(model &m, uint64_t operation, uint64_t count, uint64_t latency,
                      mismatch *first, uint64_t room, Pair pair_of) {
	uint64_t wrong = 0;
	feed(m, operation, count, latency, nullptr, 0, pair_of, [&](uint64_t i, uint16_t y) {
		pair p = pair_of(i);
		uint16_t expected = oracle(operation, p);
		if (y == expected) return;
		if (wrong < room) first[wrong] = {p.a, p.b, expected, y};
		wrong++;
	});
	return wrong;
}

} // namespace fp16

extern "C" {

void fp16_oracle(void *, uint64_t operation, const fp16::pair *pairs, uint64_t count,
                 uint16_t *y) {
	for (uint64_t i = 0; i < count; i++) y[i] = fp16::oracle(operation, pairs[i]);
}

void fp16_outputs(void *handle, uint64_t operation, const fp16::pair *pairs, uint64_t count,
                  uint64_t latency, const uint8_t *gate, uint64_t gate_length, uint16_t *y) {
	fp16::feed(*static_cast<model *>(handle), operation, count, latency, gate, gate_length,
	           [=](uint64_t i) { return pairs[i]; }, [=](uint64_t i, uint16_t v) { y[i] = v; });
}

uint64_t fp16_check(void *handle, uint64_t operation, const fp16::pair *pairs, uint64_t count,
                    uint64_t latency, fp16::mismatch *first, uint64_t room) {
	return fp16::check(*static_cast<model *>(handle), operation, count, latency, first, room,
	                   [=](uint64_t i) { return pairs[i]; });
}

// Pairs numbered a x 2^16 + b, from `start`.
uint64_t fp16_check_range(void *handle, uint64_t operation, uint64_t start, uint64_t count,
                          uint64_t latency, fp16::mismatch *first, uint64_t room) {
	return fp16::check(*static_cast<model *>(handle), operation, count, latency, first, room,
	                   [=](uint64_t i) {
		return fp16::pair{(uint16_t)((start + i) >> 16), (uint16_t)(start + i)};
	});
}

}
