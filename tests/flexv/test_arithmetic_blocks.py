"""Arithmetic of the core, each block alone: multiplier, divider, scalar and packed operations,
requantisation. Expected values from :mod:`.meanings`, :mod:`.permutations` and Python integers."""

from fractions import Fraction
from math import floor

import numpy as np
import pytest

from flexdrive.flexv.core.bitmanip import Bits
from flexdrive.flexv.core.control import BitsOp, DivideOp, PermuteOp, SimdOp
from flexdrive.flexv.core.divider import Divider
from flexdrive.flexv.core.multiplier import PartialProducts, Product
from flexdrive.flexv.core.requantise import Requantiser
from flexdrive.flexv.core.simd import Permute, Simd

from ..hyperdrive.blocks.bench import HOLD, drive, output_names
from .meanings import lane_value, scalar_value
from .permutations import permuted

_WORD = (1 << 32) - 1
_EDGES = (0, 1, 2, 0x7FFFFFFF, 0x80000000, 0x80000001, 0xFFFFFFFE, 0xFFFFFFFF, 0x00010000,
          0x0000FFFF, 0xFFFF0000)
_EDGE_PAIRS = [(a, b) for a in _EDGES for b in _EDGES]


def _as_signed(word):
    return word - (1 << 32) if word >> 31 else word


def _words(seed, count, columns=3):
    """uint32 (count, columns): random, some of few bits, so that small amounts occur."""
    random = np.random.default_rng(seed)
    words = random.integers(1 << 32, size=(count, columns), dtype=np.uint32)
    return words >> random.integers(0, 32, (count, columns), dtype=np.uint32) * (
        random.random((count, columns)) < 0.3).astype(np.uint32)


def test_products_of_any_signedness():
    parts, whole = PartialProducts(), Product()
    assert output_names(parts) == {"low", "middle", "high"}
    pairs = _EDGE_PAIRS + [tuple(map(int, row)) for row in _words(1, 100, 2)]
    terms = []

    def multiply():
        for a, b in pairs:
            for signs in range(4):
                a_signed, b_signed = signs & 1, signs >> 1
                seen = yield {"a": a, "b": b, "a_signed": a_signed, "b_signed": b_signed, HOLD: 1}
                product = (_as_signed(a) if a_signed else a) * (_as_signed(b) if b_signed else b)
                assert seen["low"] + (seen["middle"] << 16) + (seen["high"] << 32) == product
                terms.append((seen, product))

    def add():
        for seen, product in terms[::3]:
            given = {name: value & (1 << width) - 1 for (name, value), width in zip(
                ((name, seen[name]) for name in ("low", "middle", "high")), (32, 34, 34),
                strict=True)}
            total = yield given | {HOLD: 1}
            assert total["o"] == product & (1 << 64) - 1

    drive(parts, multiply())
    drive(whole, add())


def _divided(a, b, op):
    """RISC-V M: towards zero; by zero all ones and the dividend; the remainder has the dividend's
    sign."""
    if op in (DivideOp.DIV, DivideOp.REM):
        a, b = _as_signed(a), _as_signed(b)
    quotient = -1 if b == 0 else abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
    remainder = a if b == 0 else a - b * quotient
    return (quotient if op in (DivideOp.DIV, DivideOp.DIVU) else remainder) & _WORD


@pytest.mark.parametrize("op", DivideOp)
def test_divisions_take_34_cycles_and_can_be_forgotten(op):
    divider, random = Divider(), np.random.default_rng(op.value)
    assert output_names(divider) == {"done", "o"}

    def stimulus():
        pairs = _EDGE_PAIRS[op.value::5] + [tuple(map(int, row)) for row in _words(2, 8, 2)]
        for a, b in pairs:
            given = {"a": a, "b": b, "op": op}
            if random.random() < 0.2:
                # One that is given up, at any time.
                yield given | {"start": 1}
                for _ in range(int(random.integers(34))):
                    yield {}
                yield {"start": 0, "cancel": 1}
                seen = yield {"cancel": 0}
                assert not seen["done"]
            seen = yield given | {"start": 1}
            for _ in range(33):
                assert not seen["done"]
                seen = yield {}
            # It stays until it is taken.
            for _ in range(int(random.integers(3))):
                assert (seen["done"], seen["o"]) == (1, _divided(a, b, op))
                seen = yield {}
            seen = yield {"take": 1, HOLD: 1}
            assert (seen["done"], seen["o"]) == (1, _divided(a, b, op))
            yield {HOLD: 0}
            seen = yield {"take": 0, "start": 0}
            assert not seen["done"]

    drive(divider, stimulus())


# Instructions by operation; clips of an immediate get the bound that decode makes of it.
_BITS = {
    **{op: f"p.{op.name.lower()}" for op in BitsOp if op.name not in ("LE", "LEU")},
    BitsOp.LE: "p.slet", BitsOp.LEU: "p.sletu", BitsOp.CLIP: "p.clipr", BitsOp.CLIPU: "p.clipur",
}


@pytest.mark.parametrize("op", BitsOp)
def test_scalar_operations(op):
    words = np.concatenate([_words(op.value, 120), np.array(
        [(a, b, 0xDEADBEEF) for a, b in _EDGE_PAIRS], np.uint32)])
    if "CLIP" in op.name:
        words[:, 1] &= 0x7FFFFFFF if op.name.endswith("R") else 0xFF
    expected = scalar_value(_BITS[op], *words.T.copy())
    unsigned = op.name.endswith("U")

    def stimulus():
        for (a, b, c), result in zip(words.tolist(), expected.tolist(), strict=True):
            less = a < b if unsigned else _as_signed(a) < _as_signed(b)
            seen = yield {"op": op, "a": a, "b": b, "c": c, "less": less, "equal": a == b, HOLD: 1}
            assert seen["o"] == result, (hex(a), hex(b), hex(c))

    drive(Bits(), stimulus())


