"""One CONV on the cycle model: when each step of the accumulation is decided."""

from bisect import bisect_right

from flexdrive.hyperdrive.timing import OPERAND, REQUEST

from ..rules import blocks as block_count
from .tail import HeldGroup, TailModel

__all__ = ["ConvolutionModel", "Steps", "bank_table"]


class Steps:
    """Decision times of the steps of one group: runs of steps without a wait between them."""

    def __init__(self, first_pixel, slots):
        self.first_pixel, self.slots = first_pixel, slots
        self._starts, self._indices = [], []    # a run: time of its first step, its index
        self.end = 0                            # first cycle after the last step known so far

    def append(self, time, index, count, depth):
        """``count`` steps from step ``index`` on, the first decided at ``time``."""
        if time != self.end or not self._starts:
            self._starts.append(time)
            self._indices.append(index)
        self.end = time + count * depth

    def at(self, time, depth):
        """(step, slot) of the cycle, or None."""
        run = bisect_right(self._starts, time) - 1
        if run < 0:
            return None
        limit = self._indices[run + 1] if run + 1 < len(self._starts) else None
        step, slot = divmod(time - self._starts[run], depth)
        step += self._indices[run]
        if time >= self.end or slot >= self.slots or (limit is not None and step >= limit):
            return None
        return step, slot


def bank_table(layer, config):
    """Bank of input channel 0 for each pixel of a tile and each tap."""
    rows, columns, pitch = layer.in_tile_rows, layer.in_tile_columns, layer.in_pitch
    reach = layer.kernel // 2
    return [[(layer.in_base + ((y * layer.stride + dy) % rows * columns
                               + (x * layer.stride + dx) % columns) * pitch) % config.fm_banks
             for dy in range(-reach, reach + 1) for dx in range(-reach, reach + 1)]
            for y in range(layer.tile_rows) for x in range(layer.tile_columns)]


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
        self._config, self._layer = config, descriptor
        self._depth = config.adder_depth
        self._weights = weights
        self._weight_at, self._parameter_at = weight_base, parameter_base
        self._steps = descriptor.in_channels * descriptor.kernel**2
        self._blocks = descriptor.interleave != 1
        self._recent = []           # the groups that may still be reading
        self._pending = None        # the group whose tail has not been followed yet
        self._tap_banks = bank_table(descriptor, config)
        self._tail = TailModel(config, descriptor, parameters, self._operand_bank)
        self.active = self.weight_stalls = self.tail_stalls = 0

    def run(self, start):
        """``start`` is the cycle in which the first step may be decided; returns the first cycle
        in which the sequencer sees that everything is done."""
        layer, depth = self._layer, self._depth
        pixels = layer.tile_rows * layer.tile_columns
        per_group, members = (1, depth) if self._blocks else (depth, 1)
        left = block_count(layer, self._config)
        time, block = start, 0
        while left > 0:
            interleaved = min(members, left)
            for pixel in range(0, pixels, per_group):
                slots = interleaved if self._blocks else min(depth, pixels - pixel)
                last = pixel + per_group >= pixels
                steps = Steps(pixel, slots)
                self._recent = [*self._recent[-2:], steps]
                commit = self._group(steps, time, pixel == 0, last, interleaved)
                time = commit + depth
                # Its tail is followed once the next group's steps up to its last are known.
                self._pending = HeldGroup(
                    held=commit + slots - 1 + OPERAND + depth, slots=slots,
                    channels=layer.out_channels - block * self._config.channels,
                    offset=(pixel * layer.out_pitch
                            + block * self._config.channels * layer.out_step),
                    parameters=self._parameter_at, release=last)
            self._weight_at += self._steps * interleaved
            self._parameter_at += min(self._config.channels * interleaved,
                                      layer.out_channels - block * self._config.channels)
            block += members
            left -= members
        self._finish_pending()
        return max(time, self._tail.drain())

    def _finish_pending(self):
        """Follow the tail of the group before; returns from when on it is free."""
        if self._pending is None:
            return 0
        free = self._tail.finish_group(self._pending) + 1
        self._pending = None
        return free

    def _group(self, steps, time, streams, gives_back, interleaved):
        """Decide all steps of a group; returns the time of the last."""
        depth, count = self._depth, self._steps
        base, per_step = self._weight_at, interleaved if self._blocks else 1
        there, released = self._weights.there, self._weights.released
        def give_back(first, steps):
            if gives_back:
                for at in range(first, first + steps * depth, depth):
                    released.extend(range(at, at + per_step))

        final = base + count * per_step - 1
        if not streams or (self._weights.knows(final) and there(final) <= time):
            # All weights are in the buffer: only the last step may have to wait.
            if count > 1:
                steps.append(time, 0, count - 1, depth)
                give_back(time, count - 1)
            time += (count - 1) * depth
        else:
            for step in range(count - 1):
                time = self._wait(time, there(base + (step + 1) * per_step - 1))
                steps.append(time, step, 1, depth)
                give_back(time, 1)
                time += depth
            time = self._wait(time, there(final))
        free = self._finish_pending()
        late = max(0, -(-(free - time) // depth)) * depth
        self.tail_stalls += late
        time += late
        steps.append(time, count - 1, 1, depth)
        give_back(time, 1)
        self.active += count * steps.slots
        return time

    def _wait(self, time, there):
        """The first decision from ``time`` on, a whole number of steps later, at which the
        weight is there."""
        late = max(0, -(-(there - time) // self._depth)) * self._depth
        self.weight_stalls += late
        return time + late

    def _operand_bank(self, time):
        """Bank that the accumulation reads in a cycle, or None."""
        decided = time - REQUEST
        for steps in reversed(self._recent):
            found = steps.at(decided, self._depth)
            if found is not None:
                step, slot = found
                tap, channel = divmod(step, self._layer.in_channels)
                pixel = steps.first_pixel + (0 if self._blocks else slot)
                return (self._tap_banks[pixel][tap] + channel) % self._config.fm_banks
        return None
