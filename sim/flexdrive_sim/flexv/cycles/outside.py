"""The port to the outside and the memory behind it, cycle by cycle."""

from collections import deque

from .arbiter import RoundRobin

__all__ = ["Outside"]

_UNDER_WAY = 16


class Outside:
    """See :class:`flexdrive.flexv.cluster.outside.OutsideArbiter`; the memory is that of
    ``cluster_run.cc``: it grants at once and answers ``latency`` cycles later, in order.

    Each cycle: ``grant``, then ``step``.

    Attributes
    ----------
    answered : user whose answer comes in this cycle, or None.
    """

    def __init__(self, latency):
        self._latency, self._arbiter = latency, RoundRobin()
        self._order, self._answers = deque(), deque()
        self._request, self._last = None, 0
        self.answered = None

    def grant(self, requests):
        """Number of the user whose request is taken, or None. The memory grants always."""
        free = len(self._order) < _UNDER_WAY
        granted = self._arbiter.take(requests) if free and requests else 0
        self._granted = granted.bit_length() - 1 if granted else None
        self._free = free
        return self._granted

    def step(self, cycle, stored):
        """``stored``: told to the memory when the request that was granted in this cycle is
        there. Returns what was told with the request that is there now, or None."""
        answers, told = self._answers, None
        due = bool(answers) and answers[0] == cycle
        self.answered = self._order.popleft() if due else None
        if due:
            answers.popleft()
        if self._request is not None:
            told = self._request[0]
            self._last = max(cycle + self._latency, self._last + 1)
            answers.append(self._last)
        self._request = None
        if self._granted is not None:
            self._order.append(self._granted)
            self._request = (stored,)
        return told
