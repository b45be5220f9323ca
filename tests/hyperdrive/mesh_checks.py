"""What is checked of every run of a mesh: words, reports, cycles, words on the links."""

import numpy as np

from flexdrive.hyperdrive.descriptor import DESCRIPTOR_WORDS, Code, Descriptor, Operation
from flexdrive_deploy.mesh import patches, whole_config, without_borders
from flexdrive_sim.engine import Gate
from flexdrive_sim.hyperdrive.cycles.mesh import predict_mesh
from flexdrive_sim.hyperdrive.golden import GoldenChip

__all__ = ["border_words", "random_gates", "wrong_words"]


def random_gates(mesh, seed):
    """Every stream of every chip at a rate of its own."""
    random = np.random.default_rng(seed)
    gates = {
        f"{name}_{y}_{x}": Gate.random(float(random.uniform(0.03, 1)), seed)
        for name in ("i_descriptors", "i_pixels", "o_pixels", "o_reports")
        for y in range(mesh.height)
        for x in range(mesh.width)
    }
    gates["i_weights"] = Gate.random(float(random.uniform(0.1, 1)), seed)
    return gates


def wrong_words(mesh, stimulus, gates=None, wires=None):
    """What differs from the golden model of the whole image and from the cycle model, as
    sentences. ``wires``: of a FaultyMesh; the times of jitter are not modelled."""
    words, weights, pixels = stimulus.arrays()
    size = mesh.height, mesh.width
    golden = GoldenChip(whole_config(mesh.config, *size))
    stored = golden.execute(np.array(without_borders(words), np.uint32), weights, pixels)
    assert all(report.code == Code.OK for report in golden.reports)
    expected = patches(mesh.config, *size, words, stored, Operation.STORE)
    if wires is None:
        run = mesh.run(words, weights, pixels, gates=gates, max_cycles=500_000)
    else:
        run = mesh.run_with(words, weights, pixels, gates=gates, wires=wires, max_cycles=500_000)
    found = []
    for at, chip in run.chips.items():
        refused = [report for report in chip.reports if report.code != Code.OK]
        wrong = np.flatnonzero(chip.pixels != expected[at])
        if refused or len(wrong):
            found.append(
                f"chip {at}: refused {refused}, {len(wrong)} of {len(expected[at])} "
                f"words wrong, first {wrong[:1]}"
            )
    if wires is not None and wires.stall:
        return found
    predicted = predict_mesh(
        mesh.config,
        *size,
        words,
        mesh.options,
        gates=gates,
        latency=0 if wires is None else wires.latency,
    )
    found += [
        f"chip {at}: {row}, modelled {model}"
        for at, chip in run.chips.items()
        for row, model in zip(chip.reports, predicted.reports[at], strict=True)
        if row != model
    ]
    if run.cycles != predicted.cycles:
        found.append(f"{run.cycles} cycles, modelled {predicted.cycles}")
    counted = np.sum(
        [count for links in predicted.link_words.values() for count in links.values()], axis=0
    )
    if tuple(counted) != border_words(mesh, words):
        found.append(
            f"{counted} border and corner words on the links, expected {border_words(mesh, words)}"
        )
    return found


def border_words(mesh, words):
    """(border, corner) words of all maps that are exchanged, by counting the pixels of the whole
    image beside each cut, as many rows and columns on both sides as are exchanged."""
    border = corner = position = 0
    while position < len(words):
        d = Descriptor.from_words([int(w) for w in words[position:position + DESCRIPTOR_WORDS]])
        position += DESCRIPTOR_WORDS + d.payload
        if not d.halo:
            continue
        conv = d.operation == Operation.CONV
        channels = d.out_channels if conv else d.in_channels
        size = [-(-edge // d.stride) if conv else edge for edge in (d.height, d.width)]
        tall, wide = mesh.config.rows * d.tile_rows, mesh.config.columns * d.tile_columns
        # Of each cut that the map crosses, the rows or columns beside it: before, after.
        rows, columns = ([d.halo + min(d.halo, edge - cut) for cut in range(step, edge, step)]
                         for edge, step in zip(size, (tall, wide), strict=True))
        border += channels * (sum(rows) * size[1] + sum(columns) * size[0])
        corner += channels * sum(rows) * sum(columns)
    return border, corner
