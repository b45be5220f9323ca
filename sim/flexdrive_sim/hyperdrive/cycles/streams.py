"""Times of transfers on the chip's streams, in cycles after reset."""

import numpy as np

__all__ = ["Gate", "GatedSink", "GatedSource", "Ring"]


class Gate:
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
        self._gate = Gate(pattern)
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
        self._gate = Gate(pattern)
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

