"""Parameters of a link, checked where they are made."""

from dataclasses import dataclass, fields

from ...errors import ConfigurationError
from .frame import CRCS, FrameFormat

__all__ = ["LinkConfig"]


def _rule(name, value, rule, holds):
    if not holds:
        raise ConfigurationError(f"Link parameter {name} = {value!r} is not possible: {rule}")


@dataclass(frozen=True, kw_only=True)
class LinkConfig:
    """One direction of words between two chips; both ends must have the same.

    Attributes
    ----------
    payload : bits of a word, 1 to 64.
    width : data wires forward, 1 to 64 (``valid`` and ``last`` come on top).
    reverse_width : data wires back, 1 to 64, for credits and replay requests.
    sequence : bits of a sequence number, 1 to 8.
    window : words that may be on their way or wait in the receiver, a power of two below
        2**sequence: the depth of the receiver's buffer and, with ``retransmit``, of the sender's
        replay buffer. At most that many words can be lost unseen by the sender, fewer than there
        are sequence numbers, so no loss of any length goes unnoticed.
    crc : bits of the CRC: 5 (CRC-5/USB), 8 (CRC-8/ROHC), 16 (CRC-16/DNP) or 32
        (CRC-32/JAMCRC). Any corruption within so many neighbouring bits is found, so one phit
        may be hit in any way if it is not wider; for scattered flips see ``CRCS`` in ``frame.py``.
    retransmit : survive faults by go-back-N; otherwise the first fault ends the link.
    keepalive : cycles from the start of a frame to that of the next one, at most; not shorter
        than the longer frame of both directions.
    timeout : cycles without a good frame after which an end gives up; at least 4 keepalive, plus
        what both ends may leave reset apart. Wire latency counts once, at the start.
    retries : replays without a new word after which the receiver gives up, 1 to 15.
    """

    payload: int = 18
    width: int = 4
    reverse_width: int = 1
    sequence: int = 4
    window: int = 8
    crc: int = 16
    retransmit: bool = False
    keepalive: int = 256
    timeout: int = 1024
    retries: int = 8

    def __post_init__(self):
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name == "retransmit":
                _rule(field.name, value, "it must be True or False", isinstance(value, bool))
            else:
                _rule(field.name, value, "it must be an integer",
                      isinstance(value, int) and not isinstance(value, bool))
        for name in ("payload", "width", "reverse_width"):
            _rule(name, getattr(self, name), "1 to 64 bits", 1 <= getattr(self, name) <= 64)
        _rule("sequence", self.sequence, "1 to 8 bits", 1 <= self.sequence <= 8)
        _rule("window", self.window,
              f"a power of two from 1 to {1 << self.sequence - 1} (half of 2**sequence)",
              self.window in [1 << bit for bit in range(self.sequence)])
        _rule("crc", self.crc, f"one of {', '.join(map(str, CRCS))} bits", self.crc in CRCS)
        for name in ("forward", "reverse"):
            frame = getattr(self, name)
            _rule("crc", self.crc, f"with {name} frames of {frame.bits} bits, data wires stuck at "
                  f"0 or at 1 would look like a frame; choose another CRC or width",
                  not frame.accepts_dead_wires)
        longest = max(self.forward.phits, self.reverse.phits)
        _rule("keepalive", self.keepalive,
              f"{longest} (phits of the longest frame) to 65535",
              longest <= self.keepalive <= 65535)
        _rule("timeout", self.timeout,
              f"{4 * self.keepalive} (4 x keepalive) to 16777215",
              4 * self.keepalive <= self.timeout < 1 << 24)
        _rule("retries", self.retries, "1 to 15", 1 <= self.retries <= 15)

    @property
    def forward(self):
        """:class:`FrameFormat` from sender to receiver.

        ``sequence``: of the word, or of the next word in an idle frame. ``request``: the last
        replay request that the sender has obeyed.
        """
        request = (("request", 1),) if self.retransmit else ()
        return FrameFormat(
            fields=(("kind", 1), *request, ("sequence", self.sequence),
                    ("payload", self.payload)),
            width=self.width, crc=self.crc)

    @property
    def reverse(self):
        """:class:`FrameFormat` from receiver to sender.

        ``taken``: words that have left the receiver. ``request``: changes for each replay that
        the receiver wants, ``expected``: the word that it wants to begin with.
        """
        replay = (("request", 1), ("expected", self.sequence)) if self.retransmit else ()
        return FrameFormat(fields=(("taken", self.sequence), *replay),
                           width=self.reverse_width, crc=self.crc)

    @property
    def parameters(self):
        """Parameters as keywords with short names, for the names of modules."""
        return {"p": self.payload, "w": self.width, "v": self.reverse_width, "s": self.sequence,
                "n": self.window, "c": self.crc, "r": self.retransmit, "k": self.keepalive,
                "t": self.timeout, "m": self.retries}

    @property
    def cycles_per_word(self):
        """Cycles per word when the window covers the round trip."""
        return self.forward.phits

    @property
    def latency(self):
        """Cycles from a word's transfer into an idle sender to its first offer by the receiver,
        on wires without latency."""
        return self.forward.latency + self.retransmit

    def round_trip(self, wires):
        """Cycles from the acceptance of a word to that of the word that takes its place in an
        idle link whose window is full, with ``wires`` cycles of latency there and back."""
        return self.latency + self.reverse.latency + 1 + wires

    def credit_cycles(self, wires):
        """Cycles that ``window * cycles_per_word`` must reach for full rate: the round trip, plus
        the credit frame that may be under way when the next becomes due."""
        return self.round_trip(wires) + self.reverse.phits
