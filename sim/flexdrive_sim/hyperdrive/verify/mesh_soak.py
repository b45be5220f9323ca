"""Random meshes for hours: chips, sizes, links and streams of any kind, every word compared."""

import argparse
import re
import sys
import time
from dataclasses import dataclass, replace

import numpy as np
from rich.console import Console
from rich.progress import Progress, TextColumn, TimeRemainingColumn

from flexdrive.errors import FlexdriveError
from flexdrive.hyperdrive import ChipConfig
from flexdrive.hyperdrive.link import LinkConfig
from flexdrive.hyperdrive.mesh_chip import MeshOptions

from ...results import add_results_option, results_directory
from ..drive.faulty_mesh import FaultyMesh
from ..drive.link import Wire
from ..drive.mesh import Mesh, random_chain
from .mesh_check import check_mesh, random_gates

__all__ = ["Setup", "Totals", "random_setup", "soak_setup"]

PROGRAMS = 40
"""Programs run on each mesh."""

_PAGE = "mesh-random.md"
_ROW = re.compile(r"\| (\d+) to (\d+) \|")


@dataclass(frozen=True)
class Setup:
    """One mesh: arguments of :class:`~..drive.mesh.Mesh`."""

    config: ChipConfig
    height: int
    width: int
    options: MeshOptions

    def __str__(self):
        c, link = self.config, self.options.link
        joined = "streams" if link is None else (
            f"links of {link.width} bit, window {link.window}, CRC-{link.crc}"
            f"{', retransmission' if link.retransmit else ''}")
        return (f"{self.height} x {self.width} chips of {c.rows} x {c.columns} x {c.channels}, "
                f"L = {c.adder_depth}, halo {c.halo}, {c.fm_banks} banks, {joined}"
                f"{', channelwise' if c.channelwise else ''}{', ternary' if c.ternary else ''}"
                f"{', weights forwarded' if self.options.forward_weights else ''}")


def _random_link(random):
    while True:
        crc = int(random.choice([5, 8, 16, 32]))
        sequence = int(random.integers(1, 7))
        try:
            return LinkConfig(
                width=int(random.integers(1, 65)), reverse_width=int(random.integers(1, 17)),
                crc=crc, sequence=sequence, window=1 << int(random.integers(0, sequence)),
                retransmit=bool(random.integers(2)), keepalive=int(random.integers(64, 300)),
                timeout=1200)
        except FlexdriveError:
            continue        # a combination that the rules refuse


def random_setup(seed):
    """Mesh number ``seed``."""
    random = np.random.default_rng([seed, 4])
    while True:
        height, width = (int(n) for n in random.integers(1, 4, 2))
        if 1 < height * width <= 6:
            break
    halo = int(random.integers(1, 4))
    config = ChipConfig(
        rows=int(random.integers(1, 4)), columns=int(random.integers(1, 4)),
        channels=int(random.integers(1, 6)), adder_depth=int(random.integers(1, 4)), halo=halo,
        fm_words=1024, fm_banks=int(random.choice([1, 2, 4, 8])),
        weight_words=int(random.integers(100, 100 + 150 * halo**2)), mesh=True,
        channelwise=bool(random.integers(2)), ternary=bool(random.integers(4) == 0),
        border_words=int(random.integers(64, 200 * halo)),
        corner_words=int(random.integers(24, 40 * halo**2)))
    link = _random_link(random) if random.integers(3) else None
    return Setup(config, height, width,
                 MeshOptions(link=link, forward_weights=bool(random.integers(2))))


@dataclass
class Totals:
    """Counts of a run."""

    meshes: int = 0
    programs: int = 0
    words: int = 0
    cycles: int = 0


def soak_setup(setup, seed, totals, programs=PROGRAMS):
    """Run random programs on a mesh; returns what was wrong with the first that was, or None."""
    links = setup.options.link is not None
    mesh = (FaultyMesh if links else Mesh)(setup.config, setup.height, setup.width, setup.options)
    for number in range(programs):
        random = np.random.default_rng([seed, number])
        stimulus = random_chain(setup.config, setup.height, setup.width,
                                int(random.integers(1 << 31)))
        gates = random_gates(mesh, number) if random.integers(2) else None
        wires = Wire(latency=int(random.integers(0, 30)),
                     stall=int(random.choice([0, 0, 30, 200])),
                     seed=int(random.integers(1, 1 << 32))) if links else None
        found = check_mesh(mesh, stimulus, gates, wires)
        totals.programs += 1
        totals.words += found.words
        totals.cycles += found.cycles
        if found.wrong:
            return f"mesh {seed} ({setup}), program {number}: {found.wrong[0]}"
    totals.meshes += 1
    return None


_HEAD = f"""# Random meshes

    scripts/mesh-soak --hours H

Meshes of 2 to 6 chips with random tiles, channels, adder depths, halos (kernels to 7 x 7),
memories, links (width, window, CRC, retransmission) and ways of the weights; on each
{PROGRAMS} random chains of convolutions with random sizes, kernels and strides, half of them with a
rate of its own for every stream of every chip, with random latency and jitter of the wires. Every
word of every map equals the golden model of the whole image; without jitter also every report of
every chip and the total equal the cycle model, and the border and corner words on the links a count
of the pixels beside the cuts.

| meshes | programs | words equal | cycles | hours |
|---|---|---|---|---|
"""


def _rows(path):
    """Rows of earlier runs, and the number of the next mesh."""
    lines = path.read_text().splitlines() if path.exists() else []
    found = [(line, match) for line in lines if (match := _ROW.match(line))]
    return [line for line, _ in found], int(found[-1][1][2]) + 1 if found else 0


def main():
    """The command behind ``scripts/mesh-soak``."""
    parser = argparse.ArgumentParser(
        prog="scripts/mesh-soak", description="Random meshes, beginning where the last run ended.")
    parser.add_argument("--hours", type=float, default=1.0, help="at least so long")
    add_results_option(parser)
    options = parser.parse_args()
    if not 0 < options.hours < float("inf"):
        parser.error(f"--hours {options.hours} is no time; for example --hours 2.5")
    page = results_directory(options.results) / _PAGE
    rows, first = _rows(page)
    console, totals, start, seed, wrong = Console(highlight=False), Totals(), time.monotonic(), \
        first, None
    whole = totals
    columns = (*Progress.get_default_columns()[:3], TimeRemainingColumn(),
               TextColumn("{task.fields[done]}"))
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("meshes", total=options.hours * 3600, done="")
        try:
            while wrong is None and time.monotonic() - start < options.hours * 3600:
                wrong = soak_setup(random_setup(seed), seed, totals)
                seed, whole = seed + 1, replace(totals)
                progress.update(task, completed=time.monotonic() - start,
                                done=f"{totals.meshes} meshes, {totals.programs} programs")
        except KeyboardInterrupt:
            console.print("interrupted; whole meshes are kept")
    if wrong is not None:
        console.print(f"error: {wrong}", style="bold red", markup=False, soft_wrap=True)
        return 1
    if seed == first:
        return 1
    hours = (time.monotonic() - start) / 3600
    rows.append(f"| {first} to {seed - 1} | {whole.programs:,} | {whole.words:,} | "
                f"{whole.cycles:,} | {hours:.2f} |")
    page.write_text(_HEAD + "\n".join(rows) + "\n")
    console.print(rows[-1])
    return 0


if __name__ == "__main__":
    sys.exit(main())
