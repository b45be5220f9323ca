"""Comparison of a run of the RTL with the golden model and the cycle model."""

import numpy as np

from flexdrive.hyperdrive.descriptor.encoding import iterate
from flexdrive.hyperdrive.descriptor.fields import Code, Operation

from ..cycles import predict
from ..golden.chip import GoldenChip
from ..golden.descriptor_rules import check

__all__ = ["differences", "first_difference", "model_differences"]


def first_difference(config, commands, expected, run, chip=None):
    """Where the first wrong word of ``o_pixels`` lies, as a sentence, or None.

    Parameters
    ----------
    expected : uint16, the golden model's words.
    chip : as of :class:`~..golden.chip.GoldenChip`.
    run : :class:`~flexdrive_sim.hyperdrive.drive.chip.ChipRun`.
    """
    wrong = np.flatnonzero(expected != run.pixels)
    if not len(wrong):
        return None
    at, begin = int(wrong[0]), 0
    for index, (descriptor, _) in enumerate(commands):
        if descriptor.operation == Operation.STORE and check(descriptor, config) == Code.OK:
            height, width, channels = descriptor.stored(
                *(chip or (config.rows, config.columns)))
            size = height * width * channels
            if at < begin + size:
                row, rest = divmod(at - begin, width * channels)
                column, channel = divmod(rest, channels)
                return (f"{len(wrong)} of {len(expected)} words differ; first: descriptor "
                        f"{index} (STORE), channel {channel}, row {row}, column {column}: "
                        f"expected {int(expected[at]):04x}, got {int(run.pixels[at]):04x}, in "
                        f"cycle {int(run.pixel_times[at])}")
            begin += size
    return f"word {at} belongs to no STORE"


def model_differences(model, chips, cycles):
    """Where a run of the RTL is not as the cycle model says, as sentences.

    Parameters
    ----------
    model : :class:`~..cycles.Prediction`.
    chips : reports of each chip, as in it; cycles : of the run.
    """
    found = [f"chip {at}, cycle model: {row}\nRTL: {rtl}" for at, rows in model.chips.items()
             for row, rtl in zip(rows, chips[at], strict=True) if row != rtl]
    if model.cycles != cycles:
        found.append(f"cycle model: {model.cycles} cycles; RTL: {cycles}")
    return found


def differences(chip, stimulus, *, gates=None, max_cycles=2_000_000):
    """Run a stimulus on RTL, golden model and cycle model; returns a list of sentences, empty
    when all words, reports and cycles are equal."""
    words, weights, pixels = stimulus.arrays()
    golden = GoldenChip(chip.config)
    expected = golden.execute(words, weights, pixels)
    model = predict(chip.config, words, gates)
    run = chip.run(words, weights, pixels, stimulus.out_words, gates=gates,
                   max_cycles=max_cycles)
    found = []
    data = first_difference(chip.config, iterate(words), expected, run)
    if data:
        found.append(data)
    for rtl, report in zip(run.reports, golden.reports, strict=True):
        if rtl.code != report.code:
            found.append(f"descriptor {report.index}: expected {report.code.name}, got "
                         f"{rtl.code.name}")
    return found + model_differences(model, {(0, 0): run.reports}, run.cycles)
