"""Whole checks in steps: each is an iterator of (fraction done, verdict so far)."""

from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue

import numpy as np

from .corners import corner_classes
from .vectors import read_vectors

__all__ = ["check_all", "check_file", "sampled_checks"]

ALL_PAIRS = 1 << 32


def sampled_checks(verifier, count, seed=0):
    """Yield (name, steps): each corner class, then ``count`` random pairs."""
    for name, (a, b) in corner_classes(seed).items():
        yield name, _whole(verifier, a, b)
    if count:
        yield "random", _random(verifier, count, seed)


def _whole(verifier, a, b):
    yield 1.0, verifier.check(a, b)


def _random(verifier, count, seed, block=1 << 20):
    random = np.random.default_rng(seed)
    total = None
    for start in range(0, count, block):
        words = random.integers(0, 1 << 32, min(block, count - start), dtype=np.uint32)
        part = verifier.check(words >> 16, words & 0xFFFF)
        total = part if total is None else total + part
        yield total.pairs / count, total


def check_all(verifiers, *, start=0, count=ALL_PAIRS, block=1 << 24):
    """All pairs, in blocks, on one thread per verifier, each of which is a :class:`Verifier` of its
    own."""
    free = SimpleQueue()
    for verifier in verifiers:
        free.put(verifier)

    def work(first):
        verifier = free.get()
        try:
            return verifier.check_range(first, min(block, start + count - first))
        finally:
            free.put(verifier)

    total = None
    with ThreadPoolExecutor(len(verifiers)) as pool:
        for part in pool.map(work, range(start, start + count, block)):
            total = part if total is None else total + part
            yield total.pairs / count, total


def check_file(verifier, path):
    """The vectors of a file, see :func:`read_vectors`; the fraction done stays 0 to the end."""
    total = None
    for a, b, expected in read_vectors(path):
        part = verifier.check_results(a, b, expected)
        total = part if total is None else total + part
        yield 0.0, total
    yield 1.0, total
