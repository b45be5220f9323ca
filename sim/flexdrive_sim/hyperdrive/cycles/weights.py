"""The one weight stream of a mesh: when each chip's buffer gets each word.

Times become known as chips give back places, each by itself: a chip may need its word before it is
known when another chip will take the same one.
"""

from .scheduler import Event
from .streams import Gate

__all__ = ["BroadcastWeights", "ForwardedWeights"]


class _Branch:
    """Weight buffer of one chip, ``depth`` words."""

    def __init__(self, weights, depth):
        self._weights, self._depth = weights, depth
        self.accepted, self._released = [], []

    def accept(self, index, offered):
        """Word ``index`` is offered from cycle ``offered`` on; whether it is known when it is
        accepted."""
        if len(self.accepted) > index:
            return True
        place = index - self._depth
        if place >= len(self._released):
            return False
        self.accepted.append(max(offered, self._released[place] + 1) if place >= 0 else offered)
        return True

    def release(self, times):
        """Places are given back in these cycles."""
        self._released += times
        self._weights.scheduler.fire(self._weights.changed)

    def there(self, index):
        """Process: first cycle in which word ``index`` can be used."""
        while len(self.accepted) <= index:
            if not self._weights.advance(self):
                yield self._weights.changed
        return self.accepted[index] + 1


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
        self._branches = []
        self._offered = [self._gate.open_at(0)]
        self.last = -1
        self.changed = Event()
        self.scheduler = None

    def branch(self, at, depth):
        """The buffer of chip ``at``, of ``depth`` words."""
        self._branches.append(_Branch(self, depth))
        return self._branches[-1]

    def advance(self, branch):
        """Find more times; whether ``branch`` has one word more."""
        before = len(branch.accepted)
        while len(branch.accepted) == before:
            index = len(self._offered) - 1
            known = [b.accept(index, self._offered[index]) for b in self._branches]
            if not all(known):
                break
            self.last = max(b.accepted[index] for b in self._branches)
            self._offered.append(self._gate.open_at(self.last + 1))
        return len(branch.accepted) > before


class _Hop:
    """:class:`~flexdrive.hyperdrive.link.stream_fork.WeightHop` of one chip: two words, a fork."""

    def __init__(self, branch):
        self.branch, self.after = branch, []
        self.pushed, self.popped = [], []       # cycles of words in and out

    def room(self, index):
        """First cycle with room for word ``index``, None if that is not known."""
        if index < 2:
            return 0
        return self.popped[index - 2] + 1 if index - 2 < len(self.popped) else None

    def advance(self):
        """Find more times; whether there were any."""
        index = len(self.popped)
        if index >= len(self.pushed):
            return False
        first = self.pushed[index] + 1
        if index:
            first = max(first, self.popped[-1] + 1)
        before = len(self.branch.accepted)
        known = self.branch.accept(index, first)
        found = len(self.branch.accepted) > before
        for hop in self.after:
            if len(hop.pushed) > index:
                continue
            room = hop.room(index)
            if room is None:
                known = False
            else:
                hop.pushed.append(max(first, room))
                found = True
        if known:
            self.popped.append(max(self.branch.accepted[index],
                                   *(hop.pushed[index] for hop in self.after), first))
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
        branch = _Branch(self, depth)
        hop = self._hops[at] = _Hop(branch)
        before = (y - 1, x) if y else (y, x - 1)
        if before in self._hops:
            self._hops[before].after.append(hop)
        return branch

    def advance(self, branch):
        before = len(branch.accepted)
        found = [True]
        while any(found):
            # From the first chip on; each feeds those after it.
            found = [self._push(before), *[hop.advance() for hop in self._hops.values()]]
        return len(branch.accepted) > before

    def _push(self, index):
        """Words from the source up to ``index``, no further; whether there was one."""
        first = self._hops[0, 0]
        room = first.room(len(first.pushed))
        if room is None or len(first.pushed) > index:
            return False
        self.last = max(self._gate.open_at(self.last + 1), room)
        first.pushed.append(self.last)
        return True
