"""A simulated board behind a pseudo-terminal: for a driver it is a serial port."""

import os
import select
import termios
import threading
import tty

__all__ = ["Terminal"]

_PIECE = 1 << 14
# Codes of rates that termios knows, to bits a second.
_RATES = {getattr(termios, name): int(name[1:]) for name in dir(termios)
          if name[0] == "B" and name[1:].isdigit() and int(name[1:])}


class Terminal:
    """The port of a board.

    The rate that the driver sets is that of the host's end, so a wrong one does what it does on a
    wire. Used in a ``with`` statement, the board runs in a thread of its own.

    Parameters
    ----------
    board : :class:`~.simulated.SimulatedBoard`.

    Attributes
    ----------
    path : of the port.
    """

    def __init__(self, board):
        self.board = board
        self._master, self._slave = os.openpty()    # held open: without a slave, reads fail
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.path = os.ttyname(self._slave)
        self._output = b""
        self._stop = threading.Event()
        self._thread = None

    def serve(self):
        """Run until :meth:`close`."""
        cycles = max(1, _PIECE // (10 * self.board.config.divisor)) * 10 * self.board.config.divisor
        while not self._stop.is_set():
            idle = not (self.board.busy or self.board.sending or self._output)
            ready, _, _ = select.select([self._master], [], [], 0.02 if idle else 0)
            if ready:
                self._set_rate()
                self.board.send(os.read(self._master, 4096))
            quiet = 0
            # Replies come within a few pieces.
            while quiet < (4 if ready or not idle else 0) and not self._stop.is_set():
                received = self.board.run(cycles)
                self._write(received)
                quiet = 0 if received or self.board.sending else quiet + 1
                if select.select([self._master], [], [], 0)[0]:
                    break

    def _set_rate(self):
        """The host's end runs at the rate that the driver chose."""
        rate = _RATES.get(termios.tcgetattr(self._slave)[5])
        if rate and rate != self.board.baud:
            self.board.baud = rate

    def _write(self, received):
        """To the driver; what it does not fetch waits here."""
        self._output += received
        while self._output:
            try:
                self._output = self._output[os.write(self._master, self._output):]
            except BlockingIOError:
                return

    def close(self):
        """Pull the cable: the port is gone."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        os.close(self._master)
        os.close(self._slave)

    def __enter__(self):
        self._thread = threading.Thread(target=self.serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.close()
