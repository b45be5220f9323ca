"""Synthesis, placement and routing of a component between two pins."""

import json
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from flexdrive.emit import emit_rtlil
from flexdrive.errors import FlexdriveError
from flexdrive_deploy.tools import ToolError, require_packages, run_tool, run_yosys

from .devices import DEVICES, Device
from .hierarchy import AROUND, Hierarchy
from .macros import Memory
from .serial_top import SerialTop

__all__ = ["Routed", "Synthesis", "place_and_route", "synthesise"]

_SCRIPT = """\
read_rtlil design.il
hierarchy -top {top}
{script}
"""
NO_NAME = ("(names of the tools)",)
_TIMED = [name for name, device in DEVICES.items() if device.timed]


@dataclass(frozen=True)
class Synthesis:
    """A netlist.

    Attributes
    ----------
    device : :class:`~.devices.Device`.
    cells : cell type -> count, of everything.
    blocks : path of instances -> Counter of cell types, of what is named after the block itself.
    hierarchy : :class:`~.hierarchy.Hierarchy`.
    memories : :class:`~.macros.Memory` of each that is no cells of the device.
    """

    device: Device
    cells: Counter
    blocks: dict
    hierarchy: Hierarchy
    memories: list

    @property
    def memory_bits(self):
        """Bits of ``memories``."""
        return sum(memory.words * memory.bits for memory in self.memories)

    def grouped(self, levels):
        """``blocks`` with everything deeper than ``levels`` instances added to its ancestor."""
        found = {}
        for path, cells in self.blocks.items():
            found.setdefault(path if path in (NO_NAME, AROUND) else path[:levels],
                             Counter()).update(cells)
        return found

    def logic(self, cells):
        """Logic among cells: lookup tables, or area."""
        if self.device.areas:
            return self.area(cells) - self.area(self._registers(cells))
        return cells[self.device.logic]

    def area(self, cells):
        """Area of cells, with flip-flops, on a device that has areas."""
        return sum(self.device.areas.get(kind, 0) * count for kind, count in cells.items())

    def _registers(self, cells):
        return {kind: count for kind, count in cells.items()
                if kind.startswith(self.device.flip_flops)}

    def registers(self, cells):
        """Flip-flops among cells."""
        return sum(self._registers(cells).values())


@dataclass(frozen=True)
class Routed:
    """Result of place and route: clock in MHz, seed, and the critical path as (signal, Python
    component, ns since the clock edge)."""

    fmax: float
    seed: int
    path: tuple


def synthesise(component, device, place, *, apart=False, delay=None, alone=False,
               notify=None):
    """Synthesise a component, on a device between shift registers (:class:`SerialTop`).

    Parameters
    ----------
    place : directory for the netlist.
    apart : map each component on its own instead of all as one netlist: larger and slower, but
        possible for logic that is too deep for the mapper (it runs out of stack).
    alone : without shift registers, to be counted and not to be placed.
    delay : nanoseconds of the paths that tables are mapped for; by default as few levels as
        possible.
    notify : called with a line before the tool starts.

    Returns
    -------
    :class:`Synthesis`

    Raises
    ------
    FlexdriveError
        when the device is too small: which cell, how many; when it has no ``delay``.
    ToolError
        when yosys fails.
    """
    placed = device.tool is not None and not alone
    if delay is not None and (apart or not device.timed):
        raise FlexdriveError(f"Mapping for a delay is for {', '.join(_TIMED)}, and for all as one "
                             "netlist, not apart")
    script = device.apart if apart else device.script if delay is None else device.timed
    design = emit_rtlil(SerialTop(component) if placed else component, name="top")
    for name, text in {"design.il": design.text, **device.files}.items():
        (Path(place) / name).write_text(text)
    script = script.format(top=design.top, delay=round(1000 * (delay or 0)))
    try:
        run_yosys(_SCRIPT.format(top=design.top, script=script), cwd=place,
                  what=f"synthesis for {device.name} (minutes)", notify=notify)
    except ToolError as error:
        if apart:
            raise
        raise ToolError(f"{str(error).rstrip()}\nIf the logic is too deep for yosys' mapper, "
                        "--apart would pass: it maps each component on its own") from None
    hierarchy = Hierarchy(design, ("chip",) if placed else ())
    cells, blocks, memories = Counter(), {}, []
    netlist = json.loads((Path(place) / "design.json").read_text())
    for name, cell in netlist["modules"][design.top]["cells"].items():
        if cell["type"] == "$scopeinfo":
            continue
        if cell["type"].startswith("$mem"):
            memories.append(Memory(*(int(cell["parameters"][name], 2) for name in (
                "SIZE", "WIDTH", "RD_PORTS", "WR_PORTS"))))
        path, _ = hierarchy.place(name)
        cells[cell["type"]] += 1
        blocks.setdefault(NO_NAME if path is None else path, Counter())[cell["type"]] += 1
    made = Synthesis(device, cells, blocks, hierarchy, memories)
    _refuse_large(made)
    return made


def _refuse_large(made):
    for kind, most in made.device.limits.items():
        count = sum(n for name, n in made.cells.items() if name.startswith(kind))
        if count > most:
            raise FlexdriveError(
                f"It needs {count:,} {kind}, {made.device.name} ({made.device.part}) has {most:,}; "
                "a component with fewer units or words would pass")


def place_and_route(made, place, *, megahertz, seed, notify=None):
    """Place and route what :func:`synthesise` left in ``place``.

    Returns
    -------
    :class:`Routed`

    Raises
    ------
    FlexdriveError
        when nextpnr is not installed.
    ToolError
        when it fails.
    """
    device = made.device
    require_packages("Place and route", "fpga", **{device.tool: device.tool.replace("_", "-")})
    program = (f"import sys, {device.tool} as n; sys.exit(n.{device.function}(sys.argv[1:]))")
    run_tool([sys.executable, "-c", program, *device.arguments, "--json", "design.json",
              "--timing-allow-fail", "--report", "report.json", "-q", "--freq", str(megahertz),
              "--seed", str(seed)], f"place and route, seed {seed} (minutes)", place, notify)
    report = json.loads((Path(place) / "report.json").read_text())
    # Paths to and from pins have no clock of their own.
    path = next(entry["path"] for entry in report["critical_paths"]
                if "<async>" not in (entry["from"], entry["to"]))
    return Routed(min(clock["achieved"] for clock in report["fmax"].values()), seed,
                  tuple(_signals(path, made.hierarchy)))


def _signals(steps, hierarchy):
    """(signal, component, ns) along a path, as far as names come from the source."""
    time, found = 0.0, {}
    for step in steps:
        time += step["delay"]
        path, signal = hierarchy.place(step.get("net", ""))
        if path is not None:
            found[".".join((*path, signal))] = (hierarchy.component(path), time)
    found["end"] = ("", time)
    return sorted(((name, component, at) for name, (component, at) in found.items()),
                  key=lambda step: step[2])
