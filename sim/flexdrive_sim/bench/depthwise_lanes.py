"""What several lanes give MobileNetV1's depthwise layers, and what limits them.

The 13 depthwise layers of Howard et al., arXiv 1704.04861, table 1, one by one on 7 x 7 x 16 tiles,
L = 1, by the cycle model: as they are compiled (input at word 0, output behind it), and with the
output half a round of banks from the input. Four kinds of layers also run on the RTL of 2 x 2 tiles
with 8 lanes of 8 banks, every word and every report compared.
"""

from collections import Counter
from dataclasses import replace

from rich.table import Table

from flexdrive.hyperdrive.descriptor.fields import Operation
from flexdrive_deploy.hyperdrive.codegen import lower

from .layer_kinds import CONFIG, compared_words, layer_graph, layer_rows

__all__ = ["LAYERS", "run"]

LAYERS = ((32, 112, 1), (64, 56, 2), (128, 56, 1), (128, 28, 2), (256, 28, 1), (256, 14, 2),
          *[(512, 14, 1)] * 5, (512, 7, 2), (1024, 7, 1))
"""Channels, edge of the output, stride."""

_CHIPS = ((1, 8), (2, 8), (4, 8), (8, 8), (1, 16), (8, 16))


def _apart(program, banks):
    """The program with the output half of the banks from the input."""
    commands = []
    for command in program.commands:
        d = command.descriptor
        # What lies behind the input is the output.
        if d.operation == Operation.CONV:
            base = d.out_base + (banks // 2 - (d.out_base - d.in_base)) % banks
            d = replace(d, out_base=base)
        elif d.operation == Operation.STORE:
            d = replace(d, in_base=base)
        commands.append(command._replace(descriptor=d))
    return replace(program, commands=commands)


def _layer(shape, lanes, banks):
    """Counter of cycles of one layer by cause, and with the output placed apart."""
    channels, edge, stride = shape
    program = lower(layer_graph(channels, edge, 3, stride, False, channelwise=True),
                    replace(CONFIG, channelwise_lanes=lanes, fm_banks=banks))
    (_, d, report), = layer_rows(program)
    (*_, apart), = layer_rows(_apart(program, banks))
    return Counter({
        "cycles": report.cycles, "reads": report.active, "apart": apart.cycles,
        "waits": report.weight_stalls + report.tail_stalls,
        "results": d.tile_rows * d.tile_columns * d.out_channels})


def run(console):
    """Prints the table; returns {name: figure}."""
    table = Table("lanes", "banks", box=None,
                  title="13 depthwise layers of MobileNetV1 on 7 x 7 x 16, L = 1")
    for heading in ("cycles", "times", "reads", "waits", "rest", "results", "apart", "times"):
        table.add_column(heading, justify="right")
    figures, first = {}, None
    for lanes, banks in _CHIPS:
        layers = {shape: _layer(shape, lanes, banks) for shape in set(LAYERS)}
        total = sum((layers[shape] for shape in LAYERS), Counter())
        first = first or total
        rest = total["cycles"] - total["reads"] - total["waits"]
        table.add_row(
            str(lanes), str(banks), f"{total['cycles']:,}",
            f"{first['cycles'] / total['cycles']:.2f}",
            f"{total['reads']:,}", f"{total['waits']:,}", f"{rest:,}",
            f"{total['results']:,}", f"{total['apart']:,}",
            f"{first['apart'] / total['apart']:.2f}")
        figures |= {f"{lanes} lanes of {banks} banks, {name}": total[name]
                    for name in ("cycles", "apart")}
    figures["words compared"] = compared_words(console, channelwise_lanes=8)
    table.caption = (f"8 lanes on the RTL of 2 x 2 tiles: {figures['words compared']:,} words "
                     "equal, every report as modelled")
    console.print(table)
    return figures
