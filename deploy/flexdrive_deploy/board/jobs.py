"""Long transfers as jobs of a :class:`~.link.Link`: words to a stream, words from a stream."""

import zlib

import numpy as np

from flexdrive.boards.frame import ADDRESS_BITS, MOST_WORDS, Kind

from .errors import BoardError

__all__ = ["Reading", "Writing"]

_MASK = (1 << ADDRESS_BITS) - 1
_DEPTH = 4          # requests of a Reading under way


class Writing:
    """Words to an input stream.

    Parameters
    ----------
    space : :class:`flexdrive.boards.frame.Space`.
    words : uint32 (n,).
    position, crc : of the stream before, as the last Writing of the session left them.
    room : words that the stream surely has room for.
    pause : seconds before a full stream is asked again.
    """

    def __init__(self, space, words, *, position=0, crc=0, room=0, pause=0.0):
        self.space, self.words = space, np.ascontiguousarray(words, "<u4")
        self.position, self._pause = position, pause
        self.crc = zlib.crc32(self.words.tobytes(), crc)
        self.progress = 0           # words that the board has
        self._sent = 0
        self._limit = room
        self._again = 0.0           # when a full stream is asked again
        self._turn = 0              # times that it went back; older replies only tell positions

    @property
    def done(self):
        """Whether the board has all of them."""
        return self.progress == len(self.words)

    @property
    def end(self):
        """Position after the last word."""
        return self.position + len(self.words)

    def next(self, credit, now):
        """The next request, or None while there is none to make."""
        count = min(MOST_WORDS, len(self.words) - self._sent, self._limit - self._sent, credit)
        if self._sent < len(self.words) and self._limit <= self._sent and credit > 0 and (
                self._sent == self.progress and now >= self._again):
            count, self._again = 1, float("inf")        # a word, to hear how much room there is
        if count <= 0:
            return None
        first, self._sent = self._sent, self._sent + count
        return (Kind.WRITE, self.space, (self.position + first) & _MASK,
                self.words[first:self._sent].tolist(), self._turn)

    def take(self, reply, turn, now):
        """What the board says."""
        room, crc = reply.words
        at = (reply.address - self.position) & _MASK
        if at > len(self.words) or at < self.progress:
            raise BoardError(f"The board is at position {reply.address} of {self.space.name}, "
                             f"which was never written")
        self.progress, self._limit = at, at + room
        self._sent = max(self._sent, at)
        if reply.kind != Kind.DONE and turn == self._turn:
            self._sent = at
            self._turn += 1
        if room == 0 or reply.kind == Kind.FULL:
            self._again = now + self._pause
        if self.done and crc != self.crc:
            raise BoardError(f"{self.space.name}: the board has other words than were sent (CRC "
                             f"{crc:08x}, not {self.crc:08x})")

    def missed(self, turn):
        """A request or its reply was lost. If it was the last one, no other reply will say so."""
        if turn == self._turn:
            self.lost()

    def lost(self):
        """Go back to what the board is known to have."""
        self._sent, self._again = self.progress, 0.0
        self._turn += 1
        self._limit = max(self._limit, self._sent)


class Reading:
    """Words from an output stream.

    Parameters
    ----------
    space : :class:`flexdrive.boards.frame.Space`.
    count : how many.
    position : of the first.
    pause : seconds before an empty stream is asked again.
    """

    def __init__(self, space, count, *, position=0, pause=0.0):
        self.space, self.position, self._pause = space, position, pause
        self.words = np.zeros(count, np.uint32)
        self.progress = 0           # words that are here
        self._asked = 0             # words that were asked for
        self._there = 0             # words that the board is known to have
        self._under_way = 0
        self._again = 0.0

    @property
    def done(self):
        """Whether all are here."""
        return self.progress == len(self.words)

    def next(self, credit, now):
        """The next request, or None while there is none to make."""
        left = len(self.words) - self._asked
        if left <= 0 or credit < 2 or self._under_way >= _DEPTH:
            return None
        if self._asked >= self._there and (self._under_way or now < self._again):
            return None
        first, count = self._asked, min(MOST_WORDS, left)
        if self._asked < self._there:
            count = min(count, self._there - self._asked)
        self._asked += count
        self._under_way += 1
        return (Kind.READ, self.space, (self.position + first) & _MASK,
                (count, (self.position + self.progress) & _MASK), first)

    def take(self, reply, first, now):
        """Words, as far as they follow those that are here."""
        self._under_way -= 1
        if reply.kind == Kind.DONE and first == self.progress and reply.words:
            count = min(len(reply.words), len(self.words) - first)
            self.words[first:first + count] = reply.words[:count]
            self.progress += count
        if reply.kind == Kind.DONE:
            self._there = (reply.address - self.position) & _MASK
        if not reply.words:
            self._again = now + self._pause
        if self._under_way == 0:
            self._asked = self.progress

    def missed(self, first):
        """A request or its reply was lost."""
        self._under_way -= 1
        if self._under_way == 0:
            self._asked = self.progress

    def lost(self):
        """Nothing is under way any more."""
        self._under_way, self._asked, self._again = 0, self.progress, 0.0
