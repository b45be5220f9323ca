"""The steps of a layer against loops in Python: which operand when, where it lies, with which
weights, and why a cycle is lost: step_issue with conv_loop, depthwise_loop and address_generator,
every output of which is one of its own."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from flexdrive.hyperdrive import ChipConfig
from flexdrive.hyperdrive.control.step_issue import Steps

from .bench import drive, output_names

CHIP = ChipConfig(rows=2, columns=2, channels=3, fm_words=256, fm_banks=4, weight_words=100)
CONFIGS = {
    "depth1": CHIP,
    "depth3": replace(CHIP, adder_depth=3, channels=2),
    "mesh_5x5": replace(CHIP, adder_depth=2, halo=2, mesh=True, border_words=64,
                        corner_words=64),
    "channelwise": replace(CHIP, channelwise=True),
    "channelwise_depth2": replace(CHIP, channelwise=True, adder_depth=2, halo=2),
    "ternary_channelwise_depth3": replace(CHIP, channelwise=True, ternary=True, adder_depth=3,
                                          channels=4),
    "lanes": replace(CHIP, channelwise=True, channelwise_lanes=2, channels=4),
    "lanes_depth2": replace(CHIP, channelwise=True, channelwise_lanes=2, channels=6, ternary=True,
                            adder_depth=2, halo=2),
    "lanes_of_one_unit": replace(CHIP, channelwise=True, channelwise_lanes=4, channels=4,
                                 adder_depth=3),
}
OWN, BEFORE, AFTER = range(3)


def draw_taps(kernel, wide, halo, random):
    """Places of taps along an axis, from the centre: all of the kernel, or some of them and of one
    more when ``wide``."""
    window = range(-((kernel - 1) // 2), kernel // 2 + 1)
    while kernel % 2 and random.random() < 0.7:
        taps = [at for at in [*window, kernel // 2 + 1][:kernel + wide] if random.integers(2)]
        if taps and taps[0] <= 0 and all(b - a <= 2 * halo for a, b in pairwise(taps)):
            return taps
    return list(window)


def least_edge(taps):
    """Least edge of an input tile that these taps need."""
    return max(*map(abs, taps), 0, *(after - before for before, after in pairwise(taps)))


def axis_taps(layer, axis):
    """Places of a layer's taps behind the first, which is 0."""
    return [0, *(at + 1 for at in range(7) if layer[f"later_{axis}"] >> at & 1)]


def draw_layer(config, random):
    """Fields of a layer by name, of any kind that the chip has."""
    channelwise = config.channelwise and random.random() < 0.7
    upsample = channelwise and random.random() < 0.3
    maximum = channelwise and random.random() < 0.4
    kernels = [1] if upsample else [*config.kernels, *([2] if channelwise else [])]
    kernel = int(random.choice(kernels))
    stride = 1 if upsample else int(random.integers(1, 3))
    taps = [draw_taps(kernel, stride == 2, config.halo, random) for _ in range(2)]
    least = max(1, *(least_edge(axis) for axis in taps))
    rows, columns = (int(n) * (2 if upsample else 1) for n in random.integers(
        least, max(4 - upsample, least + 1), 2))
    outputs = int(random.integers(1, 2 * config.channels))
    inputs = outputs if channelwise else int(random.integers(1, 3))
    in_rows, in_columns = (n * stride >> upsample for n in (rows, columns))
    pitch, step = inputs + int(random.integers(3)), int(random.integers(1, 3))
    out_pitch = outputs * step + int(random.integers(3))
    return {
        "before_rows": -taps[0][0], "before_columns": -taps[1][0], "reach": kernel // 2,
        "later_rows": sum(1 << at - taps[0][0] - 1 for at in taps[0][1:]),
        "later_columns": sum(1 << at - taps[1][0] - 1 for at in taps[1][1:]),
        "span_columns": taps[1][-1] - taps[1][0],
        "channelwise": channelwise, "maximum": maximum, "upsample": upsample, "two": stride == 2,
        # Of a channelwise layer interleave is L.
        "blocks": config.adder_depth > 1 and (channelwise or random.random() < 0.4),
        "in_base": int(random.integers(20)), "in_channels": inputs, "out_channels": outputs,
        "tile_rows": rows, "tile_columns": columns, "in_tile_rows": in_rows,
        "in_tile_columns": in_columns, "in_pitch": pitch, "out_pitch": out_pitch,
        "out_step": step, "in_row": in_columns * pitch, "in_size": in_rows * in_columns * pitch,
        "area": rows * columns, "made_cap": columns * out_pitch, "side": in_rows * pitch,
        "in_border_rows": int(random.integers(9)),
    }


