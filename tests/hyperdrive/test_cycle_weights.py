"""The weight stream of the cycle model against a simulation of it, cycle by cycle.

A word that comes a cycle early into a full buffer is seldom seen in the reports of a program.
"""

import numpy as np
import pytest

from flexdrive_sim.engine import Gate
from flexdrive_sim.hyperdrive.cycles.scheduler import Scheduler
from flexdrive_sim.hyperdrive.cycles.weights import BroadcastWeights

WORDS = 60


def _simulate(pattern, depths, releases):
    """Cycles in which each buffer takes each word, and in which the last has left the source.

    Parameters
    ----------
    releases : of each buffer, cycles in which it gives back a place, in order.
    """
    accepted = [[] for _ in depths]
    valid, word, time = False, 0, 0
    while word < WORDS:
        valid = valid or bool(pattern[time % len(pattern)])     # a source keeps offering
        for taken, depth, given in zip(accepted, depths, releases, strict=True):
            # What is given back in this cycle is free from the next one on.
            used = len(taken) - sum(at < time for at in given)
            if valid and len(taken) == word and used < depth:
                taken.append(time)
        if valid and all(len(taken) > word for taken in accepted):
            valid, word = False, word + 1
        time += 1
    return accepted, time - 1


@pytest.mark.parametrize("buffers", [1, 2, 3])
def test_words_come_when_all_buffers_have_places(buffers):
    for seed in range(150):
        random = np.random.default_rng([seed, buffers])
        depths = [int(depth) for depth in random.integers(1, 12, buffers)]
        most = int(random.integers(1, 4))
        pattern = Gate.always() if seed % 2 else Gate.random(0.6, seed)
        start = int(random.integers(0, 40))
        releases = [(start + np.cumsum(random.integers(0, most + 1, WORDS))).tolist()
                    for _ in depths]
        expected, last = _simulate(pattern, depths, releases)
        weights = BroadcastWeights(pattern)
        weights.scheduler = Scheduler()
        branches = [weights.branch((0, x), depth) for x, depth in enumerate(depths)]
        for branch, times in zip(branches, releases, strict=True):
            branch.release(times)
        # Asked for in parts, as groups do.
        for index in sorted({*random.integers(0, WORDS, 3).tolist(), WORDS - 1}):
            assert branches[-1].fill(index)
        assert [branch.accepted for branch in branches] == expected, f"seed {seed}"
        assert weights.last == last
