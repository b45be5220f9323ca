"""Area of the two ends of a link: words of 18 bits, sequence of 4 bits, window 8, CRC-16."""

from rich.table import Table

from flexdrive.hyperdrive.link import LinkConfig, LinkReceiver, LinkSender
from flexdrive_deploy.hdl.synth import ecp5_cells, gate_area

from ..progress import Progress

__all__ = ["run"]

# Wires there and back.
_WIDTHS = ((4, 1), (16, 4))
_CELLS = ("LUT4", "CCU2C", "TRELLIS_FF")


def run(console):
    """Returns {name: figure}; what is counted says docs/synthesis.md."""
    table = Table(title="Ends of a link", box=None, pad_edge=False)
    table.add_column("end", no_wrap=True)
    for heading in ("width", "repeats", "GE", "FF", "memory bits", "LUT4", "CCU2C", "ECP5 FF"):
        table.add_column(heading, justify="right")
    figures = {}
    cases = [(end, wires, retransmit) for wires in _WIDTHS for retransmit in (False, True)
             for end in (LinkSender, LinkReceiver)]
    with Progress(console) as shown:
        for end, (width, back), retransmit in shown.track(cases, "ends"):
            config = LinkConfig(width=width, reverse_width=back, retransmit=retransmit)
            gates, cells = gate_area(end(config)), ecp5_cells(end(config))
            row = {"gate equivalents": round(gates.gate_equivalents),
                   "flip-flops": gates.flip_flops, "memory bits": gates.memory_bits,
                   **{cell: cells[cell] for cell in _CELLS}}
            name = f"{end.__name__}, width {width}{', retransmission' if retransmit else ''}"
            figures |= {f"{name}, {key}": value for key, value in row.items()}
            table.add_row(end.__name__, str(width), "yes" if retransmit else "no",
                          *(f"{value:,}" for value in row.values()))
    console.print(table)
    return figures
