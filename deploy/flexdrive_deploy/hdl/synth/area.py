"""The area of a component, by the one definition of all published figures (docs/synthesis.md)."""

import tempfile
from dataclasses import dataclass

from .devices import DEVICES, FLIP_FLOP
from .flow import synthesise

__all__ = ["GateArea", "ecp5_cells", "gate_area"]


@dataclass(frozen=True)
class GateArea:
    """Size in generic gates, as ``flexdrive synth --device generic`` has it.

    Attributes
    ----------
    gate_equivalents : combinational logic in units of a NAND of two inputs
        (:data:`~.devices.GATES`), with the gates of enables and resets of registers.
    flip_flops : bits of registers; not part of ``gate_equivalents``.
    memory_bits : bits of memories; not part of it either.
    """

    gate_equivalents: float
    flip_flops: int
    memory_bits: int

    @property
    def total(self):
        """Gate equivalents of logic and flip-flops."""
        return self.gate_equivalents + FLIP_FLOP * self.flip_flops


def gate_area(component, *, notify=None):
    """:class:`GateArea` of ``component``, as one netlist. Takes seconds (yosys)."""
    with tempfile.TemporaryDirectory() as place:
        made = synthesise(component, DEVICES["generic"], place, notify=notify)
    return GateArea(made.logic(made.cells), made.registers(made.cells), made.memory_bits)


def ecp5_cells(component, *, notify=None):
    """Counter of the cells of ``component`` on an ECP5, mapped as by ``flexdrive synth --device
    ecp5-85k``, with nothing around it."""
    with tempfile.TemporaryDirectory() as place:
        return synthesise(component, DEVICES["ecp5-85k"], place, alone=True, notify=notify).cells
