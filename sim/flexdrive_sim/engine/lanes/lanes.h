// What the code of the engine `lanes` needs: types and ports. Included before it.
#pragma once

#include "plain.h"

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef unsigned __int128 u128;
typedef int32_t i32;
typedef int64_t i64;
typedef __int128 i128;

namespace cxxrtl_design {

// Value of a port in chunks of 32 bits, with the accessors of CXXRTL's values.
template <size_t Bits> struct port {
	u32 data[(Bits + 31) / 32] = {};
	template <class T> T get() const {
		u64 value = data[0];
		if (Bits > 32) value |= (u64)data[Bits > 32] << 32;
		return (T)value;
	}
	template <class T> void set(T value) {
		data[0] = (u32)value;
		if (Bits > 32) data[Bits > 32] = (u32)((u64)value >> 32);
	}
};

static inline u32 parity(u64 value) { return (u32)__builtin_parityll(value); }

static inline u64 random(u64 &state) { // SplitMix64
	u64 z = state += 0x9e3779b97f4a7c15;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

// Two copies of all registers: an evaluation reads one and writes the other, an edge swaps them.
template <class State, class Comb, class Memories,
          void (*initialise)(State &, Memories &, u64),
          void (*clock_memories)(const State &, State &, const Comb &, Memories &)>
struct simulation {
	State *now = harness::make<State>(), *next = harness::make<State>();
	Comb *values = harness::make<Comb>();
	Memories *memory = harness::make<Memories>();
	bool level = false;
	// `seed`: of random contents at power-up; 0, the initial values.
	explicit simulation(u64 seed) { initialise(*now, *memory, seed); *next = *now; }
	simulation(const simulation &) = delete;
	simulation &operator=(const simulation &) = delete;
	~simulation() {
		harness::drop(now);
		harness::drop(next);
		harness::drop(values);
		harness::drop(memory);
	}
	void edge() {
		clock_memories(*now, *next, *values, *memory);
		State *before = now;
		now = next;
		next = before;
	}
};

} // namespace cxxrtl_design
