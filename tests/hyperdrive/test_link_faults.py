"""Faults on the wires of a link: never a wrong word, always found, or survived."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from flexdrive.hyperdrive.link import LinkError, LinkReceiver, LinkSender
from flexdrive.hyperdrive.link.frame import Kind
from flexdrive_sim.engine import simulate
from flexdrive_sim.hyperdrive.drive.faulty_wire import Fault
from flexdrive_sim.hyperdrive.drive.link import Wire, link_model, run_link
from flexdrive_sim.hyperdrive.verify.fault_campaign import FaultCampaign
from flexdrive_sim.hyperdrive.verify.link_faults import CONFIGS, link_runs

pytestmark = pytest.mark.slow

PLAIN, REPLAY = CONFIGS[1], CONFIGS[6]


@pytest.mark.parametrize("config", CONFIGS,
                         ids=lambda c: f"w{c.width}-p{c.payload}{'-re' * c.retransmit}")
def test_random_faults(config):
    campaign = FaultCampaign()
    for seed, run in enumerate(link_runs(CONFIGS.index(config), 0, 60)):
        campaign.add(0, seed, config.retransmit, run)
    assert campaign.failures == []
    assert campaign.effective > 30


model_of = cache(link_model)


def run(config, words=100, until_failed=True, **wire):
    values = np.arange(words, dtype=np.uint64) * np.uint64(2557) % np.uint64(1 << config.payload)
    side = wire.pop("side", "forward")
    result = run_link(model_of(config), config, values, **{side: Wire(**wire)}, cycles=20_000,
                      until_failed=until_failed)
    assert (result.words == values[:len(result.words)]).all()
    return result


@pytest.mark.parametrize(("kind", "code"), [
    (Fault.FLIP, LinkError.CRC), (Fault.FLIP_LAST, LinkError.FRAMING),
    (Fault.DROP, LinkError.FRAMING), (Fault.DOUBLE, LinkError.FRAMING),
    (Fault.CUT, LinkError.TIMEOUT),
])
@pytest.mark.parametrize(("side", "end", "other"), [("forward", "receiver", "sender"),
                                                    ("reverse", "sender", "receiver")])
def test_code_and_end(kind, code, side, end, other):
    """Who sees what; the other end hears nothing any more and times out."""
    position = 23 if kind != Fault.CUT else 200
    result = run(PLAIN, side=side, kind=kind, position=position, mask=1)
    assert result.errors == {end: code, other: LinkError.TIMEOUT}
    assert result.failed_at[end] < result.failed_at[other]


def first_phit(config):
    """Cycle of the first phit of a word on the wires: the first credit has come (its phits, and
    two cycles), with retransmission the word waits in the buffer, then the frame is loaded. From
    then on frames follow each other without a gap."""
    return config.reverse.phits + 2 + config.retransmit + 1


def test_a_lost_frame_is_a_sequence_error():
    """Whole frames vanish, so framing and CRC see nothing."""
    frame = PLAIN.forward.phits
    for count in range(1, 12):
        result = run(PLAIN, kind=Fault.CUT, position=first_phit(PLAIN) + 5 * frame,
                     duration=count * frame)
        assert result.errors["receiver"] == LinkError.SEQUENCE, count
        survived = run(REPLAY, kind=Fault.CUT,
                       position=first_phit(REPLAY) + 5 * REPLAY.forward.phits,
                       duration=count * REPLAY.forward.phits, until_failed=False)
        assert survived.finished
        assert survived.retries == 1
        assert set(survived.errors.values()) == {LinkError.NONE}


def test_frozen_wires_are_not_a_link_at_rest():
    """All wires keep a valid one-phit frame for ever: only its beat tells."""
    single = CONFIGS[4]
    assert single.forward.phits == single.reverse.phits == 1
    for side in ("forward", "reverse"):
        for position in range(40, 90):
            result = run(single, words=8, side=side, kind=Fault.FREEZE, position=position)
            assert LinkError.NONE not in result.errors.values()
    replay = CONFIGS[9]
    for side in ("forward", "reverse"):
        for position in range(40, 90):
            result = run(replay, words=8, side=side, kind=Fault.FREEZE, position=position)
            assert LinkError.NONE not in result.errors.values()


def test_timeout_is_exact():
    """A receiver gives up ``timeout`` cycles and one after the check of the last good frame."""
    # Cut at the end of a frame, which is checked in the cycle after.
    result = run(PLAIN, kind=Fault.CUT,
                 position=first_phit(PLAIN) + 5 * PLAIN.forward.phits)
    assert result.failed_at["receiver"] == PLAIN.timeout + 1


class WordsLost(wiring.Component):
    """A link on which every word is lost and every keep-alive frame arrives."""

    def __init__(self, config):
        self.config = config
        super().__init__({"i": In(stream.Signature(config.payload)), "error": Out(LinkError),
                          "valid": Out(1), "retry": Out(1)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.sender = sender = LinkSender(self.config)
        m.submodules.receiver = receiver = LinkReceiver(self.config)
        wiring.connect(m, wiring.flipped(self.i), sender.i)
        wiring.connect(m, receiver.reverse, sender.reverse)
        message = self.config.forward.message(sender.forward.data)
        m.d.comb += [
            receiver.forward.data.eq(sender.forward.data),
            receiver.forward.last.eq(sender.forward.last),
            receiver.forward.valid.eq(sender.forward.valid & (message.kind == Kind.IDLE)),
            self.error.eq(receiver.error), self.valid.eq(receiver.o.valid),
            self.retry.eq(receiver.retry),
        ]
        return m


@pytest.mark.parametrize("retries", [1, 5])
def test_replays_that_bring_nothing_come_to_an_end(retries):
    config = replace(CONFIGS[9], retries=retries)

    async def testbench(ctx, dut):
        asked, error = 0, LinkError.NONE
        ctx.set(dut.i.valid, 1)
        for _ in range((retries + 2) * 4 * config.keepalive):
            if error != LinkError.NONE:
                break
            assert not ctx.get(dut.valid)
            asked += ctx.get(dut.retry)
            await ctx.tick()
            error = ctx.get(dut.error)
        assert error == LinkError.RETRY
        assert asked == retries

    simulate(WordsLost(config), testbench)


def phits(frame, **values):
    """The phits of a valid frame as (data, last)."""
    message = frame.layout.const(values).as_bits()
    crc = sum(((message & mask).bit_count() & 1 ^ constant) << bit
              for bit, (constant, mask) in enumerate(frame.crc_masks()))
    bits = message | crc << frame.message_bits
    return [(bits >> index * frame.width & ((1 << frame.width) - 1), index == frame.phits - 1)
            for index in range(frame.phits)]


async def drive(ctx, wires, frames):
    for frame in frames:
        for data, last in frame:
            ctx.set(wires.data, data)
            ctx.set(wires.last, last)
            ctx.set(wires.valid, 1)
            await ctx.tick()
    ctx.set(wires.valid, 0)
    await ctx.tick().repeat(2)


@pytest.mark.parametrize("config", [PLAIN, REPLAY], ids=["plain", "replay"])
def test_credit_for_words_that_were_never_sent(config):
    async def testbench(ctx, dut):
        await drive(ctx, dut.reverse, [phits(config.reverse, beat=1, taken=0)])
        assert ctx.get(dut.error) == LinkError.NONE
        await drive(ctx, dut.reverse, [phits(config.reverse, beat=0, taken=1)])
        assert ctx.get(dut.error) == LinkError.CREDIT
        assert not ctx.get(dut.i.ready)

    simulate(LinkSender(config), testbench)


def test_a_replay_of_words_that_were_never_sent():
    async def testbench(ctx, dut):
        await drive(ctx, dut.reverse, [phits(REPLAY.reverse, beat=1, request=1, expected=3)])
        assert ctx.get(dut.error) == LinkError.CREDIT

    simulate(LinkSender(REPLAY), testbench)


@pytest.mark.parametrize("config", [PLAIN, REPLAY], ids=["plain", "replay"])
def test_more_words_than_there_is_room_for(config):
    async def testbench(ctx, dut):
        words = [phits(config.forward, beat=~index & 1, kind=Kind.WORD, sequence=index,
                       payload=100 + index) for index in range(config.window + 1)]
        await drive(ctx, dut.forward, words[:-1])
        assert ctx.get(dut.error) == LinkError.NONE
        await drive(ctx, dut.forward, words[-1:])
        assert ctx.get(dut.error) == LinkError.CREDIT
        # The words before are good, and stay.
        ctx.set(dut.o.ready, 1)
        for index in range(config.window):
            assert ctx.get(dut.o.valid)
            assert ctx.get(dut.o.payload) == 100 + index
            await ctx.tick()
        assert not ctx.get(dut.o.valid)

    simulate(LinkReceiver(config), testbench)
