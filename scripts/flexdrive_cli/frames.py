"""`flexdrive run --frames`: all images as one program, and what is printed of it."""

import sys

import numpy as np
from rich.console import Console
from rich.table import Table

from flexdrive.errors import FlexdriveError
from flexdrive_deploy.arrays import save_results
from flexdrive_deploy.chip_choice import describe
from flexdrive_sim.hyperdrive.drive.frames_session import FramesSession
from flexdrive_sim.progress import preparation
from flexdrive_sim.report import DEFAULT_VOLTAGE, assume

__all__ = ["frames_table", "run_frames"]


def _ends(found):
    """What was measured of the frames: when the first was done, and each one more."""
    gaps = sorted(set(np.diff(found.ends).tolist()))
    each = "" if not gaps else (f", each further one {gaps[0]:,} later" if len(gaps) == 1 else
                                f", each further one {gaps[0]:,} to {gaps[-1]:,} later")
    return f"the first was out after {found.ends[0]:,}{each}"


def frames_table(found, images):
    """Rows on a :class:`~flexdrive_sim.hyperdrive.drive.frames_session.FramesResult`."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row("frames", f"{images:,}, one program")
    if found.cycles is None:
        table.add_row("cycles", f"{found.modelled:,} modelled")
    else:
        verdict = "as modelled" if found.model_holds else f"MODELLED {found.modelled:,}"
        table.add_row("compared", f"{found.compared:,} words with the golden model of each frame "
                      "alone: all equal")
        table.add_row("cycles", f"{found.cycles:,} measured, {verdict}")
        table.add_row("", _ends(found))
    table.add_row("", f"{found.alone:,} a frame alone, {found.more:,} each one more (modelled)")
    clock = assume(DEFAULT_VOLTAGE).clock
    table.add_row("frames/s", f"{clock.value * 1e6 / found.more:,.1f} at {clock.value:g} MHz, "
                  f"{clock.value * 1e6 / found.alone:,.1f} one at a time")
    return table


def run_frames(deployment, feeds, engine, *, gates, compared, output):
    """Run all images as one program and print what it gave; ends the process when a word or the
    cycles differ.

    Parameters
    ----------
    deployment : compiled network. feeds : name -> array (N, ...).
    compared : makes the lines that compare results with what was expected.
    output : where results are written, or None.
    """
    console, errors = Console(highlight=False), Console(stderr=True, highlight=False)
    count = len(next(iter(feeds.values())))
    with preparation(errors) as notify:
        session = FramesSession(deployment, engine, gates=gates, notify=notify)
    console.print(f"{deployment.name} on {describe(deployment.config)}", markup=False,
                  soft_wrap=True)
    found = session.run_frames(feeds)
    if found.difference:
        image, difference = found.difference
        errors.print(f"error: {engine} differs from the golden model, image {image}: {difference}",
                     style="bold red", markup=False, soft_wrap=True)
        sys.exit(1)
    console.print(frames_table(found, count))
    verdicts = list(compared(found.outputs))
    if output:
        save_results(output, found.outputs)
    for verdict in verdicts:
        console.print(verdict, markup=False, soft_wrap=True)
    if not found.model_holds:
        raise FlexdriveError("The cycles of the frames are not those of the cycle model")