@pytest.mark.slow
@pytest.mark.parametrize("size", range(4))
def test_packed_operations_on_lanes_of_every_width(size):
    simd, width = Simd(), 16 >> size
    # Few distinct lanes too: equal ones are rare among random words.
    words = np.concatenate([_words(size, 6), _words(size + 9, 3) & 0x81018101])
    assert output_names(simd) == {"o"}

    def stimulus():
        yield {"size": size, "narrower": (1 << size) - 1, HOLD: 1}
        for op in SimdOp:
            for a, b, c in words.tolist():
                lane = int(b) % (32 // width)
                in_lane = op in (SimdOp.EXTRACT, SimdOp.EXTRACTU, SimdOp.INSERT)
                operands = (np.array([word], np.uint32) for word in (a, lane if in_lane else b, c))
                result = lane_value(f"pv.{op.name.lower()}.h", *operands, width)
                seen = yield {"op": op, "a": a, "b": b, "c": c, "index": lane, HOLD: 1}
                assert seen["o"] == int(result[0]), (op, hex(a), hex(b), hex(c))

    drive(simd, stimulus())


_PERMUTES = {
    PermuteOp.SHUFFLE_H: "pv.shuffle.h", PermuteOp.SHUFFLE_IMM_H: "pv.shuffle.sci.h",
    PermuteOp.SHUFFLE_B: "pv.shuffle.b", PermuteOp.SHUFFLE2_H: "pv.shuffle2.h",
    PermuteOp.SHUFFLE2_B: "pv.shuffle2.b", PermuteOp.PACK: "pv.pack",
    PermuteOp.PACK_H: "pv.pack.h", PermuteOp.PACKHI: "pv.packhi.b",
    PermuteOp.PACKLO: "pv.packlo.b",
    **{PermuteOp[f"SHUFFLE_I{i}"]: f"pv.shufflei{i}.sci.b" for i in range(4)},
}


@pytest.mark.parametrize("op", PermuteOp)
def test_permutations(op):
    words = _words(op.value, 60)
    expected = permuted(_PERMUTES[op], *words.T.copy())

    def stimulus():
        for (a, b, c), result in zip(words.tolist(), expected.tolist(), strict=True):
            seen = yield {"op": op, "a": a, "b": b, "c": c, HOLD: 1}
            assert seen["o"] == result, (hex(a), hex(b), hex(c))

    drive(Permute(), stimulus())


@pytest.mark.parametrize("is_signed", [0, 1])
@pytest.mark.parametrize("code", range(4))
@pytest.mark.parametrize("clearing", [False, True])
def test_requantisation_one_a_cycle_three_cycles_later(code, is_signed, clearing):
    """Products and addends of any size, some right at a bound; gaps at any time."""
    unit, width = Requantiser(clearing), (8, 4, 2, 2)[code]
    random = np.random.default_rng(code)
    assert output_names(unit) == {"busy", *(f"values_{i}" for i in range(3))}
    control, word, lane = (unit.names.index(f"rq_{name}") for name in ("control", "word", "lane"))
    low = -(1 << width - 1) if is_signed else 0

    def stimulus():
        for shift in (0, 7, 32, 63):
            yield {"csr_write": 1 << control, "csr_value": shift | code << 6 | is_signed << 8}
            yield {"csr_write": 1 << word, "csr_value": 0}
            state, place, made = 0, 0, 0
            way = [None] * 3                          # outputs under way
            for step in range(60):
                wanted = step < 56 and random.random() < 0.8
                given = {"csr_write": 0, "stage": {"requant": 0}}
                if wanted:
                    product, addend = _terms(random, shift, low, width)
                    value = floor(Fraction(product + addend, 1 << shift))
                    way.append(min(max(value, low), low + (1 << width) - 1) % (1 << width))
                    given["stage"] = {
                        "requant": 1, "total": product & _WORD, "high": product >> 32 & _WORD,
                        "accumulator": addend & _WORD}
                else:
                    way.append(None)
                seen = yield given
                # What has left retire and is not yet in the register.
                assert seen["busy"] == any(output is not None for output in way[1:3])
                assert seen[f"values_{word}"] == state
                assert seen[f"values_{lane}"] == place
                # It was in retire three cycles before the one that is to come.
                arrives = (way := way[1:])[0]
                if arrives is not None:
                    at = place % (32 // width) * width
                    state = state & ~((1 << width) - 1 << at) | arrives << at
                    place, made = (place + 1) % 16, made + 1
            assert made > 32

    drive(unit, stimulus())


def _terms(random, shift, low, width):
    """(product of two 32-bit numbers, addend)."""
    if random.random() < 0.5:
        # A value at a bound of the range, or next to it.
        value = int(random.choice([low, low + (1 << width) - 1])) + int(random.integers(-1, 2))
        exact = (value << shift) + int(random.integers(-1, 2))
        if abs(exact) < 1 << 62:
            addend = int(random.integers(-100, 100))
            return exact - addend, addend
    product = int(random.integers(-1 << 31, 1 << 31)) * int(random.integers(-1 << 31, 1 << 31))
    return product, int(random.integers(-1 << 31, 1 << 31))
