"""Ways to move bytes: a serial port; a simulation offers the same three methods."""

import contextlib
import os
import time

import serial

from .errors import BoardError, CableError

__all__ = ["SerialTransport"]

# Seconds for a board that is simulated behind a pseudo-terminal, thousands of times slower.
_SIMULATED = 5.0


class SerialTransport:
    """A serial port, or a pseudo-terminal.

    Parameters
    ----------
    port : for example ``/dev/ttyUSB0``.
    baud : bits a second.

    Attributes
    ----------
    latency : seconds that a byte may take besides its time on the line, there and back.
    pause : seconds before the board is asked again whether something is there.
    patience : seconds that nothing may move, though the board answers.
    name : for messages.

    Raises
    ------
    BoardError
        when the port cannot be opened.
    """

    latency = 0.25      # FTDI's latency timer (16 ms), USB, a busy host

    pause = 0.002
    patience = 5.0      # longer than any image takes to compute

    def __init__(self, port, baud):
        self.name, self.baud = port, baud
        try:
            self._port = serial.Serial(port, baud, timeout=0, write_timeout=2, exclusive=True)
        except (serial.SerialException, ValueError, OSError) as error:
            number = error.errno if isinstance(error, OSError) else None
            reason = os.strerror(number) if number else str(error)
            raise BoardError(f"{port} cannot be opened: {reason}. What would pass: the port of a "
                             "board that is plugged in, not in use, and readable by you") from None
        # Only drivers of real ports have it.
        with contextlib.suppress(ValueError, OSError, AttributeError, NotImplementedError):
            self._port.set_low_latency_mode(True)
        if os.path.realpath(port).startswith("/dev/pts/"):
            self.latency, self.patience = _SIMULATED, 4 * _SIMULATED

    def now(self):
        """Seconds since some moment."""
        return time.monotonic()

    def write(self, content):
        """Send bytes; CableError when the port is gone or takes none."""
        try:
            self._port.write(content)
        except (serial.SerialException, OSError) as error:
            raise self._gone(error) from None

    def read(self, timeout):
        """Bytes that came, after ``timeout`` seconds at most; empty when none did."""
        end = self.now() + timeout
        try:
            while not (received := self._port.read(4096)):
                left = end - self.now()
                if left <= 0:
                    return b""
                self._port.timeout = min(left, 0.05)
                received = self._port.read(1)
                self._port.timeout = 0
                if received:
                    return received + self._port.read(4096)
            return received
        except (serial.SerialException, OSError, TypeError) as error:
            raise self._gone(error) from None

    def _gone(self, error):
        return CableError(f"{self.name} went away ({error}): the cable was pulled, or the board "
                          "lost its power")

    def close(self):
        """Give the port back."""
        self._port.close()
