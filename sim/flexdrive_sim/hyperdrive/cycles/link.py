"""What is between two chips on the cycle model: nothing, or the link of docs/link.md.

A step of a channel computes cycle t from the state of its registers; between steps, while nothing
is under way, only keep-alive frames go back and forth, and they are made up for.
"""

from collections import deque

__all__ = ["Direct", "Link"]


class Direct:
    """Streams with ready: the receiver sees what the sender offers."""

    busy = False

    def __init__(self, sender):
        self._sender = sender

    @property
    def offer(self):
        """Word for the receiver, or None."""
        return self._sender.offer

    def begin(self, time):
        """Begin cycle ``time``."""

    def step(self, time, taken):
        """Cycle ``time``, in which the receiver has ``taken`` the word offered to it; returns
        whether that of the sender was accepted."""
        return taken


class _Frames:
    """One direction of frames: when the wires are free, and when the last frame began."""

    def __init__(self, phits, keepalive):
        self._phits, self._keepalive = phits, keepalive
        self._begun = 0             # both ends send an idle frame when reset ends

    def catch_up(self, time):
        """Idle frames begun before ``time``, if nothing else was to be sent."""
        self._begun += max(0, (time - 1 - self._begun) // self._keepalive) * self._keepalive

    def free(self, time):
        return time >= self._begun + self._phits

    def due(self, time):
        return time >= self._begun + self._keepalive

    def load(self, time):
        self._begun = time


class Link:
    """A link without faults.

    Parameters
    ----------
    sender : of the chip before it, with ``offer``.
    config : :class:`flexdrive.hyperdrive.link.LinkConfig`.
    latency : cycles of the wires in each direction.
    """

    def __init__(self, sender, config, latency=0):
        self._sender, self._window, self._replay = sender, config.window, config.retransmit
        # From the load of a frame to the cycle in which its end is seen in a register.
        self._forward_delay = config.forward.latency + latency
        self._credit_delay = config.reverse.latency + latency
        self._frames = _Frames(config.forward.phits, config.keepalive)
        self._credits = _Frames(config.reverse.phits, config.keepalive)
        self._buffer = deque()      # words to be sent, with retransmission
        self._coming = deque()      # (cycle in which it is there, word)
        self._received = deque()
        self._returning = deque()   # (cycle in which it is there, words taken)
        self._accepted = self._credited = self._taken = self._told = 0

    @property
    def offer(self):
        return self._received[0] if self._received else None

    @property
    def busy(self):
        return bool(self._buffer or self._coming or self._received
                    or self._told != self._taken)

    def begin(self, time):
        while self._coming and self._coming[0][0] <= time:
            self._received.append(self._coming.popleft()[1])
        while self._returning and self._returning[0][0] <= time:
            self._credited = self._returning.popleft()[1]
        self._frames.catch_up(time)
        self._credits.catch_up(time)

    def step(self, time, taken):
        accepted = self._send(time)
        news = self._told != self._taken
        if self._credits.free(time) and (news or self._credits.due(time)):
            self._credits.load(time)
            self._told = self._taken
            self._returning.append((time + self._credit_delay, self._taken))
        if taken:
            self._received.popleft()
            self._taken += 1
        return accepted

    def _send(self, time):
        """Load a frame; whether the sender's word was accepted."""
        # The first credit, sent when reset ends, says that the other end listens.
        room = time >= self._credit_delay and self._accepted - self._credited < self._window
        accepted = self._sender.offer is not None and room
        if not self._replay:
            accepted = accepted and self._frames.free(time)
        word = None
        if self._frames.free(time):
            if self._replay:
                word = self._buffer.popleft() if self._buffer else None
            elif accepted:
                word = self._sender.offer
            if word is not None or self._frames.due(time):
                self._frames.load(time)
        if word is not None:
            self._coming.append((time + self._forward_delay, word))
        if accepted:
            self._accepted += 1
            if self._replay:
                self._buffer.append(self._sender.offer)
        return accepted
