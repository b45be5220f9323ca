"""Networks compiled for meshes: borders in memory, every word of every layer on the RTL."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

from flexdrive.errors import ConfigurationError
from flexdrive.hyperdrive import PRESETS, ChipConfig
from flexdrive.hyperdrive.descriptor.encoding import Command, encode, iterate
from flexdrive.hyperdrive.descriptor.fields import Code, Operation
from flexdrive_deploy.compiled_model import ChipPart, Deployment
from flexdrive_deploy.compiler import compile_model
from flexdrive_deploy.errors import FitError
from flexdrive_deploy.hyperdrive.codegen import lower
from flexdrive_deploy.hyperdrive.ir import ChipGraph
from flexdrive_deploy.hyperdrive.mesh_borders import join_patches, patches
from flexdrive_deploy.hyperdrive.program import Program
from flexdrive_sim.hyperdrive.drive.chip import Chip
from flexdrive_sim.hyperdrive.drive.inference_session import Session
from flexdrive_sim.hyperdrive.drive.runner import predict_program
from flexdrive_sim.hyperdrive.drive.stimuli import Stimulus
from flexdrive_sim.hyperdrive.verify.topologies import resnet18

from ..deploy.networks import evaluate, half, random_graph, random_layer

pytestmark = pytest.mark.slow

CHIP = ChipConfig(rows=2, columns=1, channels=3, fm_words=4096, fm_banks=4, weight_words=300,
                  adder_depth=2, mesh=True, border_words=256, corner_words=64)
# A quarter of the digits' array.
DIGITS_CHIP = replace(PRESETS["digits"], rows=2, columns=2, mesh=True, fm_words=4096,
                      weight_words=1152)
DIGITS = Path(__file__).parents[2] / "examples/digits/digits.onnx"


def deployment(graph, config, mesh):
    part = ChipPart(lower(graph, config, layer_check=True, mesh=mesh), graph)
    return Deployment("net", config, [part],
                      {name: (1, *shape) for name, shape in graph.inputs.items()}, graph.outputs,
                      True)


@pytest.mark.parametrize(("mesh", "halo", "channelwise", "ternary"), [
    pytest.param((2, 2), 1, False, False, marks=pytest.mark.thorough),
    ((1, 3), 1, True, True), ((2, 2), 3, True, False)])
def test_random_networks(mesh, halo, channelwise, ternary):
    session = None
    # With 7 x 7 kernels a border memory holds three rows.
    config = replace(CHIP, halo=halo, channelwise=channelwise, ternary=ternary,
                     weight_words=300 * halo**2,
                     border_words=256 * halo, corner_words=64 * halo**2)
    for seed in range(12):
        rng = np.random.default_rng(seed)
        shape = tuple(int(size) for size in (rng.integers(1, 5), *rng.integers(1, 13, 2)))
        graph = random_graph(rng, shape, 5, kernels=config.kernels, channelwise=channelwise,
                             ternary=ternary, reach=halo * (seed % 2))
        made = deployment(graph, config, mesh)
        if session is None:
            session = Session(made, "rtl")
        session.deployment = made
        image = half(rng, *shape)
        result = session.run(image.view(np.float16)[None])
        (chip,) = result.chips
        assert chip.difference is None, f"seed {seed}: {chip.difference}"
        assert chip.model_holds, f"seed {seed}"
        # The golden chip of the whole array computes the layers themselves.
        maps = evaluate(graph, {"x": image})
        for name, words in chip.maps.items():
            assert name.startswith("mean") or np.array_equal(words, maps[name])
        _check_averages(made.programs[0], graph, maps, chip.maps)


def _check_averages(program, graph, maps, got):
    """Averages of the chips' patches, each rounded, added chip by chip."""
    for average in graph.averages:
        words = maps[average.source]
        tall, wide = (edge * count for edge, count in zip(
            program.maps[average.source].tile, (program.config.rows, program.config.columns),
            strict=True))
        factor = np.float16(1 / (words.shape[1] * words.shape[2]))
        total = None
        for y in range(0, words.shape[1], tall):
            for x in range(0, words.shape[2], wide):
                patch = words[:, y:y + tall, x:x + wide].reshape(len(words), -1).view(np.float16)
                part = np.zeros(len(words), np.float16)
                for pixel in patch.T:
                    part = part + pixel
                total = part * factor if total is None else total + part * factor
        assert np.array_equal(got[average.target].ravel(), total.view(np.uint16))


@pytest.mark.parametrize("mesh", [
    pytest.param((1, 2), marks=pytest.mark.thorough), (2, 2),
    pytest.param((3, 3), marks=pytest.mark.thorough)])
def test_digits(mesh):
    made = compile_model(onnx.load(DIGITS), DIGITS_CHIP, layer_check=True, mesh=mesh)
    images = np.load(DIGITS.parent / "heldout.npz")["images"]
    image = images[0].astype(np.float32).reshape(1, 1, 8, 8) / 16
    result = Session(made, "rtl").run(image)
    single = compile_model(onnx.load(DIGITS), PRESETS["digits"], layer_check=True)
    alone = Session(single).run(image)
    assert result.difference is None
    assert all(chip.model_holds for chip in result.chips)
    for chip, other in zip(result.chips, alone.chips, strict=True):
        for name, words in other.maps.items():
            assert np.array_equal(chip.maps[name], words)
    for name, values in alone.outputs.items():
        assert np.array_equal(result.outputs[name], values)


