"""Progress on a terminal or in a notebook, for functions that a person calls from Python."""

from rich.console import Console
from rich.progress import Progress as Bars

__all__ = ["Progress"]


class Progress:
    """Bars and remarks that vanish when the work is done.

    Parameters
    ----------
    shown : True, False, or None: where a person looks at it (a terminal, a notebook).

    Use as a context; ``say`` takes a line of text, ``track`` an iterable of known length, ``bar``
    makes a bar to be moved by hand.
    """

    def __init__(self, shown=None):
        console = Console(stderr=True, highlight=False)
        if shown is None:
            shown = console.is_terminal or console.is_jupyter
        self._bars = Bars(console=console, transient=True, disable=not shown)

    def __enter__(self):
        self._bars.__enter__()
        return self

    def __exit__(self, *error):
        self._bars.__exit__(*error)

    def say(self, line):
        """Show what is under way, without an end that is known."""
        for task in self._bars.task_ids:
            self._bars.remove_task(task)
        self._bars.add_task(line, total=None)

    def track(self, items, description):
        """``items``, one after the other, with a bar."""
        return self._bars.track(items, description=description)

    def bar(self, description, total, done=0):
        """A function that moves a bar of ``total`` steps by one."""
        task = self._bars.add_task(description, total=total, completed=done)
        return lambda: self._bars.advance(task)
