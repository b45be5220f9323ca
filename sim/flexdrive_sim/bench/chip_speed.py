"""Simulation speed of the 784-unit chip while a layer runs, on one core.

The layer is 64 -> 64, 3x3, on 56 x 56 pixels; both simulators get the same descriptor, weights
that never stop and whatever the memories hold at the start. Verilator's side is the Verilog of
``flexdrive verilog hyperdrive-chip``, verilated with -O3 and driven by a C++ main that only moves
the clock and the two streams; it is left out, and that is said, where Verilator is not installed.
"""

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from rich.table import Table

from flexdrive.hyperdrive import PRESETS
from flexdrive.hyperdrive.chip import Chip
from flexdrive_deploy.verilog import emit_verilog

from ..engine import Gate, Model
from ..hyperdrive.stimuli import resnet34_layers, shape_stimulus

__all__ = ["run"]

_CYCLES = 40_000
_VERILATOR_CYCLES = 10_000

_MAIN = """
#include "Vchip.h"
#include "verilated.h"
#include <chrono>
#include <cstdio>
static const unsigned words[] = {WORDS};
int main() {
	Vchip top;
	const unsigned count = sizeof words / sizeof *words;
	unsigned at = 0;
	auto cycle = [&] {
		top.i_descriptors_valid = at < count;
		top.i_descriptors_payload = at < count ? words[at] : 0;
		top.clk = 0;
		top.eval();
		at += top.i_descriptors_valid && top.i_descriptors_ready;
		top.clk = 1;
		top.eval();
	};
	top.i_weights_valid = 1;
	top.i_weights_payload = 0x5a5a;
	top.rst = 1;
	cycle();
	at = 0;
	top.rst = 0;
	for (int i = 0; i < 200; i++) cycle();
	auto begin = std::chrono::steady_clock::now();
	for (int i = 0; i < CYCLES; i++) cycle();
	std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
	if (!top.busy) return 1;
	std::printf("%f\\n", CYCLES / taken.count());
}
"""


def _compiled(config, stimulus):
    begin = time.perf_counter()
    model = Model(Chip(config))
    build = time.perf_counter() - begin
    words, weights, _ = stimulus.arrays()
    model.attach("i_descriptors", words, Gate.always())
    model.attach("i_weights", weights, Gate.always())
    model.run(200)
    rates = []
    for _ in range(3):
        begin = time.perf_counter()
        model.run(_CYCLES // 3)
        rates.append(_CYCLES // 3 / (time.perf_counter() - begin))
    assert model.get("busy")
    return build, sorted(rates)[1]


def _verilator(config, stimulus, console):
    """(version, seconds of the build, cycles/s), or None."""
    program = shutil.which("verilator")
    if program is None:
        console.print("Verilator is not installed; its column is left out")
        return None
    version = subprocess.run([program, "--version"], capture_output=True, text=True,
                             check=True).stdout.strip()
    words = ", ".join(str(int(word)) for word in stimulus.arrays()[0])
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        (place / "chip.v").write_text(emit_verilog(Chip(config), name="chip").text)
        (place / "main.cc").write_text(
            _MAIN.replace("WORDS", words).replace("CYCLES", str(_VERILATOR_CYCLES)))
        console.print("building with Verilator, a minute or more")
        begin = time.perf_counter()
        subprocess.run([program, "--cc", "--exe", "--build", "-O3", "-Wno-fatal", "-Wno-lint",
                        "-CFLAGS", "-O3", "--top-module", "chip", "chip.v", "main.cc",
                        "-j", str(os.cpu_count())], cwd=place, check=True, capture_output=True)
        build = time.perf_counter() - begin
        rate = subprocess.run([place / "obj_dir/Vchip"], check=True, capture_output=True,
                              text=True).stdout
    return version, build, float(rate)


def run(console):
    """Returns cycles/s and build seconds of each simulator, and their ratio."""
    config = PRESETS["paper"]
    stimulus = shape_stimulus(config, resnet34_layers()[0], seed=1, transfers=False)
    build, rate = _compiled(config, stimulus)
    figures = {"cycles/s": rate, "build s (or from the cache)": build}
    table = Table("simulator", "build s", "cycles/s", box=None)
    table.add_row("compiled engine", f"{build:.1f}", f"{rate:,.0f}")
    other = _verilator(config, stimulus, console)
    if other is not None:
        version, build, slow = other
        table.add_row(version, f"{build:.1f}", f"{slow:,.0f}")
        figures |= {"Verilator cycles/s": slow, "Verilator build s": build,
                    "ratio": rate / slow}
    console.print(table)
    return figures
