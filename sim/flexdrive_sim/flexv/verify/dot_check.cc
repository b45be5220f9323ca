// Drives DotProduct with random or exhaustive operands and compares every result with a
// reference written from the definition: lanes as integers, products summed one by one.

namespace dot_check {

struct request {
	uint32_t a, w, accumulator, a_bits, w_bits, code, slice, a_signed, w_signed;
};

struct failure {
	request operands;
	uint32_t got, expected;
};

inline int64_t lane(uint32_t word, uint32_t bits, uint32_t index, bool is_signed) {
	uint32_t value = (word >> (index * bits)) & ((1u << bits) - 1);
	if (is_signed && value >> (bits - 1)) return (int64_t)value - ((int64_t)1 << bits);
	return value;
}

inline uint32_t reference(const request &r) {
	uint32_t count = 32 / (r.a_bits > r.w_bits ? r.a_bits : r.w_bits);
	uint32_t a_first = r.slice % (32 / r.a_bits / count) * count;
	uint32_t w_first = r.slice % (32 / r.w_bits / count) * count;
	int64_t total = r.accumulator;
	for (uint32_t l = 0; l < count; l++)
		total += lane(r.a, r.a_bits, a_first + l, r.a_signed)
		       * lane(r.w, r.w_bits, w_first + l, r.w_signed);
	return (uint32_t)total;
}

struct generator { // SplitMix64
	uint64_t state;
	uint64_t next() {
		uint64_t z = state += 0x9e3779b97f4a7c15;
		z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
		z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
		return z ^ (z >> 31);
	}
};

// Results come LATENCY edges after their request.
const int LATENCY = 3;

struct checker {
	design &top;
	request flight[LATENCY];
	uint32_t held = 0;
	uint64_t compared = 0;

	bool step(const request *r, failure *bad) {
		if (r) {
			uint32_t payload[4] = {r->a, r->w, r->accumulator,
				r->code | r->slice << 5 | r->a_signed << 8 | r->w_signed << 9};
			harness::load(top.p_i__payload, payload);
		}
		top.p_i__valid.set<bool>(r != nullptr);
		top.p_o__ready.set<bool>(true);
		top.p_clk.set<bool>(false);
		top.step();
		if (harness::bit(top.p_o__valid)) {
			uint32_t payload[2];
			harness::store(top.p_o__payload, payload);
			uint32_t expected = reference(flight[0]);
			compared++;
			if (payload[0] != expected || payload[1]) {
				*bad = {flight[0], payload[0], expected};
				return false;
			}
			for (int i = 1; i < LATENCY; i++) flight[i - 1] = flight[i];
			held--;
		}
		if (r) flight[held++] = *r;
		top.p_clk.set<bool>(true);
		top.step();
		return true;
	}
};

} // namespace dot_check

extern "C" {

// Both return how many results were compared; `bad->operands.code` is 0 when all were right.
// `formats` holds `count` triples (code, activation bits, weight bits).

uint64_t flexdrive_dot_random(void *handle, const uint32_t *formats, uint32_t count,
                              uint64_t seed, uint64_t words, dot_check::failure *bad) {
	dot_check::checker check{static_cast<model *>(handle)->top};
	dot_check::generator random{seed};
	for (uint64_t n = 0; n < words + dot_check::LATENCY; n++) {
		if (n >= words) {
			if (!check.step(nullptr, bad)) break;
			continue;
		}
		uint64_t x = random.next(), y = random.next(), z = random.next();
		const uint32_t *format = formats + 3 * ((z & 0xFFFF) % count);
		dot_check::request r{(uint32_t)x, (uint32_t)(x >> 32), (uint32_t)y, format[1], format[2],
			format[0], (uint32_t)(y >> 32) & 7, (uint32_t)(y >> 35) & 1, (uint32_t)(y >> 36) & 1};
		// One word in eight is made of bytes that are all zeros, all ones or a lone sign.
		static const uint32_t corners[4] = {0x00, 0xFF, 0x80, 0x7F};
		if (!(z >> 16 & 7)) {
			r.a = r.w = 0;
			for (int i = 0; i < 4; i++) {
				r.a |= corners[z >> (20 + 2 * i) & 3] << 8 * i;
				r.w |= corners[z >> (28 + 2 * i) & 3] << 8 * i;
			}
		}
		if (!check.step(&r, bad)) break;
	}
	return check.compared;
}

// Every pair of values in every lane of every slice, for one format and signedness. The lanes run
// through the pairs at the same time, each in an order of its own; what is not in the slice and the
// accumulator are random.
uint64_t flexdrive_dot_exhaustive(void *handle, uint32_t code, uint32_t a_bits, uint32_t w_bits,
                                  uint32_t sign, uint64_t seed, dot_check::failure *bad) {
	dot_check::checker check{static_cast<model *>(handle)->top};
	dot_check::generator random{seed};
	uint32_t count = 32 / (a_bits > w_bits ? a_bits : w_bits);
	uint32_t slices = a_bits > w_bits ? a_bits / w_bits : w_bits / a_bits;
	uint32_t a_mask = (1u << a_bits) - 1, w_mask = (1u << w_bits) - 1;
	for (uint32_t slice = 0; slice < slices; slice++) {
		// n * step + start passes all values modulo a power of two, as step is odd.
		uint64_t step[16], start[16];
		for (uint32_t lane = 0; lane < count; lane++) {
			step[lane] = random.next() | 1;
			start[lane] = random.next();
		}
		uint32_t a_first = a_bits < w_bits ? slice * count : 0;
		uint32_t w_first = w_bits < a_bits ? slice * count : 0;
		for (uint64_t n = 0; n < (uint64_t)1 << (a_bits + w_bits); n++) {
			uint64_t x = random.next(), y = random.next();
			dot_check::request r{(uint32_t)x, (uint32_t)(x >> 32), (uint32_t)y, a_bits, w_bits,
				code, slice, sign & 1, sign >> 1};
			for (uint32_t lane = 0; lane < count; lane++) {
				uint64_t pair = n * step[lane] + start[lane];
				uint32_t a_low = (a_first + lane) * a_bits, w_low = (w_first + lane) * w_bits;
				r.a = (r.a & ~(a_mask << a_low)) | ((uint32_t)pair & a_mask) << a_low;
				r.w = (r.w & ~(w_mask << w_low)) | ((uint32_t)(pair >> a_bits) & w_mask) << w_low;
			}
			if (!check.step(&r, bad)) return check.compared;
		}
	}
	for (int n = 0; n < dot_check::LATENCY; n++)
		if (!check.step(nullptr, bad)) break;
	return check.compared;
}

}
