"""What a CONV computes, group by group, without time: steps, weights, operands, values of the tail.

A group is what the units sum at once: C channels of L pixels, L blocks of one pixel, or,
channelwise, L x G channels of up to C / G pixels of a row (G: ``channelwise_lanes``).
:mod:`.convolution` gives its steps their times, :mod:`.tail` its values.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from ..golden.descriptor_rules import blocks

__all__ = ["Group", "chunks", "groups", "layer_words"]


@dataclass(frozen=True, eq=False)
class Group:
    """One group.

    Attributes
    ----------
    slots : in use, of the L of a step.
    takes : weight words that each step takes.
    needs : index since reset of the last weight word that each step takes, None of a step without.
    streams : its weights may still be on their way. gives_back : they are used for the last time.
    banks : of each slot, the bank of its operand in each step, the first of
    words : of each slot, words that a step reads, one from each of as many banks.
    values : (is a value, offset in the output map, parameter index) in the order of the shifts.
    releases : parameters that are given back with the last value.
    """

    slots: int
    takes: Sequence
    needs: Sequence
    streams: bool
    gives_back: bool
    banks: list
    words: Sequence
    values: list
    releases: int

    @property
    def steps(self):
        """Number of steps."""
        return len(self.takes)

    @property
    def last_weight(self):
        """Index of the last weight word that it takes, None of one that takes none."""
        return max((need for need in self.needs if need is not None), default=None)


def chunks(descriptor, config):
    """Channels that a CONV finishes together for all pixels of the tiles, chunk by chunk."""
    d, depth, lanes = descriptor, config.adder_depth, config.channels
    together, block = ((depth * config.channelwise_lanes, lanes) if d.channelwise else
                       (lanes * d.interleave, lanes * d.interleave))
    return [min(together, stop - at) for begin in range(0, d.out_channels, block)
            for stop in [min(begin + block, d.out_channels)] for at in range(begin, stop, together)]


def layer_words(descriptor, config):
    """(weight words, parameter words) of a CONV."""
    d = descriptor
    return blocks(d, config) * d.weight_channels * d.taps, d.out_channels


class _Layer:
    """What the groups of a layer have in common."""

    def __init__(self, config, descriptor, weight_at, parameter_at):
        self.config, self.d = config, descriptor
        self.weight_at, self.parameter_at = weight_at, parameter_at
        self.depth, self.lanes = config.adder_depth, config.channels

    def bank(self, y, x):
        """Bank of channel 0 of the pixel that tap (y, x) of the input reads."""
        d = self.d
        y, x = y >> d.upsample, x >> d.upsample
        rows, columns = d.in_tile_rows, d.in_tile_columns
        return (d.in_base + (y % rows * columns + x % columns) * d.in_pitch) % self.config.fm_banks

    def window(self, row, column):
        """Banks of a pixel's taps."""
        d = self.d
        return [self.bank(row * d.stride + dy, column * d.stride + dx)
                for dy in d.tap_rows for dx in d.tap_columns]


def groups(config, descriptor, weight_at, parameter_at):
    """The :class:`Group` objects of a layer, in order.

    Parameters
    ----------
    weight_at, parameter_at : words of earlier layers in their streams.
    """
    layer = _Layer(config, descriptor, weight_at, parameter_at)
    return _channelwise(layer) if descriptor.channelwise else _convolution(layer)


def _convolution(layer):
    d, depth, lanes, banks = layer.d, layer.depth, layer.lanes, layer.config.fm_banks
    by_blocks = d.interleave != 1
    per_group, members = (1, depth) if by_blocks else (depth, 1)
    windows = [layer.window(row, column) for row in range(d.tile_rows)
               for column in range(d.tile_columns)]
    steps, left, block = d.in_channels * d.taps, blocks(d, layer.config), 0
    weight_at, parameter_at = layer.weight_at, layer.parameter_at
    operands = [[(bank + channel) % banks for bank in window for channel in range(d.in_channels)]
                for window in windows]
    while left > 0:
        together = min(members, left)
        words = together if by_blocks else 1
        takes = [words] * steps
        needs = range(weight_at + words - 1, weight_at + words * steps, words)
        channels = d.out_channels - block * lanes
        for pixel in range(0, len(windows), per_group):
            slots = together if by_blocks else min(depth, len(windows) - pixel)
            last = pixel + per_group >= len(windows)
            used = [pixel] * slots if by_blocks else range(pixel, pixel + slots)
            values = [
                (lane < channels - rank * lanes,
                 at * d.out_pitch + ((block + rank) * lanes + lane) * d.out_step,
                 parameter_at + rank * lanes + lane)
                for number, at in enumerate(used) for rank in [number if by_blocks else 0]
                for lane in range(lanes)]
            yield Group(slots, takes, needs, pixel == 0, last, [operands[at] for at in used],
                        [1] * slots, values, min(channels, lanes * together) if last else 0)
        weight_at += words * steps
        parameter_at += min(lanes * together, channels)
        block += members
        left -= members


def _channelwise(layer):
    d, depth, lanes, banks = layer.d, layer.depth, layer.lanes, layer.config.fm_banks
    each, pixels = layer.config.channelwise_lanes, layer.config.row_units
    patches = [(row, first, min(pixels, d.tile_columns - first)) for row in range(d.tile_rows)
               for first in range(0, d.tile_columns, pixels)]
    windows = [_Patch(layer, *patch) for patch in patches]
    per_block = d.taps * d.weight_channels
    channel = 0
    while channel < d.out_channels:
        block, lane = divmod(channel, lanes)
        together = min(depth * each, lanes - lane, d.out_channels - channel)
        used = [min(each, together - first) for first in range(0, together, each)]
        block_end = lane + together == lanes or channel + together == d.out_channels
        base = layer.weight_at + block * per_block
        for number, (patch, window) in enumerate(zip(patches, windows, strict=True)):
            row, first, count = patch
            last = number == len(patches) - 1
            values = [(rank < together, (row * d.tile_columns + first + pixel) * d.out_pitch
                       + (channel + rank) * d.out_step, layer.parameter_at + channel + rank)
                      for pixel in range(count) for rank in range(len(used) * each)]
            needs = [None if not take else base + words - 1 for take, words in
                     zip(window.takes, window.words, strict=True)]
            operands = [[(bank + channel + slot * each) % banks for bank in window.banks]
                        for slot in range(len(used))]
            yield Group(len(used), window.takes, needs, lane == 0 and number == 0,
                        last and block_end, operands, used, values, together if last else 0)
        channel += together


class _Patch:
    """Steps of the window over ``count`` pixels of a row, from column ``first`` on."""

    def __init__(self, layer, row, first, count):
        d = layer.d
        begin, taps = d.tap_columns[0], set(d.tap_columns)
        along = range(begin, (count - 1) * d.stride + d.tap_columns[-1] + 1)
        self.takes = [int(x in taps and not d.maximum) for _ in d.tap_rows for x in along]
        self.words = list(accumulate(self.takes))
        self.banks = [layer.bank(row * d.stride + y, first * d.stride + x)
                      for y in d.tap_rows for x in along]
