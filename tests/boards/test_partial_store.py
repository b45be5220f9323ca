"""A store that keeps a part of the words and is a ring for the others."""

import random

import pytest
from amaranth.sim import Simulator

from flexdrive.boards.streams import InputStore, items_per_word


def _items(words, width):
    """Items of words, from the lowest bit on."""
    if width > 32:
        parts = width // 32
        return [sum(word << 32 * at for at, word in enumerate(words[first:first + parts]))
                for first in range(0, len(words), parts)]
    return [word >> width * at & (1 << width) - 1 for word in words
            for at in range(items_per_word(width))]


@pytest.mark.slow
@pytest.mark.parametrize(("width", "depth", "keep", "count"), [
    (8, 11, 5, 29), (8, 16, 15, 40), (32, 8, 1, 20), (10, 9, 4, 9), (64, 13, 6, 24), (16, 7, 0, 12),
    (4, 8, 3, 4)])
def test_kept_words_come_first_for_each_image(width, depth, keep, count):
    """``count`` words an image, of which the last one may be used in part; images begin at random
    times after the one before, words come when there is room, items are taken now and then."""
    store, generator = InputStore(width, depth, partial=True), random.Random(depth)
    images = 6
    kept = [generator.getrandbits(32) for _ in range(keep)]
    rests = [[generator.getrandbits(32) for _ in range(count - keep)] for _ in range(images)]
    each = len(_items([0] * count, width)) - (1 if items_per_word(width) > 1 else 0)
    expected = [_items(kept + rest, width)[:each] for rest in rests]
    waiting, found = [*kept, *(word for rest in rests for word in rest)], [[]]

    async def bench(ctx):
        ctx.set(store.keep, keep)
        ctx.set(store.words, count)
        ctx.set(store.items, each)
        started, idle = 0, 8 + keep
        while len(found) < images or len(found[-1]) < each:
            done = started == 0 or len(found[-1]) == each
            idle = max(0, idle - 1)
            start = done and idle == 0 and started < images
            ctx.set(store.start, start)
            ctx.set(store.write, bool(waiting) and ctx.get(store.room) > 0
                    and generator.random() < 0.6)
            ctx.set(store.word, waiting[0] if waiting else 0)
            ctx.set(store.o.ready, generator.random() < 0.7)
            if ctx.get(store.write):
                waiting.pop(0)
            if ctx.get(store.o.valid) and ctx.get(store.o.ready):
                found[-1].append(ctx.get(store.o.payload))
            if start:
                if started:
                    found.append([])
                started, idle = started + 1, generator.randrange(12)
            await ctx.tick()
        assert ctx.get(store.room) == depth - keep

    simulator = Simulator(store)
    simulator.add_clock(1e-8)
    simulator.add_testbench(bench)
    simulator.run_until(1e-8 * 20_000)
    assert found == expected
    assert not waiting
