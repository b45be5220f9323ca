"""Requests and replies over a line that may lose, double and damage bytes.

Everything that the host asks for may be asked for again: reading changes nothing, and what is
written has a position. So there is one answer to all damage: go back to what is known to be done.
"""

import secrets
from collections import OrderedDict
from dataclasses import dataclass

from flexdrive.boards.frame import PROTOCOL, RESET_KEY, Kind, Space

from .errors import BoardError, NoAnswerError
from .wire import Splitter, framed, request

__all__ = ["ATTEMPTS", "Link", "Statistics", "reset_frame"]

ATTEMPTS = 8            # times in a row that no reply came, before giving up
# Words of a request besides its data: header, place, length.
_OVERHEAD = 3
_LEAST_CREDIT = 127     # that every board has
# After a reset frame. The receiver of the line may wake up inside a byte: it then loses that one,
# finds the beginning of the next but one, and takes what it had for damaged up to the next zero.
_CALM = bytes(8)


def reset_frame(session):
    """Bytes that begin a session."""
    head = PROTOCOL | Kind.RESET.value << 4 | session << 16
    # The zeros before it end whatever is half on the way.
    return b"\0\0" + framed([head, RESET_KEY]) + _CALM


@dataclass
class Statistics:
    """What the line did: requests, replies, silences (nothing came in time), damaged frames from
    the board, bytes both ways."""

    requests: int = 0
    replies: int = 0
    silences: int = 0
    damaged: int = 0
    sent: int = 0
    received: int = 0


