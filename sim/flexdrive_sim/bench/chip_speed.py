"""Cycles per second of the published chip (784 units): the compiled engine with both of its
backends, and Verilator.

All run the same program from the same files with streams that never pause: LOAD of a map of
14 x 14 x 64, eight convolutions of 3 x 3, 64 to 64 channels, of that size (one of ResNet-34's, with
fewer channels), STORE. Their output is compared word by word. Seconds are CPU seconds of the
one thread that simulates, without building and starting.
"""

import tempfile
import time
from importlib.resources import files
from pathlib import Path

import numpy as np
from rich.table import Table

from flexdrive.errors import FlexdriveError
from flexdrive.hyperdrive import PRESETS
from flexdrive.hyperdrive.chip import Chip as ChipComponent
from flexdrive_deploy.hdl.verilog import emit_verilog
from flexdrive_deploy.tools import run_tool

from ..hyperdrive.drive.chip import Chip
from ..hyperdrive.drive.stimuli import Stimulus
from ..verilator import find_verilator

__all__ = ["program", "run"]

_CONVOLUTIONS = 8
_REPEATS = 3
# Kept as modules: flattened, Verilator's C++ of 784 units takes many times as long to compile and
# runs slower.
_MODULES = ("AccumulateUnit_l1", "Tail_c16_l1", "Tile_c16_d8192_b8_l1")


def program(config):
    """The program as a :class:`Stimulus`."""
    random = np.random.default_rng(0)
    stimulus = Stimulus(config)
    shape, tile = (14, 14, 64), (2, 2)
    bases = 0, 256
    stimulus.load(random.normal(0, 1, shape).astype(np.float16).view(np.uint16), base=0,
                  tile=tile)
    scale = np.full(64, 1 / 24, np.float16).view(np.uint16)
    for index in range(_CONVOLUTIONS):
        bias = random.normal(0, 1, 64).astype(np.float16).view(np.uint16)
        stimulus.convolve(shape, random.integers(0, 2, (64, 64, 3, 3), dtype=np.uint8), scale,
                          bias, in_base=bases[index % 2], out_base=bases[(index + 1) % 2],
                          tile=tile)
    stimulus.store(shape, base=bases[_CONVOLUTIONS % 2], tile=tile)
    return stimulus


def _compiled(config, stimulus, arrays, backend, notify):
    """(result, build seconds, CPU seconds of the fastest run)."""
    start = time.perf_counter()
    chip = Chip(config, backend=backend, notify=notify)
    built = time.perf_counter() - start
    seconds = []
    for _ in range(_REPEATS):
        begin = time.process_time()
        result = chip.run(*arrays, stimulus.out_words)
        seconds.append(time.process_time() - begin)
    return result, built, min(seconds)


def _verilator(verilator, config, stimulus, arrays, reports, notify):
    """(words, cycles, build seconds, CPU seconds of the fastest run)."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        (place / "hyperdrive_chip.v").write_text(
            emit_verilog(ChipComponent(config), name="hyperdrive_chip").text)
        (place / "keep.vlt").write_text("`verilator_config\n" + "".join(
            f'no_inline -module "{module}"\n' for module in _MODULES))
        (place / "main.cc").write_text((files(__package__) / "verilator_main.cc").read_text())
        for file, data in zip(("words", "weights", "pixels"), arrays, strict=True):
            (place / file).write_bytes(np.ascontiguousarray(data).tobytes())
        start = time.perf_counter()
        model = verilator.build("hyperdrive_chip", ["keep.vlt", "hyperdrive_chip.v", "main.cc"],
                                place, notify)
        built = time.perf_counter() - start
        seconds = []
        for _ in range(_REPEATS):
            text = run_tool([model, "words", "weights", "pixels",
                             str(stimulus.out_words), "results", str(reports)],
                            "running Verilator's model", place, notify).stdout
            cycles, elapsed = text.split()
            seconds.append(float(elapsed))
        return np.fromfile(place / "results", np.uint16), int(cycles), built, min(seconds)


def run(console):
    """Prints a table; returns {name: figure}."""
    config = PRESETS["paper"]
    stimulus = program(config)
    arrays = stimulus.arrays()
    with console.status("") as status:
        result, built, seconds = _compiled(config, stimulus, arrays, "lanes", status.update)
        reference, reference_built, reference_seconds = _compiled(
            config, stimulus, arrays, "cxxrtl", status.update)
        verilator = find_verilator()
        other = _verilator(verilator, config, stimulus, arrays, len(result.reports),
                           status.update) if verilator else None
    active = sum(report.active for report in result.reports)
    table = Table("simulator", title=f"{config.units} units, {result.cycles:,} cycles, "
                  f"{active / result.cycles:.0%} of them accumulating")
    for heading in ("build s", "CPU s", "cycles/s"):
        table.add_column(heading, justify="right")
    if not np.array_equal(reference.pixels, result.pixels) or reference.reports != result.reports:
        raise FlexdriveError("The backends of the compiled engine differ")
    speed = result.cycles / seconds
    figures = {"cycles": result.cycles}
    for name, build, run_seconds in (("lanes", built, seconds),
                                     ("cxxrtl", reference_built, reference_seconds)):
        table.add_row(f"compiled engine, {name}", f"{build:.1f}", f"{run_seconds:.2f}",
                      f"{result.cycles / run_seconds:,.0f}")
        figures |= {f"{name} build s": build, f"{name} cycles/s": result.cycles / run_seconds}
    if other is None:
        table.caption = "Verilator is not installed: no comparison"
    else:
        words, cycles, other_built, other_seconds = other
        if not np.array_equal(words, result.pixels):
            raise FlexdriveError("Verilator's model and the compiled engine differ")
        table.add_row(f"Verilator {verilator.version}", f"{other_built:.1f}",
                      f"{other_seconds:.2f}", f"{cycles / other_seconds:,.0f}")
        table.caption = (f"{len(words):,} words equal; the backend lanes is "
                         f"{speed * other_seconds / cycles:.1f} times as fast")
        figures |= {"Verilator": verilator.version, "Verilator build s": other_built,
                    "Verilator cycles/s": cycles / other_seconds,
                    "ratio": speed * other_seconds / cycles}
    console.print(table)
    return figures
