"""flexdrive evaluate --target flexv."""

import sys
from pathlib import Path

from rich.console import Console

from flexdrive_deploy.errors import FileError

from .tables import answers_table

__all__ = ["evaluate_flexv"]


def _content(model):
    try:
        return Path(model).read_bytes()
    except OSError as error:
        raise FileError(f"{model}: cannot be read ({error.strerror or error})") from None


def _table(found):
    table = answers_table(found)
    table.add_row("classes", f"{found.unlike:,} differ from onnxruntime's")
    if found.cycles:
        table.add_row("cycles an image", f"{min(found.cycles):,} to {max(found.cycles):,}")
    if found.engine != "golden":
        table.add_row("compared", f"{found.compared:,} integers with the golden model, "
                      f"{len(found.differences)} images differ")
    return table


def evaluate_flexv(model, target, images, labels, engine, chunk, workers):
    """Run a quantised network over a data set; exit status 1 when an integer differs."""
    from flexdrive_sim.flexv.evaluation import evaluate_network

    console, errors = Console(highlight=False), Console(stderr=True, highlight=False)
    with workers.crew() as crew:
        found = evaluate_network(_content(model), images, labels, engine,
                                 declarations=target.inputs, chunk=chunk, **crew)
    console.print(_table(found))
    for image, text in list(found.differences.items())[:10]:
        errors.print(f"error: image {image}: {text}", style="bold red", markup=False,
                     soft_wrap=True)
    if found.differences:
        sys.exit(1)
