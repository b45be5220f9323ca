"""What a netlist of an ECP5 must not have, since simulation of its source would not show it."""

from collections import Counter, defaultdict
from graphlib import CycleError, TopologicalSorter

__all__ = ["lint"]

# Cells whose outputs follow their inputs in the same cycle.
_LOGIC = {"LUT4", "PFUMX", "L6MUX21", "CCU2C", "MULT18X18D"}
# The others that our designs are made of.
_CLOCKED = {"TRELLIS_FF", "DP16KD", "TRELLIS_DPR16X4"}
_OTHER = {"EHXPLLL", "TRELLIS_IO", "$scopeinfo"}
# Inputs of a carry cell that its first sum does not depend on.
_LATER = {"A1", "B1", "C1", "D1"}


def lint(netlist):
    """Look over a module in the form of yosys' JSON.

    Returns
    -------
    list of texts, one for each fault: a cell that is none of those known (a latch is none), a block
    RAM whose reset is driven or whose ports are not as they are modelled, a register with an
    asynchronous reset, more than one clock, a net with several drivers or with none, a loop of
    logic.
    """
    found, drivers, readers, clocks = [], Counter(), set(), set()
    behind = defaultdict(set)       # bit -> bits that it follows
    for port in netlist["ports"].values():
        if port["direction"] != "output":
            drivers.update(bit for bit in port["bits"] if isinstance(bit, int))
        if port["direction"] != "input":
            readers.update(bit for bit in port["bits"] if isinstance(bit, int))
    for name, cell in netlist["cells"].items():
        kind, bits = cell["type"], cell["connections"]
        if kind not in _LOGIC | _CLOCKED | _OTHER:
            found.append(f"{name}: a cell {kind}")
        inputs = {port: bit for port, (bit, *_) in _ports(cell, "input")}
        outputs = {port: bit for port, (bit, *_) in _ports(cell, "output")}
        drivers.update(bit for bit in outputs.values() if isinstance(bit, int))
        readers.update(bit for bit in inputs.values() if isinstance(bit, int))
        if kind == "DP16KD":
            found += [f"{name}: {port} of a block RAM is driven" for port in ("RSTA", "RSTB")
                      if bits.get(port, ["0"]) != ["0"]]
            found += [f"{name}: a block RAM with {parameter} {value}"
                      for parameter, value in cell["parameters"].items()
                      if (parameter.startswith("REGMODE") and value != "NOREG")
                      or (parameter in ("CLKAMUX", "CLKBMUX") and value == "INV")
                      or (parameter.startswith("INITVAL") and "1" in value)]
            if all(bits[port] != ["0"] for port in ("WEA", "WEB")):
                found.append(f"{name}: both ports of a block RAM write")
        if kind == "TRELLIS_FF" and cell["parameters"].get("SRMODE") == "ASYNC":
            found.append(f"{name}: a register with an asynchronous reset")
        clocks.update(bit for port, bit in inputs.items()
                      if port in ("CLK", "CLKA", "CLKB", "WCK") and bit != "0")
        if kind in _LOGIC:
            for port, bit in outputs.items():
                behind[bit] |= {other for at, other in inputs.items() if isinstance(other, int)
                                and not (kind == "CCU2C" and port == "S0" and at in _LATER)}
        elif kind == "TRELLIS_DPR16X4":
            for bit in outputs.values():
                behind[bit] |= {other for at, other in inputs.items() if at.startswith("RAD")}
    found += [f"net {bit} has {count} drivers" for bit, count in drivers.items() if count > 1]
    found += [f"net {bit} has no driver" for bit in sorted(readers - set(drivers))]
    if len(clocks) > 1:
        found.append(f"{len(clocks)} clocks: nets {sorted(map(str, clocks))}")
    try:
        TopologicalSorter(behind).prepare()
    except CycleError as error:
        found.append(f"a loop of logic over nets {error.args[1]}")
    return found


def _ports(cell, direction):
    """(name, bits) of the ports of a direction; buses by bit."""
    for port, bits in cell["connections"].items():
        if bits and cell["port_directions"].get(port) == direction:
            if len(bits) == 1:
                yield port, bits
            else:
                yield from ((f"{port}{at}", [bit]) for at, bit in enumerate(bits))
