"""Means over powers of two of pixels: ties go to the even integer, by the core's mode for ties."""

import numpy as np
import pytest

from flexdrive_deploy.flexv.compiler.compiled import compile_network
from flexdrive_deploy.flexv.compiler.scales import even_mean
from flexdrive_deploy.flexv.network.loading import load_network
from flexdrive_sim.flexv.drive.network import LibraryNetwork, SimulatedNetwork
from flexdrive_sim.flexv.golden.network import run
from flexdrive_sim.flexv.verify.network_check import first_difference

from .quantised_models import QuantisedBuilder


def _network(zero, channels, side):
    builder = QuantisedBuilder((channels, side, side), channels)
    x = builder.quantised("x", 0.5, zero)
    y = builder.node("GlobalAveragePool", x)
    builder.shapes[y] = (channels, 1, 1)
    return load_network(builder.model(builder.quantised(y, 0.5, zero)))


@pytest.mark.slow
@pytest.mark.parametrize("engine", [LibraryNetwork, SimulatedNetwork])
@pytest.mark.parametrize(("zero", "channels", "side"), [(0, 70, 2), (3, 5, 4), (-128, 33, 8)])
def test_ties_of_means(engine, zero, channels, side, tmp_path):
    network = _network(zero, channels, side)
    compiled = compile_network(network)
    made = [even_mean(step) for step in compiled.steps.steps]
    (mean,) = [each for each in made if each is not None]
    # The lowest result is -128, so the parity of what is added is that of the zero point.
    assert mean.rounding == ("ODD" if zero % 2 else "EVEN")
    rng = np.random.default_rng(side)
    (name,) = network.inputs
    # Small values: one sum in side**2 ties.
    images = {name: (rng.integers(-6, 7, (2, channels, side, side)) / 2).astype(np.float32)}
    difference = first_difference(compiled, engine(compiled, tmp_path).run(images),
                                  run(network, images, None)[1])
    assert difference is None
