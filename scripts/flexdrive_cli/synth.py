"""``flexdrive synth``: area by block and clock of a component."""

import json
import tempfile
import time
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from flexdrive.errors import FlexdriveError

from .chip_options import chip_options
from .cluster_options import cluster_options
from .core_options import core_options
from .link_options import link_options
from .verilog import parameter

__all__ = ["command"]

# flexdrive_deploy.hdl.synth.DEVICES, imported late
DEVICES = ("ecp5-85k", "ice40-up5k", "generic")


@click.command(name="synth")
@click.argument("target")
@click.option("--device", type=click.Choice(DEVICES), default="ecp5-85k", show_default=True,
              help="FPGA, or generic: gates of two inputs, nothing placed.")
@click.option("--liberty", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="Map to the cells of this Liberty file instead, and count their area.")
@click.option("--macros", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="TOML table of memory macros for what stays a memory (with --liberty).")
@click.option("--freq", "megahertz", type=click.FloatRange(min=0, min_open=True), metavar="MHZ",
              help="Clock that has to be reached by the best seed; what is aimed at without it is "
                   "60 MHz (ECP5) or 12 MHz (iCE40).")
@click.option("--seeds", default="1", show_default=True, metavar="N,N...",
              help="Seeds of the placement, minutes each.")
@click.option("--levels", type=click.IntRange(0, 9), default=2, show_default=True, metavar="N",
              help="Levels of blocks in the table.")
@click.option("--apart", is_flag=True,
              help="Map each component on its own: larger and slower, for logic that is too deep "
                   "for yosys' mapper, such as a chip of single-cycle adders on an FPGA.")
@click.option("--map-delay", "delay", type=click.FloatRange(min=0, min_open=True), metavar="NS",
              help="Map for paths of NS nanoseconds, of which each wire takes 1 (ECP5), instead of "
                   "for few levels.")
@click.option("--no-place", is_flag=True, help="Area only.")
@click.option("--json", "output", type=click.Path(dir_okay=False, path_type=Path),
              metavar="FILE", help="Write all figures.")
@click.option("--depth", type=int, metavar="N",
              help="Pipeline depth of an arithmetic target.  [default: 1]")
@chip_options
@link_options(crossing=True)
@core_options
@cluster_options
@click.pass_context
def command(context, target, device, liberty, macros, megahertz, seeds, levels, apart, delay,
            no_place, output, depth, chip, links, core, cluster):
    """Synthesise TARGET (flexdrive verilog --list) with yosys, place and route it with nextpnr.

    Prints the area by block, the clock of each seed and the critical path by Python component.
    Ends with status 1 when a clock was asked for and is not reached.
    """
    from flexdrive_deploy.hdl.synth import place_and_route, synthesise
    from flexdrive_deploy.hdl.synth.macros import choose
    from flexdrive_deploy.hdl.targets import target_named

    target = target_named(target)
    value = parameter(target, depth, chip, links, core, cluster)
    numbers = _seeds(seeds)
    chosen = context.get_parameter_source("device") is not click.core.ParameterSource.DEFAULT
    made_for, table = _technology(device if chosen or liberty is None else None, liberty, macros)
    if made_for.tool is None and megahertz is not None:
        raise click.UsageError(f"--freq needs a device that is placed; {made_for.name} has no "
                               "clock")
    if output is not None and not output.absolute().parent.is_dir():
        raise FlexdriveError(f"{output}: its directory does not exist")
    console, printer = Console(stderr=True, highlight=False), Console(highlight=False)
    start, routed = time.monotonic(), []
    with tempfile.TemporaryDirectory() as place, console.status("emitting") as status:
        made = synthesise(target.build(value), made_for, place, apart=apart,
                          delay=delay, notify=status.update)
        memories = choose(made.memories, table) if table else None
        _print_blocks(printer, target, made, levels, memories)
        for seed in numbers if made_for.tool and not no_place else ():
            routed.append(place_and_route(
                made, place, megahertz=megahertz or (60 if device == "ecp5-85k" else 12),
                seed=seed, notify=status.update))
            printer.print(f"seed {seed}: {routed[-1].fmax:.2f} MHz")
    best = max(routed, key=lambda one: one.fmax, default=None)
    if best is not None:
        _print_path(printer, best)
    printer.print(f"{time.monotonic() - start:.0f} s")
    if output is not None:
        _write(output, target, value, made, routed, memories)
    if best is not None and megahertz is not None and best.fmax < megahertz:
        raise FlexdriveError(
            f"{target.name} reaches {best.fmax:.2f} MHz on {device} (best of seeds {seeds}), "
            f"{megahertz:g} MHz were asked for; --freq {int(best.fmax)} would pass")


