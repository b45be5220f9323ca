"""The chip's RTL against the golden model (every word) and the cycle model (every cycle)."""

from dataclasses import replace

import numpy as np
import pytest

from flexdrive.errors import ConfigurationError
from flexdrive.hyperdrive import ChipConfig
from flexdrive.hyperdrive.descriptor.fields import Code
from flexdrive_sim.engine import EngineError, Gate
from flexdrive_sim.hyperdrive.cycles import predict
from flexdrive_sim.hyperdrive.drive.chip import Chip
from flexdrive_sim.hyperdrive.drive.stimuli import Stimulus, random_words
from flexdrive_sim.hyperdrive.golden.chip import GoldenChip
from flexdrive_sim.hyperdrive.golden.descriptor_rules import check
from flexdrive_sim.hyperdrive.verify.compare import differences
from flexdrive_sim.hyperdrive.verify.interleaved import random_interleaved
from flexdrive_sim.hyperdrive.verify.random_chip import random_stream_gates
from flexdrive_sim.hyperdrive.verify.random_layer import random_layer_stimulus
from flexdrive_sim.hyperdrive.verify.refusals import refused_descriptors

BASE = ChipConfig(rows=2, columns=3, channels=3, fm_words=256, fm_banks=4, weight_words=100)
# Every option and every depth of the adder is in several; mixtures: flexdrive verify random.
CONFIGS = {
    "depth1": BASE,
    "channelwise_depth2_5x5": replace(BASE, channelwise=True, adder_depth=2, halo=2, leaky=True),
    "channelwise_depth3": replace(BASE, channelwise=True, adder_depth=3, channels=4, fm_words=512),
    "channelwise_one_unit": replace(BASE, channelwise=True, rows=1, columns=1, channels=1,
                                    fm_banks=1, adder_depth=4),
    "beats_of_4": replace(BASE, stream_words=4, fm_banks=8, channelwise=True, adder_depth=2),
    "beats_of_8": replace(BASE, stream_words=8, fm_banks=8, fm_words=512, channels=20,
                          weight_words=500, ternary=True),
    "beats_of_2": replace(BASE, stream_words=2, fm_banks=2, channelwise=True, adder_depth=3),
    "overlap": replace(BASE, overlap=True, stream_words=4, fm_banks=8, channelwise=True,
                       adder_depth=2),
    "overlap_of_words": replace(BASE, overlap=True, halo=2, weight_words=200),
    "overlap_of_all_banks": replace(BASE, overlap=True, stream_words=8, fm_banks=8, fm_words=512,
                                    channels=4, adder_depth=3, leaky=True),
    "overlap_one_bank": replace(BASE, overlap=True, fm_banks=1, rows=1, columns=1, adder_depth=4),
    "ternary_wide": replace(BASE, ternary=True, channels=20, fm_words=512, halo=2,
                            weight_words=500),
    "ternary_channelwise": replace(BASE, ternary=True, channelwise=True, adder_depth=2,
                                   channels=4, fm_words=512),
    "ternary_channelwise_one_unit": replace(BASE, ternary=True, channelwise=True, channels=1),
    "lanes_of_2": replace(BASE, channelwise=True, channelwise_lanes=2, channels=4),
    "lanes_of_4": replace(BASE, channelwise=True, channelwise_lanes=4, channels=12, adder_depth=2,
                          fm_words=512, halo=2, ternary=True, leaky=True),
    "lanes_of_8": replace(BASE, channelwise=True, channelwise_lanes=8, channels=8, adder_depth=3,
                          fm_words=1024, fm_banks=8, overlap=True, stream_words=4),
    "lanes_of_all_banks": replace(BASE, channelwise=True, channelwise_lanes=4, channels=8,
                                  overlap=True),
    "lanes_in_half_of_the_banks": replace(
        BASE, channelwise=True, channelwise_lanes=2, channels=6, fm_banks=4, fm_words=508,
        overlap=True, adder_depth=4),
    "depth3": replace(BASE, adder_depth=3, leaky=True),
    "depth4": replace(BASE, adder_depth=4),
    "kernels_to_5x5": replace(BASE, halo=2, adder_depth=2, weight_words=200),
    "kernels_to_7x7_leaky": replace(BASE, halo=3, fm_words=512, weight_words=400, leaky=True),
    "one_tile_one_unit_one_bank": ChipConfig(rows=1, columns=1, channels=1, fm_words=90,
                                             fm_banks=1, weight_words=40),
    "row_of_tiles_two_banks": ChipConfig(rows=1, columns=5, channels=5, fm_words=128, fm_banks=2,
                                         weight_words=64, adder_depth=3),
    "column_of_wide_tiles": ChipConfig(rows=4, columns=1, channels=40, fm_words=2048, fm_banks=8,
                                       weight_words=720, adder_depth=2),
}


