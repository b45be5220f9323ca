"""The dot-product unit against its golden models, on both engines."""

import numpy as np
import pytest

from flexdrive.flexv.dotp import DotProduct
from flexdrive.flexv.formats import FORMATS, format_code
from flexdrive_sim.engine import Gate, Sink, Source, run_streams
from flexdrive_sim.flexv.iss.dot import dot
from flexdrive_sim.flexv.verify.dot_check import DotChecker


@pytest.fixture(scope="module", params=["array", "islands"])
def checker(request):
    return DotChecker(DotProduct(structure=request.param))


def test_formats_are_all_pairs_of_widths():
    assert ({(f.a_bits, f.w_bits) for f in FORMATS.values()}
            == {(a, w) for a in (16, 8, 4, 2) for w in (16, 8, 4, 2)})
    assert FORMATS[6].name == "a8w2"
    assert format_code(2, 8) == 22


@pytest.mark.slow
@pytest.mark.parametrize("code", [c for c, f in FORMATS.items() if f.wide <= 8])
def test_every_pair_of_values_in_every_lane(checker, code):
    fmt = FORMATS[code]
    # All lanes at once, for each slice and signedness.
    assert checker.exhaustive(code) == 2 ** (fmt.a_bits + fmt.w_bits) * fmt.slices * 4


@pytest.mark.slow
def test_random_words_in_every_format(checker):
    assert checker.random(2_000_000, seed=5) == 2_000_000


def _requests(code, count, seed):
    random = np.random.default_rng(seed)
    words = random.integers(0, 2**32, (count, 4), dtype=np.uint32)
    words[:, 3] = code | random.integers(0, 2**5, count, dtype=np.uint32) << 5
    return words


def _expected(words, fmt):
    control = words[:, 3] >> 5
    result = np.zeros(len(words), np.uint32)
    for value in range(32):
        chosen = control == value
        result[chosen] = dot(words[chosen, 0], words[chosen, 1], words[chosen, 2],
                             a_bits=fmt.a_bits, w_bits=fmt.w_bits, slice_index=value & 7,
                             a_signed=value >> 3 & 1, w_signed=value >> 4 & 1)
    return result


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["pysim", "compiled"])
def test_stream_keeps_order_under_stalls(engine):
    codes = list(FORMATS)
    count = 10 * len(codes)
    words = np.concatenate([_requests(code, 10, code) for code in codes])
    run = run_streams(DotProduct(), {"i": Source(words, Gate.random(0.7, 1)),
                                     "o": Sink(count, Gate.random(0.6, 2))},
                      cycles=4000, engine=engine)
    assert run.finished
    expected = np.concatenate([_expected(words[10 * i:10 * i + 10], FORMATS[code])
                               for i, code in enumerate(codes)])
    assert (run.words["o"][:, 0] == expected).all()
    assert not run.words["o"][:, 1].any()


@pytest.mark.slow
def test_one_result_a_cycle_after_three():
    words = _requests(format_code(8, 4), 100, 0)
    run = run_streams(DotProduct(), {"i": Source(words), "o": Sink(100)}, cycles=500)
    assert (run.times["i"] == np.arange(100)).all()
    assert (run.times["o"] == np.arange(100) + 3).all()


@pytest.mark.slow
@pytest.mark.parametrize(("code", "narrow"), [(0, True), (11, True), (17, True), (21, False),
                                              (31, True)])
def test_illegal_format_leaves_the_accumulator(code, narrow):
    words = _requests(code, 5, 3)
    run = run_streams(DotProduct(narrow_activations=narrow),
                      {"i": Source(words), "o": Sink(5)}, cycles=50, engine="pysim")
    assert (run.words["o"][:, 0] == words[:, 2]).all()
    assert run.words["o"][:, 1].all()
