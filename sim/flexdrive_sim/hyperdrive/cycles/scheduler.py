"""Coroutines in the order of time: each yields when it has to know what others do until then."""

import heapq
import itertools

__all__ = ["Event", "Scheduler"]

# Cycles in which only links do something, at the end, before that counts as an error of the model.
_PATIENCE = 1 << 18


class Event:
    """Something that processes wait for; they go on in the cycle in which it is fired."""

    def __init__(self):
        self.waiting = []


class Scheduler:
    """Runs generators. A generator yields the cycle in which it goes on, or an :class:`Event`."""

    def __init__(self):
        self._queue = []
        self._order = itertools.count()
        self.now = 0

    def start(self, process, time=0):
        heapq.heappush(self._queue, (time, next(self._order), process))

    def fire(self, event, time=None):
        """Let the processes that wait for ``event`` go on at ``time`` (now)."""
        for process in event.waiting:
            self.start(process, self.now if time is None else time)
        event.waiting = []

    def run(self, links):
        """Run until nothing goes on any more.

        Parameters
        ----------
        links : object with ``busy``, ``step(time)`` and ``pending()``: events whose condition may
            have become true, for what goes on in every cycle.
        """
        alone = 0
        while self._queue or links.busy:
            alone = 0 if self._queue else alone + 1
            if alone > _PATIENCE:
                raise RuntimeError(f"The cycle model is stuck in cycle {self.now}: words on the "
                                   f"links that no chip takes")
            target = self._queue[0][0] if self._queue else self.now + 1
            while self.now < target:
                if not links.busy:
                    self.now = target
                    break
                links.step(self.now)
                self.now += 1
                for event in links.pending():
                    self.fire(event)
                if self._queue:
                    target = min(target, max(self.now, self._queue[0][0]))
            while self._queue and self._queue[0][0] <= self.now:
                _, _, process = heapq.heappop(self._queue)
                wanted = next(process, None)
                if isinstance(wanted, Event):
                    wanted.waiting.append(process)
                elif wanted is not None:
                    self.start(process, max(wanted, self.now))
