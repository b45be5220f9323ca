"""Faults on the line of a simulated board: none may lead to a wrong result, or to a hang.

A trial loads a small program, runs an image, and compares its words; one thing goes wrong on the
way, at a time that is drawn. Either the result is right, or the driver says in one line that there
is none. Then the board, in whatever state it is, must work again in a new session.
"""

from dataclasses import asdict, dataclass

import numpy as np

from flexdrive_deploy.board.boards import system_for
from flexdrive_deploy.board.driver import Board
from flexdrive_deploy.board.errors import BoardError

from ..campaign import run_campaign
from ..chunks import kept_by_worker
from ..hyperdrive.drive.board import BoardMachine
from ..hyperdrive.golden.chip import GoldenChip
from ..hyperdrive.verify.random_layer import random_layer_stimulus
from .fault_kinds import KINDS, DisturbedTransport, Killed
from .simulated import DirectTransport, SimulatedBoard

__all__ = ["FaultBench", "Trial", "counted", "faults_of_round", "faults_page", "run_board_faults"]

# Longest trial, in times of one without a fault at the slowest rate of the host in it: that is what
# the driver's limits are made of.
_LONGEST = 20
# Kinds of the trials of a round: more of those that take little time.
_ROUND = [kind for kind, (_, faults) in KINDS.items() for _ in range(4 if faults > 1 else 1)]


@dataclass
class Trial:
    """What a trial did.

    Attributes
    ----------
    kind : of the fault. faults : how many were injected.
    outcome : "right", or the name of the error that told; never "WRONG" or "HANG".
    message : of the error.
    length : of the trial, in times of one without a fault at the slowest rate of the host in it.
    recovered : a new session gave the right result.
    """

    kind: str
    faults: int
    outcome: str
    message: str = ""
    length: float = 0.0
    recovered: bool = True

    @property
    def broken(self):
        """Whether it broke a rule: a wrong result, a hang, no recovery."""
        return self.outcome in ("WRONG", "HANG") or not self.recovered


class FaultBench:
    """A simulated board, a program for it, and what must come of that.

    Parameters
    ----------
    board : :class:`~.simulated.SimulatedBoard`.
    random : generator that sessions are drawn from.
    """

    def __init__(self, board, random):
        self.board, self._random = board, random
        self._chip = board.config.chip
        self._stimulus = random_layer_stimulus(self._chip, 3)
        self._arrays = self._stimulus.arrays()
        self._expected = GoldenChip(self._chip).execute(*self._arrays)
        begin = board.cycle
        if not np.array_equal(self._work(DirectTransport(board)), self._expected):
            raise BoardError("The board gives a wrong result without any fault")
        self._length = board.cycle - begin      # cycles of a trial without a fault

    def _work(self, transport):
        board = Board(transport, draw=lambda end: int(self._random.integers(end)))
        return BoardMachine(board, self._chip).run(*self._arrays, self._stimulus.out_words).pixels

    def trial(self, kind, random):
        """One :class:`Trial`; what it draws comes from the generator ``random``."""
        draw, faults = KINDS[kind]
        board, begin, plan = self.board, self.board.cycle, []
        period = board.config.divisor
        for _ in range(faults):
            waves, actions = draw(random, begin + int(random.integers(self._length)), period)
            board.faults += waves
            plan += actions
        trial = Trial(kind, faults, "right")
        try:
            if not np.array_equal(self._work(DisturbedTransport(board, plan)), self._expected):
                trial.outcome = "WRONG"
        except Killed:
            trial.outcome = "killed"
        except BoardError as error:
            trial.outcome, trial.message = type(error).__name__, str(error)
        slowest = min(board.baud, board.config.baud) / board.config.baud
        trial.length = (board.cycle - begin) / self._length * slowest
        if trial.length > _LONGEST and trial.outcome != "WRONG":
            trial.outcome = "HANG"
        board.faults, board.baud = [], board.config.baud
        board.forget()
        try:
            trial.recovered = np.array_equal(self._work(DirectTransport(board)), self._expected)
        except BoardError as error:
            trial.recovered, trial.message = False, f"{trial.message}; then: {error}"
        return trial


@kept_by_worker(1)
def _board(name):
    return SimulatedBoard(system_for(name))


def faults_of_round(name, seed, number):
    """Trials of each kind, in an order that is drawn, on a board that has just got its power.

    Parameters
    ----------
    name : of the board, as of :func:`~flexdrive_deploy.board.boards.system_for`.
    seed, number : of the campaign, and of the round in it.

    Returns
    -------
    list of :class:`Trial` as dictionaries
    """
    random = np.random.default_rng([seed, number])
    board = _board(name)
    board.power(True)
    bench = FaultBench(board, random)
    return [asdict(bench.trial(str(kind), random)) for kind in random.permutation(_ROUND)]


def run_board_faults(name, count, seed=0, **crew):
    """The campaign: rounds until ``count`` faults were injected; ``crew`` as of
    :func:`~flexdrive_sim.campaign.run_campaign`. Returns a list of :class:`Trial`."""
    rounds = -(-count // sum(KINDS[kind][1] for kind in _ROUND))
    found = run_campaign(faults_of_round, {f"{name}-{seed}-{number:04d}": (name, seed, number)
                                           for number in range(rounds)},
                         name="faults on the line of a board", **crew)
    return [Trial(**trial) for trials in found.values() for trial in trials]


def counted(trials):
    """(outcomes, rows) of a campaign: their names, and of each kind its name, its faults, its
    trials by outcome, and the length of the longest."""
    outcomes = sorted({trial.outcome for trial in trials}, key=lambda name: (name != "right", name))
    rows = []
    for kind in KINDS:
        these = [trial for trial in trials if trial.kind == kind]
        if these:
            rows.append((kind, sum(trial.faults for trial in these),
                         [sum(trial.outcome == name for trial in these) for name in outcomes],
                         max(trial.length for trial in these)))
    return outcomes, rows


def faults_page(trials, command, seconds):
    """The campaign as Markdown; ``command`` is what was typed."""
    outcomes, rows = counted(trials)
    lines = [
        "# Faults on the line of a board", "",
        f"{sum(trial.faults for trial in trials):,} faults in {len(trials):,} trials, "
        f"{sum(trial.broken for trial in trials)} broke a rule, {seconds:.0f} s. Command: "
        f"`{command}`. Each trial loads a program into a simulated board, runs an image and "
        "compares its words, while faults come at random times; then a new session does the same "
        "without any. A rule is broken by a wrong result that is given as right, by a trial that "
        f"takes more than {_LONGEST} times as long as one without a fault at the slowest rate of "
        "the host in it (*longest*), and by a new session that does not give the right words.", "",
        f"| fault | faults | {' | '.join(f'trials: {name}' for name in outcomes)} | longest |",
        "|---|" + "---:|" * (len(outcomes) + 2)]
    lines += [f"| {kind} | {faults:,} | {' | '.join(map(str, counts))} | {longest:.1f} |"
              for kind, faults, counts, longest in rows]
    return "\n".join([*lines, "", "*right*: the driver repaired it. *NoAnswerError*, *BoardError*: "
                      "it said in one line that there is no result. *killed*: the host's process "
                      "ended in the middle.", ""])
