"""Random programs for a core on a board, and what must be in its memory afterwards."""

import itertools
from pathlib import Path

import numpy as np

from flexdrive.boards.console import CONSOLE
from flexdrive_deploy.flexv.elf import Program

from ..flexv.drive.run_iss import run_iss
from ..flexv.drive.snippet import code, load_constant

__all__ = ["core_program", "differing_words"]

_OPERATIONS = ("add", "sub", "xor", "or", "and", "sll", "srl", "sra", "slt", "sltu")
_REGISTERS = range(1, 30)       # x30 and x31 are of the end
_LENGTH = 150
_MEMORY = 0x600                 # bytes from the first address to what is stored
_TOHOST = _MEMORY + 0x400
_SHOWN = 16                     # characters of a message


def core_program(base, seed):
    """A :class:`~flexdrive_deploy.flexv.elf.Program` from address ``base`` on: random numbers in
    registers, random arithmetic, loads and stores, all registers to memory and a byte of each to
    the console, 1 to ``tohost``."""
    random = np.random.default_rng(seed)
    body = [load_constant(number, int(random.integers(1 << 32))) for number in _REGISTERS]
    body.append(load_constant(31, base + _MEMORY))
    for _ in range(_LENGTH):
        rd, rs1, rs2 = (int(number) for number in random.integers(1, 30, 3))
        kind = int(random.integers(len(_OPERATIONS) + 2))
        offset = 4 * int(random.integers(64)) + 256
        if kind < len(_OPERATIONS):
            body.append(code(_OPERATIONS[kind], rd=rd, rs1=rs1, rs2=rs2))
        elif kind == len(_OPERATIONS):
            body.append(code("sw", rs1=31, rs2=rs2, simm=offset))
        else:
            body.append(code("lw", rd=rd, rs1=31, simm=offset))
    body += [code("sw", rs1=31, rs2=number, simm=4 * number) for number in _REGISTERS]
    body.append(load_constant(30, CONSOLE))
    body += [code("sb", rs1=30, rs2=number) for number in _REGISTERS]
    body += [load_constant(31, base + _TOHOST), code("addi", rd=30, simm=1),
             code("sw", rs1=31, rs2=30), code("jal")]
    content = b"".join(body)
    data = np.zeros(_TOHOST + 64, np.uint8)
    data[:len(content)] = np.frombuffer(content, np.uint8)
    data[_MEMORY + 256:_MEMORY + 512] = random.integers(0, 256, 256)
    return Program(Path(f"random program {seed}"), base, [(base, data.tobytes(), len(data))],
                   {"tohost": base + _TOHOST})


def differing_words(program, read, console):
    """Where the memory of a board is not that of the instruction-set simulator after the program,
    or what it printed not what the simulator printed; "" where all is.

    Parameters
    ----------
    program : :class:`~flexdrive_deploy.flexv.elf.Program` that was run.
    read : (address, count) -> words of the board.
    console : bytes that the board printed.
    """
    outcome = run_iss(program)
    if console != outcome.console:
        at = next(i for i, (got, expected) in enumerate(itertools.zip_longest(
            console, outcome.console)) if got != expected)
        return (f"console from character {at} on: expected {outcome.console[at:][:_SHOWN]!r}, got "
                f"{console[at:][:_SHOWN]!r}")
    regions = outcome.regions
    for address, content, size in program.segments:
        region = next(each for each in regions if each.base <= address < each.base
                      + len(each.data))
        first = address - region.base
        count = -(-max(len(content), size) // 4)
        expected = region.data[first:first + 4 * count].view("<u4")
        got = read(address, count)
        wrong = np.flatnonzero(got != expected)
        if len(wrong):
            at = int(wrong[0])
            return (f"word at {address + 4 * at:#010x}: expected {int(expected[at]):08x}, got "
                    f"{int(got[at]):08x}")
    return ""
