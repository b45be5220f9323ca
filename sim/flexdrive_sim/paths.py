"""Which inputs of a component reach which outputs without a register between, from its netlist."""

import json
import tempfile
from pathlib import Path

from flexdrive.emit import emit_rtlil

from .engine.tools import run_yosys

__all__ = ["combinational_paths"]

_SCRIPT = """\
read_rtlil design.il
hierarchy -top {top}
proc
flatten
opt_expr
opt_clean
write_json design.json
"""
# Cells whose output bit i depends on bit i of their inputs, and S; and on bits up to i.
_BITWISE = {"$not", "$and", "$or", "$xor", "$xnor", "$mux", "$pmux", "$pos"}
_CARRYING = {"$add", "$sub", "$neg", "$alu"}


def combinational_paths(component):
    """{output port: names of the input ports that reach it through logic alone}, ports that none
    reaches included. Structural: a path that no values can go along counts too."""
    design = emit_rtlil(component)
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / "design.il").write_text(design.text)
        run_yosys(_SCRIPT.format(top=design.top), cwd=place, what=f"flattening {design.top}")
        netlist = json.loads((Path(place) / "design.json").read_text())
    module = netlist["modules"][design.top]
    ports = module["ports"]
    reached = {bit: {name} for name, port in ports.items() if port["direction"] == "input"
               for bit in port["bits"]}
    sources = {}
    for cell in module["cells"].values():
        sources.update(_sources(cell))
    return {name: frozenset().union(*(_reach(bit, sources, reached) for bit in port["bits"]))
            for name, port in ports.items() if port["direction"] == "output"}


def _sources(cell):
    """{bit of an output: bits of inputs that it depends on in the same cycle}."""
    kind, connections = cell["type"], cell["connections"]
    given = {name: bits for name, bits in connections.items()
             if cell["port_directions"][name] == "input"}
    if "dff" in kind or kind.startswith("$memwr") or kind in ("$meminit_v2", "$print", "$check"):
        return {}
    if kind == "$memrd_v2":
        given = {} if int(cell["parameters"]["CLK_ENABLE"], 2) else {"ADDR": given["ADDR"]}
    everything = [bit for bits in given.values() for bit in bits]
    found = {}
    for name, bits in connections.items():
        if cell["port_directions"][name] == "input":
            continue
        for i, bit in enumerate(bits):
            found[bit] = _of_bit(kind, given, i, len(bits), everything)
    return found


def _of_bit(kind, given, i, width, everything):
    if kind in _BITWISE:
        # Operands shorter than the result are extended; those of $pmux lie one behind the other.
        return [bits[j] for name, bits in given.items()
                for j in (range(len(bits)) if name == "S" else
                          range(i, len(bits), width) if kind == "$pmux" else
                          (min(i, len(bits) - 1),))]
    if kind in _CARRYING:
        return [bit for bits in given.values() for bit in bits[:i + 1]]
    return everything


def _reach(bit, sources, reached):
    """Names of inputs behind ``bit``; ``reached`` keeps what is known. Raises ``RuntimeError`` if
    the bit depends on itself."""
    stack, under_way = [bit], set()
    while stack:
        top = stack[-1]
        if top in reached:
            stack.pop()
            continue
        behind = sources.get(top, ())
        missing = [b for b in behind if b not in reached]
        if missing and top in under_way:
            raise RuntimeError(f"bit {top} of the netlist depends on itself without a register")
        under_way.add(top)
        stack.extend(missing)
        if not missing:
            reached[top] = set().union(*(reached[b] for b in behind))
            stack.pop()
    return reached[bit]
