"""Programs of random networks on the golden chip against their layers evaluated directly."""

from dataclasses import replace

import numpy as np
import pytest

from flexdrive.hyperdrive.config import PRESETS, ChipConfig
from flexdrive.hyperdrive.descriptor.fields import Code, Operation
from flexdrive_deploy.errors import FitError, ModelError
from flexdrive_deploy.hyperdrive.codegen import lower, weight_stream
from flexdrive_deploy.hyperdrive.ir import ChipGraph
from flexdrive_sim.hyperdrive.golden.chip import GoldenChip
from flexdrive_sim.hyperdrive.golden.memory_check import check_plan

from .networks import evaluate, half, random_graph, random_layer

CONFIGS = [
    ChipConfig(rows=2, columns=2, channels=4, fm_words=2048, fm_banks=4, weight_words=300),
    ChipConfig(rows=1, columns=1, channels=1, fm_words=8192, fm_banks=1, weight_words=300),
    ChipConfig(rows=3, columns=5, channels=3, fm_words=1024, fm_banks=2, weight_words=300,
               adder_depth=3),
    ChipConfig(rows=7, columns=2, channels=40, fm_words=1024, fm_banks=2, weight_words=300,
               adder_depth=4),
    ChipConfig(rows=3, columns=2, channels=4, fm_words=2048, fm_banks=4, weight_words=300,
               adder_depth=3, channelwise=True),
    ChipConfig(rows=2, columns=3, channels=20, fm_words=1024, fm_banks=4, weight_words=300,
               adder_depth=2, ternary=True),
]


def run(program, maps):
    """Execute on a golden chip whose memory holds rubbish, NaN among it."""
    chip = GoldenChip(program.config)
    chip.memory[...] = np.random.default_rng(0).integers(0, 1 << 16, chip.memory.shape)
    pixels = chip.execute(program.words, program.weights, program.pack(maps))
    assert {report.code for report in chip.reports} == {Code.OK}
    return program.unpack(pixels)


@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("shape", [(3, 8, 8), (5, 1, 1), (2, 7, 3), (1, 1, 9), (4, 13, 6)])
@pytest.mark.parametrize("seed", range(3))
def test_random_networks(config, shape, seed):
    rng = np.random.default_rng(seed * 1000 + shape[1])
    graph = random_graph(rng, shape, 7, channelwise=config.channelwise,
                         ternary=config.ternary)
    image = {"x": half(rng, *shape)}
    wanted = evaluate(graph, image)
    for layer_check in (False, True):
        program = lower(graph, config, layer_check=layer_check)
        got = run(program, image)
        made = [layer.target for layer in graph.layers]
        assert set(got) == set(graph.outputs) | set(made if layer_check else ())
        for name, words in got.items():
            np.testing.assert_array_equal(words, wanted[name], err_msg=name)
        assert program.peak_words <= config.fm_words
        assert len(program.entries) == len(program.descriptors)


@pytest.mark.parametrize("config", [CONFIGS[0], replace(CONFIGS[2], halo=2), replace(
    CONFIGS[4], halo=3, fm_words=4096, weight_words=500)])
@pytest.mark.parametrize("shape", [(3, 8, 8), (2, 7, 3), (1, 1, 9)])
@pytest.mark.parametrize("seed", range(3))
def test_random_networks_of_any_taps(config, shape, seed):
    rng = np.random.default_rng(seed * 1000 + shape[1])
    graph = random_graph(rng, shape, 7, channelwise=config.channelwise, reach=config.halo)
    image = {"x": half(rng, *shape)}
    wanted = evaluate(graph, image)
    program = lower(graph, config, layer_check=True)
    assert any(d.extended for d in program.descriptors)
    for name, words in run(program, image).items():
        np.testing.assert_array_equal(words, wanted[name], err_msg=name)


def test_in_place_bypass_and_memory_of_a_residual_block():
    """conv2 writes over its bypass: two maps are enough ("Hyperdrive", memory of a basic block)."""
    rng = np.random.default_rng(0)
    config = ChipConfig(rows=2, columns=2, channels=4, fm_words=2 * 4 * 16, fm_banks=4,
                        weight_words=300)
    graph = ChipGraph({"x": (4, 8, 8)}, [
        random_layer(rng, "a", "x", 4, 4), random_layer(rng, "b", "a.out", 4, 4, bypass="x"),
        random_layer(rng, "c", "b.out", 4, 4), random_layer(rng, "d", "c.out", 4, 4,
                                                            bypass="b.out")], ["d.out"])
    program = lower(graph, config)
    assert program.peak_words == 128
    assert program.maps["x"].base == program.maps["b.out"].base == program.maps["d.out"].base
    small = replace(config, fm_words=124)
    with pytest.raises(FitError, match=r"Layer a needs 128 feature-map words a tile, 4 more than "
                                       r"the 124 of the chip .*; fm_words of at least 128 would"):
        lower(graph, small)


