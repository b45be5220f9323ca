"""``flexdrive verify board-faults``: faults on the line of a simulated board."""

import sys

import click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

__all__ = ["command"]


@click.command(name="board-faults")
@click.option("--count", default=5000, show_default=True, type=click.IntRange(1),
              help="Faults to inject.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0),
              help="Of everything that is drawn.")
@click.option("--board", "name", default="tiny", show_default=True,
              help="As of `flexdrive board simulate`.")
def command(count, seed, name):
    """Faults on the line of a simulated board, bit by bit.

    Cables pulled, bits flipped, bytes lost, doubled, made up, frames lost and doubled, stuck wires,
    a host that dies, a board that loses its power, a wrong rate. Ends with status 1 if any of them
    led to a wrong result or a hang, or to a board that a reset frame does not bring back.
    """
    from flexdrive_deploy.board.boards import system_for
    from flexdrive_sim.board.faults import Campaign
    from flexdrive_sim.board.simulated import SimulatedBoard
    from flexdrive_sim.progress import preparation

    errors = Console(stderr=True, highlight=False)
    config = system_for(name)
    with preparation(errors) as notify:
        board = SimulatedBoard(config, notify=notify)
    campaign = Campaign(board, config.chip, seed)
    with Progress(console=errors, transient=True, disable=not errors.is_terminal) as progress:
        task = progress.add_task("faults", total=count)
        broken = campaign.run(count,
                              progress=lambda done: progress.update(task, completed=done))
    outcomes = sorted({outcome for _, outcome in campaign.outcomes})
    table = Table("kind", "faults", *(f"trials: {outcome}" for outcome in outcomes))
    for kind, faults in campaign.counts.items():
        table.add_row(kind, f"{faults:,}", *(f"{campaign.outcomes[kind, outcome]:,}"
                                             for outcome in outcomes))
    out = Console(highlight=False, width=None if sys.stdout.isatty() else 100)
    out.print(table)
    out.print(f"{sum(campaign.counts.values()):,} faults, {len(broken)} broke a rule")
    for trial in broken:
        out.print(f"{trial.kind}: {trial.outcome}, recovered: {trial.recovered}; {trial.message}",
                  markup=False, soft_wrap=True)
    if broken:
        sys.exit(1)
