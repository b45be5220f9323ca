"""What a person sees while slow work runs: on a terminal, in a notebook, in a log."""

from collections.abc import Iterable
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bars

__all__ = ["Progress", "preparation"]

_Item = TypeVar("_Item")
_TEXT = TextColumn("{task.description}", markup=False)
_STEP = SpinnerColumn(), _TEXT, TimeElapsedColumn()
_BAR = _TEXT, BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()


class _Display(Bars):
    """Bars with an end, and steps without one, each in columns of its own."""

    def get_renderables(self):
        for task in self.tasks:
            self.columns = _STEP if task.total is None else _BAR
            yield self.make_tasks_table([task])


class Progress:
    """Bars and remarks that vanish when the work is done; nothing is shown before the first.

    Parameters
    ----------
    shown : True, False, or None: on standard error where a person looks at it (a terminal, a
        notebook). Or a rich Console: on that, and where it shows no bars, what is said becomes a
        line each.

    Use as a context; ``say`` takes a line of text, ``track`` an iterable of known length, ``bar``
    makes a bar to be moved by hand.
    """

    def __init__(self, shown=None):
        given = isinstance(shown, Console)
        self._console = shown if given else Console(stderr=True, highlight=False)
        if given or shown is None:
            shown = self._console.is_terminal or self._console.is_jupyter
        self._lines, self._step = given and not shown, None
        self._bars = _Display(console=self._console, transient=True, disable=not shown)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._bars.stop()

    def say(self, line):
        """Show what is under way, without an end that is known, and the time since the first."""
        if self._lines:
            self._console.print(line, style="dim", markup=False, soft_wrap=True)
        elif self._step is None:
            self._step = self._bars.add_task(line, total=None)
        else:
            self._bars.update(self._step, description=line)
        self._bars.start()

    def track(self, items: Iterable[_Item], description: str) -> Iterable[_Item]:
        """``items``, one after the other, with a bar."""
        self._bars.start()
        return self._bars.track(items, description=description)

    def bar(self, description, total, done=0):
        """A function that moves a bar of ``total`` steps by one, or to the number it is given."""
        self._bars.start()
        task = self._bars.add_task(description, total=total, completed=done)

        def move(to=None):
            if to is None:
                self._bars.advance(task)
            else:
                self._bars.update(task, completed=min(int(to), total))
        return move


@contextmanager
def preparation(console):
    """Context whose value takes a line before each step of making an engine ready: on a terminal
    the step at work stands in one line, elsewhere every step is a line."""
    with Progress(console) as shown:
        yield shown.say
