"""Links of a mesh on the cycle model: senders, receivers and corners, cycle by cycle while busy.

State is that of registers: a step computes cycle t from it, with what the chips did in t.
"""

from flexdrive.hyperdrive.border.exchange import Exchange
from flexdrive.hyperdrive.border.memory import SIDES
from flexdrive.hyperdrive.border.sender import SENDER_LINES

from .border import Receiver, Sender
from .link import Direct, Link

__all__ = ["ChipExchange", "connect"]

_OPPOSITE = {"north": "south", "south": "north", "west": "east", "east": "west"}
_OFFSETS = {"north": (-1, 0), "south": (1, 0), "west": (0, -1), "east": (0, 1)}


class ChipExchange:
    """Exchange of one chip.

    Attributes
    ----------
    complete : everything that operations so far receive has arrived.
    sent : words that have left, by side, border and corner apart.
    """

    def __init__(self, config):
        self._config = config
        self._senders = {side: Sender() for side in SIDES}
        self._receivers = {side: Receiver(config, side) for side in SIDES}
        self._channels = {}         # from the neighbours, by side
        self._layer = None
        self._starting = None
        self._reserved = []
        self.sent = {side: [0, 0] for side in SIDES}

    @property
    def busy(self):
        """Something may change in the next cycle without the chip doing anything."""
        return bool(self._channels) and (
            self._starting is not None or bool(self._reserved)
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
            self._senders[side].pushes.append((time + Exchange.LINES, words))
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
