"""What is checked of every run of a mesh: words, reports, cycles, words on the links."""

from dataclasses import dataclass

import numpy as np

from flexdrive.hyperdrive.descriptor.encoding import iterate
from flexdrive.hyperdrive.descriptor.fields import Code, Operation
from flexdrive_deploy.hyperdrive.mesh_borders import join_patches, whole_config, without_borders

from ...engine import Gate
from ..cycles import predict_mesh
from ..drive.chip import ChipRun
from ..golden.chip import GoldenChip
from .compare import first_difference, model_differences

__all__ = ["MeshCheck", "border_words", "check_mesh", "random_gates", "wrong_words"]

_LIMIT = 500_000    # cycles of a run


@dataclass(frozen=True)
class MeshCheck:
    """What was found wrong, as sentences; words compared; cycles run."""

    wrong: list
    words: int
    cycles: int


def random_gates(mesh, seed):
    """Every stream of every chip at a rate of its own."""
    random = np.random.default_rng(seed)
    gates = {f"{name}_{y}_{x}": Gate.random(float(random.uniform(0.03, 1)), seed)
             for name in ("i_descriptors", "i_pixels", "o_pixels", "o_reports")
             for y in range(mesh.height) for x in range(mesh.width)}
    gates["i_weights"] = Gate.random(float(random.uniform(0.1, 1)), seed)
    return gates


def check_mesh(mesh, stimulus, gates=None, wires=None):
    """Run a program of the whole image on the RTL of a mesh, and compare: every word with the
    golden model of the whole image, every report and the total with the cycle model, the words on
    the links with a count of pixels.

    Parameters
    ----------
    wires : of a :class:`~..drive.faulty_mesh.FaultyMesh`; the times of jitter are not modelled.

    Returns
    -------
    :class:`MeshCheck`
    """
    words, weights, pixels = stimulus.arrays()
    size = mesh.height, mesh.width
    golden = GoldenChip(whole_config(mesh.config, *size), (mesh.config.rows, mesh.config.columns))
    commands = list(iterate(words))
    stored = golden.run(golden.checked(without_borders(commands)), weights, pixels)
    assert all(report.code == Code.OK for report in golden.reports)
    with_wires = {} if wires is None else {"wires": wires}
    run = (mesh.run if wires is None else mesh.run_with)(
        words, weights, pixels, gates=gates, max_cycles=_LIMIT, **with_wires)
    wrong = [f"chip {at}: {report}" for at, chip in run.chips.items()
             for report in chip.reports if report.code != Code.OK]
    if not wrong:
        wrong = _difference(mesh, commands, stored, run)
    if wires is None or not wires.stall:
        wrong += _against_model(mesh, words, run, gates, 0 if wires is None else wires.latency)
    return MeshCheck(wrong, len(stored), run.cycles)


def wrong_words(mesh, stimulus, gates=None, wires=None):
    """What :func:`check_mesh` finds wrong."""
    return check_mesh(mesh, stimulus, gates, wires).wrong


def _difference(mesh, commands, stored, run):
    """The first word that is not as the golden model says, as a list of one sentence or none."""
    def joined(name):
        parts = {at: getattr(chip, name) for at, chip in run.chips.items()}
        return join_patches(mesh.config, commands, parts, Operation.STORE)

    image = ChipRun(joined("pixels"), joined("pixel_times"), run.cycles, [])
    found = first_difference(whole_config(mesh.config, mesh.height, mesh.width),
                             without_borders(commands), stored, image,
                             (mesh.config.rows, mesh.config.columns))
    return [] if found is None else [found]


def _against_model(mesh, words, run, gates, latency):
    predicted = predict_mesh(mesh.config, mesh.height, mesh.width, words, mesh.options,
                             gates=gates, latency=latency)
    wrong = model_differences(
        predicted, {at: chip.reports for at, chip in run.chips.items()}, run.cycles)
    counted = np.sum([count for links in predicted.link_words.values()
                      for count in links.values()], axis=0)
    if tuple(counted) != border_words(mesh, words):
        wrong.append(f"{counted} border and corner words on the links, expected "
                     f"{border_words(mesh, words)}")
    return wrong


def border_words(mesh, words):
    """(border, corner) words of all maps that are exchanged, by counting the pixels of the whole
    image beside each cut, as many rows and columns on both sides as are exchanged."""
    border = corner = 0
    for d, _ in iterate(words):
        if not d.halo:
            continue
        channels, _, _ = d.made
        size = [d.made_pixels(edge) for edge in (d.height, d.width)]
        tall, wide = mesh.config.rows * d.tile_rows, mesh.config.columns * d.tile_columns
        # Of each cut that the map crosses, the rows or columns beside it: before, after.
        rows, columns = ([d.halo + min(d.halo, edge - cut) for cut in range(step, edge, step)]
                         for edge, step in zip(size, (tall, wide), strict=True))
        border += channels * (sum(rows) * size[1] + sum(columns) * size[0])
        corner += channels * sum(rows) * sum(columns)
    return border, corner
