"""Which inputs of a component reach which outputs without a register between them."""

import json
import tempfile
from collections import defaultdict
from pathlib import Path

from flexdrive_deploy.tools import run_yosys

__all__ = ["combinational_paths"]

# Bit i of the output depends on bit i of each operand, and on all of S. Of every other cell each
# bit of the output counts as depending on every bit of the inputs.
_BITWISE = ("$and", "$or", "$xor", "$xnor", "$not", "$mux", "$bwmux", "$pos")
_SCRIPT = """\
read_rtlil design.il
hierarchy -check -top {top}
proc
flatten
memory_collect
opt_expr
opt_clean
check -assert
write_json design.json
"""


def _netlist(design):
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / "design.il").write_text(design.text)
        run_yosys(_SCRIPT.format(top=design.top), cwd=place)
        return json.loads((Path(place) / "design.json").read_text())["modules"][design.top]


def _memory_edges(name, cell):
    """Edges of the read ports of a memory that have no clock."""
    ports = int(cell["parameters"]["RD_PORTS"], 2)
    clocked = cell["parameters"]["RD_CLK_ENABLE"].rjust(ports, "0")[::-1]
    width, address = (int(cell["parameters"][parameter], 2) for parameter in ("WIDTH", "ABITS"))
    for port in range(ports):
        if clocked[port] == "0":
            node = (name, port)
            yield from ((bit, node) for bit in
                        cell["connections"]["RD_ADDR"][port * address:(port + 1) * address])
            yield from ((node, bit) for bit in
                        cell["connections"]["RD_DATA"][port * width:(port + 1) * width])


def _edges(name, cell):
    """Pairs of nodes, a bit or a cell, of which the second follows the first in the same cycle."""
    kind, wires = cell["type"], cell["connections"]
    if "dff" in kind:
        return
    if kind.startswith("$mem"):
        yield from _memory_edges(name, cell)
        return
    directions = cell["port_directions"]
    for port, bits in wires.items():
        for index, bit in enumerate(bits):
            parts = bool(kind in _BITWISE and port != "S")
            if directions[port] == "output":
                yield (name, index if kind in _BITWISE else None), bit
            elif parts:
                # A narrow operand is extended by its last bit.
                last = len(wires["Y"]) if index == len(bits) - 1 else index + 1
                yield from ((bit, (name, place)) for place in range(index, last))
            elif kind in _BITWISE:
                yield from ((bit, (name, place)) for place in range(len(wires["Y"])))
            else:
                yield bit, (name, None)


def combinational_paths(design):
    """The paths of an emitted design (:class:`flexdrive.emit.RtlilDesign`).

    Returns
    -------
    {input port: set of output ports that follow it in the same cycle}, without ports that have no
    such path. It errs to the safe side: a path that no values can open is reported.
    """
    module = _netlist(design)
    after = defaultdict(list)
    for name, cell in module["cells"].items():
        for begin, end in _edges(name, cell):
            if not isinstance(begin, str):
                after[begin].append(end)
    outputs = defaultdict(set)
    for name, port in module["ports"].items():
        if port["direction"] == "output":
            for bit in port["bits"]:
                outputs[bit].add(name)
    found = {}
    for name, port in module["ports"].items():
        if port["direction"] != "input":
            continue
        seen, waiting = set(), [bit for bit in port["bits"] if not isinstance(bit, str)]
        while waiting:
            node = waiting.pop()
            if node not in seen:
                seen.add(node)
                waiting += after[node]
        reached = {output for bit in seen & outputs.keys() for output in outputs[bit]}
        if reached:
            found[name] = reached
    return found
