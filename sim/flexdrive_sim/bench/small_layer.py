"""One binary-weight convolution from its description to a verified result of the RTL.

The layer is the one that NNgen with Icarus Verilog was measured on (35.7 s on a 2-core machine,
1,506 cycles): 3 x 3 kernel, a map of 7 x 7 pixels and 7 channels, to 3 channels.
"""

import itertools
import tempfile
import time
import uuid
from pathlib import Path
from unittest import mock

import numpy as np
from rich.table import Table

from flexdrive.errors import FlexdriveError
from flexdrive.hyperdrive import PRESETS
from flexdrive.hyperdrive.descriptor.fields import Activation
from flexdrive_deploy import cache

from ..engine import build
from ..hyperdrive.drive.chip import Chip
from ..hyperdrive.drive.stimuli import Stimulus
from ..hyperdrive.golden.chip import GoldenChip

__all__ = ["layer", "run"]


def layer(config, seed=0):
    """The layer as a program for a chip of 2 x 2 tiles: LOAD, CONV, STORE."""
    random = np.random.default_rng(seed)
    stimulus = Stimulus(config)
    image = random.normal(0, 1, (7, 7, 7)).astype(np.float16).view(np.uint16)
    scale, bias = random.normal(0, 1, (2, 3)).astype(np.float16).view(np.uint16)
    stimulus.load(image, base=0, tile=(4, 4))
    stimulus.convolve((7, 7, 7), random.integers(0, 2, (3, 7, 3, 3), dtype=np.uint8), scale, bias,
                      in_base=0, out_base=112, tile=(4, 4), activation=Activation.RELU)
    stimulus.store((7, 7, 3), base=112, tile=(4, 4))
    return stimulus


def run(console):
    """Wall time in seconds of every step, with nothing of this chip in any cache. Returns {step:
    seconds} and the cycles."""
    marks = []

    def mark(name):
        marks.append((name, time.perf_counter()))

    with tempfile.TemporaryDirectory() as place:
        # A definition that was never there makes the C++ compiler's own cache miss, too.
        flags = [*build._FLAGS, f"-DRUN_{uuid.uuid4().hex}"]
        with mock.patch.object(cache, "cache_directory", return_value=Path(place)), \
                mock.patch.object(build, "_FLAGS", flags):
            mark("elaborate and emit")
            config = PRESETS["tiny"]
            chip = Chip(config, notify=lambda text: mark(text.split()[4]))
            mark("make the program")
            stimulus = layer(config)
            words, weights, pixels = stimulus.arrays()
            mark("run the RTL")
            result = chip.run(words, weights, pixels, stimulus.out_words)
            mark("golden model, compare")
            expected = GoldenChip(config).execute(words, weights, pixels)
            if not np.array_equal(expected, result.pixels):
                raise FlexdriveError("The RTL and the golden model differ")
            mark("")
    steps = {name: end - start for (name, start), (_, end)
             in itertools.pairwise(marks)}
    steps = {{"translating": "translate to C++", "compiling": "compile"}.get(name, name): seconds
             for name, seconds in steps.items()}
    table = Table("step", title="3 x 3 binary-weight convolution, 7 x 7 x 7 to 7 x 7 x 3")
    table.add_column("s", justify="right")
    for name, seconds in steps.items():
        table.add_row(name, f"{seconds:.2f}")
    total = sum(steps.values())
    table.add_section()
    table.add_row("together", f"{total:.2f}")
    table.caption = (f"{len(expected)} words equal; {result.cycles} cycles from reset to the last "
                     f"word, {result.reports[1].cycles} of them CONV")
    console.print(table)
    return {f"{name} s": seconds for name, seconds in steps.items()} | {
        "together s": total, "cycles": result.cycles, "CONV cycles": result.reports[1].cycles}
