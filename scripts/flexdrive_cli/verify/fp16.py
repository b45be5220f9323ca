"""``flexdrive verify fp16``: binary16 operators against independent oracles."""

import sys
import time

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column, Table

__all__ = ["command"]

_OPERATIONS = ("add", "sub", "mul", "max")


@click.command(name="fp16")
@click.option("--op", "operations", multiple=True, type=click.Choice(_OPERATIONS),
              help="Operation; may be repeated. Default: all, with --exhaustive add and mul.")
@click.option("--depth", type=click.IntRange(1, 4), default=1, show_default=True,
              help="Pipeline depth of the operator.")
@click.option("--random", "count", type=click.IntRange(0), default=10_000_000,
              show_default=True, help="Random pairs besides the corner classes.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True,
              help="Seed of the random operands.")
@click.option("--exhaustive", is_flag=True, help="All 2^32 pairs instead.")
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True,
              help="Threads of an exhaustive check.")
@click.option("--vectors", type=click.Path(), metavar="FILE",
              help="Vectors 'aaaa bbbb rrrr [flags]' in hexadecimal, as TestFloat's generator "
                   "prints them, of the one operation --op. Flags are ignored; any NaN in FILE "
                   "stands for 7E00.")
def command(operations, depth, count, seed, exhaustive, jobs, vectors):
    """Binary16 adder, multiplier and maximum on the compiled engine.

    The oracle is the C compiler's _Float16. By default: classes of corner cases, then random
    pairs. Ends with status 1 if anything differs.
    """
    from flexdrive_sim.fp16 import verify

    if vectors and len(operations) != 1:
        raise click.UsageError("--vectors needs the operation of its vectors: one --op")
    if vectors and exhaustive:
        raise click.UsageError("--vectors and --exhaustive exclude each other")
    operations = operations or (("add", "mul") if exhaustive else _OPERATIONS)
    console = Console(stderr=True, highlight=False)
    table = Table("operation", "depth", "operands", *(
        Column(name, justify="right") for name in ("pairs", "mismatches", "seconds")))
    wrong = []
    for operation in operations:
        verifier = _prepare(console, verify, operation, depth)
        if vectors:
            parts = [(str(vectors), verify.check_file(verifier, vectors))]
        elif exhaustive:
            verifiers = [verifier, *(_prepare(console, verify, operation, depth)
                                     for _ in range(jobs - 1))]
            parts = [("all", verify.check_all(verifiers))]
        else:
            parts = verify.sampled_checks(verifier, count, seed)
        for name, steps in parts:
            start = time.monotonic()
            verdict = _follow(console, f"{operation} {name}", steps)
            table.add_row(operation, str(depth), name, f"{verdict.pairs:,}",
                          f"{verdict.mismatches:,}", f"{time.monotonic() - start:.1f}")
            if verdict.mismatches:
                wrong.append((operation, name, verdict))
    out = Console(highlight=False, width=None if sys.stdout.isatty() else 100)
    out.print(table)
    for operation, name, verdict in wrong:
        out.print(f"{operation} depth {depth}, {name}: {verdict.mismatches:,} of "
                  f"{verdict.pairs:,} pairs differ, the first:", soft_wrap=True)
        for mismatch in verdict.first:
            out.print(f"  {mismatch}")
    if wrong:
        sys.exit(1)


def _prepare(console, verify, operation, depth):
    from flexdrive_sim.progress import preparation

    with preparation(console) as notify:
        return verify.Verifier(operation, depth=depth, notify=notify)


def _follow(console, name, steps):
    """Run the steps of a check, an iterable of (fraction done, verdict so far), with a bar."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
               TextColumn("%"), TimeRemainingColumn())
    verdict = None
    with Progress(*columns, console=console, transient=True,
                  disable=not console.is_terminal) as progress:
        task = progress.add_task(name, total=100)
        for done, so_far in steps:
            verdict = so_far
            progress.update(task, completed=round(100 * done))
    return verdict