def test_layers_of_resnet18():
    """A residual network of ResNet-18's shapes at reduced size, complete; a frame takes as many
    cycles as on one chip with a quarter of the image."""
    frames = {}
    for mesh in ((1, 1), (2, 2)):
        graph = resnet18(16 * mesh[0], 16 * mesh[1], channels=16)
        frames[mesh] = graph, deployment(graph, DIGITS_CHIP, mesh)
    graph, made = frames[2, 2]
    image = half(np.random.default_rng(3), *graph.inputs["x"])
    (chip,) = Session(made, "rtl").run(image.view(np.float16)[None]).chips
    assert chip.difference is None
    assert chip.model_holds
    alone = predict_program(frames[1, 1][1].programs[0])
    quarter, whole = (sum(row.cycles for row in reports if row.operation == Operation.CONV)
                      for reports in (alone.reports, chip.reports))
    assert whole <= 1.01 * quarter


def test_a_program_of_a_mesh_is_saved_whole(tmp_path):
    graph = random_graph(np.random.default_rng(1), (3, 7, 9), 3)
    program = lower(graph, CHIP, mesh=(2, 2))
    program.save(tmp_path / "program")
    loaded = Program.load(tmp_path / "program")
    assert loaded.mesh == (2, 2)
    assert np.array_equal(loaded.words, program.words)
    assert loaded.array == replace(CHIP, rows=4, columns=2, mesh=False)


def test_patches_join_to_the_image():
    program = lower(random_graph(np.random.default_rng(2), (3, 7, 9), 3), CHIP, layer_check=True,
                    mesh=(2, 3))
    pixels = np.arange(program.output_words, dtype=np.uint16)
    parts = patches(CHIP, 2, 3, program.commands, pixels, Operation.STORE)
    assert sum(map(len, parts.values())) == len(pixels)
    assert np.array_equal(join_patches(CHIP, program.commands, parts, Operation.STORE), pixels)


@pytest.mark.parametrize(("change", "message"), [
    ({"border_words": 20}, "Layer a needs 51 lines of the west and east border memories, 31 more "
                           "than the 20 of the chip .*; border_words of at least \\d+ would"),
    ({"corner_words": 10}, "Layer a needs 17 lines of the corner memories, 7 more than the 10 of "
                           "the chip .*; corner_words of at least 17 would hold the network"),
])
def test_a_border_memory_that_is_too_small_is_named(change, message):
    rng = np.random.default_rng(0)
    graph = ChipGraph({"x": (8, 12, 12)}, [
        random_layer(rng, "a", "x", 8, 9), random_layer(rng, "b", "a.out", 9, 6),
        random_layer(rng, "c", "b.out", 6, 2)], ["c.out"])
    with pytest.raises(FitError, match=message):
        lower(graph, replace(CHIP, **change), mesh=(2, 2))


def test_a_mesh_with_too_many_tiles_is_named():
    graph = random_graph(np.random.default_rng(1), (3, 7, 9), 1)
    with pytest.raises(ConfigurationError, match="2 x 130 chips of 2 x 2 tiles has 260 columns"):
        lower(graph, replace(CHIP, columns=2), mesh=(2, 130))


@pytest.mark.parametrize(("operation", "change", "code"), [
    (0, {"north": 1}, Code.MESH),
    (2, {"halo": 1}, Code.MESH),
    (0, {"border_rows": 251}, Code.BORDER_RANGE),
    (0, {"border_columns": 253}, Code.BORDER_RANGE),
    (0, {"border_corner": 63}, Code.BORDER_RANGE),
    (1, {"in_border_rows": 251}, Code.BORDER_RANGE),
    (1, {"halo": 1, "border_columns": 3}, Code.BORDER_OVERLAP),
    (1, {"halo": 1, "border_rows": 2, "border_columns": 100, "border_corner": 20},
     Code.BORDER_OVERLAP),
])
def test_illegal_border_fields_are_refused(operation, change, code, alone):
    """On a chip without neighbours; the program before and after runs."""
    stimulus = Stimulus(CHIP)
    random = np.random.default_rng(1)
    shape = (4, 2, 3)
    stimulus.load(half(random, *shape), base=0, tile=(2, 2))
    stimulus.convolve(shape, random.integers(0, 2, (3, 3, 3, 3), dtype=np.uint8),
                      half(random, 3), half(random, 3), in_base=0, out_base=12, tile=(2, 2))
    stimulus.store(shape, base=12, tile=(2, 2))
    words, weights, pixels = stimulus.arrays()
    first, *others = iterate(words)
    legal = [Command(replace(first.descriptor, halo=1, border_rows=20, border_columns=20,
                             border_corner=10)), *others]
    descriptor, payload = legal[operation]
    broken = Command(replace(descriptor, **change), payload)
    run = alone.run(np.array(encode([broken, *legal]), np.uint32), weights, pixels,
                    stimulus.out_words, max_cycles=100_000)
    assert [report.code for report in run.reports] == [code, *[Code.OK] * 3]


@pytest.fixture(scope="module")
def alone():
    return Chip(CHIP)
