"""A design as an ECP5's cells, and those cells as a design that the compiled engine runs."""

import json
import tempfile
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

from flexdrive.emit import emit_rtlil
from flexdrive_deploy.hdl.synth.devices import ECP5_BOARD
from flexdrive_deploy.tools import run_yosys

__all__ = ["as_design", "mapped"]

_DELAY = 16_000         # picoseconds that paths are mapped for: 50 MHz, wires apart
_CELLS = "+/lattice/cells_sim_ecp5.v"
_CONSTANT = {"0", "1", "x", "z"}


def mapped(component, *, notify=None):
    """Synthesise a component as ``flexdrive board build`` does.

    Returns
    -------
    (design, netlist): the :class:`flexdrive.emit.RtlilDesign`, and its top module after
    synthesis as yosys' JSON says it, with cells of an ECP5.
    """
    design = emit_rtlil(component)
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / "design.il").write_text(design.text)
        script = ECP5_BOARD.format(top=design.top, delay=_DELAY)
        run_yosys(f"read_rtlil design.il\n{script}", cwd=place,
                  what=f"synthesis of {design.top}", notify=notify)
        modules = json.loads((Path(place) / f"{design.top}.json").read_text())["modules"]
    return design, modules[design.top]


def as_design(design, netlist, *, notify=None):
    """The netlist as an RtlilDesign with the ports of ``design``: cells of logic and registers by
    yosys' models, block RAM by ``block_ram.v``, multipliers as products."""
    cells = {name: _modelled(cell) for name, cell in netlist["cells"].items()
             if cell["type"] != "$scopeinfo"}
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        (place / "netlist.json").write_text(json.dumps(
            {"modules": {design.top: netlist | {"cells": cells}}}))
        (place / "block_ram.v").write_text(
            files(__package__).joinpath("block_ram.v").read_text())
        run_yosys(
            f"read_verilog -nooverwrite {_CELLS} block_ram.v\ndelete DP16KD\n"
            f"read_json netlist.json\nhierarchy -check -top {design.top}\nproc\nflatten\n"
            "opt_expr\nopt_mem\nopt_clean\nmemory_dff\nopt_clean\nwrite_rtlil netlist.il",
            cwd=place, what=f"models of the cells of {design.top}", notify=notify)
        text = (place / "netlist.il").read_text()
    return replace(design, text=text, modules=[])


def _modelled(cell):
    """A cell with a model: buses instead of bits for those that have none of yosys'."""
    bits = cell["connections"]

    def bus(name, count):
        return [bits.get(f"{name}{at}", ["0"])[0] for at in range(count)]

    if cell["type"] == "DP16KD":
        made = {}
        for side in "AB":
            made |= {f"{name}{side}".lower(): bits[f"{name}{side}"]
                     for name in ("CLK", "CE", "WE")}
            made |= {f"{name}{side}".lower(): bus(f"{name}{side}", count)
                     for name, count in (("AD", 14), ("DI", 18))}
            made[f"do{side}".lower()] = _outputs(bits, f"DO{side}", 18)
        kept = {name: value for name, value in cell["parameters"].items()
                if name.startswith(("DATA_WIDTH_", "WRITEMODE_"))}
        return _cell("flexdrive_dp16kd", kept, made, ("doa", "dob"))
    if cell["type"] == "MULT18X18D":
        signed = {side: int(bits[f"SIGNED{side}"][0]) for side in "AB"}
        if signed["A"] != signed["B"]:
            raise ValueError("A multiplier of a signed and an unsigned number has no model")
        return _cell("$mul", {"A_WIDTH": 18, "B_WIDTH": 18, "Y_WIDTH": 36, "A_SIGNED": signed["A"],
                              "B_SIGNED": signed["B"]},
                     {"A": bus("A", 18), "B": bus("B", 18), "Y": _outputs(bits, "P", 36)}, ("Y",))
    return cell


_unused = iter(range(1 << 30, 1 << 31))


def _outputs(bits, name, count):
    """Bits of a bus that is driven; what nobody reads gets a number of its own."""
    return [bits[f"{name}{at}"][0] if bits.get(f"{name}{at}") else next(_unused)
            for at in range(count)]


def _cell(kind, parameters, connections, outputs):
    return {"type": kind, "parameters": parameters, "attributes": {}, "hide_name": 0,
            "port_directions": {name: "output" if name in outputs else "input"
                                for name in connections},
            "connections": connections}