# Of scripts/test --fast, and of scripts/test: every option and depth once.
_QUICK = ("depth1", "channelwise_depth2_5x5", "beats_of_4", "overlap", "lanes_of_2")
_USUAL = ("lanes_of_4", "lanes_of_8", "lanes_of_all_banks", "ternary_wide", "depth4",
          "kernels_to_7x7_leaky", "one_tile_one_unit_one_bank", "row_of_tiles_two_banks")


def _marks(name):
    if name in _QUICK:
        return []
    return [pytest.mark.slow] if name in _USUAL else [pytest.mark.slow, pytest.mark.thorough]


@pytest.fixture(scope="module", params=[
    pytest.param(name, marks=_marks(name)) for name in CONFIGS])
def chip(request):
    return Chip(CONFIGS[request.param])


def test_random_layers(chip):
    for seed in range(60):
        assert differences(chip, random_layer_stimulus(chip.config, seed)) == [], f"seed {seed}"


def test_random_layers_with_stalls_on_every_stream(chip):
    for seed in range(60):
        stimulus = random_layer_stimulus(chip.config, 1000 + seed)
        assert differences(chip, stimulus, gates=random_stream_gates(seed)) == [], f"seed {seed}"


def test_random_programs_of_several_layers(chip):
    # Weights and parameters of the next layers are prefetched while one runs.
    for seed in range(12):
        stimulus = Stimulus(chip.config)
        for layer in range(5):
            stimulus.extend(random_layer_stimulus(chip.config, 2000 + 10 * seed + layer))
        gates = random_stream_gates(seed) if seed % 2 else None
        assert differences(chip, stimulus, gates=gates) == [], f"seed {seed}"


@pytest.mark.parametrize("chip_name", [
    pytest.param(name, marks=_marks(name)) for name, config in CONFIGS.items() if config.overlap])
def test_programs_whose_operations_run_beside_each_other(chip_name):
    chip, saved = Chip(CONFIGS[chip_name]), 0
    for seed in range(40):
        stimulus = random_interleaved(chip.config, seed)
        gates = random_stream_gates(seed) if seed % 2 else None
        assert differences(chip, stimulus, gates=gates) == [], f"seed {seed}"
        alone = replace(chip.config, overlap=False)
        saved += (predict(alone, stimulus.words).cycles
                  - predict(chip.config, stimulus.words).cycles)
    assert saved > 1000


@pytest.mark.parametrize(("fields", "rule"), [
    ({"channelwise_lanes": 3}, "channelwise_lanes = 3 is not possible: 1, 2, 4 or 8"),
    ({"channelwise_lanes": 16}, "channelwise_lanes = 16 is not possible: 1, 2, 4 or 8"),
    ({"channelwise": False}, "2 is not possible: only a chip with channelwise can have more"),
    ({"channels": 5}, "2 is not possible: it must divide channels = 5, the units of all lanes"),
    ({"fm_banks": 1}, "2 is not possible: the words of a step lie in as many of the fm_banks = 1"),
    ({"mesh": True}, "2 is not possible: a chip with mesh has 1")])
def test_lanes_that_no_chip_has(fields, rule):
    with pytest.raises(ConfigurationError, match=rule):
        replace(CONFIGS["lanes_of_2"], **fields)


