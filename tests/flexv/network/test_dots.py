"""Layers by the core's dot products: every combination of widths, random shapes, in one program."""

import numpy as np
import pytest

from flexdrive.flexv.isa import EXTENSIONS
from flexdrive_deploy.errors import ModelError
from flexdrive_deploy.flexv.compiler.compiled import compile_network
from flexdrive_deploy.flexv.compiler.dots import dots_of
from flexdrive_deploy.flexv.compiler.scales import packed_rounding
from flexdrive_deploy.flexv.compiler.work import core_of
from flexdrive_deploy.flexv.network.loading import load_network
from flexdrive_sim.flexv.drive import network as drive
from flexdrive_sim.flexv.drive.network import ClusterNetwork, LibraryNetwork, SimulatedNetwork
from flexdrive_sim.flexv.golden.network import run
from flexdrive_sim.flexv.session import IntegerDifferenceError, NetworkSession
from flexdrive_sim.flexv.verify.network_check import first_difference

from .quantised_models import QuantisedBuilder, random_window

WIDTHS = (8, 4, 2)


def _clip(bits):
    """All values of a lane."""
    return None if bits == 8 else (-(1 << bits - 1), (1 << bits - 1) - 1)


def mixed_layers(seed, size=(2, 6), most=9):
    """(network, images): for each width of activations, weights and results a layer."""
    rng = np.random.default_rng(seed)
    shape = (int(rng.integers(1, most)), *(int(n) for n in rng.integers(*size, 2)))
    builder, shown = QuantisedBuilder(shape, seed), []
    x = builder.quantised("x", 0.37, 5)
    for a_bits in WIDTHS:
        zero = int(rng.integers(-1, 2))
        source = builder.quantised(x, 50 / (1 << a_bits), zero, np.int8, _clip(a_bits))
        for w_bits in WIDTHS:
            for out_bits in WIDTHS:
                window = None
                while window is None:
                    kernel = tuple(int(k) for k in rng.choice([1, 2, 3], 2))
                    window = random_window(rng, shape[1:], kernel)
                single = rng.random() < 0.4
                outputs = (shape[0] * int(rng.choice([1, 1, 2, 3])) if single else
                           int(rng.integers(1, 14)))
                y = builder.layer(source, outputs, kernel, bits=w_bits,
                                  groups=shape[0] if single else 1, **window[0])
                builder.shapes[y] = (outputs, *window[1])
                # Some steps are powers of two: sums tie. Some ranges are not: C finishes those.
                step = 0.25 if rng.random() < 0.4 else 0.3 * 8 / out_bits
                top = (1 << out_bits - 1) - 1
                shown.append(builder.quantised(
                    y, step * (1 << w_bits) / 4, int(rng.integers(-1, 2)), np.int8,
                    (-top, top) if len(shown) % 5 == 2 else _clip(out_bits)))
    # Depthwise layers as strips, packed in each width.
    source = builder.quantised(x, 0.37, 3)
    for w_bits, out_bits in zip(WIDTHS, WIDTHS[::-1], strict=True):
        y = builder.layer(source, shape[0], bits=w_bits, groups=shape[0], pads=[1, 1, 1, 1])
        builder.shapes[y] = shape
        shown.append(builder.quantised(y, 0.3 * (1 << w_bits) / out_bits, 0, np.int8,
                                       _clip(out_bits)))
    images = rng.integers(-2000, 2000, (1, *shape)).astype(np.float32) / 16
    return load_network(builder.model(*shown)), images


def _difference(engine, network, images, place, **options):
    compiled = compile_network(network)
    (name,) = network.inputs
    made = engine(compiled, place, **options).run({name: images})
    return compiled, first_difference(compiled, made, run(network, {name: images}, None)[1])


def test_every_combination_of_widths_has_its_kernels():
    network, _ = mixed_layers(1, (4, 7))
    found = [dots_of(step) for step in compile_network(network).steps.steps]
    found = {each for each in found if each is not None}
    packed = {(each.a_bits, each.w_bits, each.out_bits) for each in found if each.out_bits < 32}
    assert len(packed) > 15
    assert {(each.a_bits, each.w_bits) for each in found} == {
        (a, w) for a in WIDTHS for w in WIDTHS}
    assert {each.single for each in found} == {True, False}
    assert {each.out_bits for each in found if each.strips} == {*WIDTHS}
    assert 32 in {each.out_bits for each in found}
    steps = compile_network(mixed_layers(0)[0]).steps.steps
    rounding = {packed_rounding(step) for step in steps
                if dots_of(step) is not None and dots_of(step).out_bits < 32}
    assert rounding == {"NEAREST", "EVEN", "ODD"}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_scales_for_the_instruction_are_exact_in_c(seed, tmp_path):
    network, images = mixed_layers(seed)
    assert _difference(LibraryNetwork, network, images, tmp_path)[1] is None


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_every_combination_of_widths_on_the_instruction_set_simulator(seed, tmp_path):
    network, images = mixed_layers(seed)
    assert _difference(SimulatedNetwork, network, images, tmp_path)[1] is None


def _tying():
    """Layers many of whose sums lie between two results: zero points that are even and odd."""
    builder, shown = QuantisedBuilder((3, 7, 9)), []
    x = builder.quantised("x", 1.0, 0)
    for groups in (1, 3):
        for out_bits in WIDTHS:
            for zero in (0, 1, -1):
                y = builder.layer(x, 6, bits=2, groups=groups, bias=False, pads=[1, 1, 1, 1])
                builder.shapes[y] = (6, 7, 9)
                shown.append(builder.quantised(y, 0.5, zero, np.int8, _clip(out_bits)))
    images = builder.rng.integers(-20, 20, (1, *builder.shape)).astype(np.float32)
    return load_network(builder.model(*shown)), images


