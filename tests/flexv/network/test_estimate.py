"""Estimated cycles against those of the cluster's RTL."""

import numpy as np
import pytest

from flexdrive_deploy.flexv.compiler.compiled import compile_network
from flexdrive_deploy.flexv.compiler.dots import dots_of
from flexdrive_deploy.flexv.compiler.estimate import estimated_cycles
from flexdrive_deploy.flexv.network import ir
from flexdrive_deploy.flexv.network.loading import load_network
from flexdrive_sim.flexv.layer_figures import layer_figures
from flexdrive_sim.flexv.session import NetworkSession

from .data import DATA, needs_data, reals, vectors
from .test_dots import mixed_layers


def test_every_step_has_an_estimate():
    compiled = compile_network(mixed_layers(3)[0])
    found = estimated_cycles(compiled)
    assert len(found) == len(compiled.steps.steps)
    for step, cycles in zip(compiled.steps.steps, found, strict=True):
        by_dots = not isinstance(step.node, ir.Convolution) or dots_of(step) is not None
        assert (cycles is not None) == by_dots
        assert cycles is None or cycles > 500
    assert sum(cycles is not None for cycles in found) > 20


@needs_data
def test_fewer_cores_take_longer():
    compiled = compile_network(load_network(DATA / "mlperf_tiny/resnet8.onnx"))
    eight, one = (np.array(estimated_cycles(compiled, cores)) for cores in (8, 1))
    assert (one > eight).all()
    assert 7 < one.sum() / eight.sum() < 8


@needs_data
@pytest.mark.slow
@pytest.mark.thorough
def test_estimates_of_a_network_are_those_of_the_rtl():
    """In all within 2 %, a layer of many products within 4.5 %, any other within a tenth."""
    network = load_network(DATA / "mlperf_tiny/dscnn_kws.onnx")
    compiled, words = compile_network(network), vectors("mlperf_tiny/kws_vectors.npz")
    session = NetworkSession(compiled, "rtl")
    (name,) = network.inputs
    word = words["x"][:1].reshape(1, *network.inputs[name][1:])
    session.run(None, {name: reals(network, word)})
    figures, estimates = layer_figures(session)[1:-1], estimated_cycles(compiled)
    for each, estimate in zip(figures, estimates, strict=True):
        assert abs(estimate / each.cycles - 1) < (0.045 if each.macs > 10_000 else 0.1), each
    assert abs(sum(estimates) / sum(each.cycles for each in figures) - 1) < 0.02
