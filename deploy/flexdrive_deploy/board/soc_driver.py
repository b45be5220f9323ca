"""A chip with both machines behind a cable: its program, words for it, words of it."""

import zlib

import numpy as np

from flexdrive.boards.frame import Space
from flexdrive.boards.registers import Design

from .core_driver import CoreBoard
from .errors import BoardError

__all__ = ["SocBoard"]


class SocBoard(CoreBoard):
    """A board with a Flex-V core and a Hyperdrive chip, in a session of its own: making it resets
    the board.

    After :meth:`~.core_driver.CoreBoard.start` words go both ways, and
    :meth:`~.core_driver.CoreBoard.finish` tells how the program ended. What a run has left in the
    rings stays: load the program again after one that failed.

    Parameters
    ----------
    transport, options : see :class:`~.link.Link`.
    """

    design = Design.SOC

    def load(self, program):
        """As of :class:`~.core_driver.CoreBoard`; the board compares the CRC-32 once more before
        each run."""
        super().load(program)
        self.set("PROGRAM_CRC", self._crc[Space.PROGRAM])

    def send(self, words):
        """Words (uint32) for the program, which takes them when it wants; waits until all have
        found room.

        Raises
        ------
        BoardError
            when the program does not take them, or has ended.
        """
        try:
            self._run([self._writing(Space.PIXELS, np.asarray(words, np.uint32))])
        except BoardError:
            self._check_runs("took all words that were sent")
            raise

    def receive(self, count):
        """The next transfer of the program, ``count`` words, uint32 (count,).

        Raises
        ------
        BoardError
            when the program ends before, or its words and their CRC-32 differ.
        """
        words = []
        while len(words) <= count:
            over = self._over()     # asked first, so that nothing of it is missed
            came = self._taken(Space.REPORTS, count + 1 - len(words))
            words += came
            if not came and not self._printed():
                if over:
                    self._check_runs(f"sent {count} words")
                self._rest()
        *words, crc = words
        found = np.array(words, np.uint32)
        ours = zlib.crc32(found.astype("<u4").tobytes())
        if crc != ours:
            raise BoardError(f"{self._name}: {count} words of the program have CRC-32 {ours:08x}, "
                             f"the board says {crc:08x}: it sent a transfer of another length, or "
                             "words were lost")
        return found

    def _check_runs(self, what):
        """BoardError, in one line, when the program has ended before it did ``what``."""
        if self._over():
            run = self.finish()
            lines = run.console.decode(errors="replace").split("\n")
            said = next((line for line in reversed(lines) if line), "nothing")
            raise BoardError(f"{self._name}: the program ended before it {what}: {run.verdict}; "
                             f"it said: {said}")
