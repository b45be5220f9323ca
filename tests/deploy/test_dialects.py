"""Networks in the dialects of exporters: what runs on the chip, and that every word is right."""

import numpy as np
import pytest

from flexdrive_deploy.arrays import load_feeds
from flexdrive_deploy.compiler import compile_graph, compile_model
from flexdrive_deploy.errors import ModelError
from flexdrive_deploy.frontend.graph import load_graph
from flexdrive_deploy.frontend.reference import layer_differences
from flexdrive_deploy.hyperdrive.partition import analyse
from flexdrive_sim.hyperdrive.drive.inference_session import Session
from flexdrive_sim.inference import InferenceSession

from .dialect_table import CHIP, PLAIN, outcome
from .dialects import DIALECTS, NEEDS_HARDWARE, build

# Networks of which something stays on the host of a chip with all options: what.
LEFT = {
    "relu_behind_flatten": {"Flatten"}, "gemm_head": {"Reshape"}, "flatten_gemm": {"Reshape"},
    "matmul_norm": {"Reshape"}, "gemm_scaled": {"Reshape"}, "conv1d": {"Reshape"},
    "conv1d_residual": {"Reshape"}, "conv1d_mean": {"Reshape"}, "reduce_mean_flat": {"Reshape"},
    "resize_of_host": {"Abs"}, "concat_of_inputs": {"Abs"},
    "sign_product": {"Reshape"}, "norm_beside": {"Abs"}}
REFUSED = set(NEEDS_HARDWARE)


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


def test_two_inputs_by_name():
    """As many images of each, by name; errors say what is missing."""
    model, feeds = build("two_inputs")
    deployment = compile_model(model, PLAIN)
    several = {name: np.repeat(image, 3, axis=0) for name, image in feeds.items()}
    (made,) = InferenceSession(deployment).run(None, several)
    (one,) = InferenceSession(deployment).run(None, feeds)
    np.testing.assert_array_equal(made, np.repeat(one, 3, axis=0))
    with pytest.raises(ModelError, match="input y is missing; the network takes x, y"):
        deployment.checked_feeds({"x": feeds["x"]})
    with pytest.raises(ModelError, match="no input z; it takes x, y"):
        deployment.checked_feeds(feeds | {"z": feeds["x"]})
    with pytest.raises(ModelError, match="holds 3 of x, 1 of y; as many images of each"):
        deployment.checked_feeds({"x": several["x"], "y": feeds["y"]})
    with pytest.raises(ModelError, match="2 inputs"):
        deployment.checked_feeds(feeds["x"])


def test_two_inputs_from_a_file(tmp_path):
    _, feeds = build("two_inputs")
    np.savez(tmp_path / "X.npz", **feeds)
    loaded = load_feeds(tmp_path / "X.npz", ["x", "y"])
    assert set(loaded) == {"x", "y"}
    np.testing.assert_array_equal(loaded["y"], feeds["y"])


def test_layers_of_a_rewritten_network_are_compared_with_the_model():
    """Values that only the rewrites know are computed from the rewritten graph."""
    model, feeds = build("norm_behind_concat")
    graph = load_graph(model)
    support = analyse(graph, PLAIN)
    deployment = compile_graph(support, PLAIN, name="net", layer_check=True)
    (chip,) = Session(deployment).run(feeds["x"]).chips
    differences, _ = layer_differences(support.graph, deployment, chip.maps, feeds["x"])
    assert len(differences) == 3
    assert all(found.largest == 0 and found.magnitude > 0 for found in differences)
