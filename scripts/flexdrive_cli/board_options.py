"""Options that say which design for which board is meant."""

import functools
from dataclasses import replace
from pathlib import Path

import click

from flexdrive_deploy.board.boards import DESIGNS, system_for
from flexdrive_deploy.chip_choice import read_config

__all__ = ["system_options"]


def system_options(chip_name):
    """Decorator that adds the options of a design to a command, which gets its argument ``board``
    and ``make``: a function of the board's name that returns the configuration.

    Parameters
    ----------
    chip_name : how the option for a chip's file is called.
    """
    def decorate(command):
        @click.option("--design", type=click.Choice(sorted(DESIGNS)),
                      help="By default the board's own.")
        @click.option(chip_name, "chip_file", type=click.Path(), metavar="FILE",
                      help="Configuration of the chip, instead of the board's own.")
        @click.option("--weight-words", type=int, metavar="N",
                      help="Words of the store of weights, 32 bits each.")
        @functools.wraps(command)
        def wrapped(*arguments, design, chip_file, weight_words, **options):
            def make(board):
                chip = read_config(Path(chip_file)) if chip_file else None
                config = system_for(board, chip, design)
                if weight_words is None:
                    return config
                if not hasattr(config, "weight_words"):
                    raise click.UsageError("--weight-words is for the design hyperdrive")
                return replace(config, weight_words=weight_words)
            return command(*arguments, make=make, **options)
        return wrapped
    return decorate
