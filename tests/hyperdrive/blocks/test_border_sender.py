"""The end of a link that border pixels go into: lines whole and in order, corners as soon as the
lines of maps before theirs have left."""

import numpy as np
import pytest

from flexdrive.hyperdrive.border.sender import CORNER_WORDS, SENDER_LINES, BorderSender
from flexdrive.hyperdrive.border.word import Kind

from .bench import Bench, output_names


class Link:
    """Offers lines and corners, and takes words; keeps what was offered in which order."""

    def __init__(self, lanes, random, *, full=False):
        self.lanes, self.random, self.full = lanes, random, full
        self.due = [None, None]     # lines that were reserved one and two cycles ago
        self.lines = []             # words of every line that was reserved
        self.corners = []           # (word, number of lines that go before it) of every corner
        self.before = 0             # lines that go before corners that come now
        self.left = []              # words that have left
        self.may = True             # there was room in the last cycle, and nobody took it
        self.seen = {}

    def cycle(self, *, reserve=False, start=False, corner=None, ready=True):
        line, given = self.due[1], {}
        if line is not None:
            given = {"line": sum(word << 16 * lane for lane, word in enumerate(line[0])),
                     "mask": line[1]}
        new = None
        if reserve:
            words = [int(word) for word in self.random.integers(1 << 16, size=self.lanes)]
            mask = (1 << self.lanes) - 1
            new = words, mask if self.full else int(self.random.integers(mask + 1))
        self.seen = yield {
            **given, "push": line is not None, "reserve": reserve, "start": start,
            "i_corners_valid": corner is not None, "o_ready": ready,
            "i_corners_payload": {"pixel": corner or 0, "kind": Kind.CORNER_SOUTH}}
        self.may = bool(self.seen["room"] and not reserve)
        if start:
            self.before = len(self.lines)
        if new is not None:
            self.lines.append([word for lane, word in enumerate(new[0]) if new[1] >> lane & 1])
        if corner is not None and self.seen["i_corners_ready"]:
            self.corners.append((corner, self.before))
        self.due = [new, self.due[0]]
        if ready and self.seen["o_valid"]:
            word = self.seen["o_payload"]
            self.left.append((word.kind, word.pixel))

    def check_order(self):
        """Every word so far is the next of its kind, and no corner goes before its time."""
        borders = [word for line in self.lines for word in line]
        corners = [word for word, _ in self.corners]
        for kind, words in ((Kind.BORDER, borders), (Kind.CORNER_SOUTH, corners)):
            found = [word for k, word in self.left if k == kind]
            assert found == words[:len(found)]
        number = sent = 0
        for kind, _ in self.left:
            if kind == Kind.BORDER:
                sent += 1
            else:
                lines = self.corners[number][1]
                assert sent >= sum(map(len, self.lines[:lines]))
                number += 1

    @property
    def waiting(self):
        return sum(map(len, self.lines)) + len(self.corners) - len(self.left)


@pytest.mark.parametrize("lanes", [1, 3])
def test_lines_and_corners_in_order(lanes):
    sender, random = Bench(BorderSender(lanes)), np.random.default_rng(lanes)
    assert output_names(sender.component) == {
        "room", "idle", "i_corners_ready", "o_valid", "o_payload"}

    def stimulus():
        link = Link(lanes, random)
        for _ in range(25):
            speed = random.uniform(0.2, 1.0)
            # Lines of a map, the start of the next, whose corners come at once.
            for _ in range(int(random.integers(1, 20))):
                yield from link.cycle(reserve=link.may and random.random() < 0.7,
                                      ready=random.random() < speed)
            yield from link.cycle(start=True, ready=random.random() < speed)
            corners = [int(word) for word in random.integers(1 << 16, size=random.integers(1, 5))]
            while corners:
                count = len(link.corners)
                yield from link.cycle(corner=corners[0], ready=random.random() < speed)
                corners = corners[len(link.corners) - count:]
            # No line comes any more; everything leaves, a word a cycle, and not a cycle later.
            waiting = link.waiting
            for _ in range(waiting + len(link.lines[-30:]) + 6):
                assert link.waiting == 0 or not link.seen["idle"] or link.seen["o_valid"]
                yield from link.cycle()
            link.check_order()
            assert link.waiting == 0
            assert (link.seen["idle"], link.seen["room"], link.seen["o_valid"]) == (1, 1, 0)

    sender.run(stimulus())


def test_room_ends_with_the_places():
    sender = Bench(BorderSender(2))

    def stimulus():
        link = Link(2, np.random.default_rng(0), full=True)
        reserved = 0
        yield from link.cycle(ready=False)
        for _ in range(3 * SENDER_LINES):
            reserved += link.may
            yield from link.cycle(reserve=link.may, ready=False)
        # One line more stands at the link, or two with the one whose word waits.
        assert SENDER_LINES <= reserved <= SENDER_LINES + 2
        yield from link.cycle(start=True, ready=False)
        for number in range(3 * CORNER_WORDS):
            yield from link.cycle(corner=number + 1, ready=False)
        assert CORNER_WORDS <= len(link.corners) <= CORNER_WORDS + 2
        for _ in range(200):
            yield from link.cycle()
        link.check_order()
        assert link.waiting == 0

    sender.run(stimulus())
