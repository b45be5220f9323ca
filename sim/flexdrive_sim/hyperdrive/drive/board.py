"""A board as a machine that runs programs, like the RTL on an engine."""

import numpy as np

from flexdrive_deploy.board.driver import Board
from flexdrive_deploy.board.transport import SerialTransport
from flexdrive_deploy.errors import ModelError

from .chip import ChipRun, count_descriptors, report_row

__all__ = ["DEFAULT_BAUD", "SCHEME", "BoardMachine", "open_board"]

DEFAULT_BAUD = 2_000_000
SCHEME = "board:"       # begins the names of engines that are boards


def open_board(engine):
    """The :class:`~flexdrive_deploy.board.driver.Board` of an engine's name,
    ``board:/dev/ttyUSB0`` or ``board:/dev/ttyUSB0@3000000``."""
    port, _, baud = engine.removeprefix(SCHEME).partition("@")
    if not port or (baud and not baud.isdecimal()):
        raise ModelError(f"engine = {engine!r} names no board; write board:PORT or "
                         f"board:PORT@BAUD, for example board:/dev/ttyUSB0@{DEFAULT_BAUD}")
    return Board(SerialTransport(port, int(baud or DEFAULT_BAUD)))


class BoardMachine:
    """Programs on a board.

    Parameters
    ----------
    board : :class:`~flexdrive_deploy.board.driver.Board`.
    config : ChipConfig that it must be.

    Raises
    ------
    IdentityError
        when it is another one.
    """

    def __init__(self, board, config):
        self.board, self.config = board, config
        board.identity.check(config)
        self._loaded = None

    def run(self, words, weights, pixels, out_words, *, gates=None, max_cycles=None):
        """As of :class:`~.chip.Chip`; gates and limit are the cable's.

        Returns
        -------
        :class:`~.chip.ChipRun` whose ``cycles`` are those of the operations,
        without waiting between them.
        """
        weights = np.asarray(weights, np.uint32).reshape(-1, self.config.weight_chunks)
        key = (np.asarray(words, np.uint32).tobytes(), weights.tobytes(), len(pixels), out_words)
        if key != self._loaded:
            self._loaded = None
            self.board.load(words, weights, weight_bits=self.config.weight_bits,
                            inputs=len(pixels), outputs=out_words,
                            reports=count_descriptors(words))
            self._loaded = key
        (run,) = self.board.run([pixels])
        rows = [report_row(row, -1) for row in run.reports]
        return ChipRun(run.pixels, np.full(len(run.pixels), -1), sum(row.cycles for row in rows),
                       rows)
