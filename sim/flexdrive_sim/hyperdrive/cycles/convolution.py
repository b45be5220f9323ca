"""One CONV on the cycle model: when each step of the accumulation is decided.

Steps that wait for nothing are decided at once, however many there are: what the tail has to know
of them is looked up in the runs that they form.
"""

import math
from bisect import bisect_right

from flexdrive.hyperdrive.timing import REQUEST, accumulated

from .groups import groups
from .tail import Tail

__all__ = ["Convolution"]


class _Steps:
    """Decision times of the steps of one group: runs of steps without a wait between them."""

    def __init__(self, group):
        self._group = group
        self._starts, self._indices = [], []    # a run: time of its first step, its index
        self._end = 0                           # first cycle after the last step known so far

    def append(self, time, index, count, depth):
        """``count`` steps from step ``index`` on, the first decided at ``time``."""
        if time != self._end or not self._starts:
            self._starts.append(time)
            self._indices.append(index)
        self._end = time + count * depth

    def operand(self, time, depth):
        """(first bank, words) of the operand that is decided in the cycle, or None."""
        run = bisect_right(self._starts, time) - 1
        if run < 0:
            return None
        limit = self._indices[run + 1] if run + 1 < len(self._starts) else None
        step, slot = divmod(time - self._starts[run], depth)
        step += self._indices[run]
        if (time >= self._end or slot >= self._group.slots
                or (limit is not None and step >= limit)):
            return None
        return self._group.banks[slot][step], self._group.words[slot]


class Reads:
    """What the accumulation reads, as far as it is decided.

    Attributes
    ----------
    known_until : steps before this cycle are decided; inf when all are.
    """

    def __init__(self, config):
        self._depth = config.adder_depth
        # Of each operand, as it is told; most are one word.
        banks = config.fm_banks
        self._banks = {(first, words): frozenset((first + word) % banks for word in range(words))
                       for first in range(banks)
                       for words in range(1, config.channelwise_lanes + 1)} | {None: frozenset()}
        self._groups, self._begun = [], []      # in order, and when their first step is decided
        self.known_until = 0

    def begin(self, group, needed):
        """A group begins; what is read before cycle ``needed`` will not be asked for."""
        self._groups.append(_Steps(group))
        # Three may be reading still.
        while len(self._begun) > 3 and self._begun[1] < needed - REQUEST:
            del self._groups[0], self._begun[0]

    def append(self, time, index, count):
        """``count`` steps of the group from ``index`` on are decided, the first at ``time``."""
        if count:
            if len(self._begun) < len(self._groups):
                self._begun.append(time)
            self._groups[-1].append(time, index, count, self._depth)
        self.known_until = time + count * self._depth

    def banks(self, time):
        """Banks that are requested from the arbiter in a cycle."""
        group = bisect_right(self._begun, time - REQUEST) - 1
        return self._banks[None if group < 0 else
                           self._groups[group].operand(time - REQUEST, self._depth)]

    def decided(self, time):
        """Whether all requests of a cycle are known."""
        return time - REQUEST < self.known_until


