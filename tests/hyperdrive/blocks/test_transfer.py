"""LOAD and STORE alone: every word of a map in the order of the stream, at its place, whatever
waits on either side; averages against sums of integers (:mod:`..binary16`)."""

from collections import deque
from dataclasses import dataclass, replace

import numpy as np
import pytest

from flexdrive.hyperdrive import ChipConfig
from flexdrive.hyperdrive.memory.feature_map_dma import Transfer

from ..binary16 import add, multiply
from .bench import HOLD, Bench, output_names

CHIP = ChipConfig(rows=2, columns=3, channels=2, fm_words=512, fm_banks=2, weight_words=16)
WIDE = replace(CHIP, fm_banks=8, stream_words=4)
CONFIGS = {"plain": CHIP, "averages": replace(CHIP, channelwise=True),
           "averages_depth3": replace(CHIP, channelwise=True, adder_depth=3),
           "pairs": replace(CHIP, stream_words=2), "beats": replace(WIDE, stream_words=8),
           "averages_of_beats": replace(WIDE, channelwise=True, adder_depth=2),
           "overlap": replace(CHIP, overlap=True), "overlap_of_beats": replace(WIDE, overlap=True),
           "mesh": replace(CHIP, mesh=True), "beats_of_a_mesh": replace(WIDE, mesh=True)}
# From a read to its word at the output of the array (docs/architecture.md: requested 2, stored 7
# cycles after the decision), from there to the stream.
ARRIVAL, FIFO = 5, 2


@dataclass
class Map:
    """A map on the tiles. ``layer``: fields; ``words``: pattern by (y, x, channel)."""

    layer: dict
    height: int
    width: int
    words: dict

    def place(self, y, x, channel):
        """(row and column of the tile, address)."""
        rows, columns = self.layer["in_tile_rows"], self.layer["in_tile_columns"]
        return (y // rows, x // columns, self.layer["in_base"] + channel
                + (y % rows * columns + x % columns) * self.layer["in_pitch"])

    def rim(self, config, y, x):
        """Whether it is of the first or last rows or columns of all tiles together."""
        rows, columns = self.layer["in_tile_rows"], self.layer["in_tile_columns"]
        halo = self.layer["halo"]
        return {"north": y < halo, "south": y >= config.rows * rows - halo,
                "west": x < halo, "east": x >= config.columns * columns - halo}


def draw_map(config, random, average=False):
    rows, columns = (int(n) for n in random.integers(1, 4, 2))
    channels = int(random.integers(1, 6))
    pitch = channels + int(random.integers(3))
    full = [int(random.integers(tiles + 1)) for tiles in (config.rows, config.columns)]
    last = [int(random.integers(0, size)) if filled < tiles else 0 for filled, tiles, size in zip(
        full, (config.rows, config.columns), (rows, columns), strict=True)]
    height, width = full[0] * rows + last[0], full[1] * columns + last[1]
    layer = {
        "in_base": int(random.integers(20)), "in_channels": channels, "in_pitch": pitch,
        "in_tile_rows": rows, "in_tile_columns": columns, "full_rows": full[0],
        "full_columns": full[1], "last_rows": last[0], "last_columns": last[1],
        "in_row": columns * pitch, "halo": int(random.integers(min(rows, columns) + 1)),
        "average": average, "slope": int(np.float16(random.normal()).view(np.uint16))}
    values = np.float16(random.normal(size=(height, width, channels)) * 4).view(np.uint16)
    return Map(layer, height, width, {place: int(word) for place, word in np.ndenumerate(values)})


def expected_words(drawn):
    """The words of a STORE by (y, x, channel), those of means all at (0, 0)."""
    if not drawn.layer["average"]:
        return drawn.words
    sums = [0] * drawn.layer["in_channels"]
    for (_, _, channel), word in drawn.words.items():
        sums[channel] = add(sums[channel], word)
    return {(0, 0, channel): multiply(total, drawn.layer["slope"])
            for channel, total in enumerate(sums)}


