"""Networks in the dialects of exporters: what runs on the chip, and that every word is right."""

import pytest

from .dialect_table import CHIP, PLAIN, outcome
from .dialects import DIALECTS, NEEDS_HARDWARE

# Networks of which something stays on the host of a chip with all options: what.
LEFT = {
    "relu_behind_flatten": {"Flatten"}, "gemm_head": {"Reshape"}, "flatten_gemm": {"Reshape"},
    "matmul_norm": {"Reshape"}, "gemm_scaled": {"Reshape"}, "conv1d": {"Reshape"},
    "conv1d_residual": {"Reshape"}, "conv1d_mean": {"Reshape"}, "reduce_mean_flat": {"Reshape"},
    "resize_of_host": {"Abs"}, "concat_of_inputs": {"Abs"}, "relu6": {"Clip"}}
REFUSED = set(NEEDS_HARDWARE) - {"relu6"}


@pytest.mark.parametrize("name", DIALECTS)
def test_dialect(name):
    """Compared with onnxruntime in every value; the host has no arithmetic but what is listed."""
    found = outcome(name, CHIP)
    assert (found.hosts is None) == (name in REFUSED), found
    if found.hosts is not None:
        assert set(found.operations) == LEFT.get(name, set()), found


@pytest.mark.slow
@pytest.mark.parametrize("name", DIALECTS)
def test_dialect_without_options(name):
    """The rewrites are right for chips whose options they cannot use as well."""
    found = outcome(name, PLAIN)
    assert (found.hosts is None) == (name in REFUSED), found
