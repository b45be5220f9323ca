"""Maps outside of L1 in pieces of rows and channels: every kind of piece, every order, any L1."""

import numpy as np
import pytest

from flexdrive_deploy.flexv.compiler.chain import best_chain
from flexdrive_deploy.flexv.compiler.compiled import compile_network
from flexdrive_deploy.flexv.compiler.pieces import Cut, pieces_of
from flexdrive_deploy.flexv.compiler.plan import UNIT
from flexdrive_deploy.flexv.compiler.search import Search
from flexdrive_deploy.flexv.compiler.steps import steps_of
from flexdrive_deploy.flexv.network.loading import load_network
from flexdrive_sim.flexv.drive.network import LibraryNetwork, SimulatedNetwork
from flexdrive_sim.flexv.golden.network import run
from flexdrive_sim.flexv.verify.network_check import first_difference

from .quantised_models import QuantisedBuilder


def _blocks(seed, mean=True):
    """Depthwise and pointwise layers of odd sizes, a mean over what they make."""
    rng = np.random.default_rng(seed)
    shape = tuple(int(n) for n in (rng.integers(3, 30), rng.integers(8, 21), rng.integers(8, 25)))
    builder = QuantisedBuilder(shape, seed)
    x, channels, size = builder.quantised("x", 0.37, 7), shape[0], shape[1:]
    for _ in range(2):
        kernel, strides = rng.integers(1, 4, 2), rng.integers(1, 3, 2)
        pads = [*((kernel - 1) // 2), *(kernel // 2)]
        y = builder.layer(x, channels, groups=channels, kernel=tuple(map(int, kernel)),
                          strides=strides.tolist(), pads=[int(pad) for pad in pads])
        size = tuple(int((length + pads[i] + pads[i + 2] - kernel[i]) // strides[i] + 1)
                     for i, length in enumerate(size))
        builder.shapes[y] = (channels, *size)
        bits = int(rng.choice([8, 8, 4]))
        half = 1 << bits - 1
        x = builder.quantised(y, 0.3 * 8 / bits, 1, np.int8, None if bits == 8 else
                              (-half, half - 1))
        channels = int(rng.integers(*((9, 70) if seed % 3 else (70, 130))))
        y = builder.layer(x, channels, kernel=(1, 1), bits=int(rng.choice([8, 4])))
        builder.shapes[y] = (channels, *size)
        x = builder.quantised(y, 0.5, -3)
    if mean:
        x = builder.node("GlobalAveragePool", x)
        builder.shapes[x] = (channels, 1, 1)
        x = builder.quantised(x, 0.25, 0)
    return load_network(builder.model(x)), rng.normal(size=(2, *shape)).astype(np.float32) * 20


def _check(engine, network, images, l1_bytes, place):
    (name,) = network.inputs
    compiled = compile_network(network, l1_bytes=l1_bytes)
    assert compiled.plan.peak <= l1_bytes
    made = engine(compiled, place, trace=True).run({name: images})
    assert first_difference(compiled, made, run(network, {name: images}, None)[1]) is None
    return compiled


@pytest.mark.slow
@pytest.mark.parametrize("l1_bytes", [4500, 6 << 10])
@pytest.mark.parametrize("seed", range(6))
def test_random_blocks_on_this_machine(seed, l1_bytes, tmp_path):
    network, images = _blocks(seed, bool(seed % 2))
    _check(LibraryNetwork, network, images, l1_bytes, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20, 24))
def test_random_blocks_on_the_instruction_set_simulator(seed, tmp_path):
    network, images = _blocks(seed)
    _check(SimulatedNetwork, network, images[:1], 6 << 10, tmp_path)


def _cut_of(network, l1_bytes):
    plan = compile_network(network, l1_bytes=l1_bytes).plan
    return {(cut.stays, cut.out, cut.source, cut.alone, bool(plan.late))
            for cut in plan.cuts.values()}


@pytest.mark.slow
def test_the_networks_above_have_every_kind_of_piece():
    found = {each for seed in range(6) for l1_bytes in (4500, 6 << 10)
             for each in _cut_of(_blocks(seed, bool(seed % 2))[0], l1_bytes)}
    for place in range(4):
        assert {each[place] for each in found} == {False, True}
    assert any(each[4] for each in found)


@pytest.mark.slow
@pytest.mark.parametrize("engine", [LibraryNetwork, SimulatedNetwork])
@pytest.mark.parametrize("channels", [30, 41])
def test_means_of_some_channels(engine, channels, tmp_path):
    builder = QuantisedBuilder((channels, 14, 13), channels)
    x = builder.node("GlobalAveragePool", builder.quantised("x", 0.37, 7))
    builder.shapes[x] = (channels, 1, 1)
    network = load_network(builder.model(builder.quantised(x, 0.25, 0)))
    images = np.random.default_rng(2).normal(size=(1, channels, 14, 13)).astype(np.float32) * 30
    compiled = _check(engine, network, images, 4 << 10, tmp_path)
    (cut,) = compiled.plan.cuts.values()
    assert 0 < cut.channels < channels


@pytest.mark.parametrize("cut", [Cut(3), Cut(3, True), Cut(4, False, True, True), Cut(40)])
def test_every_row_of_every_chunk_is_made_once(cut):
    network, _ = _blocks(1)
    step = steps_of(network).steps[1]
    _, height, _ = step.output.shape
    made = np.zeros((3, height), int)
    before = None
    for piece in pieces_of(step, cut, (1, 2, 3)):
        made[piece.chunk, piece.first:piece.first + piece.count] += 1
        # A number stays or is the next one.
        for name in ("weights", "source", "out"):
            assert getattr(piece, name) - (getattr(before, name) if before else 0) in (0, 1)
        before = piece
    assert (made == 1).all()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("l1_bytes", [6 << 10, 9 << 10])
def test_a_chain_of_ways_fits_and_a_larger_l1_is_no_slower(seed, l1_bytes):
    network, _ = _blocks(seed)
    search = Search(steps_of(network), l1_bytes)
    while True:
        found = best_chain(search, search.units)
        if found is not None:
            break
        assert search.put_outside(search.needs()[0][1])
    cycles, ways = found
    steps, coming = search.steps.steps, 0
    for at in range(len(steps) - 1, -1, -1):
        maps = sum(size for _, size in search.maps_at(at))
        way = ways[steps[at]]
        assert UNIT * (maps + way.total + coming) <= l1_bytes
        if way.chunks:
            size, count = way.buffers[None]
            coming = 0 if way.late else size * min(count, 1 + (steps[at] in search.deep()))
    wider = best_chain(search, 2 * search.units)
    assert wider is not None
    assert wider[0] <= cycles