def beats_of(words, lanes):
    """Beats of a stream: ((y, x, first channel), words of channels that follow each other)."""
    beats = []
    for (y, x, channel), word in words.items():
        if channel % lanes == 0:
            beats.append(((y, x, channel), []))
        beats[-1][1].append(word)
    return beats


def packed(words):
    return sum(word << 16 * lane for lane, word in enumerate(words))


def unpacked(value, lanes):
    return [value >> 16 * lane & 0xFFFF for lane in range(lanes)]


class Banks:
    """What a convolution leaves of the banks: the words of a beat that get theirs in a cycle."""

    def __init__(self, config, random):
        self.config, self.random = config, random
        self.left = set()       # lanes of the beat under way that wait

    def cycle(self, address, count):
        """(inputs of the cycle, lanes that are granted if they are asked for)."""
        if not self.config.overlap:
            return {}, None
        lanes = self.config.stream_words
        if not self.left:
            self.left = {(address + at) % lanes for at in range(count)}
        free = {lane for lane in self.left if self.random.random() < 0.7}
        return {"granted": sum(1 << lane for lane in free), "complete": free == self.left}, free

    def asked(self, pending, free):
        """It was asked for; returns whether the beat is over."""
        assert {lane for lane in self.left if pending >> lane & 1} == self.left
        self.left -= free
        return not self.left


def settled(drawn):
    """Before a start, with the fields of the operation."""
    yield {"layer": drawn.layer, "load": 0, "store": 0, "i_valid": 0, "room": 0, "o_ready": 0,
           "arrived": 0}


def load(config, drawn, random, rate):
    """Send a map; every beat is written when it is accepted, and to its place. What goes to
    neighbours goes word by word."""
    yield from settled(drawn)
    yield {"load": 1}
    lanes, by_word = config.stream_words, config.mesh and config.stream_words > 1
    left, cycle, last, gone = deque(beats_of(drawn.words, lanes)), 0, 0, 0
    banks = Banks(config, random)
    while True:
        cycle += 1
        valid, room = (random.random() < rate for _ in range(2))
        (y, x, channel), words = left[0] if left else ((0, 0, 0), [0])
        rim = drawn.rim(config, y, x)
        sends = by_word and any(rim.values())
        # What is beyond the words of a beat may be anything.
        rest = [int(random.integers(1 << 16)) for _ in range(lanes - len(words))]
        given, free = banks.cycle(drawn.place(y, x, channel)[2], len(words))
        seen = yield {"load": 0, "i_valid": valid, "i_payload": packed(words + rest),
                      "room": room} | ({"sends": sends} if by_word else {}) | given
        if seen["done"]:
            break
        assert not seen["read"]
        assert not seen["o_valid"]
        whole = not sends or gone == len(words) - 1
        whole = whole and given.get("complete", True)
        assert seen["i_ready"] == (seen["loading"] and room and whole)
        assert seen["write"] == (seen["loading"] and room and valid if config.overlap
                                 else seen["i_ready"] and valid)
        # From the second cycle on it stands on a beat.
        assert seen["loading"] == (cycle >= Transfer.FIRST_WORD and bool(left))
        if seen["loading"]:
            *tile, address = drawn.place(y, x, channel)
            assert (seen["row"], seen["column"], seen["address"]) == (*tile, address)
            assert {side: bool(getattr(seen["rim"], side)) for side in rim} == rim
            if by_word:
                assert seen["send"] == (valid and room)
                assert seen["sending"] == words[gone] or not valid
                gone += seen["send"]
        if seen["write"]:
            lines = unpacked(seen["word"], lanes)
            assert [lines[(address + at) % lanes] for at in range(len(words))] == words
            if config.own_ways:
                assert seen["count"] == len(words)
            if not config.overlap or banks.asked(seen["pending"], free):
                left.popleft()
                last, gone = cycle, 0
    assert not left
    if drawn.words:
        assert cycle == last + Transfer.DONE


