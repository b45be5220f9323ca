"""The one weight stream of a mesh: when each chip's buffer gets each word.

Times become known as chips give back places, each by itself: a chip may need its word before it is
known when another chip will take the same one.
"""

from flexdrive.hyperdrive.link.stream_fork import WeightHop

from .scheduler import Event
from .streams import Gate, Ring

__all__ = ["BroadcastWeights", "ForwardedWeights"]

# Words that are followed one by one before it is asked again whether they flow.
_SINGLY = 64


class _Buffer(Ring):
    """Weight buffer of one chip, ``depth`` words."""

    def __init__(self, weights, depth):
        super().__init__(depth)
        self._weights = weights

    @property
    def changed(self):
        """Event: a buffer has room that it had not."""
        return self._weights.changed

    def accept(self, index, offered):
        """Word ``index`` is offered from cycle ``offered`` on; when it is accepted, None if that is
        not known."""
        if not self.knows(index):
            room = self.room(index)
            if room is None:
                return None
            self.accepted.append(max(offered, room))
        return self.accepted[index]

    def release(self, times):
        """Places are given back in these cycles."""
        self.released += times
        self._weights.scheduler.fire(self._weights.changed)

    def fill(self, index):
        """Find the times of words up to ``index``, as far as they can be known; whether all
        are."""
        if not self.knows(index):
            self._weights.advance(index)
        return self.knows(index)


class BroadcastWeights:
    """:class:`~flexdrive.hyperdrive.link.stream_fork.StreamFork`: a word is offered when all have
    taken the last.

    Parameters
    ----------
    pattern : gate of the source.

    Attributes
    ----------
    last : cycle in which a word was last taken by all, -1 before the first.
    changed : a buffer has room that it had not.
    """

    def __init__(self, pattern):
        self._gate = Gate(pattern)
        self._buffers = []
        self._index, self._offered = 0, self._gate.open_at(0)   # the next word
        self.last = -1
        self.changed = Event()
        self.scheduler = None

    def branch(self, at, depth):
        """The buffer of chip ``at``, of ``depth`` words."""
        self._buffers.append(_Buffer(self, depth))
        return self._buffers[-1]

    def advance(self, index):
        """Find times of words up to ``index``."""
        while self._index <= index:
            count = self._flowing(index)
            if count:
                for buffer in self._buffers:
                    buffer.accepted += range(self._offered, self._offered + count)
                self._taken(count, self._offered + count - 1)
            for _ in range(min(_SINGLY, index + 1 - self._index)):
                times = [b.accept(self._index, self._offered) for b in self._buffers]
                if None in times:
                    return
                self._taken(1, max(times))

    def _taken(self, count, last):
        """``count`` words more were taken by all, the last in cycle ``last``."""
        self._index += count
        self.last, self._offered = last, self._gate.open_at(last + 1)

    def _flowing(self, index):
        """Words up to ``index`` that come one a cycle, because all buffers have places for them."""
        if not self._gate.always or any(b.knows(self._index) for b in self._buffers):
            return 0
        return min(index + 1 - self._index,
                   *(b.free(self._index, self._offered) for b in self._buffers))


class _Hop(Ring):
    """:class:`~flexdrive.hyperdrive.link.stream_fork.WeightHop` of one chip: registers, a fork."""

    def __init__(self, buffer):
        super().__init__(WeightHop.WORDS)
        self.buffer, self.after = buffer, []

    def advance(self):
        """Find more times; whether there were any."""
        index = len(self.released)
        if not self.knows(index):
            return False
        first = self.there(index)
        if index:
            first = max(first, self.released[-1] + 1)
        before = len(self.buffer.accepted)
        known = self.buffer.accept(index, first) is not None
        found = len(self.buffer.accepted) > before
        for hop in self.after:
            if hop.knows(index):
                continue
            room = hop.room(index)
            if room is None:
                known = False
            else:
                hop.accepted.append(max(first, room))
                found = True
        if known:
            self.released.append(max(self.buffer.accepted[index],
                                     *(hop.accepted[index] for hop in self.after), first))
        return found or known


class ForwardedWeights:
    """Weights from chip to chip, along the first row and down the columns; otherwise as
    :class:`BroadcastWeights`."""

    def __init__(self, pattern):
        self._gate = Gate(pattern)
        self._hops = {}
        self.last = -1
        self.changed = Event()
        self.scheduler = None

    def branch(self, at, depth):
        y, x = at
        buffer = _Buffer(self, depth)
        hop = self._hops[at] = _Hop(buffer)
        before = (y - 1, x) if y else (y, x - 1)
        if before in self._hops:
            self._hops[before].after.append(hop)
        return buffer

    def advance(self, index):
        found = [True]
        while any(found):
            # From the first chip on; each feeds those after it.
            found = [self._push(index), *[hop.advance() for hop in self._hops.values()]]

    def _push(self, index):
        """Words from the source up to ``index``, no further; whether there was one."""
        first = self._hops[0, 0]
        room = first.room(len(first.accepted))
        if room is None or len(first.accepted) > index:
            return False
        self.last = max(self._gate.open_at(self.last + 1), room)
        first.accepted.append(self.last)
        return True
