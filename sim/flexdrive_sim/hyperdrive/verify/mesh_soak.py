"""The page of what random meshes have run so far, a row for each run."""

import re

from .random_mesh import PROGRAMS

__all__ = ["next_mesh", "soak_page"]

_ROW = re.compile(r"^\| (\d+) to (\d+) \|.*$", re.M)
_HEAD = f"""# Random meshes

    flexdrive verify mesh-soak --hours H --page docs/results/mesh-random.md

Meshes of 2 to 6 chips with random tiles, channels, adder depths, halos (kernels to 7 x 7),
memories, links (width, window, CRC, retransmission) and ways of the weights; on each
{PROGRAMS} random chains of convolutions with random sizes, kernels and strides, half of them with a
rate of its own for every stream of every chip, with random latency and jitter of the wires. Every
word of every map equals the golden model of the whole image; without jitter also every report of
every chip and the total equal the cycle model, and the border and corner words on the links a count
of the pixels beside the cuts. Meshes 0 to 428 ran on the RTL before slices and channelwise layers
(9175ebf), those after them with both.

| meshes | programs | words equal | cycles | hours |
|---|---|---|---|---|
"""


def next_mesh(page):
    """Number of the mesh behind the last on a page."""
    rows = list(_ROW.finditer(page))
    return int(rows[-1][2]) + 1 if rows else 0


def soak_page(page, found, hours):
    """The page with a row for a run behind those that it has (:class:`~flexdrive_sim.random_checks.
    RandomFound`)."""
    rows = [match[0] for match in _ROW.finditer(page)]
    counts = found.counts
    rows.append(f"| {found.first} to {found.first + found.done - 1} | {counts['programs']:,} | "
                f"{counts['words']:,} | {counts['cycles']:,} | {hours:.2f} |")
    return _HEAD + "\n".join(rows) + "\n"
