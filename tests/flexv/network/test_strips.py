"""Depthwise layers as strips: any window, step, padding and size, lines in both directions."""

import numpy as np
import pytest

from flexdrive_deploy.flexv.compiler.compiled import compile_network
from flexdrive_deploy.flexv.compiler.dots import dots_of
from flexdrive_deploy.flexv.compiler.steps import steps_of
from flexdrive_deploy.flexv.compiler.strips import Division, Strips, possible_strips
from flexdrive_deploy.flexv.network import ir
from flexdrive_deploy.flexv.network.loading import load_network
from flexdrive_sim.flexv.drive.network import LibraryNetwork, SimulatedNetwork
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


def _network(name, chosen, shown_source=False):
    """Some layers behind one source; one that leaves is no planar map."""
    shape, layers = _CASES[name]
    builder, shown = QuantisedBuilder(shape, len(name)), []
    # A zero point inside of the range: the border is no zero.
    x = builder.quantised("x", 0.37, 7)
    for number in chosen:
        kernel, strides, pads = layers[number]
        size = [(shape[1 + i] + pads[i] + pads[i + 2] - kernel[i]) // strides[i] + 1
                for i in range(2)]
        y = builder.layer(x, shape[0], groups=shape[0], kernel=kernel, strides=list(strides),
                          pads=list(pads))
        builder.shapes[y] = (shape[0], *size)
        bits = (8, 4, 2)[number]
        half = 1 << bits - 1
        clip = None if bits == 8 else (-half, half - 1)
        shown.append(builder.quantised(y, 0.3 * 8 / bits, 0, np.int8, clip))
    return load_network(builder.model(*shown, *([x] if shown_source else [])))


def _check(network, tmp_path, expected):
    """Integers of every step on the simulator; ``expected``: for each layer whether its source is
    planar, whether it is made of strips."""
    (name,) = network.inputs
    images = np.random.default_rng(5).integers(
        -800, 800, (1, *network.inputs[name][1:])).astype(np.float32) / 16
    compiled = compile_network(network)
    layers = [step for step in compiled.steps.steps if isinstance(step.node, ir.Convolution)]
    assert [(step.planar_source, bool(dots_of(step).strips)) for step in layers] == expected
    made = SimulatedNetwork(compiled, tmp_path).run({name: images})
    assert first_difference(compiled, made, run(network, {name: images}, None)[1]) is None
    return compiled


@pytest.mark.slow
@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("name", _CASES)
def test_planar_sources(name, number, tmp_path):
    _check(_network(name, [number]), tmp_path, [(True, True)])


@pytest.mark.slow
@pytest.mark.parametrize("name", _CASES)
def test_sources_by_pixels(name, tmp_path):
    """Steps of more than one are made otherwise where strips turn more than that gains."""
    network = _network(name, range(3), True)
    _check(network, tmp_path, [(False, possible_strips(step, False) is not None)
                               for step in steps_of(network).steps
                               if isinstance(step.node, ir.Convolution)])


@pytest.mark.slow
def test_steps_of_two_by_pixels(tmp_path):
    """Windows that are larger than what is turned for them."""
    builder = QuantisedBuilder((12, 21, 27), 4)
    x, shown = builder.quantised("x", 0.37, 7), []
    for strides in ((2, 2), (2, 1), (1, 2)):
        y = builder.layer(x, 12, groups=12, kernel=(5, 4), strides=list(strides),
                          pads=[2, 1, 2, 2])
        builder.shapes[y] = (12, 20 // strides[0] + 1, 26 // strides[1] + 1)
        shown.append(builder.quantised(y, 0.3, 0))
    _check(load_network(builder.model(*shown, x)), tmp_path, [(False, True)] * 3)


# Rows and columns of a map between two layers; window, strides, padding of the second one.
_CHAINS = [((20, 16), (3, 3), (1, 1), (1, 1, 1, 1)), ((7, 23), (3, 3), (2, 2), (0, 1, 1, 1)),
           ((24, 9), (4, 3), (1, 2), (3, 0, 2, 2))]


def _chain(size, kernel, strides, pads, channels=10):
    """A layer of few products in front of a depthwise one."""
    builder = QuantisedBuilder((3, *size), 3)
    x = builder.layer(builder.quantised("x", 0.37, 7), channels, kernel=(1, 1))
    builder.shapes[x] = (channels, *size)
    x = builder.quantised(x, 0.23, 5)
    y = builder.layer(x, channels, groups=channels, kernel=kernel,
                      strides=list(strides), pads=list(pads))
    builder.shapes[y] = (channels, *(
        (length + pads[i] + pads[i + 2] - kernel[i]) // strides[i] + 1
        for i, length in enumerate(size)))
    return load_network(builder.model(builder.quantised(y, 0.3, 1)))


@pytest.mark.slow
@pytest.mark.parametrize("chain", _CHAINS, ids=lambda chain: "x".join(map(str, chain[0])))
def test_planar_maps_between_layers(chain, tmp_path):
    compiled = _check(_chain(*chain), tmp_path, [(False, False), (True, True)])
    assert [each.planar for each in compiled.plan.storages.values()].count(True) == 1


@pytest.mark.slow
def test_plain_kernels_of_planar_maps(tmp_path):
    """C for any machine, without the instructions."""
    network = _chain(*_CHAINS[1])
    (name,) = network.inputs
    images = np.random.default_rng(6).normal(size=(2, *network.inputs[name][1:])) * 20
    images = {name: images.astype(np.float32)}
    compiled = compile_network(network)
    made = LibraryNetwork(compiled, tmp_path).run(images)
    assert first_difference(compiled, made, run(network, images, None)[1]) is None


@pytest.mark.slow
@pytest.mark.parametrize("engine", [LibraryNetwork, SimulatedNetwork])
@pytest.mark.parametrize("chain", _CHAINS, ids=lambda chain: "x".join(map(str, chain[0])))
@pytest.mark.parametrize("l1_bytes", [4 << 10, 6 << 10])
def test_planar_maps_outside(chain, engine, l1_bytes, tmp_path):
    """Those whose lines are rows; others lie by pixels there."""
    network = _chain(*chain, channels=26)
    compiled = compile_network(network, l1_bytes=l1_bytes)
    downs = {each.down for name, each in compiled.plan.storages.items()
             if name in compiled.plan.outside}
    assert compiled.plan.outside
    assert True not in downs
    assert False in downs or chain is not _CHAINS[0]
    (name,) = network.inputs
    rng = np.random.default_rng(l1_bytes)
    images = {name: rng.normal(size=(1, *network.inputs[name][1:])).astype(np.float32) * 20}
    made = engine(compiled, tmp_path, trace=True).run(images)
    assert first_difference(compiled, made, run(network, images, None)[1]) is None


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