@pytest.mark.slow
@pytest.mark.parametrize("engine", [LibraryNetwork, SimulatedNetwork])
def test_ties_are_to_even_before_the_zero_point(engine, tmp_path):
    network, images = _tying()
    compiled, difference = _difference(engine, network, images, tmp_path)
    assert difference is None
    rounding = [packed_rounding(step) for step in compiled.steps.steps
                if dots_of(step) is not None and dots_of(step).out_bits < 32]
    assert rounding.count("ODD") == 2 * rounding.count("EVEN") == 12


@pytest.mark.slow
@pytest.mark.parametrize("instructions", ["flexv", "flexv-clear"])
def test_cores_without_stores_of_packed_words_have_kernels(instructions, tmp_path, monkeypatch):
    network, images = mixed_layers(3)
    compiled = compile_network(network, instructions=instructions)
    plain = drive.run_iss
    monkeypatch.setattr(drive, "run_iss", lambda *arguments, **options: plain(
        *arguments, extensions=(*EXTENSIONS, "requant_clear"), **options))
    engine, images = drive.SimulatedNetwork(compiled, tmp_path), dict.fromkeys(
        network.inputs, images)
    if instructions == "flexv":
        with pytest.raises(AssertionError, match="illegal instruction"):
            engine.run(images)
        return
    assert first_difference(compiled, engine.run(images), run(network, images, None)[1]) is None


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "cores"), [(11, 8), (14, 3), *(
    pytest.param(*more, marks=pytest.mark.thorough) for more in [(12, 8), (13, 8), (15, 1)])])
def test_every_combination_of_widths_on_the_cluster(seed, cores, tmp_path):
    network, images = mixed_layers(seed)
    assert _difference(ClusterNetwork, network, images, tmp_path, cores=cores)[1] is None


def _break_core(files, core):
    """A core that stores something else than C has made of its sums."""
    text = "uint32_t value = (uint32_t)sums[i];"
    assert files["dots.c"].count(text) == 1
    files["dots.c"] = files["dots.c"].replace(text, f"uint32_t value = (uint32_t)sums[i] + "
                                              f"1024 * (net_core() == {core});")
    return files


@pytest.mark.slow
def test_a_fault_of_one_core_is_named_with_core_and_cycle():
    builder = QuantisedBuilder((3, 6, 6))
    x = builder.quantised("x", 0.5, 4)
    # A range of no power of two: sums that C finishes.
    y = builder.quantised(builder.layer(x, 20, pads=[1, 1, 1, 1]), 2.0, 0, np.int8, (-127, 127))
    network = load_network(builder.model(y))
    images = builder.rng.integers(-20, 20, (1, *builder.shape)).astype(np.float32) / 4
    compiled = compile_network(network)
    files = _break_core(compiled.all_files(), 5)
    compiled.all_files = lambda: files
    with pytest.raises(IntegerDifferenceError, match=r"rtl differs .* layer conv\d+ .*channel \d+, "
                       r"row \d, column \d: expected -?\d+, got -?\d+, by cycle [\d,]+, on core 5"):
        NetworkSession(compiled, "rtl", layer_check=True).run(None, images)


def test_cores_have_equal_shares():
    network, _ = mixed_layers(3, (4, 9))
    compiled = compile_network(network)
    for step in compiled.steps.steps:
        dots = dots_of(step)
        # Units of depthwise layers are larger than these maps.
        if dots is None or dots.out_bits == 32 or dots.strips:
            continue
        counts = np.zeros(8, int)
        for place in np.ndindex(step.output.shape):
            counts[core_of(compiled, step, *place, 8)] += 1
        # Tiles overlap, and the last group of channels is short.
        assert counts.max() <= counts.sum() / 8 + 2 * 16


@pytest.mark.parametrize(("engine", "cores"), [("iss", 2), ("c", 2)])
def test_cores_are_for_the_rtl(engine, cores):
    network, _ = mixed_layers(1)
    with pytest.raises(ModelError, match="cores = 2 is for engine = 'rtl'"):
        NetworkSession(network, engine, cores=cores)


@pytest.mark.slow
@pytest.mark.parametrize("l1_bytes", [64 << 10, 12 << 10])
def test_more_tiles_than_a_table_holds(l1_bytes, tmp_path):
    """In one line with rows of the output beyond a border, in rows, in chunks of channels; the
    simulator's one core has 35 tiles in a table."""
    builder = QuantisedBuilder((4, 19, 21), 2)
    x = builder.quantised("x", 0.37, 7)
    y = builder.layer(x, 20, (1, 1))
    builder.shapes[y] = (20, 19, 21)
    y = builder.quantised(y, 0.23, 5)
    z = builder.layer(y, 12, pads=[1, 1, 1, 1])
    builder.shapes[z] = (12, 19, 21)
    network = load_network(builder.model(builder.quantised(z, 2.3, 1)))
    (name,) = network.inputs
    images = {name: builder.rng.integers(-200, 200, (1, 4, 19, 21)).astype(np.float32) / 4}
    compiled = compile_network(network, l1_bytes=l1_bytes)
    assert bool(compiled.plan.rows) == (l1_bytes < 20 << 10)
    made = SimulatedNetwork(compiled, tmp_path).run(images)
    assert first_difference(compiled, made, run(network, images, None)[1]) is None
