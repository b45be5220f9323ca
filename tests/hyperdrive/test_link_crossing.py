# amaranth: UnusedElaboratable=no
"""A link between two boards: two clocks that have nothing to do with each other."""

import numpy as np
import pytest
from amaranth.hdl import ClockDomain, DomainRenamer, Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.sim import Simulator

from flexdrive.errors import ConfigurationError
from flexdrive.hyperdrive.link import (
    LinkConfig,
    LinkCrossing,
    LinkError,
    LinkReceiver,
    LinkSender,
)

pytestmark = pytest.mark.slow


class TwoBoards(wiring.Component):
    """Sender in ``left``, receiver in ``right``."""

    def __init__(self, config):
        self.config = config
        super().__init__({
            "i": In(stream.Signature(config.payload)), "o": Out(stream.Signature(config.payload)),
            "sender_error": Out(LinkError), "receiver_error": Out(LinkError),
        })

    def elaborate(self, platform):
        m = Module()
        config = self.config
        m.domains.left, m.domains.right = ClockDomain("left"), ClockDomain("right")
        sender, receiver = LinkSender(config), LinkReceiver(config)
        m.submodules.sender = DomainRenamer("left")(sender)
        m.submodules.receiver = DomainRenamer("right")(receiver)
        m.submodules.forward = forward = LinkCrossing(
            config.width, depth=128, source="left", target="right")
        m.submodules.reverse = reverse = LinkCrossing(
            config.reverse_width, depth=128, source="right", target="left")
        wiring.connect(m, wiring.flipped(self.i), sender.i)
        wiring.connect(m, sender.forward, forward.i)
        wiring.connect(m, forward.o, receiver.forward)
        wiring.connect(m, receiver.reverse, reverse.i)
        wiring.connect(m, reverse.o, sender.reverse)
        wiring.connect(m, receiver.o, wiring.flipped(self.o))
        m.d.comb += [self.sender_error.eq(sender.error), self.receiver_error.eq(receiver.error)]
        return m


@pytest.mark.parametrize("retransmit", [False, True])
@pytest.mark.parametrize("periods", [(10.0, 10.0), (10.0, 7.31), (7.31, 10.0), (10.0, 33.7)],
                         ids=str)
def test_every_word_between_two_clocks(periods, retransmit):
    config = LinkConfig(payload=8, width=4, reverse_width=4, sequence=3, window=4, keepalive=128,
                        timeout=1024, retransmit=retransmit)
    words = [int(word) for word in np.random.default_rng(1).integers(0, 256, 60)]
    dut = TwoBoards(config)
    arrived = []

    async def source(ctx):
        for word in words:
            ctx.set(dut.i.payload, word)
            ctx.set(dut.i.valid, 1)
            await ctx.tick("left").until(dut.i.ready)
        ctx.set(dut.i.valid, 0)

    async def sink(ctx):
        ctx.set(dut.o.ready, 1)
        for _ in range(100 * len(words)):
            if len(arrived) == len(words):
                break
            _, _, valid, word = await ctx.tick("right").sample(dut.o.valid, dut.o.payload)
            if valid:
                arrived.append(word)
        # Idle for longer than the timeout: keep-alive frames cross too.
        await ctx.tick("right").repeat(2 * config.timeout)
        assert ctx.get(dut.sender_error) == ctx.get(dut.receiver_error) == LinkError.NONE

    simulator = Simulator(dut)
    for domain, period in zip(("left", "right"), periods, strict=True):
        simulator.add_clock(period * 1e-9, phase=period * 0.3e-9, domain=domain)
    simulator.add_testbench(source, background=True)
    simulator.add_testbench(sink)
    simulator.run()
    assert arrived == words


def test_depth_is_checked():
    with pytest.raises(ConfigurationError, match=r"depth = 6 is not possible: a power of two"):
        LinkCrossing(4, depth=6)
