"""What can go wrong between a host and a board, for :mod:`.faults`.

A drawing function takes a generator, the cycle of the fault and the cycles of a bit; it returns
:class:`~.simulated.LineFault` of the wires, and (cycle, action) of the host's end, an action being
a function of a :class:`DisturbedTransport`.
"""

from flexdrive_deploy.board.link import reset_frame

from .simulated import DirectTransport, LineFault

__all__ = ["KINDS", "RATES", "DisturbedTransport", "Killed"]

_LOW, _HIGH, _INVERTED = 0, 1, 2
# Faults of one trial, for those that leave little behind.
_MANY = 8
# Wrong rates of the host, in parts of the board's.
RATES = (0.04, 0.25, 0.5, 0.8, 1.25, 2)


class DisturbedTransport(DirectTransport):
    """Bytes are lost, doubled, made up or changed on the way; the process ends; the power goes.

    ``plan`` : list of (cycle, action), an action being a function of this transport. ``mangle`` :
    for the next bytes of a direction, a function of their list."""

    def __init__(self, board, plan: list[tuple]):
        super().__init__(board)
        self.plan = sorted(plan, key=lambda entry: entry[0])
        self.mangle: dict[str, list] = {"write": [], "read": []}

    def write(self, content):
        self._act()
        super().write(self._changed("write", content))

    def read(self, timeout):
        self._act()
        return self._changed("read", super().read(timeout))

    def _act(self):
        while self.plan and self.board.cycle >= self.plan[0][0]:
            self.plan.pop(0)[1](self)

    def _changed(self, way, content):
        while content and self.mangle[way]:
            content = self.mangle[way].pop(0)(content)
        return content


class Killed(Exception):
    """The host's process is gone."""


def _wave(kind, low, high):
    """Line faults of a kind that last ``low`` to ``high`` bits."""
    def draw(random, at, period):
        length = max(1, int(period * random.uniform(low, high)))
        return [LineFault(at, at + length, int(random.integers(2)), kind)], []
    return draw


def _bytes(change):
    """A change of the bytes of either direction."""
    def draw(random, at, period):
        way = ("write", "read")[int(random.integers(2))]

        def act(transport):
            transport.mangle[way].append(lambda content: change(random, content))
        return [], [(at, act)]
    return draw


def _lose(random, content):
    at = int(random.integers(len(content)))
    return content[:at] + content[at + int(random.integers(1, 4)):]


def _double(random, content):
    at = int(random.integers(len(content)))
    return content[:at + 1] + content[at:]


def _insert(random, content):
    at = int(random.integers(len(content) + 1))
    return content[:at] + random.bytes(int(random.integers(1, 20))) + content[at:]


def _change(random, content):
    at = int(random.integers(len(content)))
    return content[:at] + random.bytes(1) + content[at + 1:]


def _twice(random, content):
    return content + content


def _never(random, content):
    return b""


def _killed(random, at, period):
    def act(transport):
        transport.board.forget()
        raise Killed
    return [], [(at, act)]


def _power(random, at, period):
    """The power goes and comes back."""
    def act(transport):
        transport.board.power(False)
        transport.board.run(int(random.integers(10, 2000)))
        transport.board.power(True)
    return [], [(at, act)]


def _any_state(random, at, period):
    """All registers and memories change."""
    def act(transport):
        transport.board.power(True, state=int(random.integers(1, 1 << 62)))
    return [], [(at, act)]


def _other(random, at, period):
    """Another host's reset frame."""
    session = int(random.integers(1, 1 << 16))

    def act(transport):
        transport.mangle["write"].append(lambda content: content + reset_frame(session))
    return [], [(at, act)]


def _pulled(random, at, period):
    """Both wires at rest, for good; the driver must give up."""
    return [LineFault(at, 1 << 62, wire, _HIGH) for wire in (0, 1)], []


def _rate(factor):
    """Another rate of the host from here on."""
    def draw(random, at, period):
        def act(transport):
            transport.board.baud = round(transport.board.config.baud * factor)
        return [], [(at, act)]
    return draw


# Name -> (drawing function, faults of a trial).
KINDS = {
    "bit flipped": (_wave(_INVERTED, 0.9, 1.1), _MANY),
    "glitch": (_wave(_INVERTED, 0.1, 0.6), _MANY),
    "burst": (_wave(_INVERTED, 2, 40), _MANY),
    "stuck at 0": (_wave(_LOW, 1, 400), _MANY),
    "stuck at 1": (_wave(_HIGH, 1, 400), _MANY),
    "byte lost": (_bytes(_lose), _MANY),
    "byte doubled": (_bytes(_double), _MANY),
    "bytes made up": (_bytes(_insert), _MANY),
    "byte changed": (_bytes(_change), _MANY),
    "frame doubled": (_bytes(_twice), _MANY),
    "frame lost": (_bytes(_never), _MANY),
    "cable pulled": (_pulled, 1),
    "host killed": (_killed, 1),
    "power lost": (_power, 1),
    "any state": (_any_state, 1),
    "other host": (_other, 1),
    **{f"rate times {factor:g}": (_rate(factor), 1) for factor in RATES},
}
