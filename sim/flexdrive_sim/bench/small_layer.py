"""From the description of one small layer to its verified RTL result, with warm tools.

The layer: binary-weight 3x3 convolution of a 7 x 7 map of 7 channels to 3, stride 1, padding 1.
Every step is done anew: elaboration, translation, compilation, simulation, comparison.
"""

import tempfile
import time
from pathlib import Path
from unittest.mock import patch

import numpy as np
from rich.table import Table

from flexdrive.errors import FlexdriveError
from flexdrive.hyperdrive import ChipConfig

from ..engine import build
from ..hyperdrive.compare import differences
from ..hyperdrive.cycles import predict
from ..hyperdrive.rtl import Chip
from ..hyperdrive.stimuli import Stimulus, random_words

__all__ = ["run"]

# 7 x 7 tiles of one pixel; the three outputs are the lanes.
_CHIP = ChipConfig(rows=7, columns=7, channels=3, fm_words=64, fm_banks=4, weight_words=64)


def _stimulus():
    random = np.random.default_rng(0)
    stimulus = Stimulus(_CHIP)
    stimulus.load(random_words(random, (7, 7, 7)), base=0, tile=(1, 1))
    stimulus.convolve(
        (7, 7, 7), random.integers(0, 2, (3, 7, 3, 3), dtype=np.uint8), random_words(random, 3),
        random_words(random, 3), in_base=0, out_base=7, tile=(1, 1))
    stimulus.store((7, 7, 3), base=7, tile=(1, 1))
    return stimulus


def run(console):
    """Returns seconds of the build, of the run with all comparisons, of both; cycles."""
    with tempfile.TemporaryDirectory() as place, \
            patch.object(build, "cache_directory", lambda: Path(place)):
        begin = time.perf_counter()
        stimulus = _stimulus()
        chip = Chip(_CHIP)
        built = time.perf_counter()
        found = differences(chip, stimulus)
        end = time.perf_counter()
    if found:
        raise FlexdriveError("\n".join(found))
    prediction = predict(_CHIP, stimulus.words)
    figures = {"build s": built - begin, "run and compare s": end - built,
               "total s": end - begin, "cycles of the layer": prediction.reports[1].cycles,
               "cycles with load and store": prediction.cycles}
    table = Table("7 x 7 x 7 to 3 channels, 3x3, binary weights", "", box=None)
    for name, value in figures.items():
        table.add_row(name, f"{value:,.2f}" if isinstance(value, float) else f"{value:,}")
    console.print(table)
    return figures
