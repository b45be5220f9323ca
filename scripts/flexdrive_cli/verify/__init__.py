"""``flexdrive verify``: the hardware against oracles, simulators, faults and proofs."""

import click

from ..lazy_group import LazyGroup

__all__ = ["command"]

# Subcommand -> (module, one line of help).
COMMANDS = {
    "axi": ("axi", "A chip with AXI between bus models of cocotbext-axi."),
    "board-faults": ("board_faults", "Faults on the line between host and board."),
    "dotp": ("dotp", "The dot-product unit: all pairs of values, random words."),
    "fp16": ("fp16", "The binary16 operators, up to all 2^32 pairs of operands."),
    "link-faults": ("link_faults", "Faults on the wires of one link between chips."),
    "mesh-faults": ("mesh_faults", "Faults between chips of a mesh that compute."),
    "mesh-soak": ("mesh_soak", "Random meshes for hours."),
    "netlist": ("netlist", "A chip after synthesis for an FPGA, cell by cell."),
    "proofs": ("proofs", "Formal proofs with SymbiYosys."),
    "random": ("random", "Random programs on the core and clusters, on chips, on meshes."),
    "verilog": ("verilog", "Emitted Verilog with X in Icarus Verilog."),
    "wishbone": ("wishbone", "The core behind a Wishbone slave of cocotbext-wishbone."),
}


@click.group(name="verify", cls=LazyGroup, package=__name__, modules=COMMANDS)
def command():
    """Check the hardware: every command ends with status 1 if anything is not as it must be."""
