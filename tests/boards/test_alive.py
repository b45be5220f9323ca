"""The light that says that a board lives, in every cycle."""

import random

from amaranth.sim import Simulator

from flexdrive.boards.alive import AliveLight


def test_it_blinks_once_a_second_and_goes_dark_for_a_moment_at_a_frame():
    clock, moment = 100, 5      # a twentieth of a second
    light = AliveLight(clock)
    frames = random.Random(0)
    heard = [frames.random() < 0.03 for _ in range(3 * clock + 7)]
    assert sum(heard) > 3
    seen = []

    async def bench(ctx):
        for each in heard:
            ctx.set(light.heard, each)
            seen.append(ctx.get(light.light))
            await ctx.tick()

    simulator = Simulator(light)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    expected, dark_until = [], 0
    for cycle, each in enumerate(heard):
        dark = cycle < dark_until
        expected.append(cycle % clock < clock // 2 and not dark)
        if each and not dark:
            dark_until = cycle + 1 + moment
    assert seen == expected
