// Glue between a model and numpy: ports by index, streams fed and drained inside the
// library, one call for many cycles. Included once, after the model and before the generated
// port table.
#pragma once

#include "plain.h"
#if defined(FLEXDRIVE_VCD)
#include <memory>
#include <stdio.h>
#endif

namespace harness {

using chunk = uint32_t;

#if defined(FLEXDRIVE_LANES)
template <size_t Bits> inline const cxxrtl_design::port<Bits> &read(const cxxrtl_design::port<Bits> &port) { return port; }
#else
template <size_t Bits> inline const cxxrtl::value<Bits> &read(const cxxrtl::value<Bits> &port) { return port; }
template <size_t Bits> inline const cxxrtl::value<Bits> &read(const cxxrtl::wire<Bits> &port) { return port.curr; }
#endif

template <class Port> inline void load(Port &port, const chunk *from) {
	memcpy(port.data, from, sizeof(port.data));
}
template <class Port> inline void store(const Port &port, chunk *to) {
	const auto &value = read(port);
	memcpy(to, value.data, sizeof(value.data));
}
template <class Port> inline bool bit(const Port &port) { return read(port).data[0] & 1; }

// One stream between a numpy buffer and a port. A word occupies a whole number of 32-bit chunks.
// `gate` says, for each cycle modulo its length, whether this side is willing; a source that has
// offered a word keeps offering it until it is taken, as the stream contract demands.
struct stream {
	chunk *words;
	uint64_t count;        // words in the buffer
	uint64_t done;         // words transferred so far
	const uint8_t *gate;
	uint64_t gate_length;
	uint64_t offering;     // sources only
	uint64_t last_cycle;   // cycle of the last transfer
	uint64_t *cycles;      // cycle of each transfer, or null
};

// What a run records of the ports in every cycle, if anything.
struct probe {
	const uint32_t *ports; // indices
	uint64_t count;
	chunk *samples;        // cycle-major, each port in its whole chunks
};

struct stop {
	int32_t port;          // stop when this port ...
	uint32_t value;        // ... has this value before the edge; port < 0: never
	uint32_t streams;      // stop when all streams are done
};

} // namespace harness
