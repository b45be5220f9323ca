"""Times of transfers on the chip's streams, in cycles after reset."""

from bisect import bisect_left

import numpy as np

__all__ = ["Gate", "GatedSink", "GatedSource", "Ring", "StreamRing"]


class Gate:
    """``open_at(t)``: the first cycle from t on in which the other side is willing."""

    def __init__(self, pattern):
        pattern = np.asarray(pattern, np.uint8)
        if not pattern.any():
            raise ValueError("A gate that never opens lets no program end")
        self.always = bool(pattern.all())       # it never closes
        self._length = length = len(pattern)
        if not self.always:
            # For each phase, how many cycles until the gate is open.
            phases = np.arange(2 * length)
            opens = np.where(np.tile(pattern, 2), phases, 2 * length)
            following = np.minimum.accumulate(opens[::-1])[::-1]
            self._waits = (following - phases)[:length].tolist()

    def open_at(self, time):
        return time if self.always else time + self._waits[time % self._length]


class GatedSource:
    """A testbench source: offers its next word when its gate is open, and keeps offering.

    Attributes
    ----------
    last : cycle of the last transfer, -1 before the first.
    """

    def __init__(self, pattern):
        self._gate = Gate(pattern)
        self.last = -1

    def offered(self, ready):
        """First cycle from ``ready`` on in which the next word is offered."""
        return max(self._gate.open_at(self.last + 1), ready)

    def transfer(self, ready):
        """Cycle in which the next word is taken by a receiver that is ready from ``ready`` on."""
        self.last = max(self._gate.open_at(self.last + 1), ready)
        return self.last

    def transfers(self, count, ready):
        """Cycle in which the last of the next ``count`` words is taken by a receiver that is ready
        from ``ready`` on; of no word, the one before that."""
        if not count:
            return ready - 1
        if self._gate.always:
            self.last = max(self.last + 1, ready) + count - 1
        else:
            for _ in range(count):
                self.transfer(ready)
        return self.last


class GatedSink:
    """A testbench sink: takes a word when its gate is open; ``last`` as of :class:`GatedSource`."""

    def __init__(self, pattern):
        self._gate = Gate(pattern)
        self.last = -1

    def transfer(self, valid):
        """Cycle in which a word that is offered from ``valid`` on is taken."""
        self.last = self._gate.open_at(max(self.last + 1, valid))
        return self.last


class Ring:
    """A ring buffer of ``depth`` words, counted since reset: in which cycles they were accepted,
    and places given back, as far as that is known.

    A word accepted in cycle t is there from t + 1; a place given back in cycle t can be filled
    from t + 1.
    """

    def __init__(self, depth):
        self._depth = depth
        self.accepted, self.released = [], []

    def room(self, index):
        """First cycle with room for word ``index``, None if that is not known."""
        place = index - self._depth
        if place < 0:
            return 0
        return self.released[place] + 1 if place < len(self.released) else None

    def free(self, index, time):
        """Words from ``index`` on that have a place by cycle ``time``."""
        return max(0, self._depth + bisect_left(self.released, time) - index)

    def knows(self, index):
        """Whether it is known when word ``index`` is there."""
        return index < len(self.accepted)

    def there(self, index):
        """First cycle in which word ``index`` can be used."""
        return self.accepted[index] + 1


class StreamRing(Ring):
    """A ring buffer with a source of its own; words are taken from ``ready_from`` on."""

    def __init__(self, depth, source):
        super().__init__(depth)
        self._source = source
        self.ready_from = 0

    def there(self, index):
        """As of :class:`Ring`; places of words up to this one have been given back."""
        while len(self.accepted) <= index:
            ready = max(self.ready_from, self.room(len(self.accepted)))
            self.accepted.append(self._source.transfer(ready))
        return super().there(index)
