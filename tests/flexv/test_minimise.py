"""Two-level logic against its definition, word by word."""

import numpy as np
import pytest

from flexdrive.flexv.core.minimise import cover, merge

BITS = 6


def _words(cubes):
    """The words of ``BITS`` bits in any of the cubes."""
    return {word for word in range(1 << BITS) for mask, match in cubes if word & mask == match}


def _random_cubes(random, count):
    masks = [int(mask) for mask in random.integers(1, 1 << BITS, count)]
    return [(mask, int(random.integers(1 << BITS)) & mask) for mask in masks]


@pytest.mark.parametrize("seed", range(40))
def test_cover_holds_one_set_and_nothing_of_the_other(seed):
    random = np.random.default_rng(seed)
    cubes = _random_cubes(random, int(random.integers(1, 9)))
    on = cubes[:len(cubes) // 2 + 1]
    off = [cube for cube in cubes if not _words([cube]) & _words(on)]
    found = cover(on, off)
    assert _words(on) <= _words(found)
    assert not _words(found) & _words(off)
    assert len(found) <= len(on)
    # No bit of a cube can be left out: it would meet the other set.
    for mask, match in found:
        for bit in range(BITS):
            if mask >> bit & 1:
                wider = mask & ~(1 << bit)
                assert _words([(wider, match & wider)]) & _words(off)


def test_cover_of_sets_that_meet_stays_as_it_is():
    assert cover([(0b11, 0b01)], [(0b11, 0b01)]) == [(0b11, 0b01)]


@pytest.mark.parametrize("seed", range(40))
def test_merge_keeps_the_set(seed):
    random = np.random.default_rng(seed)
    cubes = _random_cubes(random, int(random.integers(1, 9)))
    found = merge(cubes)
    assert _words(found) == _words(cubes)
    assert len(found) <= len(cubes)


def test_merge_joins_all_words_to_one_cube():
    assert merge([((1 << BITS) - 1, word) for word in range(1 << BITS)]) == [(0, 0)]
