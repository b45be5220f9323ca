"""The two ends of a side on the cycle model: lines and corner words out, words counted in.

State is that of registers: a step computes cycle t from it, with what the chip did in t.
"""

from collections import deque

from flexdrive.hyperdrive.border.sender import CORNER_WORDS, SENDER_LINES
from flexdrive.hyperdrive.descriptor.fields import Operation
from flexdrive.hyperdrive.timing import FIFO

from .groups import chunks

__all__ = ["Receiver", "Sender"]


class _Fifo:
    """SyncFIFOBuffered of Amaranth: a word written in cycle t is at the output from t + FIFO on."""

    def __init__(self, depth):
        self._depth = depth
        self._words = deque()       # (cycle of the write, word)
        self._output = False        # the oldest word is in the output register

    def __len__(self):
        return len(self._words)

    def push(self, time, word):
        self._words.append((time, word))

    def settle(self, time):
        """Begin cycle ``time``: what has come to the output."""
        self._output = bool(self._words) and self._words[0][0] + FIFO <= time

    @property
    def valid(self):
        return self._output

    @property
    def ready(self):
        """Room in the memory behind the output register."""
        return len(self._words) - self._output < self._depth - 1

    def pop(self):
        return self._words.popleft()[1]


class Sender:
    """Lines and corner words of one side; a line is the number of its words."""

    def __init__(self):
        self.taken = 0              # places reserved or filled
        self.lines = _Fifo(SENDER_LINES)
        self.corners = _Fifo(CORNER_WORDS)
        self.line = 0               # words left of the line in the output stage
        self.offer = None           # word on the link: "border" or (corner side)
        self.pushes = deque()       # (cycle, words)
        self.here = 0               # lines of which not all words have left
        self.older = 0              # those of them of maps before the one under way

    @property
    def busy(self):
        return bool(self.pushes or self.line or self.offer or len(self.lines)
                    or len(self.corners))

    def begin(self, time):
        while self.pushes and self.pushes[0][0] == time:
            self.lines.push(time, self.pushes.popleft()[1])
        self.lines.settle(time)
        self.corners.settle(time)

    def end(self, accepted):
        """The cycle's edge; ``accepted``: the offered word was taken."""
        left, sent, finished = self.line, False, 0
        if self.offer is None or accepted:
            self.offer = None
            if self.corners.valid and not self.older:
                self.offer = self.corners.pop()
            elif left:
                self.offer, sent = "border", True
                self.line -= 1
        finished += sent and left == 1
        if self.lines.valid and (left == 0 or (sent and left == 1)):
            self.line = self.lines.pop()
            self.taken -= 1
            finished += self.line == 0
        self.here -= finished
        self.older = max(0, self.older - finished)

    def start(self):
        """A map begins, at the end of the cycle: its corners go after the lines that are here."""
        self.older = self.here


def _rims(d, side):
    """(rows or columns that come from the neighbour on ``side``, tile edge along the side, whole
    tiles and the rest along it)."""
    axis = "columns" if side in ("north", "south") else "rows"
    rest = d.made_pixels(getattr(d, f"last_{axis}"))
    count = {"south": d.made_south, "east": d.made_east}.get(side, d.halo)
    return count, getattr(d, f"tile_{axis}"), getattr(d, f"full_{axis}"), rest


def _conv_steps(d, side, lanes, config):
    """Steps of the receiver's walk for a CONV: (a word, of the first pixels, of the last pixels)
    each."""
    count, edge, full, rest = _rims(d, side)
    for channels in chunks(d, config):
        pixels = [at for _ in range(count) for at in range(edge)] if side in ("north", "south") \
            else [at for at in range(edge) for _ in range(count)]
        for at in pixels:
            tiles = full + (at < rest)
            for _ in range(channels):
                if not tiles:
                    yield False, False, False
                for tile in range(tiles):
                    yield (True, tile == 0 and at < d.halo,
                           tile == lanes - 1 and at >= edge - d.halo)


def _load_steps(d, side, lanes):
    count, edge, full, rest = _rims(d, side)
    along = [(tile, at) for tile in range(full + (rest != 0))
             for at in range(rest if tile == full else edge)]
    pixels = along * count if side in ("north", "south") else [
        pixel for pixel in along for _ in range(count)]
    for tile, at in pixels:
        step = True, tile == 0 and at < d.halo, tile == lanes - 1 and at >= edge - d.halo
        for _ in range(d.in_channels):
            yield step


class Receiver:
    """What one side still expects of the map under way."""

    def __init__(self, config, side):
        self.vertical = side in ("north", "south")
        self._config, self._side = config, side
        self._lanes = config.columns if self.vertical else config.rows
        self._walk = iter(())
        self.step = None                    # the walk's position, None when all is there
        self.corners = {"north": 0, "south": 0}     # corner words to come

    @property
    def done(self):
        return self.step is None and not any(self.corners.values())

    def start(self, d, active):
        config = self._config
        if not active:
            return
        if d.operation == Operation.CONV:
            self._walk = _conv_steps(d, self._side, self._lanes, config)
            channels = d.out_channels
        else:
            self._walk = _load_steps(d, self._side, self._lanes)
            channels = d.in_channels
        self.advance()
        if not self.vertical:
            columns = d.made_east if self._side == "east" else d.halo
            self.corners = {"north": channels * columns * d.halo * d.north,
                            "south": channels * columns * d.made_south}

    def advance(self):
        self.step = next(self._walk, None)
