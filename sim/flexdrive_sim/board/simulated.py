"""A board: a design on the compiled engine, and the host's end of its line, bit by bit."""

import ctypes
from dataclasses import dataclass, replace
from importlib.resources import files

import numpy as np

from flexdrive.boards.designs import system_of

from ..engine import Model, compile_model

__all__ = ["DirectTransport", "LineFault", "SimulatedBoard"]

_FRACTION = 1 << 16
_ROOM = 1 << 16


@dataclass(frozen=True)
class LineFault:
    """What happens to a wire.

    Attributes
    ----------
    begin, end : cycles.
    wire : 0 to the board, 1 to the host.
    kind : 0 it is 0, 1 it is 1, 2 it is inverted.
    """

    begin: int
    end: int
    wire: int
    kind: int


class _Line(ctypes.Structure):
    """``line_state`` of line.cc."""

    _fields_ = [(name, ctypes.c_uint64) for name in (
        "period", "send_next", "send_bits", "send_left", "take_next", "take_bits", "take_left",
        "sent", "taken", "broken", "level", "resets", "in_reset",
        "busy", "fault")]


class SimulatedBoard:
    """A board with power.

    Parameters
    ----------
    config : a :class:`flexdrive.boards.config.LineConfig`.
    baud : of the host's end; by default that of the board.
    debug : can write waveforms; slower.
    notify : called with a line of text before each slow step.

    Attributes
    ----------
    faults : list of :class:`LineFault` that are to come or under way.
    """

    def __init__(self, config, *, baud=None, debug=False, notify=None):
        self.config = config
        extra = files(__package__).joinpath("line.cc").read_text()
        self._built = compile_model(system_of(config), extra=extra, debug=debug, notify=notify)
        self._before = 0        # cycles before the power came
        self._baud = baud or config.baud
        self.power(True)
        self._input = b""
        self.faults = []

    @property
    def baud(self):
        """Bits a second of the host's end."""
        return self._baud

    @baud.setter
    def baud(self, value):
        self._baud = value
        self._line.period = round(self.config.clock / value * _FRACTION)

    @property
    def cycle(self):
        """Cycles so far."""
        return self._before + (self.model.cycle if self.model else 0)

    @property
    def seconds(self):
        """The same in seconds of the board's clock."""
        return self.cycle / self.config.clock

    @property
    def busy(self):
        """Whether the design works, such as on an image."""
        return bool(self._line.busy)

    @property
    def fault(self):
        """Whether something went wrong in it."""
        return bool(self._line.fault)

    @property
    def resets(self):
        """Reset frames that came."""
        return self._line.resets

    @property
    def sending(self):
        """Bytes of the host that are not on the line yet."""
        return len(self._input)

    def power(self, on, state=None):
        """Take the power away, or give it back: the board begins as it was configured, or, without
        any reset, with random registers and memories of the seed ``state``."""
        self._before = self.cycle if hasattr(self, "model") else 0
        built = self._built if state is None else replace(self._built, power_up=state)
        self.model = Model(built, reset=state is None) if on else None
        self._line = _Line(level=1)
        self.baud = self._baud
        if on:
            self._before -= self.model.cycle

    def send(self, content):
        """Bytes for the line, behind those that wait."""
        self._input += bytes(content)

    def forget(self):
        """Drop what the host has not sent yet: its process is gone."""
        self._input = b""

    def run(self, cycles):
        """Go on; returns the bytes that came to the host."""
        if self.model is None:
            self._input = b""       # nobody hears
            self._before += cycles
            return b""
        output = np.empty(_ROOM, np.uint8)
        waiting = np.frombuffer(self._input, np.uint8)
        now = self.cycle
        self.faults = [fault for fault in self.faults if fault.end > now]
        faults = np.array([[max(0, f.begin - self._before), f.end - self._before, f.wire, f.kind]
                           for f in self.faults if f.begin < now + cycles],
                          np.uint64).reshape(-1, 4)
        self._line.sent = self._line.taken = 0
        self.model.call("flexdrive_line_run", cycles, ctypes.addressof(self._line), waiting,
                        len(waiting), output, _ROOM, faults, len(faults))
        self._input = self._input[self._line.sent:]
        return output[:self._line.taken].tobytes()


class DirectTransport:
    """A simulated board as a transport of :class:`flexdrive_deploy.board.link.Link`, without a
    port; its time is that of the board."""

    latency = 0.0005
    pause = 0.0001
    patience = 0.05

    def __init__(self, board, name="simulated board"):
        self.board, self.name = board, name
        # Bytes come in pieces of this many cycles.
        self._piece = 8 * 10 * board.config.divisor

    @property
    def baud(self):
        """Bits a second."""
        return self.board.baud

    def now(self):
        """Seconds of the board's clock."""
        return self.board.seconds

    def write(self, content):
        """Send bytes."""
        self.board.send(content)

    def read(self, timeout):
        """Bytes that came, after ``timeout`` seconds at most."""
        end = self.now() + timeout
        while self.now() < end:
            received = self.board.run(self._piece)
            if received:
                return received
        return b""

    def close(self):
        """Nothing is left to do."""