def store(config, drawn, random, rate):
    """Take a map; its beats come back ARRIVAL cycles after they were read, of several words a cycle
    earlier in the order of banks."""
    lanes = config.stream_words
    wanted, average = deque(beats_of(expected_words(drawn), lanes)), drawn.layer["average"]
    memory = {drawn.place(*place): word for place, word in drawn.words.items()}
    yield from settled(drawn)
    yield {"store": 1}
    # (words, whether the last ones of a beat) of each cycle.
    nothing = None, False
    way, reads, cycle, sent, last = deque([nothing] * ARRIVAL), 0, 0, [], 0
    banks, place = Banks(config, random), iter(beats_of(drawn.words, lanes))
    at, words = next(place, ((0, 0, 0), [0]))
    while True:
        cycle += 1
        beat, over = way.popleft()
        ahead = way[0][0] if config.own_ways else beat
        free = None
        given = {"store": 0, "arrived": over, "arriving": ahead or 0,
                 "o_ready": random.random() < rate, HOLD: 0}
        if config.overlap:
            granted, free = banks.cycle(drawn.place(*at)[2], len(words))
            given |= granted
        seen = yield given
        assert not seen["write"]
        assert not seen["loading"]
        if seen["read"]:
            tile, address = (seen["row"], seen["column"]), seen["address"]
            count = seen["count"] if config.own_ways else 1
            # Lanes that nobody reads are 0 where words may come one after the other.
            lines = [0 if config.overlap else int(random.integers(1 << 16)) for _ in range(lanes)]
            over = not config.overlap or banks.asked(seen["pending"], free)
            for word in range(address, address + count):
                if free is None or word % lanes in free:
                    lines[word % lanes] = memory[*tile, word]
                    reads += 1
            way.append((packed(lines), over))
            if over and not average:
                at, words = next(place, ((0, 0, 0), [0]))
        else:
            way.append(nothing)
        if seen["done"]:
            break
        if seen["o_valid"]:
            sends = wanted[0][1]
            assert unpacked(seen["o_payload"], lanes)[:len(sends)] == sends
            if given["o_ready"]:
                sent.append(wanted.popleft())
                last = cycle
        assert cycle < 5000
    assert not wanted
    assert reads == len(drawn.words)
    if not drawn.words:
        return
    assert cycle == last + Transfer.DONE
    if rate == 1 and not average and not config.overlap:
        # A beat a cycle.
        assert last == Transfer.FIRST_WORD + ARRIVAL + FIFO + len(sent) - 1


@pytest.mark.parametrize("rate", [0.5, 1.0])
@pytest.mark.parametrize("name", CONFIGS)
def test_maps_of_any_shape(name, rate):
    config = CONFIGS[name]
    unit, random = Transfer(config), np.random.default_rng(len(name))
    assert output_names(unit) == {
        "done", "i_ready", "o_valid", "o_payload", "write", "read", "address", "word", "row",
        "column", "loading", "rim", *(["count"] if config.own_ways else []),
        *(["pending"] if config.overlap else []),
        *(["send", "sending"] if config.stream_words > 1 and config.mesh else [])}

    def stimulus():
        seen = yield {}
        assert seen["done"]
        for _ in range(4):
            yield from load(config, draw_map(config, random), random, rate)
            yield from store(config, draw_map(config, random), random, rate)
            if config.channelwise:
                drawn = draw_map(config, random, average=True)
                if drawn.words:     # a mean of nothing is not asked for
                    yield from store(config, drawn, random, rate)

    Bench(unit).run(stimulus())


@pytest.mark.parametrize("name", ["averages", "averages_depth3", "averages_of_beats"])
def test_more_means_than_the_queue_holds_wait_for_the_host(name):
    config, random = CONFIGS[name], np.random.default_rng(0)
    channels = 3 * Transfer.FIFO_WORDS * config.stream_words - 1
    layer = {"in_base": 3, "in_channels": channels, "in_pitch": channels, "in_tile_rows": 1,
             "in_tile_columns": 1, "full_rows": 1, "full_columns": 1, "last_rows": 0,
             "last_columns": 0, "in_row": channels, "halo": 0, "average": True, "slope": 0x3C00}
    drawn = Map(layer, 1, 1, {(0, 0, channel): 0x3C00 + channel for channel in range(channels)})
    Bench(Transfer(config)).run(store(config, drawn, random, 0.1))
