"""Several frames one after the other on the RTL: words of each as if it were alone, cycles as
modelled."""

import numpy as np

from flexdrive_deploy.hyperdrive.frames import Frames

from ..cycles import predict
from ..drive.stimuli import random_words
from ..golden.chip import GoldenChip
from .compare import first_difference, model_differences

__all__ = ["check_frames"]


def check_frames(chip, program, count, seed, gates=None):
    """Run ``count`` frames of random maps on ``chip`` (:class:`~..drive.chip.Chip`).

    Returns
    -------
    (sentences of what is wrong, words compared, cycles)
    """
    random, frames = np.random.default_rng(seed), Frames(program)
    parts = [program.pack({name: random_words(random, program.maps[name].shape)
                           for name in program.loads}) for _ in range(count)]
    golden = GoldenChip(program.config)
    expected = np.concatenate([golden.execute(program.words, program.weights, part)
                               for part in parts])
    commands = frames.commands(count)
    run = chip.run(frames.words(count), frames.weights(count), np.concatenate(parts),
                   len(expected), gates=gates)
    wrong = first_difference(program.config, commands, expected, run)
    model = predict(program.config, frames.words(count), gates)
    return ([wrong] if wrong else []) + model_differences(
        model, {(0, 0): run.reports}, run.cycles), len(expected), run.cycles
