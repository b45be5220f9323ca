"""Faults on the line of a simulated board: none may lead to a wrong result, or to a hang.

A trial loads a small program, runs an image, and compares its words; one thing goes wrong on the
way, at a time that is drawn. Either the result is right, or the driver says in one line that there
is none. Then the board, in whatever state it is, must work again in a new session.
"""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from flexdrive_deploy.board.driver import Board
from flexdrive_deploy.board.errors import BoardError

from ..hyperdrive.drive.board import BoardMachine
from ..hyperdrive.golden.chip import GoldenChip
from ..hyperdrive.verify.random_layer import random_layer_stimulus
from .simulated import DirectTransport, LineFault

__all__ = ["KINDS", "Campaign", "Trial"]

_LOW, _HIGH, _INVERTED = 0, 1, 2
# Faults of one trial, for those that leave little behind.
_MANY = 8
# Longest trial, in times of one without a fault at the slowest rate of the host in it: that is what
# the driver's limits are made of.
_LONGEST = 20


@dataclass
class Trial:
    """What a trial did.

    Attributes
    ----------
    kind : of the fault. faults : how many were injected.
    outcome : "right", or the name of the error that told; never "WRONG" or "HANG".
    message : of the error.
    cycles : of the trial.
    recovered : a new session gave the right result.
    """

    kind: str
    faults: int
    outcome: str
    message: str = ""
    cycles: int = 0
    recovered: bool = True


class _Disturbed(DirectTransport):
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


class _Killed(Exception):
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
        raise _Killed
    return [], [(at, act)]


def _power(random, at, period):
    def act(transport):
        transport.board.power(False)
        transport.board.run(int(random.integers(10, 2000)))
        transport.board.power(True)
    return [], [(at, act)]


def _pulled(random, at, period):
    """Both wires at rest, for good; the driver must give up."""
    return [LineFault(at, 1 << 62, wire, _HIGH) for wire in (0, 1)], []


def _rate(random, at, period):
    """Another rate of the host from here on."""
    factor = float(random.choice([0.25, 0.5, 0.8, 1.25, 2]))

    def act(transport):
        transport.board.baud = round(transport.board.config.baud * factor)
    return [], [(at, act)]


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
    "wrong rate": (_rate, 1),
}


@dataclass
class Campaign:
    """Trials on a simulated board.

    Parameters
    ----------
    board : :class:`~.simulated.SimulatedBoard`. config : ChipConfig of its chip.
    seed : of the program and of everything that is drawn.
    """

    board: object
    config: object
    seed: int = 0
    counts: Counter = field(default_factory=Counter)
    outcomes: Counter = field(default_factory=Counter)

    def __post_init__(self):
        self._stimulus = random_layer_stimulus(self.config, 3)
        self._arrays = self._stimulus.arrays()
        self._expected = GoldenChip(self.config).execute(*self._arrays)
        self._length = self._clean()

    def _clean(self):
        """Cycles of a trial without a fault."""
        begin = self.board.cycle
        run = self._work(DirectTransport(self.board))
        if not np.array_equal(run, self._expected):
            raise BoardError("The board gives a wrong result without any fault")
        return self.board.cycle - begin

    def _work(self, transport):
        machine = BoardMachine(Board(transport), self.config)
        return machine.run(*self._arrays, self._stimulus.out_words).pixels

    def run(self, count, *, progress=lambda faults: None):
        """Trials until ``count`` faults were injected, all kinds in turn.

        Returns
        -------
        list of :class:`Trial` that broke a rule: a wrong result, a hang, no recovery.
        """
        broken, at, done = [], 0, 0
        kinds = list(KINDS)
        while done < count:
            trial = self.trial(kinds[at % len(kinds)], np.random.default_rng([self.seed, at]))
            at += 1
            done += trial.faults
            self.counts[trial.kind] += trial.faults
            self.outcomes[trial.kind, trial.outcome] += 1
            if trial.outcome in ("WRONG", "HANG") or not trial.recovered:
                broken.append(trial)
            progress(done)
        return broken

    def trial(self, kind, random):
        """One :class:`Trial`."""
        draw, faults = KINDS[kind]
        board, begin, plan = self.board, self.board.cycle, []
        period = board.config.divisor
        for _ in range(faults):
            waves, actions = draw(random, begin + int(random.integers(self._length)), period)
            board.faults += waves
            plan += actions
        trial = Trial(kind, faults, "right")
        try:
            if not np.array_equal(self._work(_Disturbed(board, plan)), self._expected):
                trial.outcome = "WRONG"
        except _Killed:
            trial.outcome = "killed"
        except BoardError as error:
            trial.outcome, trial.message = type(error).__name__, str(error)
        trial.cycles = board.cycle - begin
        slowest = min(board.baud, board.config.baud)
        if trial.cycles > _LONGEST * self._length * board.config.baud / slowest:
            trial.outcome = "HANG"
        board.faults, board.baud = [], board.config.baud
        board.forget()
        try:
            trial.recovered = np.array_equal(self._work(DirectTransport(board)), self._expected)
        except BoardError as error:
            trial.recovered, trial.message = False, f"{trial.message}; then: {error}"
        return trial