class Link:
    """The host's end.

    Parameters
    ----------
    transport : ``write(bytes)``, ``read(seconds) -> bytes``, ``now() -> seconds``, ``close()``,
        ``latency``, ``pause`` (seconds before the board is asked again whether something is
        there), ``patience`` (seconds that nothing may move), ``baud``, ``name``.
    draw : a random number below its argument, of which sessions are made.

    Attributes
    ----------
    session : of the last reset.
    credit : words that requests under way may have.
    statistics : :class:`Statistics`.
    """

    def __init__(self, transport, draw=secrets.randbelow):
        self.transport, self._draw = transport, draw
        self.session, self.credit = 0, _LEAST_CREDIT
        self.statistics = Statistics()
        self._splitter = Splitter()
        self._waiting = []                  # replies that are not looked at yet
        # tag -> (job, what it knows, words of the request, words of it and its reply)
        self._under_way = OrderedDict()
        self._tag = 0

    def reset(self):
        """Begin a session: whatever the board was doing, it does no more.

        Raises
        ------
        NoAnswerError
            when nothing answers in the new session.
        """
        self.credit = _LEAST_CREDIT
        before = self.session
        while self.session == before:
            self.session = 1 + self._draw(0xFFFF)
        for _ in range(ATTEMPTS):
            self._under_way.clear()
            self._waiting.clear()
            self._write(reset_frame(self.session))
            reply = self._ask(Kind.READ, Space.REGISTERS, 0, (1, 0))
            if reply is not None and reply.kind == Kind.DONE:
                return
        raise NoAnswerError(self._silent())

    def ask(self, kind, space, address, words):
        """A request on its own and its :class:`~.wire.Reply`; repeated until there is one.

        Raises
        ------
        NoAnswerError
            when there is none.
        BoardError
            when the board was reset meanwhile, or refuses.
        """
        for _ in range(ATTEMPTS):
            reply = self._ask(kind, space, address, words)
            if reply is not None:
                self._refuse(reply)
                return reply
        raise NoAnswerError(self._silent())

    def read(self, address, count=1):
        """Values of ``count`` registers."""
        return self.ask(Kind.READ, Space.REGISTERS, address, (count, 0)).words

    def write(self, address, value):
        """Set a register."""
        self.ask(Kind.WRITE, Space.REGISTERS, address, (value,))

    def run(self, jobs, *, patience, explain=None):
        """Do jobs (:mod:`.jobs`) side by side until all are done.

        Parameters
        ----------
        patience : seconds without progress of any of them, replies or not.
        explain : called for the words that say what the board waits for.

        Raises
        ------
        NoAnswerError, BoardError
        """
        silences, progress, since = 0, None, self.transport.now()
        while not all(job.done for job in jobs):
            for job in jobs:
                self._start(job)
            reply = self._receive(self._time() if self._under_way else self.transport.pause)
            now = self.transport.now()
            state = [job.progress for job in jobs]
            if state != progress:
                progress, since = state, now
            elif now - since > patience and (reply or not self._under_way):
                self._under_way.clear()
                why = f"; {explain()}" if explain else ""
                raise BoardError(f"{self.transport.name}: no progress for {patience:g} s{why}")
            if reply is None:
                if not self._under_way:
                    continue
                silences += 1
                self.statistics.silences += 1
                self._under_way.clear()
                for job in jobs:
                    job.lost()
                if silences == ATTEMPTS:
                    raise NoAnswerError(self._silent())
                self._write(b"\0")
                continue
            if self._dispatch(reply):
                silences = 0

    def _start(self, job):
        """Send what the job wants sent and credit allows."""
        while True:
            used = sum(words for _, _, words, _ in self._under_way.values())
            wanted = job.next(self.credit - used - _OVERHEAD, self.transport.now())
            if wanted is None:
                return
            kind, space, address, words, knows = wanted
            self._send(kind, space, address, words, job, knows)

    def _send(self, kind, space, address, words, job=None, knows=None):
        self._tag = (self._tag + 1) % 256
        size = len(words) + _OVERHEAD
        replied = words[0] if kind == Kind.READ else 2
        self._under_way[self._tag] = job, knows, size, size + replied + _OVERHEAD
        self.statistics.requests += 1
        self._write(request(kind, self._tag, self.session, space, address, words))
        return self._tag

    def _dispatch(self, reply):
        """Give a reply to its job, and tell those before it that theirs is lost."""
        if reply.tag not in self._under_way:
            return False
        while True:
            tag, (job, knows, _, _) = self._under_way.popitem(last=False)
            if tag == reply.tag:
                break
            job.missed(knows)
        self._refuse(reply)
        job.take(reply, knows, self.transport.now())
        return True

    def _ask(self, kind, space, address, words):
        """One attempt: the reply or None."""
        self._under_way.clear()
        tag = self._send(kind, space, address, words)
        end = self.transport.now() + self._time()
        while (left := end - self.transport.now()) > 0:
            reply = self._receive(left)
            if reply is not None and reply.tag == tag:
                self._under_way.clear()
                return reply
        self.statistics.silences += 1
        self._under_way.clear()
        self._write(b"\0")
        return None

    def _refuse(self, reply):
        if reply.kind == Kind.STALE:
            raise BoardError(f"{self.transport.name}: the board was reset in the middle of work; "
                             "what was under way is lost. What would pass: run again")
        if reply.kind == Kind.ILLEGAL:
            raise BoardError(f"{self.transport.name}: the board refused a request to "
                             f"{reply.space.name} at {reply.address}")

    def _receive(self, timeout):
        """The next good reply of this session, None after ``timeout`` seconds."""
        end = self.transport.now() + timeout
        while True:
            while self._waiting:
                reply = self._waiting.pop(0)
                if reply.session == self.session or reply.kind == Kind.STALE:
                    self.statistics.replies += 1
                    return reply
            left = end - self.transport.now()
            if left <= 0:
                return None
            received = self.transport.read(left)
            self.statistics.received += len(received)
            self._waiting += self._splitter.feed(received)
            self.statistics.damaged = self._splitter.damaged

    def _write(self, content):
        self.statistics.sent += len(content)
        self.transport.write(content)

    def _time(self):
        """Seconds within which the next reply must come: twice what all that is under way takes."""
        words = sum(words for _, _, _, words in self._under_way.values())
        return self.transport.latency + 2 * words * 4 * 10 / self.transport.baud

    def _silent(self):
        heard = self._splitter.damaged
        what = (f"{heard} damaged frames came: a wrong baud rate, or a bad line" if heard else
                "nothing came that is a reply: no bitstream of ours, a wrong port, a wrong baud "
                "rate, or no power")
        return (f"{self.transport.name} does not answer at {self.transport.baud:,} baud after "
                f"{ATTEMPTS} attempts; {what}")
