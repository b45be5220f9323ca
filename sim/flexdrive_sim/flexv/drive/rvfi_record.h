// What the core tells of an instruction, from the ports of the RISC-V Formal Interface.

namespace rvfi {

// One retired or trapping instruction; the layout is known to rtl_core.py.
struct record {
	uint32_t pc, next, insn, flags; // flags: bit 0 trap, bit 1 first of an interrupt
	// handler, bits 6:2 its number
	uint32_t rd, value, rd2, value2;
	uint32_t address, masks, wdata, rdata; // masks: read bits 3:0, write bits 7:4, also if the
	                                       // access failed
	uint32_t lines; // interrupt lines in the cycle
	uint32_t cycle;
	uint32_t sources, rs1, rs2; // registers read, bits 4:0 and 9:5, and their values; bit 10: an
	                            // access failed, of data or of the instruction
};

} // namespace rvfi

// All of a record but `lines` and `cycle`; `port` is what the names of the ports begin with.
#define RVFI_RECORD(r, port) do { \
	r.pc = port##pc__rdata.get<uint32_t>(); \
	r.next = port##pc__wdata.get<uint32_t>(); \
	r.insn = port##insn.get<uint32_t>(); \
	r.flags = port##trap.get<bool>() | port##intr.get<bool>() << 1 \
	        | port##intr__cause.get<uint32_t>() << 2; \
	r.rd = port##rd__addr.get<uint32_t>(); \
	r.value = port##rd__wdata.get<uint32_t>(); \
	r.rd2 = port##rd2__addr.get<uint32_t>(); \
	r.value2 = port##rd2__wdata.get<uint32_t>(); \
	r.address = port##mem__addr.get<uint32_t>(); \
	r.masks = port##mem__rmask.get<uint32_t>() | port##mem__fault__rmask.get<uint32_t>() \
	        | port##mem__wmask.get<uint32_t>() << 4 | port##mem__fault__wmask.get<uint32_t>() << 4; \
	r.wdata = port##mem__wdata.get<uint32_t>(); \
	r.rdata = port##mem__rdata.get<uint32_t>(); \
	r.sources = port##rs1__addr.get<uint32_t>() | port##rs2__addr.get<uint32_t>() << 5 \
	          | port##mem__fault.get<bool>() << 10; \
	r.rs1 = port##rs1__rdata.get<uint32_t>(); \
	r.rs2 = port##rs2__rdata.get<uint32_t>(); \
} while (0)
