"""Times of transfers on the chip's streams, in cycles after reset."""

import numpy as np

from .scheduler import Event

__all__ = ["GatedSink", "GatedSource", "Ring", "SharedSource"]


class _Gate:
    """``open_at(t)``: the first cycle from t on in which the other side is willing."""

    def __init__(self, pattern):
        pattern = np.asarray(pattern, np.uint8)
        if not pattern.any():
            raise ValueError("A gate that never opens lets no program end")
        self._length = len(pattern)
        # For each phase, how many cycles until the gate is open.
        times = np.flatnonzero(np.concatenate([pattern, pattern]))
        waits = times[np.searchsorted(times, np.arange(self._length))] - np.arange(self._length)
        self._waits = None if pattern.all() else waits.tolist()

    def open_at(self, time):
        return time if self._waits is None else time + self._waits[time % self._length]


class GatedSource:
    """A testbench source: offers its next word when its gate is open, and keeps offering."""

    def __init__(self, pattern):
        self._gate = _Gate(pattern)
        self._last = -1

    @property
    def last(self):
        """Cycle of the last transfer, -1 before the first."""
        return self._last

    def offered(self, ready):
        """First cycle from ``ready`` on in which the next word is offered."""
        return max(self._gate.open_at(self._last + 1), ready)

    def transfer(self, ready):
        """Cycle in which the next word is taken by a receiver that is ready from ``ready`` on."""
        self._last = max(self._gate.open_at(self._last + 1), ready)
        return self._last


class GatedSink:
    """A testbench sink: takes a word when its gate is open."""

    def __init__(self, pattern):
        self._gate = _Gate(pattern)
        self._last = -1

    @property
    def last(self):
        """Cycle of the last transfer, -1 before the first."""
        return self._last

    def transfer(self, valid):
        """Cycle in which a word that is offered from ``valid`` on is taken."""
        self._last = self._gate.open_at(max(self._last + 1, valid))
        return self._last


class Ring:
    """A ring buffer fed by a source: when each word is there, from when each was given back.

    A word accepted in cycle t is there from t + 1; a place given back in cycle t can be filled
    from t + 1.
    """

    def __init__(self, depth, source, ready=0):
        self._depth = depth
        self._source = source
        self._accepted = []
        self.released = []
        self.ready_from = ready

    def knows(self, index):
        """Whether :meth:`there` can tell: the place of the word has been given back."""
        return index < self._depth + len(self.released)

    def there(self, index):
        """First cycle in which word ``index`` (counted since reset) can be used."""
        accepted, released, depth = self._accepted, self.released, self._depth
        while len(accepted) <= index:
            at = len(accepted)
            ready = self.ready_from
            if at >= depth:
                ready = max(ready, released[at - depth] + 1)
            accepted.append(self._source.transfer(ready))
        return accepted[index] + 1

    def stored(self, index, time):
        """Whether word ``index`` can be used in cycle ``time``, as far as is known."""
        return self.knows(index) and self.there(index) <= time

    def accepted_until(self, count):
        """Cycle in which word ``count`` - 1 was accepted; -1 for none."""
        return self.there(count - 1) - 1 if count else -1


class SharedSource:
    """A testbench source for the weight buffers of several chips: the next word comes when all
    have taken the last.

    Attributes
    ----------
    last : cycle in which a word was last taken by all, -1 before the first.
    """

    def __init__(self, pattern):
        self._gate = _Gate(pattern)
        self._branches = []
        self.last = -1
        self.changed = Event()
        self.scheduler = None

    def branch(self, depth):
        """The buffer of one more chip, of ``depth`` words."""
        self._branches.append(_Branch(self, depth))
        return self._branches[-1]

    def advance(self):
        """Find the times of one more word; false while a buffer's room for it is not known."""
        ready = [branch.ready() for branch in self._branches]
        if None in ready:
            return False
        offer = self._gate.open_at(self.last + 1)
        for branch, time in zip(self._branches, ready, strict=True):
            branch.accepted.append(max(offer, time))
        self.last = max(offer, *ready)
        return True


class _Branch:
    """Weight buffer of one chip."""

    def __init__(self, source, depth):
        self._source, self._depth = source, depth
        self.accepted, self._released = [], []

    def ready(self):
        """First cycle with room for the next word, None if that is not known yet."""
        place = len(self.accepted) - self._depth
        if place < 0:
            return 0
        return self._released[place] + 1 if place < len(self._released) else None

    def release(self, times):
        """Places are given back in these cycles."""
        self._released += times
        self._source.scheduler.fire(self._source.changed)

    def there(self, index):
        """Process: first cycle in which word ``index`` can be used."""
        while len(self.accepted) <= index:
            if not self._source.advance():
                yield self._source.changed
        return self.accepted[index] + 1
