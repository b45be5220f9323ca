// The core in Verilator with one megabyte of memory at 0x80000000 that answers in the next cycle:
// Vflexv_core IMAGE BOOT TOHOST. Prints cycles, retired instructions and CPU seconds.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <vector>

#include "Vflexv_core.h"
#include "verilated.h"

double sc_time_stamp() { return 0; }

static const uint32_t BASE = 0x80000000u, CONSOLE = 0x10000000u;
static std::vector<uint8_t> memory(2 << 20);

static uint32_t *word(uint32_t address)
{
	uint32_t offset = address - BASE;
	return offset + 4 <= memory.size() ? (uint32_t *)&memory[offset] : nullptr;
}

int main(int argc, char **argv)
{
	if (argc != 4) return 2;
	FILE *file = std::fopen(argv[1], "rb");
	if (!file || !std::fread(memory.data(), 1, memory.size(), file)) return 2;
	std::fclose(file);
	uint32_t tohost = (uint32_t)std::strtoul(argv[3], nullptr, 0);
	Vflexv_core top;
	top.boot_address = (uint32_t)std::strtoul(argv[2], nullptr, 0);
	top.ibus_gnt = top.dbus_gnt = 1;
	top.rst = 1;
	top.clk = 0; top.eval();
	top.clk = 1; top.eval();
	top.rst = 0;
	uint64_t cycles = 0, retired = 0;
	bool fetched = false, accessed = false;
	uint32_t instruction = 0, data = 0;
	bool instruction_error = false, data_error = false, written = false, done = false;
	std::clock_t begin = std::clock();
	while (!done && cycles < 1000000000ull) {
		top.ibus_rvalid = fetched;
		top.ibus_rdata = instruction;
		top.ibus_err = instruction_error;
		top.dbus_rvalid = accessed;
		top.dbus_rdata = data;
		top.dbus_err = data_error;
		top.clk = 0; top.eval();
		fetched = top.ibus_req;
		if (fetched) {
			uint32_t *place = word(top.ibus_addr);
			instruction_error = !place;
			instruction = place ? *place : 0;
		}
		accessed = top.dbus_req;
		if (accessed) {
			uint32_t *place = word(top.dbus_addr);
			data_error = !place && top.dbus_addr != CONSOLE;
			if (place && top.dbus_we) {
				uint8_t *bytes = (uint8_t *)place;
				for (int i = 0; i < 4; i++)
					if (top.dbus_be >> i & 1) bytes[i] = (uint8_t)(top.dbus_wdata >> 8 * i);
			}
			data = place ? *place : 0;
			written |= place && top.dbus_we && top.dbus_addr == tohost && data;
		}
		// As in core_run.cc: the instruction that has written tohost belongs to the run.
		done = written && top.rvfi_valid && top.rvfi_mem_wmask && top.rvfi_mem_addr == tohost;
		retired += top.rvfi_valid;
		top.clk = 1; top.eval();
		cycles++;
	}
	std::printf("%llu %llu %.3f\n", (unsigned long long)cycles, (unsigned long long)retired,
	            (double)(std::clock() - begin) / CLOCKS_PER_SEC);
	return done ? 0 : 1;
}
