import functools

import numpy as np
import pytest

from flexdrive_sim.fp16.verify import OPERATIONS, Verifier, corner_classes


@functools.cache
def _verifier(operation, depth, enable):
    return Verifier(operation, component=OPERATIONS[operation][0](depth=depth, enable=enable))


@pytest.fixture(scope="session")
def verifier():
    """``verifier(operation, depth, enable=False)``, each built once."""
    return lambda operation, depth=1, enable=False: _verifier(operation, depth, enable)


@pytest.fixture(scope="session")
def corners():
    """All corner classes together: (a, b)."""
    classes = corner_classes().values()
    return tuple(np.concatenate([pair[i] for pair in classes]) for i in (0, 1))


@pytest.fixture(scope="session")
def random_pairs():
    """``random_pairs(count, seed)``: uniform encodings (a, b)."""
    def pairs(count, seed):
        return np.random.default_rng(seed).integers(0, 1 << 16, (2, count), dtype=np.uint16)
    return pairs
