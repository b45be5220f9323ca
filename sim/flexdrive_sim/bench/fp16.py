"""Size of the binary16 operators in gates and ECP5 cells, and time of a simulated cycle."""

import time

import numpy as np
from rich.table import Table

from flexdrive.fp16 import Adder, Maximum, Multiplier
from flexdrive_deploy.hdl.synth import ecp5_cells, gate_area

from ..fp16.verify import Verifier
from ..progress import Progress

__all__ = ["nanoseconds_per_cycle", "run"]

_OPERATORS = (("add", Adder, (1, 2, 3, 4)), ("mul", Multiplier, (1, 2, 3, 4)),
              ("max", Maximum, (1,)))
# Heading -> cell of the ECP5.
_CELLS = {"LUT4": "LUT4", "CCU2C": "CCU2C", "PFUMX": "PFUMX", "L6MUX": "L6MUX21",
          "MULT": "MULT18X18D"}


def nanoseconds_per_cycle(operation, depth, *, pairs=1 << 20, repeats=10, notify=None):
    """Processor time of one cycle of the compiled model with random operands, oracle and
    comparison included; the fastest of ``repeats`` runs."""
    verifier = Verifier(operation, depth=depth, notify=notify)
    a, b = np.random.default_rng(0).integers(0, 1 << 16, (2, pairs), dtype=np.uint16)
    best = float("inf")
    for _ in range(repeats):
        start = time.process_time_ns()
        verifier.check(a, b)
        best = min(best, (time.process_time_ns() - start) / pairs)
    return best


def run(console):
    """Returns {name: figure}; what is counted says docs/synthesis.md."""
    table = Table(title="binary16 operators", box=None, pad_edge=False)
    table.add_column("operator", no_wrap=True)
    for heading in ("depth", "GE", "FF", *_CELLS, "ns/cycle"):
        table.add_column(heading, justify="right")
    figures = {}
    with Progress(console) as shown:
        cases = [(name, kind, depth) for name, kind, depths in _OPERATORS for depth in depths]
        for name, kind, depth in shown.track(cases, "operators"):
            gates = gate_area(kind(depth=depth))
            cells = ecp5_cells(kind(depth=depth))
            row = {"gate equivalents": round(gates.gate_equivalents, 1),
                   "flip-flops": gates.flip_flops,
                   **{cell: cells[cell] for cell in _CELLS.values()},
                   "ns/cycle": round(nanoseconds_per_cycle(name, depth), 1)}
            figures |= {f"{kind.__name__} depth {depth} {key}": value
                        for key, value in row.items()}
            table.add_row(kind.__name__, str(depth), *(f"{value:,.0f}" for value in row.values()))
    console.print(table)
    return figures
