// The cluster in Verilator with memory at 0x80000000 whose answers come LATENCY cycles after their
// grant, and nothing else outside: Vflexv_cluster IMAGE BOOT TOHOST LATENCY. Prints cycles and CPU
// seconds.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <vector>

#include "Vflexv_cluster.h"
#include "verilated.h"

double sc_time_stamp() { return 0; }

static const uint32_t BASE = 0x80000000u;
static std::vector<uint8_t> memory(16 << 20);

// What is on its way: by cycle modulo its size.
struct answer { bool valid, error; uint64_t data; };
static answer answers[64];

int main(int argc, char **argv)
{
	if (argc != 5) return 2;
	FILE *file = std::fopen(argv[1], "rb");
	if (!file || !std::fread(memory.data(), 1, memory.size(), file)) return 2;
	std::fclose(file);
	uint32_t tohost = (uint32_t)std::strtoul(argv[3], nullptr, 0);
	uint32_t latency = (uint32_t)std::strtoul(argv[4], nullptr, 0);
	if (latency < 1 || latency > 63) return 2;
	Vflexv_cluster top;
	top.boot_address = (uint32_t)std::strtoul(argv[2], nullptr, 0);
	top.bus_gnt = 1;
	top.host_req = 0;
	top.rst = 1;
	top.clk = 0; top.eval();
	top.clk = 1; top.eval();
	top.rst = 0;
	uint64_t cycles = 0;
	bool done = false;
	std::clock_t begin = std::clock();
	while (!done && !top.halted && cycles < 1000000000ull) {
		answer &now = answers[cycles % 64];
		top.bus_rvalid = now.valid;
		top.bus_rdata = now.data;
		top.bus_err = now.valid && now.error;
		now.valid = false;
		top.clk = 0; top.eval();
		if (top.bus_req) {
			uint32_t offset = top.bus_addr - BASE;
			bool there = offset + 8 <= memory.size();
			answer &later = answers[(cycles + latency) % 64];
			later = {true, !there, 0};
			if (there) {
				for (int i = 0; top.bus_we && i < 8; i++)
					if (top.bus_be >> i & 1)
						memory[offset + i] = (uint8_t)(top.bus_wdata >> 8 * i);
				std::memcpy(&later.data, &memory[offset], 8);
				done = top.bus_we && top.bus_addr == (tohost & ~7u)
				    && (top.bus_be >> (tohost & 7) & 1);
			}
		}
		top.clk = 1; top.eval();
		cycles++;
	}
	std::printf("%llu %.3f\n", (unsigned long long)cycles,
	            (double)(std::clock() - begin) / CLOCKS_PER_SEC);
	return done ? 0 : 1;
}