def test_layers_of_one_pass_write_over_what_they_read():
    """1x1 kernels, four channels at once: x, a and c share their words, c with a stride; d makes
    more channels than c has, e reaches beside."""
    rng = np.random.default_rng(0)
    config = ChipConfig(rows=2, columns=2, channels=4, fm_words=512, fm_banks=4, weight_words=300)
    graph = ChipGraph({"x": (4, 8, 8)}, [
        random_layer(rng, "a", "x", 4, 4, kernel=1),
        random_layer(rng, "c", "a.out", 4, 3, kernel=1, stride=2, bypass=None),
        random_layer(rng, "d", "c.out", 3, 4, kernel=1),
        random_layer(rng, "e", "d.out", 4, 4)], ["e.out"])
    program = lower(graph, config)
    base = {name: place.base for name, place in program.maps.items()}
    assert base["x"] == base["a.out"] == base["c.out"]
    assert base["d.out"] != base["c.out"]
    assert base["e.out"] != base["d.out"]
    assert program.peak_words == 4 * 16
    image = {"x": half(rng, 4, 8, 8)}
    np.testing.assert_array_equal(run(program, image)["e.out"], evaluate(graph, image)["e.out"])
    # A second block of channels reads what the first has written over.
    twice = ChipGraph({"x": (5, 8, 8)}, [random_layer(rng, "a", "x", 5, 5, kernel=1)], ["a.out"])
    assert lower(twice, config).peak_words == 2 * 5 * 16


def test_bypass_that_lives_on_is_not_overwritten():
    rng = np.random.default_rng(1)
    graph = ChipGraph({"x": (2, 4, 4)}, [
        random_layer(rng, "a", "x", 2, 2, bypass="x"),
        random_layer(rng, "b", "a.out", 2, 2, bypass="x"),
        random_layer(rng, "c", "b.out", 2, 2, bypass="a.out")], ["c.out", "x", "a.out"])
    image = {"x": half(rng, 2, 4, 4)}
    got = run(lower(graph, CONFIGS[0]), image)
    wanted = evaluate(graph, image)
    for name in graph.outputs:
        np.testing.assert_array_equal(got[name], wanted[name])


def test_tile_edges_are_aligned_backwards():
    """10 -> 5 -> 3 on two rows of tiles: edges 8, 4, 2, not 5, 3, 2."""
    rng = np.random.default_rng(2)
    graph = ChipGraph({"x": (1, 10, 10)}, [random_layer(rng, "a", "x", 1, 1, stride=2),
                                           random_layer(rng, "b", "a.out", 1, 1, stride=2)],
                      ["b.out"])
    maps = lower(graph, CONFIGS[0]).maps
    assert [maps[name].tile for name in ("x", "a.out", "b.out")] == [(8, 8), (4, 4), (2, 2)]


@pytest.mark.parametrize(("c_out", "size", "weight_words", "interleave"), [
    (12, 1, 300, 3),      # one pixel a tile: interleave blocks
    (4, 1, 300, 1),       # one block: nothing to interleave, and equal in cycles
    (4, 6, 300, 1),       # many pixels: interleave pixels
    (12, 3, 300, 1),      # 9 pixels are 3 groups of 3: equal, so the simpler one
    (12, 2, 300, 3),      # 4 pixels are 2 groups of 3, or 4 of 1 block each
    (12, 2, 20, 1),       # but three blocks of weights do not fit
])
def test_interleave(c_out, size, weight_words, interleave):
    config = ChipConfig(rows=1, columns=1, channels=4, fm_words=4096, fm_banks=1,
                        weight_words=weight_words, adder_depth=3)
    graph = ChipGraph({"x": (2, size, size)},
                      [random_layer(np.random.default_rng(0), "a", "x", 2, c_out)], ["a.out"])
    assert lower(graph, config).descriptors[1].interleave == interleave


def test_too_many_weights():
    graph = ChipGraph({"x": (40, 4, 4)},
                      [random_layer(np.random.default_rng(0), "deep", "x", 40, 2)], ["deep.out"])
    with pytest.raises(FitError, match=r"Layer deep: 40 input channels x 3x3 are 360 weight words "
                                       r"a block, 60 more than the weight buffer's 300"):
        lower(graph, CONFIGS[0])
    small = ChipGraph({"x": (40, 2, 2)}, graph.layers, ["deep.out"])      # one pixel a tile
    assert lower(small, CONFIGS[0]).descriptors[1].operation == Operation.CONV


