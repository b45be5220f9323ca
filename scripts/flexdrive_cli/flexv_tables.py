"""Tables on networks on the Flex-V cluster."""

from rich.table import Table

__all__ = ["layer_cycles"]


def layer_cycles(figures, estimates=()):
    """Table of a list of :class:`~flexdrive_sim.flexv.layer_figures.LayerFigures`.

    Parameters
    ----------
    estimates : cycles of each, None where there are none; or nothing.
    """
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("layer", overflow="fold", min_width=12, max_width=30)
    for name in ("MAC", "cycles", "MAC/cycle", "bank", "event", "fetch",
                 *(["estimate"] if estimates else [])):
        table.add_column(name, justify="right", no_wrap=True)

    def row(name, macs, cycles, waits, estimate=None, **style):
        more = [] if not estimates else ["" if estimate is None else f"{estimate:,}"]
        table.add_row(name, f"{macs:,}" if macs else "", f"{cycles:,}",
                      f"{macs / cycles:.1f}" if macs else "",
                      *("" if each is None else f"{each:,.0f}" for each in waits), *more,
                      **style)

    for each, estimate in zip(figures, estimates or [None] * len(figures), strict=True):
        row(each.name, each.macs, each.cycles, (each.bank, each.event, each.fetch), estimate)
    waits = [None if figures[0].bank is None else sum(getattr(each, name) for each in figures)
             for name in ("bank", "event", "fetch")]
    row("all", sum(each.macs for each in figures), sum(each.cycles for each in figures), waits,
        style="bold")
    table.caption = "waits: cycles of a core, mean of the cluster's; event: barriers, transfers"
    table.caption_justify = "left"
    return table
