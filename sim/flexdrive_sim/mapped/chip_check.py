"""A small chip as an ECP5's cells beside its RTL: the same words in the same cycles."""

from dataclasses import dataclass

import numpy as np

from flexdrive.hyperdrive import ChipConfig
from flexdrive.hyperdrive.chip import Chip as ChipComponent

from ..engine.build import compile_rtlil
from ..hyperdrive.drive.chip import Chip
from ..hyperdrive.golden.chip import GoldenChip
from ..hyperdrive.verify.random_layer import random_layer_stimulus
from .lint import lint
from .netlist import as_design, mapped

__all__ = ["CHIP", "NetlistRun", "check_chip"]

CHIP = ChipConfig(rows=1, columns=1, channels=2, fm_words=512, fm_banks=2, weight_words=64,
                  adder_depth=2)


@dataclass(frozen=True)
class NetlistRun:
    """A program: its seed, cycles and words, and what was wrong (\"\" for nothing)."""

    seed: int
    cycles: int
    pixels: int
    reports: int
    wrong: str


def check_chip(programs, *, notify=None):
    """Synthesise :data:`CHIP`, look it over and run random programs on it.

    Returns
    -------
    (cells, faults, runs): how many of each kind, texts of :func:`~.lint.lint`, and an iterator of
    :class:`NetlistRun`.
    """
    design, netlist = mapped(ChipComponent(CHIP), notify=notify)
    built = compile_rtlil(as_design(design, netlist, notify=notify), optimise=False,
                          notify=notify)
    cells = {}
    for cell in netlist["cells"].values():
        if cell["type"] != "$scopeinfo":
            cells[cell["type"]] = cells.get(cell["type"], 0) + 1
    pair = Chip(CHIP, built=built), Chip(CHIP, notify=notify)
    return cells, lint(netlist), (_run(*pair, seed) for seed in range(programs))


def _run(netlist, rtl, seed):
    stimulus = random_layer_stimulus(CHIP, seed)
    arrays = stimulus.arrays()
    golden = GoldenChip(CHIP).execute(*arrays)
    one, other = (chip.run(*arrays, stimulus.out_words) for chip in (netlist, rtl))
    wrong = ""
    if not np.array_equal(one.pixels, golden):
        wrong = "words are not those of the golden model"
    elif one.reports != other.reports or not np.array_equal(one.pixel_times, other.pixel_times):
        wrong = "cycles or reports are not those of the RTL"
    return NetlistRun(seed, one.cycles, len(one.pixels), len(one.reports), wrong)
