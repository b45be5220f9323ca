# amaranth: UnusedElaboratable=no
"""The core's ports on AXI4-Lite: random accesses and slaves, then a program on the whole core."""

import random

import pytest
from amaranth.hdl import Cat
from amaranth.sim import Simulator

from flexdrive.bus.core_axi import AxiBridge, CoreAxi
from flexdrive.flexv.core import CoreConfig
from flexdrive_sim.four_state.stimuli import core_program

from .partners import LiteSlave

_NOWHERE = 0x40
_LEAST = 100    # accesses a test has to see


def _accesses(rng, writes, count=150):
    """(address, word or None, bytes)."""
    found = []
    while len(found) < count:
        store = writes and rng.random() < 0.5
        for _ in range(rng.choice([1, 1, 4])):      # runs of one kind, too
            address = 4 * rng.randrange(8) if rng.random() < 0.9 else _NOWHERE
            found.append((address, rng.getrandbits(32) if store else None,
                          rng.randrange(16) if store else 15))
    return found


def _expected(accesses, memory):
    """(word of a load, error) in order, as if each access came after the one before."""
    found = []
    for address, word, selected in accesses:
        found.append((memory.get(address, 0) if word is None else None, address not in memory))
        if word is not None and address in memory:
            mask = sum(255 << 8 * i for i in range(4) if selected >> i & 1)
            memory[address] = memory[address] & ~mask | word & mask
    return found


@pytest.mark.parametrize("writes", [True, False])
@pytest.mark.parametrize(("core", "slave"), [(0, 0), (0.6, 0), (0, 0.6), (0.3, 0.3), (0, 0.9)])
def test_random_accesses(writes, core, slave):
    rng = random.Random(int(100 * core + 10 * slave) + writes)
    memory = {4 * at: rng.getrandbits(32) for at in range(8)}
    accesses = _accesses(rng, writes)
    expected, answers = _expected(accesses, dict(memory)), []
    dut = AxiBridge(writes=writes, prot=5)
    port = dut.core
    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    under_way = [0]

    async def asks(ctx):
        await ctx.tick()
        assert ctx.get(dut.bus.arprot) == 5
        for address, word, selected in accesses:
            while rng.random() < core:
                await ctx.tick()
            ctx.set(port.addr, address)
            if writes:
                ctx.set(Cat(port.we, port.be, port.wdata),
                        (word is not None) | selected << 1 | (word or 0) << 5)
            ctx.set(port.req, 1)
            while not (await ctx.tick().sample(port.gnt))[-1]:
                pass
            ctx.set(port.req, 0)
            under_way[0] += 1
        for _ in range(3000):
            if len(answers) == len(accesses):
                break
            await ctx.tick()

    async def listens(ctx):
        while True:
            *_, valid, word, error = await ctx.tick().sample(port.rvalid, port.rdata, port.err)
            if valid:
                answers.append((word, error))

    simulator.add_testbench(asks)
    simulator.add_testbench(listens, background=True)
    LiteSlave(dut.bus, memory, rng, slave, writes=writes).add(simulator)
    simulator.run()
    assert len(answers) == len(accesses) >= _LEAST
    assert under_way[0] == len(accesses)
    for (word, error), (there, refused) in zip(answers, expected, strict=True):
        assert error == refused
        assert there is None or refused or word == there


def test_a_load_a_cycle():
    """A slave that never waits answers a word in every cycle."""
    dut = AxiBridge(writes=False, prot=5)
    simulator, seen = Simulator(dut), []
    simulator.add_clock(1e-6)

    async def test(ctx):
        ctx.set(dut.core.req, 1)
        ctx.set(dut.bus.arready, 1)
        for _ in range(20):
            *_, valid, granted = await ctx.tick().sample(dut.bus.arvalid, dut.core.gnt)
            ctx.set(dut.bus.rvalid, valid)
            seen.append(granted)

    simulator.add_testbench(test)
    simulator.run()
    assert seen == [1] * 20


@pytest.mark.slow
@pytest.mark.parametrize("pause", [0, 0.5])
def test_a_program(pause):
    program, stores = core_program()
    dut = CoreAxi(CoreConfig(extensions=("i", "zicsr")))
    simulator, rng = Simulator(dut), random.Random(1)
    simulator.add_clock(1e-6)
    code = {4 * at: word for at, word in enumerate(program)}
    code |= {4 * at: 0x6F for at in range(len(program), len(program) + 16)}
    data = {address: 0 for address, _ in stores}

    async def test(ctx):
        ctx.set(dut.aresetn, 0)
        await ctx.tick()
        ctx.set(dut.aresetn, 1)
        for _ in range(200):
            await ctx.tick().repeat(20)
            if data[0x100]:
                break

    simulator.add_testbench(test)
    LiteSlave(dut.m_axi_instructions, code, rng, pause, writes=False).add(simulator)
    LiteSlave(dut.m_axi_data, data, rng, pause).add(simulator)
    simulator.run()
    assert data == dict(stores)
