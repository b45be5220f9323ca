"""Size of the binary16 operators: generic gates and ECP5 cells."""

from rich.table import Table

from flexdrive.fp16 import Adder, Multiplier

from ..area import ecp5_area, generic_area

__all__ = ["run"]


def run(console):
    """Returns {name: figure}; recipes in :mod:`flexdrive_sim.area`."""
    table = Table("operator", title="binary16 operators")
    for heading in ("gate equivalents", "flip-flops", "LUT4", "CCU2C", "MULT18X18D"):
        table.add_column(heading, justify="right")
    figures = {}
    for operator in (Adder, Multiplier):
        for depth in (1, 2, 3, 4):
            name = f"{operator.__name__} depth {depth}"
            gates = generic_area(operator(depth=depth))
            cells = ecp5_area(operator(depth=depth))
            row = {"gate equivalents": gates.gate_equivalents, "flip-flops": cells.flip_flops,
                   "LUT4": cells.lut4, "CCU2C": cells.ccu2c, "MULT18X18D": cells.mult18x18d}
            figures |= {f"{name} {key}": value for key, value in row.items()}
            table.add_row(name, *(f"{value:.0f}" for value in row.values()))
    console.print(table)
    return figures
