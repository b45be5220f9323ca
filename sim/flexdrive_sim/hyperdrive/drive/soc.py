"""A chip beside a core as a machine that runs programs: firmware on the core feeds the chip."""

import tempfile
from pathlib import Path

import numpy as np

from flexdrive.hyperdrive.descriptor.report import Report
from flexdrive_deploy.board.errors import BoardError
from flexdrive_deploy.flexv.elf import load_elf
from flexdrive_deploy.flexv.firmware import build_program, firmware_directory

from .chip import ChipRun, count_descriptors, report_row

__all__ = ["SocMachine", "server_program"]

_REPORT_WORDS = Report.as_shape().size // 32
_STALLED = 1_000_000        # cycles without a word
_STACK = 2048


def server_program(source=None):
    """The firmware that runs programs of the host, ``firmware/hyperdrive_server.c`` or another
    ``source`` that speaks as it does, as a :class:`~flexdrive_deploy.flexv.elf.Program`."""
    source = source or firmware_directory() / "hyperdrive_server.c"
    with tempfile.TemporaryDirectory() as place:
        return load_elf(build_program([source], Path(place) / f"{Path(source).stem}.elf",
                                      stack=_STACK))


class SocMachine:
    """Programs of the chip of a board with both machines; the firmware is loaded and started.

    Parameters
    ----------
    board : :class:`~flexdrive_deploy.board.soc_driver.SocBoard`.
    config : ChipConfig of its chip.
    program : as of :func:`server_program`, by default that.
    limit : cycles of the firmware's run.
    """

    def __init__(self, board, config, program=None, *, limit=1_000_000_000):
        self.board, self.config = board, config
        self.program = program or server_program()
        self._limit = limit
        self.start()

    def start(self):
        """Load the firmware and start it, whatever was before."""
        self.board.load(self.program)
        self.board.start(self._limit)

    def request(self, words, weights, pixels, out_words, reports, *, stalled=_STALLED):
        """Ask for a program with any counts; returns the end that the firmware tells."""
        pixels = np.asarray(pixels, np.uint16)
        weights = np.asarray(weights, np.uint32).ravel()
        header = [len(words), len(weights), len(pixels), out_words, reports, stalled]
        paired = np.append(pixels, np.zeros(len(pixels) % 2, np.uint16)).view("<u4")
        self.board.send(np.concatenate([np.array(header, np.uint32), np.asarray(words, np.uint32),
                                        weights, paired]))
        return int(self.board.receive(1)[0])

    def run(self, words, weights, pixels, out_words, *, gates=None, max_cycles=None):
        """As of :class:`~.chip.Chip`; gates and limit are the firmware's.

        Returns
        -------
        :class:`~.chip.ChipRun` whose ``cycles`` are those of the operations, without waiting
        between them.

        Raises
        ------
        BoardError
            with what the firmware says, when the chip does not do all of it.
        """
        reports = count_descriptors(words)
        if self.request(words, weights, pixels, out_words, reports):
            raise BoardError(f"{self.board.link.transport.name}: {self.said()}")
        pairs = -(-out_words // 2)
        came = self.board.receive(pairs + _REPORT_WORDS * reports)
        rows = [report_row(row, -1) for row in came[pairs:].reshape(-1, _REPORT_WORDS)]
        return ChipRun(came[:pairs].astype("<u4").view(np.uint16)[:out_words],
                       np.full(out_words, -1), sum(row.cycles for row in rows), rows)

    def said(self):
        """The last line that the firmware has printed."""
        lines = self.board.printed().decode(errors="replace").splitlines()
        return lines[-1] if lines else "nothing was said"

    def stop(self):
        """Let the firmware end; returns its :class:`~flexdrive_deploy.board.core_driver.CoreRun`.
        """
        self.board.send(np.zeros(6, np.uint32))
        return self.board.finish()
