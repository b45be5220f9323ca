"""The numpy model against the C compiler, Berkeley SoftFloat, and itself (fast against exact)."""

from fractions import Fraction

import numpy as np
import pytest
import softfloatpy

from flexdrive_sim.fp16 import model as fp16

MODELS = {"add": fp16.add, "sub": fp16.subtract, "mul": fp16.multiply, "max": fp16.maximum}
EVERY = np.arange(1 << 16, dtype=np.uint16)


@pytest.mark.slow
@pytest.mark.parametrize("operation", MODELS)
def test_model_equals_the_compilers_arithmetic(verifier, corners, random_pairs, operation):
    for a, b in (corners, random_pairs(1_000_000, 1)):
        assert (MODELS[operation](a, b) == verifier(operation).oracle(a, b)).all()


@pytest.mark.parametrize(("operation", "function"), [
    ("add", softfloatpy.f16_add), ("sub", softfloatpy.f16_sub), ("mul", softfloatpy.f16_mul)])
def test_oracle_equals_softfloat(verifier, corners, random_pairs, operation, function):
    pick = np.random.default_rng(2).integers(0, len(corners[0]), 40_000)
    a = np.concatenate([corners[0][pick], random_pairs(40_000, 3)[0]])
    b = np.concatenate([corners[1][pick], random_pairs(40_000, 3)[1]])
    numbers = {int(v): softfloatpy.Float16.from_bytes(int(v).to_bytes(2, "big"))
               for v in np.union1d(a, b)}
    expected = np.array([
        int.from_bytes(function(numbers[int(x)], numbers[int(y)]).to_bytes(), "big")
        for x, y in zip(a, b, strict=True)], np.uint16)
    expected[fp16.is_nan(expected)] = 0x7E00
    assert (verifier(operation).oracle(a, b) == expected).all()


def test_shapes_broadcast():
    a, b = EVERY[0x3C00:0x3C05, None], EVERY[None, 0x4000:0x4003]
    for operation in MODELS.values():
        result = operation(a, b)
        assert result.shape == (5, 3)
        assert result.dtype == np.uint16
        assert result[4, 2] == operation(a[4, 0], b[0, 2])
    assert fp16.relu(a).shape == (5, 1)


def test_maximum_and_relu_by_definition():
    assert fp16.maximum(0x0000, 0x8000) == 0x0000
    assert fp16.maximum(0x8000, 0x0000) == 0x0000
    assert fp16.maximum(0xFC00, 0x7D01) == 0x7E00
    value = EVERY.view(np.float16)
    assert (fp16.relu(EVERY) == np.where(np.isnan(value), 0x7E00,
                                         np.where(value > 0, EVERY, 0))).all()


def _value(encoding):
    """Exact value of a finite encoding, from the definition of the format."""
    exponent, fraction = encoding >> 10 & 31, encoding & 0x3FF
    size = Fraction(fraction + 1024 * (exponent > 0)) * Fraction(2) ** (max(exponent, 1) - 25)
    return -size if encoding & 0x8000 else size


def test_to_float_is_exact():
    got = fp16.to_float(EVERY)
    assert got.dtype == np.float32
    for encoding in range(0, 1 << 16, 7):
        if encoding & 0x7C00 != 0x7C00:
            assert Fraction(float(got[encoding])) == _value(encoding)
    assert got[0x7C00] == np.inf
    assert got[0xFC00] == -np.inf
    assert np.isnan(got[(EVERY & 0x7FFF) > 0x7C00]).all()
    assert (fp16.from_float(got) == np.where(fp16.is_nan(EVERY), 0x7E00, EVERY)).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_from_float_rounds_to_nearest_even(dtype):
    lower = np.arange(0x7BFF, dtype=np.uint16)
    middle = (fp16.to_float(lower).astype(dtype) + fp16.to_float(lower + 1).astype(dtype)) / 2
    assert (fp16.from_float(middle) == lower + (lower & 1)).all()
    assert (fp16.from_float(np.nextafter(middle, dtype(0))) == lower).all()
    assert (fp16.from_float(np.nextafter(middle, dtype(1e6))) == lower + 1).all()
    assert (fp16.from_float(-middle) == (lower + (lower & 1) | 0x8000)).all()
    assert fp16.from_float(dtype(65520)) == 0x7C00
    assert fp16.from_float(np.nextafter(dtype(65520), dtype(0))) == 0x7BFF


def _fast_add(a, b):
    return fp16.add_float(fp16.to_float(a), fp16.to_float(b))


def _fast_multiply(a, b):
    return fp16.multiply_float(fp16.to_float(a), fp16.to_float(b))


@pytest.mark.slow
@pytest.mark.parametrize(("fast", "definition"), [(_fast_add, fp16.add),
                                                  (_fast_multiply, fp16.multiply)])
def test_fast_paths_equal_the_definition(corners, random_pairs, fast, definition):
    for a, b in (corners, random_pairs(2_000_000, 4)):
        got = fast(a, b)
        # The result holds a binary16 value exactly, ready for the next step.
        assert np.array_equal(fp16.to_float(fp16.from_float(got)), got, equal_nan=True)
        assert (fp16.from_float(got) == definition(a, b)).all()


def test_round_float_equals_from_float():
    values = np.random.default_rng(6).integers(0, 1 << 32, 1_000_000, dtype=np.uint32)
    values = np.concatenate([values, (values & 0x8FFFFFFF) | 0x30000000]).view(np.float32)
    got = fp16.round_float(values)
    assert (fp16.from_float(got) == fp16.from_float(values)).all()
    assert np.array_equal(fp16.to_float(fp16.from_float(got)), got, equal_nan=True)
