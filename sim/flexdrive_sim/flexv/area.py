"""Area of a component by yosys: generic gates (as CMOS transistors) and ECP5 cells."""

import re
import tempfile
from pathlib import Path

from flexdrive.emit import emit_rtlil
from flexdrive_sim.engine.tools import run_yosys

__all__ = ["block_area", "ecp5_area", "gate_area"]


def _run(component, commands):
    design = emit_rtlil(component)
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / "design.il").write_text(design.text)
        script = f"read_rtlil design.il\nhierarchy -top {design.top}\n{commands}\n"
        run_yosys(script, cwd=place, what=f"synthesising {design.top}")
        return (Path(place) / "area.txt").read_text()


# Area of a simple gate in NAND2 equivalents, as in common standard-cell libraries.
_WEIGHTS = {"NOT": 0.67, "NAND": 1, "NOR": 1, "AND": 1.33, "OR": 1.33, "ANDNOT": 1.33,
            "ORNOT": 1.33, "XOR": 2, "XNOR": 2, "MUX": 2.33, "BUF": 0.67}
_FLOP = 5.67


def gate_area(component):
    """Synthesise to simple gates, flattened.

    Returns
    -------
    dict with ``gates`` (combinational, NAND2 equivalents), ``flops`` and ``total`` (NAND2
    equivalents with flops at 5.67 each).
    """
    text = _run(component, f"synth -flatten\n{_GATES}")
    return _weighed(text)


_GATES = "abc -g gates\nopt_clean\ntee -o area.txt stat"


def _weighed(text):
    gates, flops = 0.0, 0
    for count, cell in re.findall(r"^\s*(\d+)\s+\$_(\w+)_$", text, re.M):
        if "DFF" in cell:
            flops += int(count)
        else:
            gates += int(count) * _WEIGHTS[cell]
    return {"gates": round(gates), "flops": flops, "total": round(gates + _FLOP * flops)}


def block_area(component):
    """The same by module, the hierarchy kept: {name of the module: area}, the submodules of a
    module not included in it."""
    text = _run(component, f"synth\n{_GATES}")
    modules = re.split(r"^=== (.+) ===$", text, flags=re.M)
    return {name: _weighed(part) for name, part in zip(modules[1::2], modules[2::2], strict=True)
            if name != "design hierarchy"}


def ecp5_area(component, *, multipliers=True):
    """Synthesise for ECP5.

    Returns
    -------
    dict of cell counts: LUT4, TRELLIS_FF, CCU2C, MULT18X18D, ...
    """
    text = _run(component, f"synth_ecp5 {'' if multipliers else '-nodsp'}\n"
                           "tee -o area.txt stat")
    return {name: int(count) for count, name in
            re.findall(r"^\s*(\d+)\s+(?:\S+\s+)?([A-Z][A-Z0-9_]+)$", text, re.M)}
