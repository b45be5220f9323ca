"""Tail of a tile and global average, each alone: binary16 by Python integers
(:mod:`..binary16`), whatever waits."""

from collections import deque
from itertools import product

import numpy as np
import pytest

from flexdrive.hyperdrive.memory.global_average import Average
from flexdrive.hyperdrive.tile.tail import Tail

from ..binary16 import add, multiply
from .bench import drive, output_names

_NAN, _INFINITY, _SIGN, _ONE = 0x7E00, 0x7C00, 0x8000, 0x3C00
_SPECIAL = (0, _SIGN, 1, _SIGN | 1, _ONE, _ONE | _SIGN, 0x7BFF, _INFINITY, _INFINITY | _SIGN, _NAN)


def half(random, zeros=False):
    """Pattern of a number of the size of activations, or one with a rule of its own; ``zeros``: 0
    or 1 of either sign."""
    if zeros:
        return int(random.choice((0, _SIGN, _ONE, _ONE | _SIGN)))
    if random.random() < 0.2:
        return int(random.choice(_SPECIAL))
    return int(np.float16(random.normal() * 4).view(np.uint16))


def is_nan(word):
    return word & 0x7FFF > _INFINITY


def ordered(word):
    """A number of the order of binary16 patterns that are no NaNs, -0 before +0."""
    return ~word & 0xFFFF if word & _SIGN else word | _SIGN


def activated(word, layer):
    """docs/hyperdrive-descriptors.md: of NaN everything makes NaN, -0 is no negative number."""
    negative = word & _SIGN and word != _SIGN
    if is_nan(word):
        return word
    if layer["sign"]:
        return layer["low"] if negative else layer["high"]
    if negative:
        word = multiply(word, layer.get("slope", _ONE))
    if is_nan(word):
        return word
    if ordered(word) < ordered(layer["low"]):
        return layer["low"]
    return layer["high"] if ordered(word) > ordered(layer["high"]) else word


@pytest.mark.slow
@pytest.mark.parametrize(("channels", "depth", "leaky"), [
    (1, 1, False), (3, 2, True), (2, 3, False), (2, 4, True)])
def test_tail(channels, depth, leaky):
    """Groups of random accumulators, shifted out slot by slot in any order, with pauses; the next
    group comes while values of the one before are under way."""
    tail, random = Tail(channels, depth, leaky=leaky), np.random.default_rng(channels + depth)
    assert output_names(tail) == {"result"}

    def bound(none):
        word = none if random.integers(3) == 0 else half(random, random.integers(2))
        return none if is_nan(word) else word

    def layer(sign, late, zeros):
        def draw():
            return half(random, zeros)

        uses_bypass = bool(random.integers(4))
        options = {"sign": sign, "late": late, "low": bound(_INFINITY | _SIGN),
                   "high": bound(_INFINITY),
                   **({"slope": _ONE if sign else draw()} if leaky else {})}
        yield {"bypass": uses_bypass, "advance": 0, "shift": 0, **options}
        held = [deque() for _ in range(depth)]
        # By advances, from the one behind the shift on: the value that arrives then.
        way = deque([None] * (tail.latency_of(depth, leaky, late) - 1))
        shifted = None                          # the accumulator of the advance before
        fresh, bypass = False, 0                # its word from memory stands in the first cycle
        for step in range(60):
            given = {"capture": 0, "accumulators": int(random.integers(1 << 16)), "shift": 0}
            slot = int(random.integers(depth))
            if not held[slot] and step < 45:
                words = [draw() for _ in range(channels)]
                held[slot].extend(words)
                given |= {"capture": 1 << slot, "accumulators": sum(
                    word << 16 * i for i, word in enumerate(words))}
                captured = slot
            else:
                captured = None
            advance = random.random() < 0.7
            ready = [s for s in range(depth) if held[s] and s != captured]
            taken = None
            if advance and ready and random.random() < 0.9:
                source = int(random.choice(ready))
                given["shift"] = 1 << source
                taken = held[source].popleft()
            scale, bias = draw(), draw()
            if fresh:
                bypass = draw()
            given |= {"advance": advance, "scale": scale, "bias": bias, "bypass_valid": fresh,
                      "bypass_word": bypass if fresh else draw()}
            seen = yield given
            if way[0] is not None:
                assert seen["result"] == way[0]
            if not advance:
                fresh = False
                continue
            # The parameters belong to what was shifted out an advance before.
            way.popleft()
            if shifted is not None:
                word = multiply(shifted, scale)
                added = bypass if uses_bypass else _SIGN
                if late:
                    way.append(add(activated(add(word, bias), options), added))
                else:
                    way.append(activated(add(add(word, added), bias), options))
            else:
                way.append(None)
            shifted, fresh = taken, taken is not None

    def stimulus():
        for _ in range(3):
            for sign, late, zeros in product((0, 1), repeat=3):
                yield from layer(sign, late, zeros)

    drive(tail, stimulus())


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_averages_of_interleaved_channels(depth):
    """Blocks of 1 to L channels, maps of one pixel and of several, pauses between blocks; ``first``
    and ``last`` of a word without ``valid`` do nothing."""
    unit, random = Average(depth), np.random.default_rng(depth)
    assert output_names(unit) == {"o_valid", "o_word"}

    def stimulus():
        factor = half(random)
        coming = deque([None] * (1 + 2 * depth))        # the mean in the cycle in which it is due
        yield {"factor": factor}

        def cycle(given, mean):
            seen = yield given
            due = coming.popleft()
            coming.append(mean)
            assert seen["o_valid"] == (due is not None)
            assert due is None or seen["o_word"] == due

        def idle(slots):
            for _ in range(slots):
                yield from cycle({"i_valid": 0, "i_word": 0, "i_first": int(random.integers(2)),
                                  "i_last": int(random.integers(2))}, None)

        for _ in range(12):
            channels, pixels = (int(n) for n in random.integers(1, (depth + 1, 7)))
            sums = [0] * channels
            for pixel in range(pixels):
                first, last = pixel == 0, pixel == pixels - 1
                for slot in range(depth):
                    if slot >= channels:
                        yield from cycle({"i_valid": 0, "i_word": 0, "i_first": 0, "i_last": 0},
                                         None)
                        continue
                    word = half(random)
                    sums[slot] = add(sums[slot], word)
                    yield from cycle({"i_valid": 1, "i_word": word, "i_first": first,
                                      "i_last": last},
                                     multiply(sums[slot], factor) if last else None)
            yield from idle(depth * int(random.integers(3)))
        yield from idle(3 * depth + 1)
        assert not any(coming)

    drive(unit, stimulus())
