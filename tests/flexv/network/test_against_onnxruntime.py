"""Random quantised networks, equal to onnxruntime in every value.

Scales are powers of two, so that float32 is exact and nothing may differ: rounding of ties, zero
points at both ends, borders, odd shapes, groups, dilations, unequal padding.
"""

import numpy as np
import pytest

from .quantised_models import golden_and_onnxruntime, random_network


@pytest.mark.parametrize("seed", range(60))
def test_random_networks_are_equal_in_every_value(seed):
    model, images = random_network(seed)
    made, wanted = golden_and_onnxruntime(model, images)
    for ours, theirs in zip(made, wanted, strict=True):
        assert np.array_equal(ours, theirs)
