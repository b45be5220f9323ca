"""One test per instruction that computes a value: edge operands and random ones, every result in
simulator and RTL compared with a third statement of its meaning (:mod:`meanings`)."""

import numpy as np
import pytest

from flexdrive.flexv.formats import FORMATS
from flexdrive.flexv.isa import INSTRUCTIONS
from flexdrive_sim.flexv.drive.snippet import (
    DATA,
    POINTER,
    Snippet,
    code,
    load_constant,
    write_csr,
)

from .meanings import dot_value, lane_value, scalar_value
from .permutations import permuted

pytestmark = pytest.mark.slow

_EDGES = (0, 1, 2, 31, 0x7F, 0x80, 0x7FFF, 0x8000, 0xFFFF, 0x80007FFF, 0x7FFFFFFF, 0x80000000,
          0xFFFFFFFE, 0xFFFFFFFF, 0x55555555)
_A, _B, _C, _END = 5, 6, 7, 8
_BY_UNIT = {unit: [e for e in INSTRUCTIONS if e.unit == unit] for unit in
            ("alu", "multiply", "divide", "bits", "simd", "permute", "dot")}


def _names(entry):
    return entry.name


def _operands():
    """Every pair of edges and random words; columns a, b, c."""
    random = np.random.default_rng(3)
    pairs = [(a, b) for a in _EDGES for b in _EDGES]
    table = random.integers(0, 1 << 32, (len(pairs) + 60, 3), dtype=np.uint32)
    table[:len(pairs), :2] = pairs
    return table


_OPERANDS = _operands()


