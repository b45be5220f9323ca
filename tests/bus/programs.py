"""Short programs for a chip behind a bus, and what they give."""

from dataclasses import dataclass

import numpy as np

from flexdrive.hyperdrive import ChipConfig
from flexdrive.hyperdrive.descriptor.encoding import Descriptor
from flexdrive.hyperdrive.descriptor.fields import Code, Operation
from flexdrive_sim.hyperdrive.drive.stimuli import Stimulus, random_words
from flexdrive_sim.hyperdrive.golden.chip import GoldenChip

__all__ = ["CONFIG", "Program", "program"]

CONFIG = ChipConfig(rows=1, columns=2, channels=2, fm_words=64, fm_banks=2, weight_words=36)


@dataclass(frozen=True)
class Program:
    """``sent`` by stream; words of each STORE in ``stores``, all of them in ``results``; code of
    each report."""

    sent: dict
    stores: list
    results: list
    codes: list


def program(seed):
    """Two maps, a layer, STOREs of one word and of many, two at once; one refused descriptor."""
    random, made = np.random.default_rng(seed), Stimulus(CONFIG)
    image = random_words(random, 2 * 4 * 3).reshape(2, 4, 3)
    shape, out = (2, 4, 3), (2, 4, 2)
    made.load(image, base=0, tile=(2, 2))
    made.store(shape, base=0, tile=(2, 2))
    made.convolve(shape, random.integers(0, 2, (2, 3, 3, 3)).astype(np.uint8),
                  random_words(random, 2), random_words(random, 2), in_base=0, out_base=12,
                  tile=(2, 2))
    made.store((1, 1, 1), base=0, tile=(1, 1))
    made.store(out, base=12, tile=(2, 2))
    bad = Descriptor(operation=Operation.STORE, in_channels=0).words()
    made.words += bad
    made.load(random_words(random, 1).reshape(1, 1, 1), base=5, tile=(1, 1))
    made.store((1, 1, 1), base=5, tile=(1, 1))
    words, weights, pixels = made.arrays()
    good = _without(words.tolist(), bad)
    results = GoldenChip(CONFIG).execute(np.array(good, words.dtype), weights, pixels).tolist()
    stores = [24, 1, 16, 1]
    assert sum(stores) == len(results)
    return Program({"descriptors": words.tolist(), "weights": weights[:, 0].tolist(),
                    "pixels": pixels.tolist()}, stores, results,
                   [0, 0, 0, 0, 0, Code.ZERO, 0, 0])


def _without(words, part):
    (at,) = [at for at in range(len(words)) if words[at:at + len(part)] == part]
    return words[:at] + words[at + len(part):]
