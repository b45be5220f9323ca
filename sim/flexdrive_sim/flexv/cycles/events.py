"""Events, barriers and mutexes, cycle by cycle."""

from typing import Any

from flexdrive.flexv.cluster.event_port import COUNTERS
from flexdrive.flexv.cluster.registers import EVENTS, REGISTERS

from .arbiter import RoundRobin

__all__ = ["Barrier", "EventPort", "Mutex"]

_PAGE = min(register.page for register in REGISTERS)
_NAMES = {register.offset + 4 * i: (register.name, i) for register in REGISTERS
          if register.page == _PAGE for i in range(register.count)}


class Barrier:
    """See :class:`flexdrive.flexv.cluster.barrier.Barrier`; ``opens``: cores woken in this
    cycle."""

    def __init__(self, arrivers):
        self.arrivers = self.targets = arrivers
        self.arrived = self.opens = 0

    def step(self, arrives):
        there = self.arrived | arrives
        done = there == self.arrivers and self.arrivers != 0
        self.arrived, self.opens = (0, self.targets) if done else (there, 0)


class Mutex:
    """See :class:`flexdrive.flexv.cluster.barrier.Mutex`."""

    def __init__(self):
        self._owner, self._arbiter = 0, RoundRobin()

    def gets(self, waits):
        """The core that has it from now on, as a bit, or 0."""
        return 0 if self._owner else self._arbiter.grant(waits)

    def step(self, waits, gives):
        granted = 0 if self._owner else self._arbiter.take(waits)
        self._owner = self._owner & ~gives | granted


class EventPort:
    """The registers of core ``number``, see
    :class:`flexdrive.flexv.cluster.event_port.EventPort`.

    Each cycle: ``look``, then ``access`` if one is taken, then ``step``.

    Attributes
    ----------
    answers, value : an answer comes in this cycle. asleep : a waiting load is not answered.
    counts : the counters; total : the same, never cleared.
    arrives : barrier arrived at in this cycle, or None. waits : mutex waited for, or None. gives :
        the one given back in this cycle, or None. sends : (event, cores) in this cycle, or None.
    """

    def __init__(self, number):
        self._bit = 1 << number
        self._mask = self._buffer = self._cleared = 0
        self._answer, self._value = False, 0
        self._at_barrier = self._at_event = None
        self._clears = False
        self.counts, self.total = [0] * len(COUNTERS), [0] * len(COUNTERS)
        self.waits = self.arrives = self.gives = None
        self.sends: Any = None
        self.answers, self.value, self.asleep = False, 0, False

    def look(self, barriers, mutexes, waiting):
        """``waiting``: by mutex, the cores that wait for it."""
        self._opened = sum(1 << EVENTS["barrier"][0] + i for i, barrier in enumerate(barriers)
                           if barrier.opens & self._bit and self._at_barrier != i)
        self._taken = self.arrives = self.gives = self.sends = None
        self._rests = not self._answer and (
            self._at_barrier is None and self.waits is None and self._at_event is None)
        if self._rests:
            self._ready = self.answers = self.asleep = False
            self._cleared = 0
            return
        there = self._buffer & self._mask
        self._ready = (
            (self._at_barrier is not None and barriers[self._at_barrier].opens & self._bit != 0)
            or (self.waits is not None
                and mutexes[self.waits].gets(waiting[self.waits]) & self._bit != 0)
            or (self._at_event is not None and there != 0))
        sleeps = not (self._at_barrier is None and self.waits is None and self._at_event is None)
        self.answers = self._answer or self._ready
        self.value = there if self._at_event is not None else self._value
        self.asleep = sleeps and not self._ready
        self._cleared = there if self._ready and self._at_event is not None and self._clears else 0

    def access(self, offset, value):
        """``value``: of a store, or None."""
        self._taken = (*_NAMES[offset], value)
        name, index, _ = self._taken
        if name in ("BARRIER_WAIT", "BARRIER_ARRIVE"):
            self.arrives = index
        elif name == "MUTEX" and value is not None:
            self.gives = index
        elif name == "EVENT_SEND":
            self.sends = (index, value)

    def step(self, events, waits):
        """``events``: bits that come in this cycle; ``waits``: of the
        counters, in it, or None."""
        if waits:
            for i, happens in enumerate(waits):
                self.counts[i] += happens
                self.total[i] += happens
        if self._rests and self._taken is None and not events and not self._opened:
            return
        cleared = self._cleared
        self._answer, self._value = False, 0
        if self._ready:
            self._at_barrier = self.waits = self._at_event = None
        buffer = self._buffer
        if self._taken is not None:
            name, index, value = self._taken
            self._answer = True
            if name in ("EVENT_WAIT", "EVENT_WAIT_CLEAR"):
                self._answer, self._at_event = False, True
                self._clears = name == "EVENT_WAIT_CLEAR"
            elif name == "BARRIER_WAIT":
                self._answer, self._at_barrier = False, index
            elif name == "MUTEX" and value is None:
                self._answer, self.waits = False, index
            elif name == "EVENT_CLEAR":
                cleared |= value
            elif name == "EVENT_MASK" and value is not None:
                self._mask = value
            elif name == "EVENT_MASK":
                self._value = self._mask
            elif name == "EVENT_BUFFER":
                self._value = buffer
            elif name.startswith("COUNT_"):
                place = COUNTERS.index(name.removeprefix("COUNT_").lower())
                if value is None:
                    self._value = self.counts[place]
                else:
                    self.counts[place] = 0
        self._buffer = buffer & ~cleared | events | self._opened