def _immediates(entry):
    """(field, values) of the operand that the instruction itself holds; (None, [None]) if none."""
    for name in ("simm", "uimm", "simm6", "zimm6"):
        field = entry.encoding.fields.get(name)
        if field is not None:
            low, high = field.limits
            step = 1 << min(bit for _, bit in field.bits)
            values = {low, high, 0, step, 3 * step, high // 2 // step * step, 37 & high}
            return name, sorted(v for v in values if low <= v <= high)
    return None, [None]


def _sweep(entry, setup, immediates):
    """Code that executes ``entry`` on all operands once per immediate, results side by side."""
    field, values = immediates
    body = setup
    fields = {name: number for name, number in (("rd", _C), ("rs1", _A), ("rs2", _B))
              if name in entry.encoding.fields}
    for i, value in enumerate(values):
        given = {**fields, field: value} if field else fields
        loop = (code("lw", rd=_A, rs1=POINTER) + code("lw", rd=_B, rs1=POINTER, simm=4)
                + code("lw", rd=_C, rs1=POINTER, simm=8) + code(entry.name, **given)
                + code("sw", rs1=POINTER, rs2=_C, simm=12 + 4 * i)
                + code("addi", rd=POINTER, rs1=POINTER, simm=_PITCH))
        body += (load_constant(POINTER, DATA) + load_constant(_END, DATA + _PITCH * len(_OPERANDS))
                 + loop + code("bne", rs1=POINTER, rs2=_END, simm=-len(loop)))
    return body


_PITCH = 64


def _results(core, entry, immediates, setup=b""):
    """Results of simulator and of RTL: arrays (operands, immediates)."""
    data = np.zeros((len(_OPERANDS), _PITCH // 4), np.uint32)
    data[:, :3] = _OPERANDS
    snippet = Snippet(_sweep(entry, setup, immediates), data.reshape(-1))
    columns = slice(3, 3 + len(immediates[1]))
    for words in (snippet.simulate(), snippet.run(core)):
        yield words[:data.size].reshape(data.shape)[:, columns]


def _check(core, entry, expected, setup=b""):
    """``expected``: function of a, b, c."""
    immediates = _immediates(entry)
    a, b, c = (np.ascontiguousarray(column) for column in _OPERANDS.T)
    for results in _results(core, entry, immediates, setup):
        for got, value in zip(results.T, immediates[1], strict=True):
            second = b if value is None else np.full_like(b, value & 0xFFFFFFFF)
            wanted = expected(a, second, c)
            wrong = np.flatnonzero(got != wanted)
            assert not len(wrong), [hex(x) for x in (
                a[wrong[0]], second[wrong[0]], c[wrong[0]], got[wrong[0]], wanted[wrong[0]])]


@pytest.mark.parametrize("entry", [e for unit in ("alu", "multiply", "divide", "bits")
                                   for e in _BY_UNIT[unit] if "rs1" in e.encoding.fields],
                         ids=_names)
def test_scalar(core, entry):
    _check(core, entry, lambda a, b, c: scalar_value(entry.name, a, b, c))


@pytest.mark.parametrize("entry", [e for e in _BY_UNIT["alu"] if "rs1" not in e.encoding.fields],
                         ids=_names)
def test_upper_immediates(core, entry):
    _, values = _immediates(entry)
    body, expected = b"", []
    for i, value in enumerate(values):
        pc = Snippet(b"").start + len(body)
        body += code(entry.name, rd=_C, simm=value) + code("sw", rs1=POINTER, rs2=_C, simm=4 * i)
        expected.append((value + (pc if entry.name == "auipc" else 0)) & 0xFFFFFFFF)
    snippet = Snippet(body)
    for words in (snippet.simulate(), snippet.run(core)):
        assert words[:len(expected)].tolist() == expected


@pytest.mark.parametrize("width", [None, 16, 8, 4, 2])
@pytest.mark.parametrize("entry", _BY_UNIT["simd"], ids=_names)
def test_packed_simd(core, entry, width):
    """Without a width the instruction's own lanes; else those of the format register."""
    if width is None:
        setup, lane = b"", 16 if entry.name.endswith(".h") else 8
    else:
        setup, lane = _format(width, width), width
    _check(core, entry, lambda a, b, c: lane_value(entry.name, a, b, c, lane), setup)


@pytest.mark.parametrize("entry", _BY_UNIT["permute"], ids=_names)
def test_permutations(core, entry):
    _check(core, entry, lambda a, b, c: permuted(entry.name, a, b, c))


def _format(a_bits, w_bits, index=0):
    number = next(n for n, f in FORMATS.items() if (f.a_bits, f.w_bits) == (a_bits, w_bits))
    # Dot products are not counted: the slice stays as long as the skip size is not reached.
    return (write_csr("ivec_fmt", number) + write_csr("ivec_mixed_cycle", index)
            + write_csr("sb_legacy", 0))


@pytest.mark.parametrize("entry", _BY_UNIT["dot"], ids=_names)
def test_dot_products(core, entry):
    bits = 16 if entry.name.endswith(".h") else 8
    _check(core, entry, lambda a, b, c: dot_value(entry.name, a, b, c, bits, bits, 0))


@pytest.mark.parametrize("number", FORMATS)
@pytest.mark.parametrize("entry", [e for e in _BY_UNIT["dot"] if e.name.endswith("h")], ids=_names)
def test_dot_products_in_formats(core, entry, number):
    """Slices advance after every dot product: each row of operands meets the next slice."""
    fmt = FORMATS[number]

    def expected(a, b, c):
        result = np.zeros_like(a)
        for index in range(fmt.slices):
            rows = slice(index, None, fmt.slices)
            result[rows] = dot_value(entry.name, a[rows], b[rows], c[rows], fmt.a_bits,
                                     fmt.w_bits, index)
        return result
    immediates = _immediates(entry)
    a, b, c = (np.ascontiguousarray(column) for column in _OPERANDS.T)
    for results in _results(core, entry, (immediates[0], immediates[1][:1]),
                            _format(fmt.a_bits, fmt.w_bits)):
        value = immediates[1][0]
        second = b if value is None else np.full_like(b, value & 0xFFFFFFFF)
        assert (results[:, 0] == expected(a, second, c)).all()
