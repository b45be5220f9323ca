"""Random chips, each with random programs of layers: every word and every cycle compared."""

from dataclasses import replace

import numpy as np

from flexdrive.errors import FlexdriveError
from flexdrive.hyperdrive import ChipConfig

from ...engine import Gate
from ..drive.chip import Chip
from ..drive.stimuli import Stimulus
from .compare import differences
from .interleaved import random_interleaved
from .random_layer import random_layer_stimulus

__all__ = ["PROGRAMS", "STREAMS", "check_random_chip", "random_chip", "random_stream_gates",
           "random_transfers"]

PROGRAMS = 40
"""Programs run on each chip."""

STREAMS = ("i_descriptors", "i_weights", "i_pixels", "o_pixels", "o_reports")


def random_chip(seed):
    """:class:`~flexdrive.hyperdrive.ChipConfig` number ``seed``."""
    random = np.random.default_rng([seed, 5])
    halo = int(random.integers(1, 4))
    config = ChipConfig(
        rows=int(random.integers(1, 5)), columns=int(random.integers(1, 5)),
        channels=int(random.integers(1, 8)), adder_depth=int(random.integers(1, 5)), halo=halo,
        fm_words=1024, fm_banks=(banks := int(random.choice([1, 2, 4, 8]))),
        weight_words=int(random.integers(100, 100 + 150 * halo**2)),
        leaky=bool(random.integers(2)), channelwise=bool(random.integers(2)),
        ternary=bool(random.integers(4) == 0), **random_transfers(seed, banks))
    return replace(config, channelwise_lanes=_random_lanes(seed, config))


def _random_lanes(seed, config):
    random = np.random.default_rng([seed, 17])
    return int(random.choice([lanes for lanes in (1, 2, 4, 8) if lanes == 1 or (
        config.channelwise and config.channels % lanes == 0 and lanes <= config.fm_banks)]))


def random_transfers(seed, banks):
    """How pixels move in chip number ``seed``: fields of a ChipConfig."""
    random = np.random.default_rng([seed, 11])
    return {"stream_words": int(random.choice([n for n in (1, 2, 4, 8) if n <= banks])),
            "overlap": bool(random.integers(2))}


def random_stream_gates(seed):
    """Each stream ready, at a fixed rate, or at random, from almost always to almost never."""
    random = np.random.default_rng(seed)
    return {name: [Gate.always(), Gate.every(int(random.integers(1, 6))),
                   Gate.random(float(random.uniform(0.05, 0.95)), seed)][random.integers(3)]
            for name in STREAMS}


def check_random_chip(seed):
    """Random programs on chip number ``seed``, whose registers and memories begin with anything,
    to the first that is wrong: numbers of ``programs``, of ``layers`` and of ``words`` compared,
    and what was ``wrong`` or None."""
    config = random_chip(seed)
    chip = Chip(config, power_up=seed + 1)
    layers = words = 0
    for number in range(PROGRAMS):
        random = np.random.default_rng([seed, number])
        count = int(random.integers(1, 4))
        stimulus = Stimulus(config)
        for _ in range(count):
            stimulus.extend(random_layer_stimulus(config, int(random.integers(1 << 31))))
        if config.overlap and random.integers(2):
            stimulus = random_interleaved(config, int(random.integers(1 << 31)))
        gates = random_stream_gates(number) if random.integers(2) else None
        try:
            wrong = differences(chip, stimulus, gates=gates)
        except FlexdriveError as error:     # a program that does not end
            wrong = [str(error)]
        if wrong:
            return {"programs": number, "layers": layers, "words": words,
                    "wrong": f"chip {seed} ({config}), program {number}: {wrong[0]}"}
        layers += count
        words += stimulus.out_words
    return {"programs": PROGRAMS, "layers": layers, "words": words, "wrong": None}
