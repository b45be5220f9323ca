"""MAC/cycle of the matrix-multiplication loop on one Flex-V core, every format; results checked."""

import tempfile
from pathlib import Path

import numpy as np

from flexdrive.errors import FlexdriveError
from flexdrive_deploy.flexv.elf import load_elf
from flexdrive_deploy.flexv.firmware import build_program
from flexdrive_sim.flexv.drive.rtl_core import CoreBench, build_core
from flexdrive_sim.flexv.kernels.epilogue import EpilogueKernel
from flexdrive_sim.flexv.kernels.loop import LoopKernel
from flexdrive_sim.progress import preparation

__all__ = ["measure", "measure_epilogue", "run"]

WIDTHS = (16, 8, 4, 2)


def measure(kernel, built, *, source=None, **options):
    """Cycles of ``kernel`` on the RTL, preload and loop set-up included; its results are
    compared. ``source``: another text of the program. Options go to :class:`CoreBench`."""
    cycles, data = _run(kernel, source or kernel.source(), built, options)
    count = len(kernel.expected())
    if not np.array_equal(data[:4 * count].view("<u4"), kernel.expected()):
        raise FlexdriveError(f"{kernel}: the accumulators are wrong")
    return cycles


def measure_epilogue(kernel, built):
    """Cycles of an :class:`EpilogueKernel` on the RTL; its outputs are compared."""
    cycles, data = _run(kernel, kernel.source(), built, {})
    if not np.array_equal(data[:len(kernel.expected())], kernel.expected()):
        raise FlexdriveError(f"{kernel}: the outputs are wrong")
    return cycles


def _run(kernel, source, built, options):
    """(cycles, bytes behind them at ``results``)."""
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "kernel.S"
        file.write_text(source)
        program = load_elf(build_program([file], Path(place) / "kernel.elf"))
    regions = program.regions()
    bench = CoreBench(built, regions, program.entry, tohost=program.symbols["tohost"],
                      **options)
    reason = bench.run(1_000_000)
    if reason != "tohost" or bench.exit_value != 1:
        raise FlexdriveError(f"{kernel}: the program ended with {reason}, {bench.exit_value:#x}")
    data = regions[0].data[program.symbols["results"] - regions[0].base:]
    # Reading the counter the second time costs one cycle.
    return int(data[:4].view("<u4")[0]) - 1, data[4:]


def run(console):
    """Returns {name: MAC/cycle}; prints a table."""
    with preparation(console) as notify:
        built = build_core(notify=notify)
    figures = {}
    for depth in (288, 576):
        for style, pixels in (("macload", 4), ("published", 4), ("dot", 2), ("xpulp", 2)):
            for a_bits in WIDTHS:
                for w_bits in WIDTHS:
                    if style != "macload" and a_bits < w_bits:
                        continue
                    if style == "xpulp" and a_bits == 16:
                        continue
                    kernel = LoopKernel(a_bits, w_bits, depth, pixels, style)
                    cycles = measure(kernel, built)
                    name = f"{style} a{a_bits}w{w_bits} K={depth}"
                    figures[name] = kernel.macs / cycles
                    console.print(f"{name:28} {cycles:6} cycles {figures[name]:8.3f} MAC/cycle")
    for style in ("requant", "xpulp"):
        for bits in (8, 4, 2):
            for parameters in (True, False):
                cycles = measure_epilogue(EpilogueKernel(bits, style, parameters), built)
                what = "parameters loaded" if parameters else "parameters there"
                name = f"epilogue {style} {bits} bit, {what}"
                figures[name] = cycles / 16
                console.print(f"{name:42} {cycles:6} cycles {figures[name]:8.3f} cycles/output")
    return figures


if __name__ == "__main__":
    from rich.console import Console

    run(Console(highlight=False))
