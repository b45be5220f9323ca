"""Meshes of chips against the golden model of the whole image: every word of every map."""

from dataclasses import replace

import pytest

from flexdrive.hyperdrive import ChipConfig
from flexdrive.hyperdrive.descriptor.encoding import iterate
from flexdrive.hyperdrive.descriptor.fields import Code, Operation
from flexdrive.hyperdrive.mesh_chip import MeshOptions
from flexdrive_deploy.hyperdrive.mesh_borders import split_program
from flexdrive_sim.hyperdrive.cycles import predict_mesh
from flexdrive_sim.hyperdrive.drive.mesh import Mesh, random_chain
from flexdrive_sim.hyperdrive.golden.descriptor_rules import check
from flexdrive_sim.hyperdrive.verify.interleaved import random_interleaved_mesh
from flexdrive_sim.hyperdrive.verify.mesh_check import random_gates, wrong_words

CHIP = ChipConfig(rows=2, columns=2, channels=3, fm_words=512, fm_banks=4, weight_words=100,
                  mesh=True, border_words=128, corner_words=32)
_WIDE = {"fm_words": 1024, "weight_words": 400, "border_words": 512, "corner_words": 256}
MESHES = {
    "1x1": (CHIP, 1, 1),
    "2x2": (CHIP, 2, 2),
    "3x3": (replace(CHIP, rows=1, adder_depth=2), 3, 3),
    "1x3_depth3": (replace(CHIP, columns=1, adder_depth=3), 1, 3),
    "3x1_one_tile": (replace(CHIP, rows=1, columns=1), 3, 1),
    "2x2_halo2_channelwise": (replace(CHIP, **_WIDE, halo=2, channelwise=True), 2, 2),
    "2x2_beats": (replace(CHIP, **_WIDE, halo=2, channelwise=True, stream_words=4), 2, 2),
    "1x2_beats_of_8": (replace(CHIP, fm_banks=8, stream_words=8, columns=1, adder_depth=2), 1, 2,
                       MeshOptions(forward_weights=True)),
    "2x2_overlap": (replace(CHIP, **_WIDE, halo=2, channelwise=True, stream_words=2,
                            overlap=True), 2, 2),
    "1x3_overlap": (replace(CHIP, overlap=True, columns=1, adder_depth=3), 1, 3,
                    MeshOptions(forward_weights=True)),
    "2x2_ternary_channelwise": (replace(CHIP, channelwise=True, ternary=True, columns=1), 2, 2),
    "2x3_ternary_forwarded": (replace(CHIP, rows=1, columns=1, ternary=True), 2, 3,
                              MeshOptions(forward_weights=True)),
    "3x3_halo3_one_tile": (replace(CHIP, **_WIDE, halo=3, rows=1, columns=1), 3, 3),
    "1x3_halo3_depth2": (replace(CHIP, **_WIDE, halo=3, adder_depth=2), 1, 3),
}


# Of scripts/test, beside 2x2: a chip with four neighbours, kernels to 7x7. Other options run in
# test_mesh_networks.py.
_USUAL = ("3x3_halo3_one_tile", "2x2_beats", "2x2_overlap")


def _marks(name):
    if name == "2x2":
        return []
    return [pytest.mark.slow] if name in _USUAL else [pytest.mark.slow, pytest.mark.thorough]


@pytest.fixture(scope="module", params=[
    pytest.param(name, marks=_marks(name)) for name in MESHES])
def mesh(request):
    return Mesh(*MESHES[request.param])


def test_random_chains(mesh):
    for seed in range(40):
        stimulus = random_chain(mesh.config, mesh.height, mesh.width, seed)
        assert wrong_words(mesh, stimulus) == [], f"seed {seed}"


@pytest.mark.slow
def test_random_chains_with_chips_out_of_step(mesh):
    # Every chip gets its descriptors and pixels at a rate of its own, so fast chips run ahead
    # until they need the borders of slow ones.
    for seed in range(40):
        stimulus = random_chain(mesh.config, mesh.height, mesh.width, 500 + seed)
        assert wrong_words(mesh, stimulus, random_gates(mesh, seed)) == [], f"seed {seed}"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["2x2_overlap", pytest.param(
    "1x3_overlap", marks=pytest.mark.thorough)])
def test_chains_that_run_beside_each_other(name):
    mesh, saved = Mesh(*MESHES[name]), 0
    size = mesh.height, mesh.width
    for seed in range(24):
        stimulus = random_interleaved_mesh(mesh.config, *size, seed)
        gates = random_gates(mesh, seed) if seed % 2 else None
        assert wrong_words(mesh, stimulus, gates) == [], f"seed {seed}"
        alone = predict_mesh(replace(mesh.config, overlap=False), *size, stimulus.words)
        saved += alone.cycles - predict_mesh(mesh.config, *size, stimulus.words).cycles
    assert saved > 500


def test_patches_cover_the_image_once():
    commands = list(iterate(random_chain(CHIP, 2, 3, 4).words))
    whole = commands[0].descriptor
    parts = [program[0].descriptor for program in split_program(CHIP, 2, 3, commands).values()]
    assert sum(p.height * p.width for p in parts) == whole.height * whole.width


def test_rules_of_a_chip_with_links():
    commands = iterate(random_chain(CHIP, 1, 2, 1).words)
    first = split_program(CHIP, 1, 2, commands)[0, 0][0].descriptor
    d = replace(first, halo=1, east=1)
    assert check(d, CHIP, (False, False, False, True)) == Code.OK
    assert check(d, CHIP, (False,) * 4) == Code.MESH
    assert check(replace(d, operation=Operation.STORE), CHIP, (False,) * 3 + (True,)) == Code.MESH
    assert check(d, replace(CHIP, mesh=False)) == Code.MESH
    far = replace(d, border_rows=CHIP.border_words)
    assert check(far, CHIP, (False, False, False, True)) == Code.BORDER_RANGE
