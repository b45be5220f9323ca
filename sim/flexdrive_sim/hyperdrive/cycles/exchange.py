"""Links of a mesh on the cycle model: senders, receivers and corners, cycle by cycle while busy.

State is that of registers: a step computes cycle t from it, with what the chips did in t.
"""

from collections import deque

from flexdrive.hyperdrive.border_sender import CORNER_WORDS, SENDER_LINES
from flexdrive.hyperdrive.descriptor import Operation

from .link import Direct, Link

__all__ = ["ChipExchange", "connect"]

SIDES = ("north", "south", "west", "east")
_OPPOSITE = {"north": "south", "south": "north", "west": "east", "east": "west"}
_OFFSETS = {"north": (-1, 0), "south": (1, 0), "west": (0, -1), "east": (0, 1)}
# From a write into a buffered FIFO to the word at its output.
_FIFO_LATENCY = 2
# From the reservation of a line, in the cycle of its write, to its push.
_PUSH_DELAY = 2


class _Fifo:
    """Buffered FIFO: a word written in cycle t is at the output from t + 2 on."""

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
        self._output = bool(self._words) and self._words[0][0] + _FIFO_LATENCY <= time

    @property
    def valid(self):
        return self._output

    @property
    def ready(self):
        """Room in the memory behind the output register."""
        return len(self._words) - self._output < self._depth - 1

    def pop(self):
        return self._words.popleft()[1]


class _Sender:
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
    rest = getattr(d, f"last_{axis}")
    if d.operation == Operation.CONV:
        rest = -(-rest // d.stride)
    count = {"south": d.made_south, "east": d.made_east}.get(side, d.halo)
    return count, getattr(d, f"tile_{axis}"), getattr(d, f"full_{axis}"), rest


def _conv_steps(d, side, lanes, chunk):
    """Steps of the receiver's walk for a CONV: (a word, of the first pixels, of the last pixels)
    each."""
    count, edge, full, rest = _rims(d, side)
    for begin in range(0, d.out_channels, chunk):
        channels = min(chunk, d.out_channels - begin)
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


class _Receiver:
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
            depth = config.adder_depth if d.interleave != 1 else 1
            self._walk = _conv_steps(d, self._side, self._lanes, config.channels * depth)
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


class ChipExchange:
    """Exchange of one chip.

    Attributes
    ----------
    complete : everything that operations so far receive has arrived.
    sent : words that have left, by side, border and corner apart.
    """

    def __init__(self, config):
        self._config = config
        self._senders = {side: _Sender() for side in SIDES}
        self._receivers = {side: _Receiver(config, side) for side in SIDES}
        self._channels = {}         # from the neighbours, by side
        self._layer = None
        self._starting = None
        self._reserved = []
        self.sent = {side: [0, 0] for side in SIDES}

    @property
    def busy(self):
        """Something may change in the next cycle without the chip doing anything."""
        return (self._starting is not None or bool(self._reserved)
                or any(channel.busy for channel in self._channels.values())
                or any(sender.busy for sender in self._senders.values())
                or any(r.step is not None and not r.step[0] for r in self._receivers.values()))

    @property
    def complete(self):
        return all(receiver.done for receiver in self._receivers.values())

    def start(self, descriptor):
        """The operation is dispatched in this cycle."""
        self._starting = descriptor

    def room(self, sides):
        """A line for all ``sides`` can be reserved in this cycle."""
        return all(self._senders[side].taken != SENDER_LINES for side in sides)

    def reserve(self, time, lines):
        """Lines written in this cycle: {side: words}."""
        for side, words in lines.items():
            self._senders[side].pushes.append((time + _PUSH_DELAY, words))
            self._reserved.append(side)

    def begin(self, time):
        for sender in self._senders.values():
            sender.begin(time)
        for channel in self._channels.values():
            channel.begin(time)

    def _passes(self):
        """side -> whether the word that it has can be passed on (north and south)."""
        wanted = {}
        for side in ("north", "south"):
            receiver, offer = self._receivers[side], self._offered(side)
            wanted[side] = [] if offer != "border" or not receiver.step or not receiver.step[0] \
                else [target for target, flag in (("west", 1), ("east", 2))
                      if receiver.step[flag] and getattr(self._layer, target)]
        free = {target: self._senders[target].corners.ready for target in ("west", "east")}
        return {
            "north": all(free[target] for target in wanted["north"]),
            "south": all(free[target] and target not in wanted["north"]
                         for target in wanted["south"])}, wanted

    def _offered(self, side):
        channel = self._channels.get(side)
        return None if channel is None else channel.offer

    def accept(self, time):
        """What this chip takes from its neighbours in this cycle: side -> bool."""
        passed, wanted = self._passes()
        taken, self._arrivals = {}, []
        for side, receiver in self._receivers.items():
            offer = self._offered(side)
            taken[side] = False
            if offer == "border":
                if receiver.step is not None and receiver.step[0]:
                    taken[side] = passed[side] if receiver.vertical else True
            elif offer is not None and receiver.corners[offer]:
                taken[side] = True
            if taken[side]:
                self._arrivals.append((receiver, offer))
        # In this cycle's state; what is passed on is written now.
        self._passed_on = [(target, side) for side in ("north", "south") if taken[side]
                           for target in wanted[side]]
        return taken

    def end(self, time, accepted):
        """The edge after cycle ``time``; ``accepted``: sides whose offered word was taken."""
        for receiver in self._receivers.values():
            if receiver.step is not None and not receiver.step[0]:
                receiver.advance()
        for receiver, offer in self._arrivals:
            if offer == "border":
                receiver.advance()
            else:
                receiver.corners[offer] -= 1
        for target, side in self._passed_on:
            self._senders[target].corners.push(time, side)
        for side, sender in self._senders.items():
            if accepted.get(side):
                self.sent[side][sender.offer != "border"] += 1
            sender.end(accepted.get(side, False))
        for side in self._reserved:
            self._senders[side].taken += 1
            self._senders[side].here += 1
        self._reserved = []
        if self._starting is not None:
            d, self._starting = self._starting, None
            self._layer = d
            here = (d.full_rows or d.last_rows) and (d.full_columns or d.last_columns)
            for side, receiver in self._receivers.items():
                if d.halo:
                    self._senders[side].start()
                    receiver.start(d, bool(here and getattr(d, side)))


def connect(chips, link=None, latency=0):
    """Join the :class:`ChipExchange` of each (y, x) with its neighbours, over links of
    :class:`~flexdrive.hyperdrive.link.LinkConfig` ``link`` with wires of ``latency`` cycles."""
    for (y, x), chip in chips.items():
        for side, (dy, dx) in _OFFSETS.items():
            neighbour = chips.get((y + dy, x + dx))
            if neighbour is not None:
                sender = neighbour._senders[_OPPOSITE[side]]
                chip._channels[side] = (Direct(sender) if link is None
                                        else Link(sender, link, latency))


def step(chips, time):
    """Cycle ``time`` of all links; ``chips``: {(y, x): ChipExchange}."""
    for chip in chips.values():
        chip.begin(time)
    accepted = {at: {} for at in chips}
    for (y, x), chip in chips.items():
        taken = chip.accept(time)
        for side, channel in chip._channels.items():
            dy, dx = _OFFSETS[side]
            accepted[y + dy, x + dx][_OPPOSITE[side]] = channel.step(time, taken[side])
    for at, chip in chips.items():
        chip.end(time, accepted[at])
