"""Instruction caches, cycle by cycle; lines without their content.

Each class is the state of the RTL of the same name and the rules of its registers; methods are
called in the order of the attributes' docstrings, once a cycle.
"""

from .arbiter import RoundRobin

__all__ = ["PrivateCache", "SharedCache"]

_LINE_WORDS = 4


class PrivateCache:
    """See :class:`flexdrive.flexv.cluster.private_cache.PrivateCache`.

    Each cycle: ``look`` (is the word that is waited for here?), then ``step``.

    Attributes
    ----------
    hit, ready : the answer comes in this cycle; a request is granted in it.
    wanted : line asked of the shared cache, or None.
    waits : a word is not here.
    """

    def __init__(self, size):
        self._lines = size // 16
        self._tags = [None] * self._lines
        self._walk = self._lines    # cycles until the tags are empty
        self._line, self._in_tags = None, False
        self._next, self._want, self._here, self._asked = 0, False, False, False
        self._demanded = self._demand = False
        self.hit = self.ready = self.waits = False
        self.wanted = None

    def look(self, fill, flush):
        """``fill``: line that the shared cache delivers, or None."""
        line, walking = self._line, self._walk > 0
        if line is None and not walking:        # as most often
            self.hit = self.waits = self._demand = False
            self.ready = True
            self.wanted = (self._next if self._want and not self._here and not self._asked
                           and not flush else None)
            return
        looks = line is not None
        in_ahead = looks and self._here and self._next == line
        self.hit = looks and (self._in_tags or in_ahead or (fill == line and not walking))
        self.ready = not walking and (not looks or self.hit)
        self.waits = looks and not self.hit
        self._demand = (looks and not self._in_tags and not in_ahead and not self._demanded
                        and not (self._asked and self._next == line))
        self.wanted = None
        if not walking and not flush:
            if self._demand:
                self.wanted = line
            elif self._want and not self._here and not self._asked:
                self.wanted = self._next

    def step(self, fill, flush, granted, taken):
        """``granted``: the line wanted; ``taken``: word whose request is granted, or None."""
        line, walking = self._line, self._walk > 0
        if line is None and taken is None and fill is None and not (granted or walking or flush):
            return
        if fill is not None and self._want and fill == self._next:
            self._here = True
        if granted:
            if self._demand:
                self._demanded = True
            else:
                self._asked = True
        if self.hit:
            self._demanded = False
            if line is not None and not self._in_tags:
                self._want, self._here, self._asked = True, False, False
                self._next = line + 1
                if not walking:
                    self._tags[line % self._lines] = line
        if walking:
            self._tags[self._lines - self._walk] = None
            self._walk -= 1
        if flush:
            self._walk = self._lines
        if walking or flush:
            self._want = self._here = self._asked = self._demanded = False
        if taken is not None:
            self._line = taken // _LINE_WORDS
            self._in_tags = self._tags[self._line % self._lines] == self._line
        elif self.hit:
            self._line = None


class SharedCache:
    """See :class:`flexdrive.flexv.cluster.shared_cache.SharedCache`.

    Each cycle: ``outside_wanted``, then ``step``.

    Attributes
    ----------
    fill : line that leaves in this cycle, or None.
    """

    def __init__(self, size, ways):
        self._ways, self._sets = ways, size // 16 // ways
        self._tags = [[None] * ways for _ in range(self._sets)]
        self._arbiter = RoundRobin()
        self._walk, self._replaced = self._sets, 0
        self._looks, self._line, self._ahead, self._hit = False, 0, False, False
        self._busy, self._fetched, self._done, self._fetch_ahead = False, 0, False, False
        self._void, self._probe, self._next = False, False, 0
        self._sent = self._came = 0
        self.fill = None

    @property
    def outside_wanted(self):
        """A word is asked for outside."""
        return self._busy and self._sent < 2

    def step(self, wanted, flush, taken, came):
        """One cycle.

        Parameters
        ----------
        wanted : line asked for by each core, or None. taken : the access outside is granted.
        came : one is answered.

        Returns
        -------
        number of the core whose line is taken, or None.
        """
        looks, hit, walking = self._looks, self._looks and self._hit, self._walk > 0
        same = self._line == self._fetched and not self._void
        holds = looks and (self._done if hit else self._busy and not same)
        starts = looks and not hit and not self._busy
        accepts = not walking and not flush and not holds
        requests = 0
        for i, line in enumerate(wanted):
            if line is not None:
                requests |= 1 << i
        granted = self._arbiter.take(requests) if accepts and requests else 0
        winner = granted.bit_length() - 1 if granted else None
        # What leaves.
        fill = None
        if self._done:
            fill = None if self._void or flush else self._fetched
        elif hit:
            fill = None if self._ahead or flush else self._line
        if self._done:
            if not self._void and not walking and not flush:
                self._tags[self._fetched % self._sets][self._replaced] = self._fetched
            self._replaced = (self._replaced + 1) % self._ways
        self._next_lookup(accepts, holds, requests, wanted[winner] if granted else self._next,
                          flush)
        self._fetch(starts, flush, taken, came)
        if walking:
            self._tags[self._sets - self._walk] = [None] * self._ways
            self._walk -= 1
        if flush:
            self._walk, self._looks, self._probe = self._sets, False, False
        self.fill = fill
        return winner

    def _next_lookup(self, accepts, holds, requests, asked, flush):
        """Sets ``_pending``, which :meth:`_fetch` makes the lookup of the next cycle."""
        probe, found = self._probe, None
        if accepts:
            found = (asked, not requests, asked in self._tags[asked % self._sets])
            if not requests:
                self._probe = False
        self._pending = (holds or (accepts and (bool(requests) or probe)), found)

    def _fetch(self, starts, flush, taken, came):
        done, line, ahead = False, self._line, self._ahead
        if taken:
            self._sent += 1
        if came:
            self._came += 1
            done = self._came == 2
        if self._done:
            self._busy = False
            if not self._fetch_ahead and not self._void:
                self._probe, self._next = True, self._fetched + 1
        was_busy = self._busy
        if starts:
            self._busy, self._fetched, self._sent, self._came = True, line, 0, 0
            self._void, self._fetch_ahead = False, ahead
        if flush and (was_busy or starts):
            self._void = True
        self._done = done
        self._looks, found = self._pending
        if found is not None:
            self._line, self._ahead, self._hit = found
