"""What a person sees while a model is made ready for the compiled engine."""

from contextlib import contextmanager

from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

__all__ = ["preparation"]


@contextmanager
def preparation(console):
    """Context whose value is a ``notify``: it takes a line before each slow step.

    On a terminal the step at work stands in one line, with the seconds since the first; it is gone
    at the end. Elsewhere every step is a line. Nothing is shown when nothing has to be done.
    """
    if not console.is_terminal:
        yield lambda text: console.print(text, style="dim", markup=False, soft_wrap=True)
        return
    progress = Progress(SpinnerColumn(), TextColumn("{task.description}", markup=False),
                        TimeElapsedColumn(), console=console, transient=True)
    task = progress.add_task("", start=False)

    def notify(text):
        progress.start_task(task)
        progress.update(task, description=text)
        progress.start()

    try:
        yield notify
    finally:
        progress.stop()
