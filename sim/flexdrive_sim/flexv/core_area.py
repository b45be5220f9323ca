"""Area of the core by block and by group of instructions, and its clock on an ECP5:
``python -m flexdrive_sim.flexv.core_area`` (``scripts/flexv-area``)."""

import sys
import tempfile

import click
from rich.console import Console
from rich.table import Table

from flexdrive.errors import FlexdriveError
from flexdrive.flexv.core import Core, CoreConfig
from flexdrive.flexv.isa import EXTENSIONS
from flexdrive_sim.ecp5 import SerialTop, place_and_route, synthesise

from .area import block_area, ecp5_area, gate_area

__all__ = ["GROUPS", "main"]

# What is added in each step, in an order in which every step makes a legal core.
GROUPS = ("i zicsr zifencei", "m", "xpulp_memory", "xpulp_loop", "xpulp_mac", "xpulp_bits", "dot",
          "xpulp_simd", "macload", "macload_other", "requant")
_CELLS = ("LUT4", "CCU2C", "PFUMX", "L6MUX21", "TRELLIS_FF", "MULT18X18D")


def _core(groups):
    chosen = {name for group in groups for name in group.split()}
    return Core(CoreConfig(extensions=tuple(e for e in EXTENSIONS if e in chosen)))


def _table(title, first, columns):
    table = Table(first, title=title)
    for column in columns:
        table.add_column(column, justify="right")
    return table


def groups(console):
    """Cores with more and more groups."""
    table = _table("core by group of instructions, each with all above it", "group",
                   ("gates", "flops", "NAND2 in all", "added"))
    before = 0
    for count, group in enumerate(GROUPS, 1):
        area = gate_area(_core(GROUPS[:count]))
        table.add_row(group, f"{area['gates']:,}", f"{area['flops']:,}", f"{area['total']:,}",
                      f"{area['total'] - before:,}")
        before = area["total"]
    console.print(table)


def blocks(console):
    """Modules of the whole core."""
    areas = block_area(Core())
    table = _table("whole core by block, hierarchy kept", "block",
                   ("gates", "flops", "NAND2 in all"))
    for name, area in sorted(areas.items(), key=lambda item: -item[1]["total"]):
        name = name.partition("$")[0].replace("_", ".", 1)
        table.add_row(name, f"{area['gates']:,}", f"{area['flops']:,}", f"{area['total']:,}")
    table.add_row("sum", *(f"{sum(area[key] for area in areas.values()):,}"
                           for key in ("gates", "flops", "total")))
    console.print(table)


def cells(console):
    """ECP5 cells of the base, of XpulpV2 and of everything."""
    table = _table("cells of an ECP5", "core", _CELLS)
    for name, count in (("RV32IMC", 2), ("with XpulpV2", 8), ("whole core", len(GROUPS))):
        found = ecp5_area(_core(GROUPS[:count]))
        table.add_row(name, *(f"{found.get(cell, 0):,}" for cell in _CELLS))
    console.print(table)


def clock(console, seeds):
    """Place and route of the whole core in an LFE5U-85F."""
    with tempfile.TemporaryDirectory() as place:
        synthesise(SerialTop(Core()), place)
        results = [(place_and_route(place, megahertz=60, seed=seed), seed) for seed in seeds]
    best, _ = max(results, key=lambda item: item[0].fmax)
    for routed, seed in results:
        console.print(f"seed {seed}: {routed.fmax:.2f} MHz")
    table = _table(f"critical path at {best.fmax:.2f} MHz", "signal", ("ns",))
    for name, time in best.path:
        table.add_row(name.removeprefix("chip."), f"{time:.2f}")
    console.print(table)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("parts", nargs=-1, type=click.Choice(["groups", "blocks", "cells", "clock"]))
@click.option("--seeds", default="1,2,3", show_default=True, help="Seeds of the placement.")
def main(parts, seeds):
    """Print the area of the Flex-V core (all PARTS by default; some ten minutes)."""
    console = Console(highlight=False)
    for part in parts or ("groups", "blocks", "cells", "clock"):
        if part == "clock":
            clock(console, [int(seed) for seed in seeds.split(",")])
        else:
            {"groups": groups, "blocks": blocks, "cells": cells}[part](console)


if __name__ == "__main__":
    try:
        main(prog_name="scripts/flexv-area")
    except FlexdriveError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
