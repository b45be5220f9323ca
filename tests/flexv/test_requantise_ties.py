"""Ties to even, and to odd: every sum about the range of the outputs, against fractions; random
ones on the core; cores without."""

from fractions import Fraction

import numpy as np
import pytest

from flexdrive.errors import ConfigurationError
from flexdrive.flexv.core import CoreConfig
from flexdrive.flexv.core.requantise import Requantiser
from flexdrive.flexv.isa import CSRS, EXTENSIONS, writable_bits
from flexdrive_sim.flexv.drive.snippet import DATA, POINTER, code, load_constant

from ..hyperdrive.blocks.bench import drive
from .cores import full_core
from .traps import both

_WORD = 0xFFFFFFFF
_CHOOSES, _ODD = 15, 16


def _rounded(total, shift, odd):
    """The nearest integer to a sum that has 1/2 already, to even where two are; to odd: what is
    even once an odd number has been taken off."""
    exact = Fraction(total, 1 << shift) - Fraction(1, 2)
    # Python rounds fractions to even.
    return round(exact - 1) + 1 if odd else round(exact)


def _packed(total, shift, width, is_signed, odd):
    low = -(1 << width - 1) if is_signed else 0
    return min(max(_rounded(total, shift, odd), low), low + (1 << width) - 1) % (1 << width)


@pytest.mark.parametrize("odd", [0, 1])
@pytest.mark.parametrize("is_signed", [0, 1])
@pytest.mark.parametrize(("width_code", "width"), [(0, 8), (1, 4), (2, 2)])
def test_every_sum_about_the_range(width_code, width, is_signed, odd):
    """All of two ranges on either side, with up to three bits behind the point, and without."""
    unit = Requantiser(True, False, True)
    control, word = (unit.names.index(f"rq_{name}") for name in ("control", "word"))
    seen_ties = 0

    def stimulus():
        nonlocal seen_ties
        for shift in range(4):
            yield {"csr_write": 1 << control, "csr_value": shift | width_code << 6 | is_signed << 8
                   | 1 << _CHOOSES | odd << _ODD, "stage": {"requant": 0}}
            yield {"csr_write": 1 << word, "csr_value": 0}
            sums = range(-2 << width + shift, 3 << width + shift)
            way, state, place = [None] * 3, 0, 0
            for total in (*sums, None, None, None):
                given = {"csr_write": 0, "stage": {"requant": 0}}
                if total is not None:
                    given["stage"] = {"requant": 1, "total": total & _WORD,
                                      "high": total >> 32 & _WORD, "accumulator": 0}
                    seen_ties += shift > 0 and total % (1 << shift) == 0
                seen = yield given
                assert seen[f"values_{word}"] == state, (shift, way[0])
                way = [*way[1:], total]
                if way[0] is not None:
                    at = place % (32 // width) * width
                    made = _packed(way[0], shift, width, is_signed, odd)
                    state = state & ~((1 << width) - 1 << at) | made << at
                    place = (place + 1) % 16

    drive(unit, stimulus())
    assert seen_ties == 3 * 5 << width


@pytest.mark.slow
@pytest.mark.parametrize("form", ["rq.pack", "rq.pack.c", "rq.pack.sw"])
def test_random_sums_on_the_core(form):
    random = np.random.default_rng(len(form))
    cases, expected = [], []
    for _ in range(120):
        width_code, is_signed, odd, chooses = (int(random.integers(top)) for top in (3, 2, 2, 4))
        width, shift = (8, 4, 2)[width_code], int(random.integers(1, 40))
        scale = int(random.integers(1, 1 << 12)) << min(shift, 18)
        value = int(random.integers(-6, (1 << width) + 6)) << shift
        addend = value % scale
        if abs(addend) >= 1 << 31 or abs(value // scale) >= 1 << 31:
            continue
        # On an integer, and next to it.
        addend += int(random.choice([0, 0, 0, 1, -1]))
        total = value // scale * scale + addend
        low = -(1 << width - 1) if is_signed else 0
        expected.append(_packed(total, shift, width, is_signed, odd) if chooses else
                        min(max(total >> shift, low), low + (1 << width) - 1) % (1 << width))
        cases.append((value // scale, scale, addend, shift | width_code << 6 | is_signed << 8
                      | bool(chooses) << _CHOOSES | odd << _ODD))
    assert len(cases) > 60
    address = CSRS["rq_address"].number
    registers, result = (5, 6, 7, 13), "rq_packed" if form == "rq.pack.sw" else "rq_word"
    loop = b"".join(code("lw", rd=register, rs1=POINTER, simm=4 * i)
                    for i, register in enumerate(registers))
    loop += (code("csrrw", csr=CSRS["rq_control"].number, rs1=13)
             + code(form, rs1=5, rs2=6, rs3=7)
             + code("csrrs", csr=CSRS[result].number, rd=11) + code("sw", rs1=8, rs2=11)
             + code("csrrw", csr=CSRS["rq_word"].number, rs1=0)
             + code("addi", rd=8, rs1=8, simm=4) + code("addi", rd=POINTER, rs1=POINTER, simm=16))
    body = (load_constant(9, DATA + 16 * len(cases)) + load_constant(8, DATA + 0x8000)
            + load_constant(11, DATA + 0x9000) + code("csrrw", csr=address, rs1=11)
            + loop + code("bne", rs1=POINTER, rs2=9, simm=-len(loop)))
    for words in both(full_core(), body, np.array(cases, np.int64).astype(np.uint32).reshape(-1)):
        assert words[0x2000:0x2000 + len(cases)].tolist() == expected


def test_others_lack_it():
    control = CSRS["rq_control"]
    assert writable_bits(control, EXTENSIONS) == 0x1FF
    assert writable_bits(control, (*EXTENSIONS, "requant_clear")) == 0x7FFF
    assert writable_bits(control, (*EXTENSIONS, "requant_clear", "requant_ties")) == 0x1FFFF
    with pytest.raises(ConfigurationError, match="requant_ties needs extension requant_clear"):
        CoreConfig(extensions=("i", "zicsr", "requant", "requant_ties"))
