"""Depthwise layers of 3 x 3 by words of rows: blocks of columns, borders on either side or none."""

import numpy as np
import pytest

from flexdrive_deploy.flexv.compiler.column_kernel import BLOCK_COLUMNS
from flexdrive_deploy.flexv.compiler.compiled import compile_network
from flexdrive_deploy.flexv.compiler.dots import dots_of
from flexdrive_deploy.flexv.network.loading import load_network
from flexdrive_sim.flexv.drive.network import SimulatedNetwork
from flexdrive_sim.flexv.golden.network import run
from flexdrive_sim.flexv.verify.network_check import first_difference

from .quantised_models import QuantisedBuilder

# Padding (above, left, below, right) by columns of the source: one, few, three blocks.
_PADS = {1: [(0, 1, 1, 1), (2, 2, 0, 0)], 5: [(0, 0, 1, 1), (1, 1, 0, 0), (1, 2, 2, 1)],
         2 * BLOCK_COLUMNS + 1: [(1, 1, 1, 1), (0, 0, 0, 0), (1, 0, 1, 2)]}


def _network(width):
    builder, shown = QuantisedBuilder((6, 6, width), width), []
    # A zero point inside of the range: the border is no zero.
    x = builder.quantised("x", 0.37, 7)
    for number, (top, left, bottom, right) in enumerate(_PADS[width]):
        size = 6 + top + bottom - 2, width + left + right - 2
        y = builder.layer(x, 6, groups=6, pads=[top, left, bottom, right])
        builder.shapes[y] = (6, *size)
        bits = (8, 4, 2)[number]
        half = 1 << bits - 1
        clip = None if bits == 8 else (-half, half - 1)
        shown.append(builder.quantised(y, 0.3 * 8 / bits, 0, np.int8, clip))
    return load_network(builder.model(*shown)), np.random.default_rng(width).integers(
        -800, 800, (1, *builder.shape)).astype(np.float32) / 16


@pytest.mark.slow
@pytest.mark.parametrize("width", _PADS)
def test_columns_on_the_instruction_set_simulator(width, tmp_path):
    network, images = _network(width)
    compiled = compile_network(network)
    kinds = [dots_of(step) for step in compiled.steps.steps]
    assert sum(kind.columns for kind in kinds if kind is not None) == len(_PADS[width])
    (name,) = network.inputs
    made = SimulatedNetwork(compiled, tmp_path).run({name: images})
    assert first_difference(compiled, made, run(network, {name: images}, None)[1]) is None
