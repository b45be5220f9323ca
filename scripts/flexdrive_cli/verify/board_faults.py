"""``flexdrive verify board-faults``: faults on the line of a simulated board."""

import time

import click
from rich.table import Table

from ..worker_options import worker_options
from .faults import page_option
from .verdict import end, printer

__all__ = ["command"]


@click.command(name="board-faults")
@click.option("--count", default=5000, show_default=True, type=click.IntRange(1),
              help="Faults to inject, at least; 5,000 take half an hour on one core.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0),
              help="Of everything that is drawn.")
@click.option("--board", "name", default="tiny", show_default=True,
              help="As of `flexdrive board simulate`.")
@worker_options
@page_option("board-faults")
def command(count, seed, name, workers, page):
    """Faults on the line of a simulated board, bit by bit.

    Cables pulled, bits flipped, bytes lost, doubled, made up, frames lost and doubled, stuck wires,
    a host that dies, a board that loses its power or its state, another host, wrong rates. Ends
    with status 1 if any of them led to a wrong result or a hang, or to a board that a reset frame
    does not bring back.
    """
    from flexdrive_deploy.board.boards import system_for
    from flexdrive_sim.board.faults import counted, faults_page, run_board_faults
    from flexdrive_sim.results import checked_page

    system_for(name)            # an error here, not one of a worker
    page = None if page is None else checked_page(page)
    begin = time.monotonic()
    with workers.crew() as crew:
        trials = run_board_faults(name, count, seed, **crew)
    seconds = time.monotonic() - begin
    outcomes, rows = counted(trials)
    table = Table("fault", box=None, pad_edge=False, header_style="bold")
    for heading in ("faults", *outcomes, "longest"):
        table.add_column(heading, justify="right")
    for kind, faults, counts, longest in rows:
        table.add_row(kind, f"{faults:,}", *(f"{count:,}" for count in counts), f"{longest:.1f}")
    broken = [trial for trial in trials if trial.broken]
    table.caption = (f"{sum(trial.faults for trial in trials):,} faults, {len(broken):,} trials "
                     f"broke a rule, {seconds:.0f} s")
    printer().print(table)
    if page is not None:
        typed = (f"flexdrive verify board-faults --count {count} --seed {seed}"
                 + (f" --board {name}" if name != "tiny" else ""))
        page.write_text(faults_page(trials, typed, seconds))
    end([f"{trial.kind}: {trial.outcome}, recovered: {trial.recovered}; {trial.message}"
         for trial in broken])
