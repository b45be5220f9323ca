"""Requantisation: values, lanes, settings, hazards, cycles."""

from fractions import Fraction
from math import floor

import numpy as np
import pytest

from flexdrive.errors import ConfigurationError
from flexdrive.flexv.core import CoreConfig
from flexdrive.flexv.isa import CSRS
from flexdrive_sim.flexv.drive.snippet import (
    DATA,
    POINTER,
    Snippet,
    code,
    load_constant,
    write_csr,
)

from .traps import both, store

_ACC, _SCALE, _ADDEND, _OUT = 5, 6, 7, 11
_EDGES = (0, 1, -1, 127, 128, -128, -129, 255, 256, 2**31 - 1, -2**31)
_WORD = CSRS["rq_word"].number


def _output(acc, scale, addend, shift, width, is_signed):
    """Division of the exact value, rounded down, then limited."""
    value = floor(Fraction(acc * scale + addend, 2**shift))
    low = -2**(width - 1) if is_signed else 0
    return min(max(value, low), low + 2**width - 1) % 2**width


def _cases():
    random = np.random.default_rng(11)
    pairs = [(acc, scale, addend) for acc in _EDGES for scale in (1, -3, 2**31 - 1, -2**31)
             for addend in (0, -1, 2**31 - 1, -2**31)]
    values = [tuple(int(x) for x in row)
              for row in random.integers(-2**31, 2**31, (60, 3))]
    small = [tuple(int(x) for x in row) for row in random.integers(-3000, 3000, (60, 3))]
    return pairs + values + small


_CASES = _cases()


@pytest.mark.parametrize("is_signed", [0, 1])
@pytest.mark.parametrize("shift", [0, 1, 7, 16, 31, 32, 33, 47, 62, 63])
@pytest.mark.parametrize("code_of_width", [0, 1, 2, 3])
def test_values(core, code_of_width, shift, is_signed):
    width = (8, 4, 2, 2)[code_of_width]
    body = write_csr("rq_control", shift | code_of_width << 6 | is_signed << 8)
    body += load_constant(9, DATA + 12 * len(_CASES)) + load_constant(8, DATA + 0x8000)
    loop = b"".join(code("lw", rd=r, rs1=POINTER, simm=4 * i)
                    for i, r in enumerate((_ACC, _SCALE, _ADDEND)))
    loop += (code("rq.pack", rs1=_ACC, rs2=_SCALE, rs3=_ADDEND)
             + code("csrrw", csr=_WORD, rd=_OUT, rs1=0) + code("sw", rs1=8, rs2=_OUT)
             + code("addi", rd=8, rs1=8, simm=4) + code("addi", rd=POINTER, rs1=POINTER, simm=12))
    body += loop + code("bne", rs1=POINTER, rs2=9, simm=-len(loop))
    expected = [_output(*case, shift, width, is_signed) for case in _CASES]
    data = np.array(_CASES, np.int64).astype(np.uint32).reshape(-1)
    for words in both(core, body, data):
        assert words[0x2000:0x2000 + len(_CASES)].tolist() == expected


@pytest.mark.parametrize("code_of_width", [0, 1, 2, 3])
def test_lanes_fill_from_the_lowest(core, code_of_width):
    """More outputs than lanes: they begin anew. Each waits for nothing."""
    width = (8, 4, 2, 2)[code_of_width]
    lanes = 32 // width
    body = write_csr("rq_control", code_of_width << 6) + load_constant(_SCALE, 1)
    body += write_csr("rq_word", 0) + code("addi", rd=_ADDEND)
    values = [(3 * i + 1) % 2**width for i in range(lanes + 2)]
    for value in values:
        body += code("addi", rd=_ACC, simm=value)
        body += code("rq.pack", rs1=_ACC, rs2=_SCALE, rs3=_ADDEND)
    body += code("csrrs", csr=CSRS["rq_lane"].number, rd=_OUT) + store(_OUT, 0)
    body += code("csrrw", csr=_WORD, rd=_OUT) + store(_OUT, 1)
    body += code("csrrs", csr=CSRS["rq_lane"].number, rd=_OUT) + store(_OUT, 2)
    packed = values[lanes:] + values[2:lanes]
    word = sum(value << width * i for i, value in enumerate(packed))
    for words in both(core, body):
        assert words[:3].tolist() == [(lanes + 2) % 16, word, 0]


@pytest.mark.parametrize("between", [0, 1, 2])
def test_operands_come_from_the_instruction_in_front(core, between):
    """Loads, products and dot products as accumulator and as addend, at once, or with
    instructions between that have nothing to do with it."""
    pause = code("addi", rd=0) * between
    body = write_csr("rq_control", 0) + load_constant(_SCALE, 1) + load_constant(8, 3)
    body += code("addi", rd=_ADDEND)
    body += code("lw", rd=_ACC, rs1=POINTER) + pause
    body += code("rq.pack", rs1=_ACC, rs2=_SCALE, rs3=_ADDEND)
    body += code("mul", rd=_ACC, rs1=8, rs2=8) + pause
    body += code("rq.pack", rs1=_ACC, rs2=_SCALE, rs3=_ADDEND)
    body += code("mul", rd=_ADDEND, rs1=8, rs2=8) + pause
    body += code("rq.pack", rs1=8, rs2=_SCALE, rs3=_ADDEND)
    body += code("lw", rd=_ADDEND, rs1=POINTER) + pause
    body += code("rq.pack", rs1=8, rs2=_SCALE, rs3=_ADDEND)
    body += code("csrrs", csr=_WORD, rd=_OUT) + store(_OUT, 1)
    for words in both(core, body, [41]):
        assert int(words[1]).to_bytes(4, "little") == bytes([41, 9, 12, 44])


def test_one_output_a_cycle(core):
    def cycles(count):
        read = code("csrrs", rd=30, csr=CSRS["mcycle"].number)
        body = (write_csr("rq_control", 0) + read
                + count * code("rq.pack", rs1=_ACC, rs2=_SCALE, rs3=_ADDEND)
                + code("addi", rd=29, rs1=30) + read + code("sub", rd=30, rs1=30, rs2=29)
                + store(30, 0))
        return int(Snippet(body).run(core)[0])
    # A CSR access waits until the last output is done.
    assert cycles(40) - cycles(8) == 32


def test_it_needs_nothing_else_and_can_be_left_out():
    assert CoreConfig(extensions=("i", "zicsr", "requant")).extensions[-1] == "requant"
    with pytest.raises(ConfigurationError, match="Unknown extensions rq"):
        CoreConfig(extensions=("i", "zicsr", "rq"))
