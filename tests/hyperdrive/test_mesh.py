"""Meshes of chips against the golden model of the whole image: every word of every map."""

from dataclasses import replace

import numpy as np
import pytest

from flexdrive.hyperdrive import ChipConfig
from flexdrive.hyperdrive.descriptor import DESCRIPTOR_WORDS, Code, Descriptor, Operation
from flexdrive_deploy.mesh import patches, split_program, whole_config, without_borders
from flexdrive_sim.engine import Gate
from flexdrive_sim.hyperdrive.cycles.mesh import predict_mesh
from flexdrive_sim.hyperdrive.golden import GoldenChip
from flexdrive_sim.hyperdrive.mesh import Mesh, random_chain
from flexdrive_sim.hyperdrive.rules import check

CHIP = ChipConfig(rows=2, columns=2, channels=3, fm_words=512, fm_banks=4, weight_words=100,
                  mesh=True, border_words=128, corner_words=32)
MESHES = {
    "1x1": (CHIP, 1, 1),
    "2x2": (CHIP, 2, 2),
    "3x3": (replace(CHIP, rows=1, adder_depth=2), 3, 3),
    "1x3_depth3": (replace(CHIP, columns=1, adder_depth=3), 1, 3),
    "3x1_one_tile": (replace(CHIP, rows=1, columns=1), 3, 1),
}


@pytest.fixture(scope="module", params=MESHES)
def mesh(request):
    config, height, width = MESHES[request.param]
    return Mesh(config, height, width)


def wrong_words(mesh, stimulus, gates=None):
    """What differs from the golden model of the whole image and from the cycle model, as
    sentences."""
    words, weights, pixels = stimulus.arrays()
    size = mesh.height, mesh.width
    golden = GoldenChip(whole_config(mesh.config, *size))
    stored = golden.execute(np.array(without_borders(words), np.uint32), weights, pixels)
    assert all(report.code == Code.OK for report in golden.reports)
    expected = patches(mesh.config, *size, words, stored, Operation.STORE)
    run = mesh.run(words, weights, pixels, gates=gates, max_cycles=500_000)
    found = []
    for at, chip in run.chips.items():
        refused = [report for report in chip.reports if report.code != Code.OK]
        wrong = np.flatnonzero(chip.pixels != expected[at])
        if refused or len(wrong):
            found.append(f"chip {at}: refused {refused}, {len(wrong)} of {len(expected[at])} "
                         f"words wrong, first {wrong[:1]}")
    predicted = predict_mesh(mesh.config, *size, words, gates)
    found += [f"chip {at}: {row}, modelled {model}" for at, chip in run.chips.items()
              for row, model in zip(chip.reports, predicted.reports[at], strict=True)
              if row != model]
    if run.cycles != predicted.cycles:
        found.append(f"{run.cycles} cycles, modelled {predicted.cycles}")
    counted = np.sum([count for links in predicted.link_words.values()
                      for count in links.values()], axis=0)
    if tuple(counted) != border_words(mesh, words):
        found.append(f"{counted} border and corner words on the links, expected "
                     f"{border_words(mesh, words)}")
    return found


def border_words(mesh, words):
    """(border, corner) words of all maps that are exchanged, by counting the pixels of the whole
    image beside each cut (one halo pixel)."""
    border = corner = position = 0
    while position < len(words):
        d = Descriptor.from_words([int(w) for w in words[position:position + DESCRIPTOR_WORDS]])
        position += DESCRIPTOR_WORDS + d.payload
        if not d.exchange:
            continue
        conv = d.operation == Operation.CONV
        channels = d.out_channels if conv else d.in_channels
        size = [-(-edge // d.stride) if conv else edge for edge in (d.height, d.width)]
        tall, wide = mesh.config.rows * d.tile_rows, mesh.config.columns * d.tile_columns
        # Cuts that the map crosses; each has a row or column of pixels on both sides.
        cuts = [range(step, edge, step) for edge, step in zip(size, (tall, wide), strict=True)]
        border += channels * 2 * (len(cuts[0]) * size[1] + len(cuts[1]) * size[0])
        corner += channels * 4 * len(cuts[0]) * len(cuts[1])
    return border, corner


def test_random_chains(mesh):
    for seed in range(40):
        stimulus = random_chain(mesh.config, mesh.height, mesh.width, seed)
        assert wrong_words(mesh, stimulus) == [], f"seed {seed}"


def test_random_chains_with_chips_out_of_step(mesh):
    # Every chip gets its descriptors and pixels at a rate of its own, so fast chips run ahead
    # until they need the borders of slow ones.
    for seed in range(40):
        random = np.random.default_rng(seed)
        gates = {f"{name}_{y}_{x}": Gate.random(float(random.uniform(0.03, 1)), seed)
                 for name in ("i_descriptors", "i_pixels", "o_pixels", "o_reports")
                 for y in range(mesh.height) for x in range(mesh.width)}
        gates["i_weights"] = Gate.random(float(random.uniform(0.1, 1)), seed)
        stimulus = random_chain(mesh.config, mesh.height, mesh.width, 500 + seed)
        assert wrong_words(mesh, stimulus, gates) == [], f"seed {seed}"


def test_patches_cover_the_image_once():
    words = random_chain(CHIP, 2, 3, 4).words
    programs = split_program(CHIP, 2, 3, words)
    whole = Descriptor.from_words(words[:10])
    parts = [Descriptor.from_words(program[:10]) for program in programs.values()]
    assert sum(p.height * p.width for p in parts) == whole.height * whole.width


def test_rules_of_a_chip_with_links():
    first = Descriptor.from_words(split_program(CHIP, 1, 2, random_chain(CHIP, 1, 2, 1).words)[
        0, 0][:10])
    d = replace(first, exchange=1, east=1)
    assert check(d, CHIP, (False, False, False, True)) == Code.OK
    assert check(d, CHIP, (False,) * 4) == Code.MESH
    assert check(replace(d, operation=Operation.STORE), CHIP, (False,) * 3 + (True,)) == Code.MESH
    assert check(d, replace(CHIP, mesh=False)) == Code.MESH
    far = replace(d, border_rows=CHIP.border_words)
    assert check(far, CHIP, (False, False, False, True)) == Code.BORDER_RANGE
