"""Depthwise layers as strips: any window, step, padding and size, lines in both directions."""

import numpy as np
import pytest

from flexdrive_deploy.flexv.compiler.compiled import compile_network
from flexdrive_deploy.flexv.compiler.dots import dots_of
from flexdrive_deploy.flexv.compiler.strips import Division, Strips
from flexdrive_deploy.flexv.network.loading import load_network
from flexdrive_sim.flexv.drive.network import SimulatedNetwork
from flexdrive_sim.flexv.golden.network import run
from flexdrive_sim.flexv.verify.network_check import first_difference

from .quantised_models import QuantisedBuilder

# (channels, rows, columns) of the source; of each layer the window, strides, padding (above, left,
# below, right).
_CASES = {
    # Lines that are longer than a block, the last word filled in part; more blocks than cores.
    "long": ((6, 6, 37), [((3, 3), (1, 1), (1, 1, 1, 1)), ((3, 3), (2, 2), (0, 1, 1, 0)),
                          ((5, 2), (1, 1), (2, 0, 2, 1))]),
    "high": ((5, 41, 3), [((3, 3), (1, 1), (1, 1, 1, 1)), ((3, 3), (2, 2), (1, 1, 1, 1)),
                          ((4, 3), (2, 1), (0, 2, 3, 0))]),
    # One pixel; a row; fewer lines than cores.
    "pixel": ((9, 1, 1), [((3, 3), (1, 1), (1, 1, 1, 1)), ((1, 1), (1, 1), (0, 0, 0, 0)),
                          ((3, 3), (2, 2), (1, 1, 1, 1))]),
    "row": ((4, 1, 13), [((1, 4), (1, 2), (0, 3, 0, 2)), ((3, 1), (1, 1), (1, 0, 1, 0)),
                         ((1, 3), (1, 1), (0, 0, 0, 0))]),
    "square": ((22, 9, 10), [((3, 3), (1, 1), (1, 1, 1, 1)), ((3, 3), (2, 2), (1, 1, 0, 0)),
                             ((2, 4), (1, 2), (1, 0, 0, 0))]),
}


def _network(name):
    shape, layers = _CASES[name]
    builder, shown = QuantisedBuilder(shape, len(name)), []
    # A zero point inside of the range: the border is no zero.
    x = builder.quantised("x", 0.37, 7)
    for number, (kernel, strides, pads) in enumerate(layers):
        size = [(shape[1 + i] + pads[i] + pads[i + 2] - kernel[i]) // strides[i] + 1
                for i in range(2)]
        y = builder.layer(x, shape[0], groups=shape[0], kernel=kernel, strides=list(strides),
                          pads=list(pads))
        builder.shapes[y] = (shape[0], *size)
        bits = (8, 4, 2)[number]
        half = 1 << bits - 1
        clip = None if bits == 8 else (-half, half - 1)
        shown.append(builder.quantised(y, 0.3 * 8 / bits, 0, np.int8, clip))
    return load_network(builder.model(*shown)), np.random.default_rng(5).integers(
        -800, 800, (1, *builder.shape)).astype(np.float32) / 16


@pytest.mark.slow
@pytest.mark.parametrize("name", _CASES)
def test_strips_on_the_instruction_set_simulator(name, tmp_path):
    network, images = _network(name)
    compiled = compile_network(network)
    kinds = [dots_of(step) for step in compiled.steps.steps]
    assert sum(bool(kind.strips) for kind in kinds if kind is not None) == 3
    (given,) = network.inputs
    made = SimulatedNetwork(compiled, tmp_path).run({given: images})
    assert first_difference(compiled, made, run(network, {given: images}, None)[1]) is None


@pytest.mark.parametrize("strips", [Strips(3, 1, False), Strips(3, 2, True), Strips(8, 1, False),
                                    Strips(1, 2, False)])
def test_every_pixel_is_in_one_block_that_fits(strips):
    for width in (1, 3, 4, 5, 16, 17, 31, 48, 100):
        for height in (1, 2, 7, 8, 25, 48):
            for groups, cores in ((1, 8), (2, 8), (16, 8), (3, 1)):
                made = Division.of(strips, width, height, 2, groups, cores)
                assert (made.blocks - 1) * 4 * made.quads < width <= made.blocks * 4 * made.quads
                assert (made.strips - 1) * made.rows < height <= made.strips * made.rows
                lines = (made.rows - 1) * 2 + strips.rows
                assert 4 * lines * (strips.step * made.quads + 1) <= 360
