"""What scripts that write pages into docs/results have in common."""

import argparse
import sys
import tempfile
from pathlib import Path

__all__ = ["add_results_option", "at_least_one", "results_directory"]


def at_least_one(text):
    """A whole number from 1 on, for argparse."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 on")
    return int(text)


def add_results_option(parser):
    """Add ``--results DIR``."""
    parser.add_argument("--results", type=Path, default=Path("docs/results"), metavar="DIR",
                        help="directory for the page (default: docs/results)")


def results_directory(path):
    """``path``, made and seen to be writable before the work begins; else one line and status 1."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            return path
    except OSError as error:
        sys.exit(f"error: {path}: results cannot be written there ({error.strerror}); choose "
                 f"another directory with --results")