@pytest.mark.slow
@pytest.mark.parametrize("lanes", [2, 4, 8])
def test_channels_that_do_not_fill_lanes(lanes):
    """Depthwise layers of one channel to several blocks, which lie anywhere in the banks; each lane
    more takes fewer cycles, and what it does not need of a bank is never in the way."""
    config = replace(BASE, channelwise=True, channels=16, channelwise_lanes=lanes, fm_banks=8,
                     fm_words=1024)
    chip, cycles = Chip(config), {}
    for channels in (1, lanes - 1, lanes, lanes + 1, 16, 17, 31):
        for shape, tile in (((1, 1), (1, 1)), ((5, 13), (3, 5))):
            random = np.random.default_rng([channels, *shape])
            stimulus = Stimulus(config)
            stimulus.load(random_words(random, (*shape, channels)), base=channels % 5, tile=tile)
            stimulus.convolve(
                (*shape, channels), random.integers(0, 2, (channels, 1, 3, 3), dtype=np.uint8),
                random_words(random, channels), random_words(random, channels),
                in_base=channels % 5, out_base=511, tile=tile, channelwise=1, interleave=1)
            stimulus.store((*shape, channels), base=511, tile=tile)
            assert differences(chip, stimulus) == [], f"{channels} channels of {shape}"
            cycles[channels, shape], alone = (
                predict(chosen, stimulus.words).reports[1].cycles
                for chosen in (config, replace(config, channelwise_lanes=1)))
            if channels >= lanes:
                assert cycles[channels, shape] < alone


def test_weights_that_come_late(chip):
    """Layers one behind the other, faster than their weights, of every kind that the chip has."""
    config = chip.config
    random = np.random.default_rng(0)
    stimulus, shape = Stimulus(config), (1, 2, 1)
    stimulus.load(random_words(random, shape), base=0, tile=(1, 2))
    stimulus.load(random_words(random, shape), base=2, tile=(1, 2))
    for number in range(6):
        channelwise = config.channelwise and number % 2
        fields = {"channelwise": 1, "interleave": config.adder_depth} if channelwise else {}
        stimulus.convolve(
            shape, random.integers(0, 2, (1, 1, 3, 3), dtype=np.uint8), random_words(random, 1),
            random_words(random, 1), in_base=2 * (number % 2), out_base=2 - 2 * (number % 2),
            tile=(1, 2), **fields)
    stimulus.store(shape, base=0, tile=(1, 2))
    gates = {"i_weights": Gate.every(20)}
    assert differences(chip, stimulus, gates=gates) == []
    reports = predict(config, stimulus.words, gates).reports
    assert sum(report.weight_stalls for report in reports) > 100


@pytest.mark.slow
@pytest.mark.parametrize("chip_name", [
    pytest.param(name, marks=_marks(name)) for name, config in CONFIGS.items()
    if config.channelwise])
@pytest.mark.parametrize("interval", [1, 2, 7])
def test_averages_wait_for_the_host(chip_name, interval):
    """More means than the output FIFO holds, at a tenth of their rate and less; of two pixels the
    second waits as well as the first."""
    chip = Chip(CONFIGS[chip_name])
    config = chip.config
    for channels, tile, size in ((41, (1, 1), (1, 1)), (60, (1, 2), (1, 2)),
                                 (3, (2, 2), (config.rows, 2))):
        shape = (*size, channels)
        stimulus = Stimulus(config)
        random = np.random.default_rng(channels)
        stimulus.load(random_words(random, shape), base=1, tile=tile)
        for factor in (0x3C00, 0xB266, 0x8000):
            stimulus.store(shape, base=1, tile=tile, average=factor)
        stimulus.store(shape, base=1, tile=tile)
        assert stimulus.out_words == channels * (3 + size[0] * size[1])
        assert differences(chip, stimulus, gates={"o_pixels": Gate.every(interval)}) == []