def groups(config, layer):
    """(slots, channels behind, offset, last use of parameters, last use of weights, pixels,
    first channel) of each group, in order; ``pixels``: (row, column) per slot."""
    lanes, depth = config.channels, config.adder_depth
    outputs, (rows, columns) = layer["out_channels"], (layer["tile_rows"], layer["tile_columns"])
    everywhere = [(y, x) for y in range(rows) for x in range(columns)]

    def offset(pixel, channel):
        return (pixel[0] * columns + pixel[1]) * layer["out_pitch"] + channel * layer["out_step"]

    if layer["channelwise"]:
        for block in range(0, outputs, lanes):
            end = min(block + lanes, outputs)
            each = config.channelwise_lanes
            row = lanes // each
            for first in range(block, end, depth * each):
                slots = min(depth, -(-(end - first) // each))
                for y in range(rows):
                    for x in range(0, columns, row):
                        pixels = [(y, n) for n in range(x, min(x + row, columns))]
                        over = (y, x + row) >= (rows - 1, columns)
                        yield (slots, len(pixels), offset(pixels[0], first), over,
                               over and first + slots * each >= end, pixels, first)
    elif layer["blocks"]:
        for first in range(0, outputs, lanes * depth):
            slots = min(depth, -(-(outputs - first) // lanes))
            for pixel in everywhere:
                over = pixel == everywhere[-1]
                yield (slots, outputs - first, offset(pixel, first), over, over,
                       [pixel] * slots, None)
    else:
        for first in range(0, outputs, lanes):
            for at in range(0, len(everywhere), depth):
                pixels = everywhere[at:at + depth]
                over = at + depth >= len(everywhere)
                yield (len(pixels), outputs - first, offset(pixels[0], first), over, over, pixels,
                       None)


def end_of_channels(config, layer, first):
    """Channel behind the last of a channelwise group."""
    block = first - first % config.channels + config.channels
    return min(first + config.adder_depth * config.channelwise_lanes, block, layer["out_channels"])


def operands(config, layer, group):
    """Steps of a group: for each its channel, window row and operand along it."""
    *_, pixels, first = group
    rows, columns = (axis_taps(layer, axis) for axis in ("rows", "columns"))
    if layer["channelwise"]:
        along = columns[-1] + 1 + (len(pixels) - 1) * (1 + layer["two"])
        return [(first, y, x) for y in rows for x in range(along)]
    return [(channel, y, x) for y in rows for x in columns
            for channel in range(layer["in_channels"])]


def check_place(config, layer, place, pixel, tap):
    """The position in the map of the tile and its neighbours, by its own arithmetic."""
    def axis(out, offset, size, before):
        at = (out + offset >> 1 if layer["upsample"] else
              out * (1 + layer["two"]) + offset - before)
        tile = BEFORE if at < 0 else AFTER if at >= size else OWN
        return tile, at % size, -at - 1 if at < 0 else at - size

    y, at_y, far_y = axis(pixel[0], tap[0], layer["in_tile_rows"], layer["before_rows"])
    x, at_x, far_x = axis(pixel[1], tap[1], layer["in_tile_columns"], layer["before_columns"])
    pitch = layer["in_pitch"]
    assert (int(place.y.tile), int(place.x.tile)) == (y, x)
    assert (int(place.y.at), int(place.x.at)) == (at_y, at_x)
    assert (int(place.y.address) + int(place.x.address)) % (1 << 16) == (
        layer["in_base"] + (at_y * layer["in_tile_columns"] + at_x) * pitch)
    if not config.mesh:
        return
    if x != OWN and y == OWN:
        assert (int(place.y.border) + int(place.x.halo)) % (1 << 16) == (
            layer["in_border_rows"] + (far_x * layer["in_tile_rows"] + at_y) * pitch)
    if y != OWN and x == OWN:
        assert (int(place.x.address) + int(place.y.halo)) % (1 << 16) == (
            far_y * layer["in_tile_columns"] + at_x) * pitch
    if y != OWN and x != OWN:
        assert (int(place.y.corner) + int(place.x.corner)) % (1 << 16) == (
            far_y * config.halo + far_x) * pitch


def _happening(seen):
    return {name for name in ("active", "take", "commit", "weight_stall", "tail_stall")
            if seen[name]}


class Follower:
    """What the outputs must be while a layer runs."""

    def __init__(self, config, layer, random, checked):
        self.config, self.layer, self.random, self.checked = config, layer, random, checked
        self.word, self.words = 0, {}       # the word taken last; those of the taps of a group
        self.expected = None                # (weights, holds, units that count) of the last cycle
        self._a_word_each = layer["blocks"] and not layer["channelwise"]    # slot

    def cycle(self, given):
        """Drive one cycle, and check what belongs to the one before."""
        seen = yield given
        if self.expected is not None:
            weights, holds, counts = self.expected
            if self.config.holds:
                assert int(seen["holds"]) & counts == holds & counts
                self.checked.add("holds")
            counts &= ~holds
            assert int(seen["weights"]) & counts == weights & counts
            self.checked.add("weights")
            self.expected = None
        return seen

    def layer_steps(self):
        seen = yield from self.cycle({"layer": self.layer, "start": 1})
        for _ in range(self.config.adder_depth + 1):
            seen = yield from self.cycle({"start": 0, "word": self.word})
            self._nothing(seen)
            assert not seen["done"]
        for group in groups(self.config, self.layer):
            steps = operands(self.config, self.layer, group)
            for at, step in enumerate(steps):
                yield from self._step(group, step, at, at == len(steps) - 1)
        seen = yield from self.cycle({"word": self.word})
        assert seen["done"]
        self._nothing(seen)
        self.checked |= {"done", "active", "weight_stall", "tail_stall", "take"}

    def _nothing(self, seen):
        """No step, and no time that is lost to something."""
        assert not seen["step"].valid
        assert _happening(seen) == set()

    def _step(self, group, step, at, last):
        config, layer = self.config, self.layer
        takes = not layer["channelwise"] or (
            step[2] in axis_taps(layer, "columns") and not layer["maximum"])
        needed = (group[0] if self._a_word_each else 1) if takes else 0
        # With several lanes, the step that comes two cycles behind the group before.
        beside = (layer["channelwise"] and config.channelwise_lanes > 1
                  and at == (config.adder_depth == 1))
        while True:
            there, free = int(self.random.integers(config.adder_depth + 1)), (
                self.random.random() < 0.7)
            short = there < needed
            settled = self.random.random() < 0.7
            if not short and (free or not last) and (settled or not beside):
                break
            # Lost, whatever comes during it.
            for slot in range(config.adder_depth):
                seen = yield from self.cycle(self._lets(slot, there, free, settled))
                assert not seen["step"].valid
                assert _happening(seen) == {"weight_stall" if short else "tail_stall"}
        for slot in range(config.adder_depth):
            seen = yield from self.cycle(self._lets(slot, there, free, settled))
            self._check_slot(seen, group, step, slot, at == 0, last, takes)

    def _lets(self, slot, there, free, settled):
        """Inputs that a step waits for; in its first cycle, later they are anything."""
        tail = {"tail_free": free, **({"tail_settled": settled}
                                      if self.config.channelwise_lanes > 1 else {})}
        return {"word": self.word,
                "ahead": (1 << there) - 1 if slot == 0 else int(self.random.integers(2)),
                **{name: value if slot == 0 else int(self.random.integers(2))
                   for name, value in tail.items()}}

    def _check_slot(self, seen, group, step, slot, first, last, takes):
        layer, made = self.layer, seen["step"]
        slots, channels, offset, over, given_back, pixels, _ = group
        valid = slot < slots
        takes = takes and (valid if self._a_word_each else slot == 0)
        assert made.valid == valid
        assert _happening(seen) == {name for name, happens in (
            ("active", valid), ("take", takes), ("commit", last and slot == 0)) if happens}
        if valid:
            each = self.config.channelwise_lanes
            channel = step[0] + (slot * each if layer["channelwise"] else 0)
            if each > 1:
                words = min(each, end_of_channels(self.config, layer, step[0]) - channel)
                assert made.words == (words if layer["channelwise"] else 1)
            assert (int(made.first), int(made.last), int(made.end)) == (
                first, last, last and slot == slots - 1)
            assert (int(made.slot), int(made.channel)) == (slot, channel)
            pixel = pixels[0] if layer["channelwise"] else pixels[slot]
            check_place(self.config, layer, seen["place"], pixel, step[1:])
        if seen["take"]:
            self.word = int(self.random.integers(1 << self.config.weight_bits))
            end_of_pass = (step[1:] == tuple(axis_taps(layer, axis)[-1] for axis in (
                "rows", "columns")) if layer["channelwise"]
                           else last and (not self._a_word_each or slot == slots - 1))
            assert seen["keep"] == (not given_back)
            # Of no interest for a word that is given back.
            assert not seen["keep"] or seen["rewind"] == end_of_pass
            self.checked |= {"keep", "rewind"}
        if seen["commit"]:
            made = seen["group"]
            assert (int(made.slots), int(made.channels), int(made.offset), int(made.release)) == (
                slots, channels, offset, over)
            if layer["channelwise"] and self.config.channelwise_lanes > 1:
                assert made.together == end_of_channels(self.config, layer, step[0]) - step[0]
        self.checked |= {"step", "place", "commit", "group"}
        if valid:
            self._expect_weights(step, slot, len(pixels))

    def _expect_weights(self, step, slot, pixels):
        config, layer = self.config, self.layer
        lanes = config.channels
        if not layer["channelwise"]:
            self.expected = (self.word & (1 << lanes) - 1, self.word >> lanes, (1 << lanes) - 1)
            return
        weights = holds = 0
        columns = axis_taps(layer, "columns")
        if step[2] in columns:
            self.words[step[1:]] = self.word
        each = config.channelwise_lanes
        for unit in range(pixels * each):
            tap = step[2] - unit // each * (1 + layer["two"])
            lane = (step[0] + slot * each + unit % each) % lanes
            word = self.words[step[1], tap] if tap in columns else None
            if word is None or (not layer["maximum"] and word >> lanes + lane & 1):
                holds |= 1 << unit
            elif word >> lane & 1:
                weights |= 1 << unit
        if layer["maximum"]:
            weights = 0
        # Not the units of channels behind the last.
        there = end_of_channels(config, layer, step[0]) - step[0] - slot * each
        counts = sum(1 << unit for unit in range(pixels * each) if unit % each < there)
        self.expected = (weights, holds, counts)


@pytest.mark.slow
@pytest.mark.parametrize("name", CONFIGS)
def test_every_output_of_random_layers(name):
    config = CONFIGS[name]
    steps, checked = Steps(config), set()
    random = np.random.default_rng(len(name))

    def stimulus():
        seen = yield {}
        assert seen["done"]
        for _ in range(4):
            layer = draw_layer(config, random)
            yield from Follower(config, layer, random, checked).layer_steps()

    drive(steps, stimulus())
    assert checked == output_names(steps)