def _technology(device, liberty, macros):
    """What is synthesised for, and macros or None; ``device`` : name, None when none was given
    beside a library."""
    from flexdrive_deploy.hdl.synth import DEVICES as known
    from flexdrive_deploy.hdl.synth.liberty import device_of, read_library
    from flexdrive_deploy.hdl.synth.macros import read_macros

    if liberty is None:
        if macros is not None:
            raise click.UsageError("--macros are areas of a library: it needs --liberty")
        return known[device], None
    if device is not None:
        raise click.UsageError(f"--liberty names what is mapped to, and so does --device {device}")
    return device_of(read_library(liberty)), None if macros is None else read_macros(macros)


def _seeds(text):
    words = text.split(",")
    if not all(word.isdecimal() for word in words):
        raise click.BadParameter(f"{text!r} is no list of numbers such as 1,2,3",
                                 param_hint="--seeds")
    return [int(word) for word in words]


def _print_blocks(printer, target, made, levels, memories):
    device = made.device
    table = Table("block", "component", box=None, pad_edge=False, header_style="bold",
                  title=f"{target.name} on {device.name} ({device.part})")
    others = [kind for kind in device.limits if kind not in (device.logic, device.flip_flops)]
    for heading in (device.logic, "registers", *(["with registers"] if device.areas else others)):
        table.add_column(heading, justify="right")

    def cells(counts):
        logic, registers = made.logic(counts), made.registers(counts)
        rest = ([made.area(counts)] if device.areas else
                [counts[kind] for kind in others])
        return [f"{count:,.0f}" for count in (logic, registers, *rest)]

    groups = made.grouped(levels)
    for path in sorted(groups):
        table.add_row("  " * (len(path) - 1) + path[-1] if path else "(top)",
                      made.hierarchy.component(path), *cells(groups[path]))
    table.add_section()
    table.add_row("in all", "", *cells(made.cells))
    if device.limits:
        table.add_row("the device has", "", f"{device.limits[device.logic]:,}",
                      f"{device.limits[device.flip_flops]:,}",
                      *(f"{device.limits[kind]:,}" for kind in others))
    if made.memory_bits:
        table.caption = f"and {made.memory_bits:,} bits of memories"
    printer.print(table)
    if device.unit != 1:
        printer.print(f"{made.area(made.cells) / device.unit:,.0f} gate equivalents of "
                      f"{device.unit:g}, with registers")
    if memories is not None:
        for macro, count in memories.items():
            printer.print(f"{count:,} {macro.name}: {count * macro.area:,.0f}")
        whole = made.area(made.cells) + _macro_area(memories)
        printer.print(f"{whole:,.0f} with memories")


def _macro_area(memories):
    return sum(count * macro.area for macro, count in memories.items())


def _print_path(printer, routed):
    table = Table("signal", "component", box=None, pad_edge=False, header_style="bold",
                  title=f"critical path at {routed.fmax:.2f} MHz (seed {routed.seed})")
    table.add_column("ns", justify="right")
    for signal, component, at in routed.path:
        table.add_row(signal, component, f"{at:.2f}")
    printer.print(table)


def _write(output, target, value, made, routed, memories):
    document = {
        "target": target.name, "configuration": target.configuration(value),
        "device": made.device.name, "part": made.device.part, "cells": dict(made.cells),
        "logic": round(made.logic(made.cells), 2), "registers": made.registers(made.cells),
        "memory_bits": made.memory_bits,
        **({"area": round(made.area(made.cells), 2)} if made.device.areas else {}),
        **({} if memories is None else {
            "macros": {macro.name: count for macro, count in memories.items()},
            "macro_area": _macro_area(memories)}),
        "blocks": {".".join(path): {"component": made.hierarchy.component(path), **cells}
                   for path, cells in made.blocks.items()},
        "routed": [{"seed": one.seed, "megahertz": one.fmax, "critical_path": [
            {"signal": signal, "component": component, "ns": round(at, 3)}
            for signal, component, at in one.path]} for one in routed],
    }
    try:
        output.write_text(json.dumps(document, indent=1) + "\n")
    except OSError as error:
        raise FlexdriveError(f"{output}: cannot be written ({error.strerror})") from None