def test_activations_of_corner_values(chip):
    """Zeros of both signs, infinities, NaNs and subnormals before the last step."""
    config = chip.config
    corners = np.array([0, 0x8000, 1, 0x8001, 0x3C00, 0xBC00, 0x7BFF, 0xFBFF, 0x7C00, 0xFC00,
                        0x7E00, 0xFE01], np.uint16)[:config.columns * 2]
    scale = np.array([0x3C00, 0, 0x8000, 0x3800], np.uint16)
    bias = np.full(4, 0x8000, np.uint16)
    stimulus = Stimulus(config)
    shape = (1, len(corners), 1)
    stimulus.load(corners.reshape(shape), base=0, tile=(1, 2))
    for kind in config.activations:
        stimulus.convolve(shape, np.array([1, 1, 1, 0], np.uint8).reshape(4, 1, 1, 1), scale, bias,
                          in_base=0, out_base=2, tile=(1, 2), activation=kind, slope=0x2E66)
        stimulus.store((1, len(corners), 4), base=2, tile=(1, 2))
        # Every bound, and the map of the layer before added behind it or before.
        for number, bound in enumerate((0, 0x8000, 1, 0x8001, 0x7C00, 0xFC00, 0x3C00)):
            stimulus.convolve(
                shape, np.array([1, 1, 1, 0], np.uint8).reshape(4, 1, 1, 1), scale, bias,
                in_base=0, out_base=2, tile=(1, 2), activation=kind, slope=0x2E66, extended=1,
                row_taps=1, column_taps=1, late=number % 2, bypass_base=2, **(
                    {"low": bound, "high": 0x7BFF} if number % 3 else {"high": bound}))
            stimulus.store((1, len(corners), 4), base=2, tile=(1, 2))
    assert differences(chip, stimulus) == []


def test_refused_descriptors_touch_nothing_and_the_next_legal_one_works(chip):
    config = chip.config
    random = np.random.default_rng(7)
    image = random.integers(0, 1 << 16, (config.rows, config.columns, config.fm_words),
                            dtype=np.uint16)
    stimulus = Stimulus(config)
    stimulus.load(image, base=0, tile=(1, 1))
    refused = refused_descriptors(config, 400, 11)
    for descriptor in refused:
        stimulus.words += descriptor.words()
        stimulus.words += random.integers(0, 1 << 32, descriptor.payload).tolist()
    stimulus.store(image.shape, base=0, tile=(1, 1))
    stimulus.extend(random_layer_stimulus(config, 5))
    assert differences(chip, stimulus) == []


@pytest.mark.slow
def test_refused_descriptors_cover_every_rule():
    refused = [check(d, config) for config in CONFIGS.values()
               for d in refused_descriptors(config, 400, 11)]
    # The border rules beyond MESH need a chip with links (test_mesh.py).
    assert set(refused) == {code for code in Code if not code.stops} - {
        Code.OK, Code.BORDER_RANGE, Code.BORDER_OVERLAP}


@pytest.mark.slow
@pytest.mark.parametrize("chip_name", [pytest.param(name, marks=_marks(name)) for name in (
    "depth1", "depth4", "ternary_wide", "channelwise_depth3", "channelwise_depth2_5x5",
    "beats_of_4", "overlap", "lanes_of_2", "lanes_of_8")])
def test_power_up_state_does_not_matter(chip_name):
    for seed in range(3):
        chip = Chip(CONFIGS[chip_name], power_up=seed + 1)
        for layer in range(20):
            stimulus = random_layer_stimulus(chip.config, 3000 + layer)
            assert differences(chip, stimulus) == [], f"seed {seed}, layer {layer}"


@pytest.mark.slow
def test_builtin_simulator_agrees():
    config = replace(BASE, rows=1, columns=2, adder_depth=2)
    compiled, builtin = Chip(config), Chip(config, engine="pysim")
    stimulus = random_layer_stimulus(config, 1, special=False, out_channels=4)
    gates = random_stream_gates(3)
    assert differences(builtin, stimulus, gates=gates) == []
    runs = [chip.run(*stimulus.arrays(), stimulus.out_words, gates=gates, max_cycles=20000)
            for chip in (compiled, builtin)]
    assert runs[0].reports == runs[1].reports
    assert (runs[0].pixel_times == runs[1].pixel_times).all()


def test_missing_weights_end_in_one_clear_error(chip):
    stimulus = random_layer_stimulus(chip.config, 3)
    words, weights, pixels = stimulus.arrays()
    with pytest.raises(EngineError, match=r"did not finish within 5000 cycles; words moved: "):
        chip.run(words, weights[:-1], pixels, stimulus.out_words, max_cycles=5000)


def test_golden_chip_reads_what_the_program_wrote():
    # The comparison above would pass with a golden model that gives nothing; it does not.
    stimulus = random_layer_stimulus(BASE, 0)
    assert len(GoldenChip(BASE).execute(*stimulus.arrays())) == stimulus.out_words > 0
