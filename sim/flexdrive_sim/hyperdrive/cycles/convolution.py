"""One CONV on the cycle model: when each step of the accumulation is decided."""

from bisect import bisect_right

from flexdrive.hyperdrive.timing import OPERAND, REQUEST

from .groups import groups
from .tail import TailModel

__all__ = ["ConvolutionModel", "Steps", "first_step"]


def first_step(config):
    """Cycles from the descriptor to the first step: dispatch, restart of the walker, one step to
    fill it."""
    return 3 + config.adder_depth


class Steps:
    """Decision times of the steps of one group: runs of steps without a wait between them."""

    def __init__(self, group):
        self.group = group
        self._starts, self._indices = [], []    # a run: time of its first step, its index
        self.end = 0                            # first cycle after the last step known so far

    def append(self, time, index, count, depth):
        """``count`` steps from step ``index`` on, the first decided at ``time``."""
        if time != self.end or not self._starts:
            self._starts.append(time)
            self._indices.append(index)
        self.end = time + count * depth

    def bank(self, time, depth):
        """Bank of the operand that is decided in the cycle, or None."""
        run = bisect_right(self._starts, time) - 1
        if run < 0:
            return None
        limit = self._indices[run + 1] if run + 1 < len(self._starts) else None
        step, slot = divmod(time - self._starts[run], depth)
        step += self._indices[run]
        if time >= self.end or slot >= self.group.slots or (limit is not None and step >= limit):
            return None
        return self.group.banks[slot][step]


class ConvolutionModel:
    """Times of one convolution.

    Parameters
    ----------
    config, descriptor : the chip and the layer.
    weights, parameters : :class:`~.streams.Ring` of each.
    weight_base, parameter_base : words of earlier layers in them.

    Attributes
    ----------
    active, weight_stalls, tail_stalls : as in the chip's report.
    """

    def __init__(self, config, descriptor, weights, parameters, weight_base, parameter_base):
        self._depth = config.adder_depth
        self._weights = weights
        self._groups = groups(config, descriptor, weight_base, parameter_base)
        self._recent = []           # the groups that may still be reading
        self._pending = None        # the group whose tail has not been followed yet, and its time
        self._tail = TailModel(config, descriptor, parameters, self._operand_bank)
        self.active = self.weight_stalls = self.tail_stalls = 0

    def run(self, start):
        """``start`` is the cycle in which the first step may be decided; returns the first cycle
        in which the sequencer sees that everything is done."""
        depth, time = self._depth, start
        for group in self._groups:
            steps = Steps(group)
            self._recent = [*self._recent[-2:], steps]
            commit = self._group(steps, time)
            time = commit + depth
            # Its tail is followed once the next group's steps up to its last are known.
            self._pending = group, commit + group.slots - 1 + OPERAND + depth
        self._finish_pending()
        return max(time, self._tail.drain())

    def _finish_pending(self):
        """Follow the tail of the group before; returns from when on it is free."""
        if self._pending is None:
            return 0
        free = self._tail.finish_group(*self._pending) + 1
        self._pending = None
        return free

    def _group(self, steps, time):
        """Decide all steps of a group; returns the time of the last."""
        group, depth = steps.group, self._depth
        count = group.steps
        there, released = self._weights.there, self._weights.released

        def decide(time, index, number):
            steps.append(time, index, number, depth)
            if group.gives_back:
                for step in range(index, index + number):
                    released.extend([time + (step - index) * depth] * group.takes[step])

        final = max((need for need in group.needs if need is not None), default=None)
        if not group.streams or final is None or (
                self._weights.knows(final) and there(final) <= time):
            # All weights are in the buffer: only the last step may have to wait.
            if count > 1:
                decide(time, 0, count - 1)
            time += (count - 1) * depth
        else:
            for step, need in enumerate(group.needs):
                if need is not None:
                    time = self._wait(time, there(need))
                if step < count - 1:
                    decide(time, step, 1)
                    time += depth
        free = self._finish_pending()
        late = max(0, -(-(free - time) // depth)) * depth
        self.tail_stalls += late
        time += late
        decide(time, count - 1, 1)
        self.active += count * group.slots
        return time

    def _wait(self, time, there):
        """The first decision from ``time`` on, a whole number of steps later, at which the
        weight is there."""
        late = max(0, -(-(there - time) // self._depth)) * self._depth
        self.weight_stalls += late
        return time + late

    def _operand_bank(self, time):
        """Bank that the accumulation reads in a cycle, or None."""
        for steps in reversed(self._recent):
            bank = steps.bank(time - REQUEST, self._depth)
            if bank is not None:
                return bank
        return None
