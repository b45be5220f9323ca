"""The DMA unit and its queue, cycle by cycle. Content is copied when a transfer is over."""

from collections import deque
from dataclasses import dataclass
from typing import Any

__all__ = ["Dma", "DmaQueue", "Job"]

_LOADS, _STORES, _SLOTS = 16, 8, 2
# Words of a descriptor that are read for one row, one plane, all planes.
_WORDS = (3, 6, 9, 9)


@dataclass(frozen=True)
class Job:
    """One transfer; fields as in :data:`flexdrive.flexv.cluster.dma_queue.JOB`."""

    channel: int
    outward: bool
    outside: int
    l1: int
    length: int
    rows: int
    outside_stride: int
    l1_stride: int
    planes: int
    outside_plane: int
    l1_plane: int

    def rows_of(self, l1):
        """Address of each row at one of both sides, in order."""
        base, row, plane = ((self.l1, self.l1_stride, self.l1_plane) if l1 else
                            (self.outside, self.outside_stride, self.outside_plane))
        return [(base + p * plane + r * row) & 0xFFFFFFFF
                for p in range(self.planes) for r in range(self.rows)]


class DmaQueue:
    """See :class:`flexdrive.flexv.cluster.dma_queue.DmaQueue`.

    Attributes
    ----------
    outstanding : transfers of each channel that are not over. job : what is next, or None.
    """

    def __init__(self, channels):
        self._fields = [[[0] * 16 for _ in range(_SLOTS)] for _ in range(channels)]
        self._slots, self._order = [0] * channels, deque()
        self.outstanding, self.job = [0] * channels, None
        self._at, self._came = 0, None

    def full(self, channel):
        return self.outstanding[channel] == _SLOTS

    @property
    def busy(self):
        return any(self.outstanding)

    def step(self, write, take, finished):
        """``write``: (channel, offset, value) of a store, or None; ``take``: ``job`` begins;
        ``finished``: channel whose transfer is over, or None."""
        loaded = self._load(take)
        if finished is not None:
            self.outstanding[finished] -= 1
        if write is not None:
            channel, offset, value = write
            slot = self._slots[channel]
            if offset // 4 == 9:
                self._order.append((channel, slot, value & 7))
                self.outstanding[channel] += 1
                self._slots[channel] ^= 1
            else:
                self._fields[channel][slot][offset // 4] = value
        if loaded:
            self._order.popleft()

    def _load(self, take):
        """Word by word; whether the descriptor in front is over."""
        over = False
        if self._order:
            channel, slot, start = self._order[0]
            last = _WORDS[start >> 1] - 1
            over = self._came is not None and self._came == last
            asks = self.job is None and not over
            came = self._at if asks and self._at <= last else None
            self._at = self._at + 1 if asks else 0
            self._came = came
            if over:
                self._make(channel, self._fields[channel][slot], start)
        else:
            self._at, self._came = 0, None
        if take:
            self.job = None
        return over

    def _make(self, channel, words, start):
        size = start >> 1
        outside, l1, length, rows, outside_stride, l1_stride, planes, *both = words[:9]
        self.job = Job(channel, bool(start & 1), outside, l1, length & 0xFFFFF,
                       rows & 0xFFFF if size else 1, outside_stride, l1_stride,
                       planes & 0xFFFF if size > 1 else 1, *both)


class _Walk:
    """Pieces of a transfer within 8 aligned bytes."""

    def __init__(self, rows, length):
        self._pieces = deque((address, min(8 - address % 8, end - address))
                             for row in rows if length
                             for address, end in _pieces(row, row + length))

    @property
    def piece(self) -> Any:
        """(address, bytes) of what is next, or None."""
        return self._pieces[0] if self._pieces else None

    @property
    def count(self):
        """Bytes of it."""
        return self._pieces[0][1]

    def step(self):
        self._pieces.popleft()


def _pieces(address, end):
    while address < end:
        yield address, end
        address = (address | 7) + 1


class Dma:
    """See :class:`flexdrive.flexv.cluster.dma.Dma`.

    Each cycle: ``ask``, then ``step``.

    Attributes
    ----------
    l1_wanted : word of L1 asked for by each of both ports, or None. outside_wanted : the same of
        the port outside. job : the transfer under way, or None.
    """

    def __init__(self):
        self.job, self._begins = None, False
        self._reads = self._writes = _Walk((), 0)
        self._flying = self._unanswered = self._level = 0
        self._words, self._counts = 0, deque()
        self._over, self._arrives = [False, False], False
        self.l1_wanted, self.outside_wanted = [None, None], False

    def ask(self):
        job, self.l1_wanted, self.outside_wanted = self.job, [None, None], False
        self._active = job is not None and not self._begins
        if not self._active:
            return
        read, write = self._reads.piece, self._writes.piece
        loads = read is not None and self._flying < _LOADS
        stores = write is not None and self._level >= write[1] and self._unanswered < _STORES
        self._l1 = (loads, read) if job.outward else (stores, write)
        self.outside_wanted = stores if job.outward else loads
        if self._l1[0]:
            address, count = self._l1[1]
            first = address % 8
            self._needed = [first < 4, first + count > 4]
            for i in (0, 1):
                if self._needed[i] and not self._over[i]:
                    self.l1_wanted[i] = (address >> 3 << 1) + i

    def step(self, granted, taken, answered, job):
        """One cycle.

        Parameters
        ----------
        granted : whether each port of L1 is. taken : the access outside is. answered : one is.
        job : the next transfer, or None.

        Returns
        -------
        (the job is taken, transfer that is over in this cycle or None)
        """
        over = self._active and self._writes.piece is None and not self._unanswered
        finished = self.job if over else None
        loaded, stored, came = self._accesses(granted, taken, answered)
        outward = self.job is not None and self.job.outward
        # From the words that came to the buffer, behind what leaves it.
        pop = self._writes.count if stored else 0
        moves = self._words > 0 and self._level - pop <= 8
        self._level -= pop
        self._words += came - moves
        if moves:
            self._level += self._counts.popleft()
        if loaded:
            self._counts.append(self._reads.piece[1])
            self._reads.step()
        if stored:
            self._writes.step()
        self._flying += loaded - moves
        if outward:
            self._unanswered += stored - answered
        takes = job is not None and self.job is None
        if self._begins:
            current = self.job
            self._reads, self._writes = (_Walk(current.rows_of(side), current.length)
                                         for side in (current.outward, not current.outward))
        if over:
            self.job = None
        self._begins = takes
        if takes:
            self.job = job
        return takes, finished

    def _accesses(self, granted, taken, answered):
        """Whether a piece is loaded, one stored, one has come."""
        if self.job is None or not self._active:
            arrived, self._arrives = self._arrives, False
            return False, False, arrived
        all_there = False
        if self._l1[0]:
            got = [over or given or not needed for over, given, needed in
                   zip(self._over, granted, self._needed, strict=True)]
            all_there = all(got)
            self._over = ([False, False] if all_there else
                          [over or bool(given) for over, given in
                           zip(self._over, granted, strict=True)])
        else:
            self._over = [False, False]
        arrived, self._arrives = self._arrives, all_there and self.job.outward
        if self.job.outward:
            return all_there, taken, arrived
        return taken, all_there, answered