class Convolution:
    """Times of one convolution.

    Parameters
    ----------
    chip : :class:`~.chip.ChipModel`.
    descriptor : the layer.

    Attributes
    ----------
    active, weight_stalls, tail_stalls : as in the chip's report.
    """

    def __init__(self, chip, descriptor):
        self._chip, self._depth = chip, chip.config.adder_depth
        self._groups = groups(chip.config, descriptor, chip.weight_words, chip.parameter_words)
        self._reads = Reads(chip.config)
        self._tail = Tail(chip, descriptor, self._reads)
        # With several lanes a group may be handed on while the one before leaves the tail; the step
        # of the next one that waits until it has left.
        early = descriptor.channelwise and chip.config.channelwise_lanes > 1
        self._beside = None if not early else 1 if self._depth == 1 else 0
        self._number = 0                        # groups handed on
        self.active = self.weight_stalls = self.tail_stalls = 0

    def run(self, start):
        """Process; ``start`` is the cycle in which the first step may be decided; returns the first
        cycle in which the sequencer sees that everything is done."""
        time = start
        self._chip.scheduler.start(self._tail.run(), start)
        for group in self._groups:
            # A transfer beside it follows the scheduler, a cycle behind.
            self._reads.begin(group, self._chip.scheduler.now - 1 if self._chip.config.overlap
                              else math.inf)
            last = yield from self._group(group, time)
            self._number += 1
            self._tail.hand(group, last + group.slots - 1 + accumulated(self._depth))
            time = last + self._depth
        self._reads.known_until = math.inf
        self._tail.close()
        while self._tail.drained is None:
            yield self._tail.changed
        return max(time, self._tail.drained)

    def banks(self, time):
        """Banks that accumulation and tail have in a cycle that is over: steps are decided no later
        than they are, so what is not decided was not."""
        return self._tail.banks(time) | self._reads.banks(time)

    def _decide(self, group, time, index, count):
        """Decide ``count`` steps of a group from ``index`` on, the first at ``time``."""
        self._reads.append(time, index, count)
        if group.gives_back and count:
            steps = zip(range(time, time + count * self._depth, self._depth),
                        group.takes[index:index + count], strict=True)
            self._chip.weights.release([at for at, words in steps for _ in range(words)])

    def _group(self, group, time):
        """Process: decide all steps of a group; returns the time of the last."""
        last = group.steps - 1
        beside = last if self._beside is None else min(self._beside, last)
        if self._stored(group, time):
            self._decide(group, time, 0, beside)
            time += beside * self._depth
            if beside < last:
                time = yield from self._until_shifted(time)
                self._decide(group, time, beside, last - beside)
                time += (last - beside) * self._depth
        else:
            time = yield from self._streamed(group, time, beside)
        while len(self._tail.takes) <= self._number:
            yield self._tail.changed
        time += self._wait(time, self._tail.takes[self._number])
        self._decide(group, time, last, 1)
        self.active += group.steps * group.slots
        return time

    def _until_shifted(self, time):
        """Process: from when on the step of cycle ``time`` goes on, which waits until the tail has
        but the group that was handed on last."""
        before = max(0, self._number - 1)
        while len(self._tail.shifted) <= before:
            yield self._tail.changed
        return time + self._wait(time, self._tail.shifted[before])

    def _wait(self, time, ready):
        """Cycles from ``time`` on that are lost to the tail."""
        late = self._late(time, ready)
        self.tail_stalls += late
        return late

    def _stored(self, group, time):
        """Whether all weights of a group are in the buffer in cycle ``time``."""
        final, weights = group.last_weight, self._chip.weights
        return not group.streams or final is None or (
            weights.fill(final) and weights.there(final) <= time)

    def _streamed(self, group, time, beside):
        """Process: decide all steps but the last of a group whose weights are on their way, step
        ``beside`` as of :meth:`_until_shifted` unless it is the last; returns from when on the last
        has its weights."""
        weights, final = self._chip.weights, group.last_weight
        begun, first = time, 0          # of the steps that are not decided yet
        for step, need in enumerate(group.needs):
            if need is not None:
                if not weights.knows(need):
                    # Perhaps a place that this group gives back.
                    self._decide(group, begun, first, step - first)
                    begun, first = time, step
                    weights.fill(final)
                    while not weights.knows(need):
                        yield weights.changed
                        weights.fill(final)
                there = weights.there(need)
                if there > time:
                    self._decide(group, begun, first, step - first)
                    late = self._late(time, there)
                    self.weight_stalls += late
                    time += late
                    begun, first = time, step
            if step == beside < group.steps - 1:
                self._decide(group, begun, first, step - first)
                time = yield from self._until_shifted(time)
                begun, first = time, step
            time += self._depth
        self._decide(group, begun, first, group.steps - 1 - first)
        return time - self._depth

    def _late(self, time, ready):
        """Cycles, in whole steps, from ``time`` until what is there from ``ready`` on is there."""
        return max(0, -(-(ready - time) // self._depth)) * self._depth
