"""Tables of a run, for a terminal of 80 columns."""

from rich.table import Table

__all__ = ["answers_table", "difference_table", "layer_table", "summary_table"]


def layer_table(summary):
    """One line a convolution, of one image."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("layer", overflow="fold", max_width=26)
    for name in ("output", "weights", "cycles", "active", "stalls"):
        table.add_column(name, justify="right", no_wrap=True)
    for layer in summary.convolutions:
        table.add_row(layer.entry.name, "x".join(map(str, layer.shape)),
                      f"{layer.weight_words:,}", f"{layer.cycles:,}", f"{layer.utilisation:.1%}",
                      f"{layer.weight_stalls:,}+{layer.tail_stalls:,}")
    table.caption = "weights in words; stalls on weights + on the tail"
    table.caption_justify = "left"
    return table


def difference_table(differences, engine, bound):
    """One line a layer: LayerDifference of image 0; those beyond ``bound`` are marked."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("layer", overflow="fold", max_width=32)
    for name in ("largest", "mean", "magnitude", "relative"):
        table.add_column(name, justify="right", no_wrap=True)
    for found in differences:
        table.add_row(found.layer, f"{found.largest:.2g}", f"{found.mean:.2g}",
                      f"{found.magnitude:.3g}", f"{found.relative:.2g}",
                      style=None if found.within(bound) else "yellow")
    table.caption = (f"differences from {engine} in the model's own precision, image 0; relative "
                     "to the layer's largest magnitude")
    table.caption_justify = "left"
    return table


def _compared(summary, engine):
    if not summary.compared:
        return "nothing (a compiled directory on the golden model)"
    other = "the layers one by one" if engine == "golden" else "the golden model"
    return f"{summary.compared:,} words with {other}: all equal"


def _list():
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    return table


def answers_table(found):
    """The first rows on a :class:`~flexdrive_sim.data_set.DataSetRun`."""
    table = _list()
    table.add_row("images", f"{found.images:,}")
    if found.right is not None:
        table.add_row("right", f"{found.right:,} ({found.accuracy:.2%})")
    return table


def summary_table(summary, engine):
    """Cycles, utilisation, bits moved and memory of one image."""
    table = _list()
    used, available = summary.feature_words
    table.add_row("images", f"{summary.images:,}")
    table.add_row("compared", _compared(summary, engine))
    if summary.cycles is not None:
        verdict = "as modelled" if summary.model_holds else f"MODELLED {summary.modelled:,}"
        table.add_row("cycles an image", f"{summary.cycles:,} measured, {verdict}")
    else:
        table.add_row("cycles an image", f"{summary.modelled:,} modelled")
    if summary.probes:
        table.add_row("", f"{summary.net_cycles:,} without the stores that are only compared")
    table.add_row("", f"{summary.layer_cycles:,} in convolutions")
    additions = sum(layer.additions for layer in summary.convolutions)
    active = sum(layer.active for layer in summary.convolutions)
    table.add_row("utilisation", f"{summary.utilisation:.1%} of the cycles in convolutions "
                  f"accumulate; {additions / max(1, active * summary.deployment.units):.1%} of "
                  "the units then work on real outputs")
    table.add_row("weights", f"{summary.weight_bits:,} bits in, {summary.program_bits:,} bits of "
                  "descriptors, scales and biases")
    table.add_row("feature maps", f"{summary.input_bits:,} bits in, {summary.output_bits:,} bits "
                  "out")
    if summary.border_bits:
        table.add_row("borders", f"{summary.border_bits:,} bits between the chips")
    table.add_row("memory", f"{used:,} of {available:,} words a tile used")
    return table