def test_weight_stream_by_hand():
    weights = np.zeros((3, 1, 1, 1), np.uint8)
    weights[2] = 1
    np.testing.assert_array_equal(weight_stream(weights, 2, 1), [[0], [1]])
    wide = np.ones((34, 2, 1, 1), np.uint8)
    wide[33, 1] = 0
    np.testing.assert_array_equal(weight_stream(wide, 40, 1),
                                  [[0xFFFFFFFF, 0b11], [0xFFFFFFFF, 0b01]])
    # Two bits a lane: 1 where the weight is plus, and above them 1 where it is zero.
    np.testing.assert_array_equal(
        weight_stream(np.array([0, 1, 2, 1], np.uint8).reshape(4, 1, 1, 1), 3, 1, ternary=True),
        [[0b100_010], [0b000_001]])


def test_weights_of_zero_need_a_ternary_chip():
    layer = random_layer(np.random.default_rng(0), "sparse", "x", 3, 2, codes=3)
    graph = ChipGraph({"x": (3, 4, 4)}, [layer], ["sparse.out"])
    with pytest.raises(FitError, match=r"Layer sparse has weights of zero; a chip with ternary = "
                                       r"true would do it"):
        lower(graph, CONFIGS[0])


def test_graphs_that_do_not_fit_together():
    rng = np.random.default_rng(0)
    layer = random_layer(rng, "a", "x", 3, 4, stride=2)

    def graph(layer, shape=(3, 4, 4), outputs=()):
        return ChipGraph({"x": shape}, [layer], list(outputs))

    for broken, message in [
        (replace(layer, source="y"), "Layer a: map y is neither an input nor made"),
        (replace(layer, weights=layer.weights * 3), "Layer a: weights must be uint8"),
        (replace(layer, stride=3), "Layer a: stride 3, the chip has 1 and 2"),
        (replace(layer, alpha=layer.alpha[:2]), r"Layer a: alpha must be uint16 \(4,\)"),
        (replace(layer, bypass="x"), r"Layer a: makes \(4, 2, 2\), its bypass x is \(3, 4, 4\)"),
        (replace(layer, target="x"), "Layer a: map x exists already"),
        (replace(layer, weights=np.ones((4, 3, 9, 9), np.uint8)), "Layer a: taps at rows"),
    ]:
        with pytest.raises(ModelError, match=message):
            graph(broken)
    with pytest.raises(ModelError, match="Layer a: reads 3 channels, map x has 2"):
        graph(layer, (2, 4, 4))
    with pytest.raises(ModelError, match="Map z is not made"):
        graph(layer, outputs=["z"])


def test_pack_and_unpack_refuse_wrong_maps():
    graph = ChipGraph({"x": (2, 3, 3)},
                      [random_layer(np.random.default_rng(0), "a", "x", 2, 2)], ["a.out"])
    program = lower(graph, PRESETS["tiny"])
    with pytest.raises(ModelError, match=r"Input map x \(2, 3, 3\) is missing"):
        program.pack({})
    with pytest.raises(ModelError, match=r"Input map x is uint16 \(3, 3, 2\), expected"):
        program.pack({"x": np.zeros((3, 3, 2), np.uint16)})
    with pytest.raises(ModelError, match="The chip sent 17 words, the program stores 18"):
        program.unpack(np.zeros(17, np.uint16))


@pytest.mark.parametrize("kernel", [1, 3, 5, 7])
@pytest.mark.parametrize("size", [(1, 1), (1, 2), (2, 1)])
@pytest.mark.parametrize("strides", [0, 1, 2])
def test_bypasses_of_small_maps(kernel, size, strides):
    """Tiles are as large as a window reaches, those of the map that is added as well: wherever it
    comes from, every word that a layer reads was written."""
    rng = np.random.default_rng(kernel)
    config = ChipConfig(rows=2, columns=2, channels=4, fm_words=1024, fm_banks=1, weight_words=400,
                        halo=3)
    large = tuple(edge << strides if edge > 1 else 1 for edge in size)
    large = large if size != (1, 1) else (1 << strides,) * 2
    layers, source = [], "x"
    for number in range(strides):
        layers.append(random_layer(rng, f"down{number}", source, 3, 3, stride=2))
        source = layers[-1].target
    layers.append(random_layer(rng, "sum", source, 3, 3, kernel=kernel, bypass="y"))
    layers.append(random_layer(rng, "end", "sum.out", 3, 2, kernel=kernel))
    graph = ChipGraph({"x": (3, *large), "y": (3, *size)}, layers, ["end.out", "sum.out"])
    maps = {name: half(rng, *shape) for name, shape in graph.inputs.items()}
    program = lower(graph, config)
    check_plan(program)
    made = GoldenChip(config).execute(program.words, program.weights, program.pack(maps))
    wanted = evaluate(graph, maps)
    for name, words in program.unpack(made).items():
        np.testing.assert_array_equal(words, wanted[name])
