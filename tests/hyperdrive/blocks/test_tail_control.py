"""The tail controller: every value of a layer once and in order, at its address, with its
parameters, whatever grants and parameters wait."""

from dataclasses import replace

import numpy as np
import pytest

from flexdrive.hyperdrive.control.tail_control import TailControl

from .bench import HOLD, drive, output_names
from .test_steps import CONFIGS, draw_layer, end_of_channels, groups

_STAGES = 3
TAILS = {name: replace(CONFIGS[name], leaky=False) for name in (
    "depth1", "depth3", "mesh_5x5", "channelwise_depth2", "lanes", "lanes_depth2",
    "lanes_of_one_unit")}


def values(config, layer, group):
    """(slot, index of its parameters, pixel, channel) of each value that is shifted out; channel
    None where there is none."""
    slots, behind, *_, pixels, first = group
    outputs, lanes = layer["out_channels"], config.channels
    if layer["channelwise"]:
        each, end = config.channelwise_lanes, end_of_channels(config, layer, first)
        return [(rank // each, rank, pixel, first + rank if first + rank < end else None)
                for pixel in pixels for rank in range(slots * each)]
    begin = outputs - behind
    made = []
    for slot in range(slots):
        for lane in range(lanes):
            channel = begin + lane + (slot * lanes if layer["blocks"] else 0)
            index = lane + (slot * lanes if layer["blocks"] else 0)
            made.append((slot, index, pixels[slot], channel if channel < outputs else None))
    return made


def rim(layer, pixel):
    (row, column), halo = pixel, layer["halo"]
    return {"north": row < halo, "south": row >= layer["tile_rows"] - halo,
            "west": column < halo, "east": column >= layer["tile_columns"] - halo,
            "inside_rows": row < layer["out_last_rows"],
            "inside_columns": column < layer["out_last_columns"]}


class Surroundings:
    """Accumulation, parameters and memory around the controller."""

    def __init__(self, config, random):
        self.config, self.random = config, random
        self.stored = 0         # parameters that have come
        self.rate = 0.5         # and how many come in a cycle
        self.shifts, self.bypasses, self.writes, self.released = [], [], [], []
        self.seen = {}
        self.left = 0           # values of the group that is held, to come
        self.early = set()      # how many they were where another was committed

    def cycle(self, likely=0.7, *, commits=False, **given):
        """One cycle with grants that are ``likely``; ``commits`` a group if one may be. What is
        asked for does not depend on them, so the first look at the outputs tells it and the second
        what they make of it."""
        grants = {f"{name}_granted": 0 for name in ("write", "bypass")}
        asked = yield {**given, **grants, "stored": self.stored, HOLD: 1}
        write = asked["write_wanted"] and self.random.random() < likely
        # The arbiter never grants a bypass while a write waits.
        bypass = (asked["bypass_wanted"] and (write or not asked["write_wanted"])
                  and self.random.random() < likely)
        seen = self.seen = yield {"write_granted": write, "bypass_granted": bypass, HOLD: 0,
                                  "commit": commits and asked["free"]}
        if write:
            self.writes.append((seen["write_address"], seen.get("rim")))
        if bypass:
            assert seen["advance"]
            self.bypasses.append(seen["bypass_address"])
        if self.left and seen["free"]:
            self.early.add(self.left)
        if seen["read"]:
            self.left -= 1
            assert seen["advance"]
            slot = seen["shift"].bit_length() - 1
            assert seen["shift"] == 1 << slot
            self.shifts.append((slot, seen["index"]))
        else:
            assert seen["shift"] == 0
        if seen["release"]:
            assert seen["read"]
            self.released.append((len(self.shifts), seen["released"]))
            self.stored -= seen["released"]
        if self.stored < self.config.parameter_words and self.random.random() < self.rate:
            self.stored += 1

    def group(self, layer, group):
        """Wait until the tail is free, commit, capture some cycles later."""
        slots, behind, offset, over, *_ = group
        described = {"slots": slots, "channels": behind, "offset": offset, "release": over, **(
            {"together": end_of_channels(self.config, layer, group[-1]) - group[-1]}
            if layer["channelwise"] and self.config.channelwise_lanes > 1 else {})}
        self.seen = {"free": False}
        while not self.seen["free"]:
            yield from self.cycle(commits=True, layer=layer, group=described)
        if self.left:
            yield from self._beside()
        for _ in range(int(self.random.integers(1, 6))):
            yield from self.cycle()
            assert not self.seen["free"]
            assert not self.seen["idle"]
            assert self.seen.get("settled", 1)
        assert self.left == 0
        yield from self.cycle(captured=1)
        self.left = len(values(self.config, layer, group))
        yield from self.cycle(captured=0)

    def _beside(self):
        """A group is committed while another is held: some cycles in which nothing is granted, and
        as many as it has values left in which everything is."""
        for _ in range(int(self.random.integers(4)) if self.left else 0):
            yield from self.cycle(likely=0)
            assert not self.seen["free"]
        for _ in range(self.left):
            yield from self.cycle(likely=1)
            assert (self.seen["free"], self.seen["settled"]) == (0, 0)

    def check_layer(self, layer):
        """All that the layer makes has been asked for, in order."""
        shifts, addresses, rims, released = [], [], [], []
        for group in groups(self.config, layer):
            made = values(self.config, layer, group)
            for slot, index, pixel, channel in made:
                shifts.append((slot, index if channel is not None else None))
                if channel is not None:
                    place = pixel[0] * layer["tile_columns"] + pixel[1]
                    addresses.append(place * layer["out_pitch"] + channel * layer["out_step"])
                    rims.append(rim(layer, pixel))
            if group[3]:
                channels = len({channel for *_, channel in made if channel is not None})
                released.append((len(shifts), channels))
        assert [(slot, index if wanted is not None else None) for (slot, index), (_, wanted) in zip(
            self.shifts, shifts, strict=True)] == shifts
        assert [address for address, _ in self.writes] == [
            layer["out_base"] + address for address in addresses]
        assert self.bypasses == [layer["bypass_base"] + address
                                 for address in addresses if layer["bypass"]]
        assert self.released == released
        if self.config.mesh:
            assert [{name: getattr(found, name) for name in wanted} for (_, found), wanted in zip(
                self.writes, rims, strict=True)] == rims
        self.shifts, self.bypasses, self.writes, self.released = [], [], [], []


@pytest.mark.parametrize("name", TAILS)
def test_every_value_of_random_layers(name):
    config, random = TAILS[name], np.random.default_rng(5)
    control = TailControl(config, _STAGES)
    outputs = output_names(control)
    assert outputs == {"free", "idle", "index", "read", "release", "released", "bypass_wanted",
                       "bypass_address", "write_wanted", "write_address", "shift", "advance",
                       *(["rim"] if config.mesh else []),
                       *(["settled"] if config.channelwise_lanes > 1 else [])}

    def stimulus():
        around = Surroundings(config, random)
        yield from around.cycle()
        assert around.seen["free"]
        assert around.seen["idle"]
        for number in range(6 if config.channelwise_lanes == 1 else 18):
            layer = draw_layer(config, random) | {
                "bypass": int(random.integers(2)), "late": number % 2,
                "out_base": int(random.integers(50)), "bypass_base": int(random.integers(50)),
                "halo": int(random.integers(1, 3)),
                "out_last_rows": int(random.integers(3)),
                "out_last_columns": int(random.integers(3))}
            around.stored, around.rate = 0, random.choice([0.1, 0.5, 0.9])
            for group in groups(config, layer):
                yield from around.group(layer, group)
            while not around.seen["idle"]:
                yield from around.cycle()
            around.check_layer(layer)
        if config.channelwise_lanes > 1:
            assert around.early
            assert max(around.early) <= min(TailControl.LEFT, config.channelwise_lanes)

    drive(control, stimulus())
