"""What the commands of ``flexdrive verify`` have in common: numbers, output, the end."""

import sys

import click
from rich.console import Console

__all__ = ["end", "printer", "quantity"]

_SHOWN = 20


def quantity(text):
    """A whole number from 1 on, also as 1e8, for click."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not (1 <= value < 1e15 and value == int(value)):
        raise click.BadParameter(f"{text!r} is no whole number from 1 on, such as 1000 or 1e8")
    return int(value)


def printer():
    """The console that tables and results go to."""
    return Console(highlight=False)


def end(wrong):
    """Print the first of what was wrong, texts, and end with status 1 if there is anything."""
    errors = Console(stderr=True, highlight=False, soft_wrap=True)
    for text in wrong[:_SHOWN]:
        errors.print(f"error: {text}", style="bold red", markup=False)
    if len(wrong) > _SHOWN:
        errors.print(f"error: and {len(wrong) - _SHOWN:,} more", style="bold red", markup=False)
    if wrong:
        sys.exit(1)
