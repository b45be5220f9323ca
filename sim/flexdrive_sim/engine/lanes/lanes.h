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

// Vectors of N lanes; `VECTORS` gives a function its own.
template <class T, int N> using lanes_of = T __attribute__((ext_vector_type(N)));
#define VECTORS(N) \
	typedef lanes_of<u16, N> V16; typedef lanes_of<u32, N> V32; typedef lanes_of<u64, N> V64; \
	typedef lanes_of<int16_t, N> I16; typedef lanes_of<i32, N> I32; typedef lanes_of<i64, N> I64; \
	(void)(V16 *)0, (void)(V32 *)0, (void)(V64 *)0, (void)(I16 *)0, (void)(I32 *)0, (void)(I64 *)0;

template <int N, class V, class T> static inline lanes_of<V, N> load(const T *from) {
	lanes_of<T, N> value;
	memcpy(&value, from, N * sizeof(T));
	return __builtin_convertvector(value, lanes_of<V, N>);
}

template <class T, class V, int N>
static inline void store(T *to, V __attribute__((ext_vector_type(N))) value) {
	const auto kept = __builtin_convertvector(value, lanes_of<T, N>);
	memcpy(to, &kept, N * sizeof(T));
}

// `value` where `condition` is not 0; comparisons of vectors are vectors of ones and zeros.
template <class C, class V, int N>
static inline lanes_of<V, N> choose(C __attribute__((ext_vector_type(N))) condition,
                                    V __attribute__((ext_vector_type(N))) value,
                                    V __attribute__((ext_vector_type(N))) other) {
	const auto mask = __builtin_convertvector(condition != (C)0, lanes_of<V, N>);
	return (value & mask) | (other & ~mask);
}

template <int N> static inline lanes_of<u64, N> parity(u64 __attribute__((ext_vector_type(N))) value) {
	for (int by = 32; by; by /= 2) value ^= value >> (u64)by;
	return value & (u64)1;
}

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
