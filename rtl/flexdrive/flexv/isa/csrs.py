"""Control and status registers: one line each.

Sources: The RISC-V Instruction Set Manual, volume II (machine mode 1.12); arXiv 2307.01056 and its
published register numbers for the Flex-V registers.
"""

from dataclasses import dataclass

__all__ = ["CSRS", "CSR_PLACES", "EMPTY_CSRS", "STANDARD", "Csr", "reads_zero", "reset_value",
           "writable_bits"]

# number | name | extension | writable bits | reset | meaning
_TABLE = """
300 | mstatus       | i | 00000088 | 00001800 | machine status: MIE (bit 3), MPIE (bit 7), MPP (always machine mode)
301 | misa          | i | 00000000 | 40801104 | implemented extensions: I, C; M with group m; X with a group that is not of the standard
304 | mie           | i | ffff0888 | 00000000 | interrupt enables: software 3, timer 7, external 11, local 16 to 31
305 | mtvec         | i | fffffffd | 00000000 | trap vector: base address; bit 0 selects vectored mode
310 | mstatush      | i | 00000000 | 00000000 | machine status, upper half
320 | mcountinhibit | i | 0000007d | 00000000 | counters that stand still: mcycle 0, minstret 2, mhpmcounter3 to 6
340 | mscratch      | i | ffffffff | 00000000 | scratch register of the trap handler
341 | mepc          | i | fffffffe | 00000000 | address of the instruction that the trap interrupted
342 | mcause        | i | 8000001f | 00000000 | cause of the trap
343 | mtval         | i | ffffffff | 00000000 | faulting address or instruction
344 | mip           | i | 00000000 | 00000000 | pending interrupts
b00 | mcycle        | i | ffffffff | 00000000 | clock cycles, lower half
b02 | minstret      | i | ffffffff | 00000000 | retired instructions, lower half
b80 | mcycleh       | i | ffffffff | 00000000 | clock cycles, upper half
b82 | minstreth     | i | ffffffff | 00000000 | retired instructions, upper half
b03 | mhpmcounter3  | i | ffffffff | 00000000 | cycles in which an instruction in execute waited for an operand that is not there yet
b04 | mhpmcounter4  | i | ffffffff | 00000000 | cycles in which an instruction in execute, its operands there, waited for the data port
b05 | mhpmcounter5  | i | ffffffff | 00000000 | cycles without an instruction in execute: fetch, branches, jumps, traps
b06 | mhpmcounter6  | i | ffffffff | 00000000 | cycles of a division beyond its first, and those in which an access to a register waits for what still writes it
c00 | cycle         | i | 00000000 | 00000000 | clock cycles, lower half
c02 | instret       | i | 00000000 | 00000000 | retired instructions, lower half
c80 | cycleh        | i | 00000000 | 00000000 | clock cycles, upper half
c82 | instreth      | i | 00000000 | 00000000 | retired instructions, upper half
00d | ivec_fmt         | dot | 0000001f | 00000000 | operand format, a code of formats.FORMATS (4 bits in the published design)
00e | ivec_mixed_cycle | dot | 00000007 | 00000000 | slice of the narrower operand, advanced by the mixed-precision controller
00f | ivec_skip_size   | dot | 0000001f | 00000000 | dot products per slice; 0 and 1 are the same
010 | sb_legacy        | dot | 00000001 | 00000001 | 1: format from the instruction, Mac&Load address from rs1; 0: both from CSRs
800 | mixed_count      | dot | 0000001f | 00000000 | dot products made with this slice
7c0 | lp0_start | xpulp_loop | fffffffe | 00000000 | loop 0: address of the first instruction
7c1 | lp0_end   | xpulp_loop | fffffffe | 00000000 | loop 0: address of the last instruction
7c2 | lp0_count | xpulp_loop | ffffffff | 00000000 | loop 0: iterations left, the one under way included
7c4 | lp1_start | xpulp_loop | fffffffe | 00000000 | loop 1: address of the first instruction
7c5 | lp1_end   | xpulp_loop | fffffffe | 00000000 | loop 1: address of the last instruction
7c6 | lp1_count | xpulp_loop | ffffffff | 00000000 | loop 1: iterations left, the one under way included
100 | macl_a_address | macload | ffffffff | 00000000 | activation pointer; a write sets a_count and a_count2 to 0
101 | macl_w_address | macload | ffffffff | 00000000 | weight pointer; a write sets w_count to 0
102 | a_stride   | macload | ffffffff | 00000000 | added to the activation pointer while a_count < a_skip
103 | w_stride   | macload | ffffffff | 00000000 | added to the weight pointer while w_count < w_skip
104 | a_rollback | macload | ffffffff | 00000000 | added instead when a_count has reached a_skip
105 | w_rollback | macload | ffffffff | 00000000 | added instead when w_count has reached w_skip
106 | a_skip     | macload | 0000ffff | 00000000 | strided updates of the activation pointer before a rollback
107 | w_skip     | macload | 0000ffff | 00000000 | strided updates of the weight pointer before a rollback
801 | a_count    | macload | 0000ffff | 00000000 | strided updates of the activation pointer since the last rollback
802 | w_count    | macload | 0000ffff | 00000000 | strided updates of the weight pointer since the last rollback
803 | a_rollback2 | macload_third | ffffffff | 00000000 | third level: added instead of a_rollback when a_count2 has reached a_skip2
804 | a_skip2     | macload_third | 0000ffff | 00000000 | third level: rollbacks before a_rollback2; 0: there is no third level
805 | a_count2    | macload_third | 0000ffff | 00000000 | third level: rollbacks since the last a_rollback2
808 | nn_w0 | macload | ffffffff | 00000000 | weight register 0
809 | nn_w1 | macload | ffffffff | 00000000 | weight register 1
80a | nn_w2 | macload | ffffffff | 00000000 | weight register 2
80b | nn_w3 | macload | ffffffff | 00000000 | weight register 3
80c | nn_a0 | macload | ffffffff | 00000000 | activation register 0
80d | nn_a1 | macload | ffffffff | 00000000 | activation register 1
810 | rq_control | requant | 000001ff | 00000000 | requantisation: shift 0 to 63 (bits 5:0), width of outputs 8, 4 or 2 bits (bits 7:6: 0, 1, 2; 3 is 2 bits too), outputs are signed (bit 8); with requant_clear addend shift 0 to 63 of rq.pack.c (bits 14:9); with requant_ties, where all bits that are shifted out are 0 (bit 15) and the result is odd, with bit 16 even, it is one less
811 | rq_word    | requant | ffffffff | 00000000 | packed outputs; a write sets rq_lane to 0
812 | rq_lane    | requant | 0000000f | 00000000 | lane of rq_word for the next output, modulo the number of lanes
813 | rq_packed  | requant_store | ffffffff | 00000000 | word that the next rq.pack.sb, rq.pack.sh or rq.pack.sw stores
814 | rq_address | requant_store | ffffffff | 00000000 | where it is stored
f11 | mvendorid     | i | 00000000 | 00000000 | vendor: none
f12 | marchid       | i | 00000000 | 00000000 | architecture: none assigned
f13 | mimpid        | i | 00000000 | 00000001 | implementation: version of this core
f14 | mhartid       | i | 00000000 | 00000000 | number of this core (a port)
f15 | mconfigptr    | i | 00000000 | 00000000 | configuration structure: none
"""


