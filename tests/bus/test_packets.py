"""Parts of weight words, ends of STOREs, reports in words: against what is plain."""

import random

import pytest
from amaranth.hdl import Cat
from amaranth.sim import Simulator

from flexdrive.bus.packets import REPORT_WORDS, ReportWords, StorePackets, WeightJoin

from .partners import receive, send

PAUSES = pytest.mark.parametrize(("sender", "receiver"), [(0, 0), (0.7, 0), (0, 0.7), (0.5, 0.5)])


def _through(dut, words, expected, sender, receiver, came, payload):
    """Send words, and get those expected, in order, within the time that they take."""
    simulator, taken = Simulator(dut), []
    rng = random.Random(1)
    simulator.add_clock(1e-6)

    async def sends(ctx):
        await send(ctx, dut.i.valid, dut.i.ready, came, words, rng,
                   sender)
        await ctx.tick().repeat(20 if not receiver else 200)

    async def takes(ctx):
        await receive(ctx, dut.o.valid, dut.o.ready, payload, taken, rng, receiver)

    simulator.add_testbench(sends)
    simulator.add_testbench(takes, background=True)
    simulator.run()
    assert taken == expected


@PAUSES
@pytest.mark.parametrize("width", [1, 32, 33, 96])
def test_weights_are_joined(width, sender, receiver):
    rng, parts = random.Random(width), -(-width // 32)
    words = [rng.getrandbits(width) for _ in range(40)]
    pieces = [word >> 32 * part & 0xFFFFFFFF for word in words for part in range(parts)]
    dut = WeightJoin(width)
    _through(dut, pieces, words, sender, receiver, dut.i.payload, dut.o.payload)


@PAUSES
def test_reports_are_cut(sender, receiver):
    rng = random.Random(0)
    reports = [rng.getrandbits(32 * REPORT_WORDS) for _ in range(20)]
    expected = [(report >> 32 * part & 0xFFFFFFFF) | (part == REPORT_WORDS - 1) << 32
                for report in reports for part in range(REPORT_WORDS)]
    dut = ReportWords()
    _through(dut, reports, expected, sender, receiver, dut.i.payload.as_value(),
             Cat(dut.o.payload.word, dut.o.payload.last))


@PAUSES
@pytest.mark.parametrize("abandon", [False, True])
def test_stores_end(sender, receiver, abandon):
    """Packets of 0 and more words; a report, or a reset of the chip, after each."""
    rng = random.Random(int(abandon))
    sizes = [1, 2, 0, 7, 1, 1, 0, *(rng.randrange(6) for _ in range(20))]
    packets = [[rng.getrandbits(16) for _ in range(size)] for size in sizes]
    dut, taken = StorePackets(), []
    simulator = Simulator(dut)
    simulator.add_clock(1e-6)

    async def chip(ctx):
        for packet in packets:
            await send(ctx, dut.i.valid, dut.i.ready, dut.i.payload, packet, rng, sender)
            # The report is offered some cycles after the last word has left; one that is for
            # another operation may follow.
            for _ in range(rng.randrange(4)):
                await ctx.tick()
            for _ in range(rng.randrange(1, 3)):
                end = dut.abandon if abandon else dut.report
                ctx.set(end, 1)
                await ctx.tick()
                ctx.set(end, 0)
        await ctx.tick().repeat(20 if not receiver else 200)

    async def takes(ctx):
        await receive(ctx, dut.o.valid, dut.o.ready, Cat(dut.o.payload.word, dut.o.payload.last),
                      taken, rng, receiver)

    simulator.add_testbench(chip)
    simulator.add_testbench(takes, background=True)
    simulator.run()
    assert taken == [word | (at == len(packet) - 1) << 16
                     for packet in packets for at, word in enumerate(packet)]


def test_words_pass_in_every_cycle():
    """A STORE of many words is not slowed down."""
    dut, taken = StorePackets(), []
    simulator = Simulator(dut)
    simulator.add_clock(1e-6)

    async def chip(ctx):
        rng = random.Random(0)
        await send(ctx, dut.i.valid, dut.i.ready, dut.i.payload, range(100), rng, 0)

    async def takes(ctx):
        await receive(ctx, dut.o.valid, dut.o.ready, dut.o.payload.word, taken, random.Random(0), 0)

    async def time(ctx):
        await ctx.tick().repeat(102)
        assert len(taken) == 99      # all but the one that is kept, two cycles late

    simulator.add_testbench(chip)
    simulator.add_testbench(takes, background=True)
    simulator.add_testbench(time)
    simulator.run()
