"""Every layer of a ResNet-34 frame at 224 x 224 on the RTL of the 7 x 7 x 16 chip.

Each layer runs with random maps and weights: every output word is compared with the golden
model, every cycle count with the cycle model. Layers of equal shape run once and count as often
as they occur.
"""

import time
from collections import Counter

from rich.table import Table

from flexdrive.errors import FlexdriveError
from flexdrive.hyperdrive import PRESETS
from flexdrive.hyperdrive.descriptor.fields import Operation

from ..hyperdrive.cycles import predict
from ..hyperdrive.drive.chip import Chip
from ..hyperdrive.drive.stimuli import resnet34_layers, shape_stimulus
from ..hyperdrive.verify.compare import differences
from ..progress import preparation

__all__ = ["run"]


def run(console):
    """Returns cycles, active cycles, utilisation of the frame, words compared, seconds."""
    config = PRESETS["paper"]
    with preparation(console) as notify:
        chip = Chip(config, notify=notify)
    table = Table("layer", "times", "cycles", "active", "words equal", "s", box=None)
    cycles = active = words = 0
    begin = time.perf_counter()
    for layer, times in Counter(resnet34_layers()).items():
        start = time.perf_counter()
        stimulus = shape_stimulus(config, layer, seed=1)
        found = differences(chip, stimulus)
        if found:
            raise FlexdriveError(f"{layer}: " + "\n".join(found))
        (report,) = [r for r in predict(config, stimulus.words).reports
                     if r.operation == Operation.CONV]
        inputs, outputs, kernel, stride, edge, bypass = layer
        name = (f"{inputs}->{outputs} {kernel}x{kernel}{' s2' if stride == 2 else ''} to "
                f"{7 * edge}x{7 * edge}{' +bypass' if bypass else ''}")
        table.add_row(name, str(times), f"{report.cycles:,}",
                      f"{100 * report.active / report.cycles:.2f}%", f"{stimulus.out_words:,}",
                      f"{time.perf_counter() - start:.0f}")
        cycles += times * report.cycles
        active += times * report.active
        words += stimulus.out_words
    console.print(table)
    figures = {"cycles of a frame": cycles, "active cycles": active,
               "utilisation": active / cycles, "words compared": words,
               "seconds": time.perf_counter() - begin}
    console.print(f"a frame: {cycles:,} cycles, {100 * active / cycles:.2f}% active; "
                  f"{words:,} words compared and equal")
    return figures
