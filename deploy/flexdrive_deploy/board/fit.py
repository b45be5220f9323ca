"""The largest chip that a board takes."""

from dataclasses import dataclass, replace

from flexdrive.errors import FlexdriveError

from .boards import system_for
from .flow import build, parts, synthesise

__all__ = ["CHANNELS", "Tried", "fit"]

CHANNELS = (32, 24, 16, 8)      # of a tile; tiles, memories and stores stay those of the board


@dataclass(frozen=True)
class Tried:
    """A size: channels, units, tables after synthesis, and why it was not taken (\"\" for the one
    that was)."""

    channels: int
    units: int
    tables: int
    why: str


def fit(board, config, seeds=(1,), *, notify=None, tried=None):
    """Build the largest chip of :data:`CHANNELS` that fits and reaches its clock.

    Parameters
    ----------
    board, config, seeds, notify : as of :func:`~.flow.build`; ``config`` is a SystemConfig.
    tried : called with a :class:`Tried` after each size.

    Returns
    -------
    :class:`~.flow.Build`

    Raises
    ------
    FlexdriveError
        of the smallest one, when none passes.
    """
    for channels in CHANNELS:
        chip = replace(config.chip, channels=channels)
        one = replace(config, chip=chip, configuration=system_for(board.name, chip).configuration)
        tables = 0
        try:
            place, _ = synthesise(board, one, notify=notify)
            tables = sum(cells[board.family.logic] for cells in parts(place).values())
            made, why = build(board, one, seeds, notify=notify), ""
        except FlexdriveError as error:
            made, why = None, str(error).partition("\n")[0]
            if channels == CHANNELS[-1]:
                raise
        if tried is not None:
            tried(Tried(channels, chip.rows * chip.columns * channels, tables, why))
        if made is not None:
            return made
    raise AssertionError
