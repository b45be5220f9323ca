"""Control and status registers: one line each.

Sources: The RISC-V Instruction Set Manual, volume II (machine mode 1.12); arXiv 2307.01056 and its
published register numbers for the Flex-V registers.
"""

from dataclasses import dataclass

__all__ = ["CSRS", "Csr"]

# number | name | extension | writable bits | reset | meaning
_TABLE = """
300 | mstatus       | i | 00000088 | 00001800 | machine status: MIE (bit 3), MPIE (bit 7), MPP (always machine mode)
301 | misa          | i | 00000000 | 40001104 | implemented extensions: I, M, C
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
b03 | mhpmcounter3  | i | ffffffff | 00000000 | cycles in which execution waited for an operand that is not there yet
b04 | mhpmcounter4  | i | ffffffff | 00000000 | cycles in which execution waited for the data port
b05 | mhpmcounter5  | i | ffffffff | 00000000 | cycles without an instruction to execute (fetch, jumps)
b06 | mhpmcounter6  | i | ffffffff | 00000000 | cycles of a multi-cycle unit beyond the first
c00 | cycle         | i | 00000000 | 00000000 | clock cycles, lower half
c02 | instret       | i | 00000000 | 00000000 | retired instructions, lower half
c80 | cycleh        | i | 00000000 | 00000000 | clock cycles, upper half
c82 | instreth      | i | 00000000 | 00000000 | retired instructions, upper half
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
