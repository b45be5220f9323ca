"""Area of the core by block and by group of instructions, and its clock on an ECP5:
``python -m flexdrive_sim.flexv.core_area`` (``scripts/flexv-area``).

Each part rewrites its section of ``docs/results/flexv-area.md``.
"""

import re
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import click
from rich.console import Console

from flexdrive.errors import FlexdriveError
from flexdrive.flexv.core import Core, CoreConfig
from flexdrive.flexv.isa import EXTENSIONS
from flexdrive_deploy.hdl.synth import DEVICES, place_and_route, synthesise

from .area import block_area, ecp5_area, gate_area

__all__ = ["GROUPS", "main"]

# What is added in each step, in an order in which every step makes a legal core.
GROUPS = ("i zicsr zifencei", "m", "xpulp_memory", "xpulp_loop", "xpulp_mac", "xpulp_bits", "dot",
          "xpulp_simd", "macload", "macload_third", "macload_other", "requant")
_CELLS = ("LUT4", "CCU2C", "PFUMX", "L6MUX21", "TRELLIS_FF", "MULT18X18D")
_AREAS = ("gates", "flops", "total")
_GOAL = 60
# As synth_ecp5 does it, with 1,000 ps for a wire between two tables instead of 300: on a device of
# this size wires take most of the time. 12,000 ps are asked for and not the least that is possible,
# which takes a third more tables and so longer wires.
_SYNTHESIS = """\
synth_ecp5 -top {top} -run begin:map_luts
techmap -map +/lattice/latches_map.v
abc9 -W 1000 -D 12000
clean
synth_ecp5 -top {top} -run map_cells:check
synth_ecp5 -top {top} -json design.json -run check:
"""
_PAGE = Path("docs/results/flexv-area.md")
_INTRODUCTION = """\
# Flex-V core: area and clock

Written by `scripts/flexv-area`; names of parts rewrite their sections. Gates are NAND2 equivalents
of yosys `synth -flatten; abc -g gates`, without timing constraint; a flop counts 5.67.
"""


def _core(groups):
    chosen = {name for group in groups for name in group.split()}
    return Core(CoreConfig(extensions=tuple(e for e in EXTENSIONS if e in chosen)))


def _table(headings, rows):
    rows = [headings, ["---"] * len(headings), *rows]
    return ["| " + " | ".join(f"{cell:,}" if isinstance(cell, int) else cell for cell in row) + " |"
            for row in rows]


def groups(_seeds, notify):
    """## By group of instructions"""
    rows, before = [], None
    for count, group in enumerate(GROUPS, 1):
        notify(f"group {count} of {len(GROUPS)}: {group}")
        area = gate_area(_core(GROUPS[:count]))
        added = "" if before is None else area["total"] - before
        rows.append([group, *(area[key] for key in _AREAS), added])
        before = area["total"]
    return ["Each line has all groups above it. What no instruction of a core needs is not in it: "
            "multiplier, divider, third read port, second write port.", "",
            *_table(["group", "gates", "flops", "NAND2 in all", "added"], rows)]


def blocks(_seeds, notify):
    """## By block"""
    notify("blocks")
    areas = block_area(Core())
    rows = [[name.partition("$")[0].replace("_", ".", 1), *(area[key] for key in _AREAS)]
            for name, area in sorted(areas.items(), key=lambda item: -item[1]["total"])]
    rows.append(["sum", *(sum(area[key] for area in areas.values()) for key in _AREAS)])
    return ["Whole core, hierarchy kept; `core` itself holds the pipeline registers.", "",
            *_table(["block", "gates", "flops", "NAND2 in all"], rows)]


def cells(_seeds, notify):
    """## ECP5 cells"""
    rows = []
    for name, count in (("RV32IMC", 2), ("with XpulpV2", 8), ("whole core", len(GROUPS))):
        notify(f"cells: {name}")
        found = ecp5_area(_core(GROUPS[:count]))
        rows.append([name, *(found.get(cell, 0) for cell in _CELLS)])
    return ["`synth_ecp5` as it is, registers in flops.", "", *_table(["core", *_CELLS], rows)]


def clock(seeds, notify):
    """## ECP5 clock"""
    with tempfile.TemporaryDirectory() as place:
        notify("synthesis")
        device = DEVICES["ecp5-85k"]
        device = replace(device, script=_SYNTHESIS)
        made = synthesise(Core(CoreConfig(registers="ram")), device, place)
        results = []
        for seed in seeds:
            notify(f"place and route, seed {seed}")
            results.append(place_and_route(made, place, megahertz=_GOAL, seed=seed))
            click.echo(f"seed {seed}: {results[-1].fmax:.2f} MHz")
    best = max(results, key=lambda routed: routed.fmax)
    path = [(name, component, f"{time:.2f}") for name, component, time in best.path]
    counts = ", ".join(f"{made.cells[cell]:,} {cell}" for cell in _CELLS)
    return ["Whole core in an LFE5U-85F, speed grade 6, between two pins (`SerialTop`, whose shift "
            f"register is in the cells), registers in RAM, {_GOAL} MHz asked for: {counts}.", "",
            *_table(["seed", "MHz"], [[str(seed), f"{routed.fmax:.2f}"] for seed, routed in
                                      zip(seeds, results, strict=True)]),
            "", f"Critical path at {best.fmax:.2f} MHz, by the signals that kept their names:", "",
            *_table(["signal", "component", "ns"], path)]


_PARTS = {part.__name__: part for part in (groups, blocks, cells, clock)}


def _write(heading, lines):
    """Replace or append a section of the page."""
    text = _PAGE.read_text() if _PAGE.exists() else _INTRODUCTION
    section = "\n".join([heading, "", *lines]) + "\n"
    sections = re.split(r"^(?=## )", text, flags=re.M)
    places = [i for i, old in enumerate(sections) if old.partition("\n")[0] == heading]
    if places:
        sections[places[0]] = section
    else:
        sections.append(section)
    _PAGE.write_text("\n".join(part.rstrip() + "\n" for part in sections))


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("parts", nargs=-1, type=click.Choice(list(_PARTS)))
@click.option("--seeds", default="1,2,3", show_default=True, help="Seeds of the placement.")
def main(parts, seeds):
    """Write area and clock of the Flex-V core (all PARTS by default; half an hour)."""
    console = Console(highlight=False)
    for part in parts or _PARTS:
        with console.status("") as status:
            lines = _PARTS[part]([int(seed) for seed in seeds.split(",")], status.update)
        heading = _PARTS[part].__doc__
        console.print(heading, *lines, sep="\n")
        _write(heading, lines)


if __name__ == "__main__":
    try:
        main(prog_name="scripts/flexv-area")
    except FlexdriveError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