@dataclass(frozen=True)
class Csr:
    """One register.

    Attributes
    ----------
    number : 12 bits; with bits 11:10 set it is read-only and a write is illegal.
    extension : group of instructions with which it exists.
    writable : bits that software can change.
    reset : value after reset.
    """

    number: int
    name: str
    extension: str
    writable: int
    reset: int
    meaning: str


def _parse(line):
    number, name, extension, writable, reset, meaning = (p.strip() for p in line.split("|", 5))
    return Csr(int(number, 16), name, extension, int(writable, 16), int(reset, 16), meaning)


CSRS = {csr.name: csr for csr in map(_parse, _TABLE.strip().splitlines())}
# Position in the table, by name.
CSR_PLACES = {name: place for place, name in enumerate(CSRS)}

# Registers that must be there and have no bit of their own (volume II, 3.1.10): they read 0, and a
# write changes nothing. Of each block of 32 numbers those from the fourth on, where the table has
# no register: first number of the block, name, meaning.
_EMPTY = """
320 | mhpmevent{}    | event of mhpmcounter{}: each counts what it counts
b00 | mhpmcounter{}  | performance counter {}: there is none
b80 | mhpmcounter{}h | upper half of mhpmcounter{}, which has 32 bits
"""


def _empty(line):
    block, name, meaning = (part.strip() for part in line.split("|"))
    return [Csr(int(block, 16) + i, name.format(i), "i", 0, 0, meaning.format(i))
            for i in range(3, 32) if name.format(i) not in CSRS]


EMPTY_CSRS = {csr.name: csr for line in _EMPTY.strip().splitlines() for csr in _empty(line)}
_BLOCKS = sorted({csr.number >> 5 for csr in EMPTY_CSRS.values()})
# Bits of rq_control that come with a group.
_CONTROL = {"requant_clear": 0x7E00, "requant_ties": 0x18000}
# Groups of instructions that the standard has.
STANDARD = ("i", "zifencei", "zicsr", "m")


def reads_zero(number):
    """Whether a register without bits, or one that the table has beside them, has this number (a
    value of 12 bits of hardware)."""
    block, place = number[5:], number[:5]
    within = block == _BLOCKS[0]
    for other in _BLOCKS[1:]:
        within |= block == other
    return within & (place[2:].any() | place[:2].all())


def writable_bits(csr, extensions):
    """Bits that software can change in a core with these groups of instructions."""
    more = _CONTROL if csr.name == "rq_control" else {}
    return csr.writable | sum(bits for group, bits in more.items() if group in extensions)


def reset_value(csr, extensions):
    """Value after reset in a core with these groups of instructions."""
    if csr.name != "misa":
        return csr.reset
    groups = {"M": "m" in extensions, "X": bool(set(extensions) - set(STANDARD))}
    absent = sum(1 << ord(letter) - ord("A") for letter, there in groups.items() if not there)
    return csr.reset & ~absent
