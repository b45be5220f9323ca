# amaranth: UnusedElaboratable=no
"""A chip behind AXI: registers, streams, packets, events, against models of buses that are random
and legal, with a chip that the test plays."""

import random

import pytest
from amaranth.sim import Simulator

from flexdrive.bus.axi import Response
from flexdrive.bus.chip_axi import ChipAxi
from flexdrive.bus.chip_registers import (
    INPUTS,
    REGISTERS,
    STREAMS,
    Access,
    Event,
    constants,
    fields_of,
    register_named,
)
from flexdrive.bus.register_bank import RegisterBank
from flexdrive.errors import ConfigurationError
from flexdrive.hyperdrive import PRESETS, ChipConfig
from flexdrive.hyperdrive.descriptor.fields import Code

from .partners import LiteMaster, StubChip

PAUSES = pytest.mark.parametrize("pause", [0, 0.3, 0.8])
_OFFSET = {register.name: register.offset for register in REGISTERS}


class _Stubbed:
    """A face with a chip that the test plays."""

    def __init__(self, pause=0, config=PRESETS["tiny"]):
        self.chip = StubChip(config)
        self.face = ChipAxi(config, self.chip)
        self.master = LiteMaster(self.face.s_axi, random.Random(int(10 * pause)), pause)

    def run(self, test):
        simulator = Simulator(self.face)
        simulator.add_clock(1e-6)

        async def bench(ctx):
            ctx.set(self.face.aresetn, 0)
            await ctx.tick()
            ctx.set(self.face.aresetn, 1)
            await test(ctx)

        simulator.add_testbench(bench)
        self.master.add(simulator)
        simulator.run()

    async def read(self, ctx, name) -> int:
        word = await self.master.read(ctx, _OFFSET[name])
        assert word is not None
        return word

    async def write(self, ctx, name, word, strobe=15):
        assert await self.master.write(ctx, _OFFSET[name], word, strobe) == Response.OKAY


@PAUSES
def test_what_the_build_is(pause):
    config = ChipConfig(rows=3, columns=5, channels=40, fm_words=512, weight_words=700, halo=2,
                        adder_depth=2, leaky=True, ternary=True)
    bench = _Stubbed(pause, config)

    async def test(ctx):
        words = {register.name: await bench.read(ctx, register.name) for register in REGISTERS
                 if register.access is Access.CONSTANT}
        assert words == constants(config)
        assert words["IDENTITY"].to_bytes(4, "little") == b"FLXD"
        assert fields_of("GEOMETRY", words["GEOMETRY"]) == {
            "rows": 3, "columns": 5, "channels": 40, "adder_depth": 2}
        assert fields_of("WEIGHT_BUFFER", words["WEIGHT_BUFFER"]) == {"depth": 700, "parts": 3}
        assert fields_of("OPTIONS", words["OPTIONS"]) == {
            "halo": 2, "leaky": 1, "channelwise": 0, "ternary": 1}

    bench.run(test)


@PAUSES
def test_random_accesses(pause):
    """Writes with any bytes, one after the other or many at once, address or word first; then all
    is read back."""
    bench, rng = _Stubbed(pause), random.Random(3)
    writable = {register.offset for register in REGISTERS if not register.wishbone
                and register.access in (Access.CONTROL, Access.CLEARED)}
    model = {"IRQ_ENABLE": 0, "TIMEOUT": 0}
    masks = {"IRQ_ENABLE": (1 << len(Event)) - 1, "TIMEOUT": 0xFFFFFFFF}

    async def test(ctx):
        for _ in range(12):
            expected = []
            for _ in range(rng.choice([1, 8])):
                offset = 4 * rng.randrange(32) if rng.random() < 0.5 else rng.choice(
                    [_OFFSET[name] for name in model])
                word, strobe = rng.getrandbits(32), rng.getrandbits(4)
                if offset == _OFFSET["CONTROL"]:
                    continue
                bench.master.start_write(offset, word, strobe)
                expected.append(Response.OKAY if offset in writable else Response.SLVERR)
                for name in model:
                    if offset == _OFFSET[name]:
                        mask = sum(255 << 8 * i for i in range(4) if strobe >> i & 1)
                        model[name] = (model[name] & ~mask | word & mask) & masks[name]
            assert await bench.master.answers(ctx, "b") == expected
            for name in model:
                bench.master.start_read(_OFFSET[name])
            assert [answer & 0xFFFFFFFF for answer in await bench.master.answers(ctx, "r")
                    ] == list(model.values())
        known = {register.offset for register in REGISTERS if not register.wishbone}
        for offset in range(0, 128, 4):
            assert (await bench.master.read(ctx, offset) is not None) == (offset in known), offset

    bench.run(test)


def test_events_and_their_line():
    bench = _Stubbed()
    chip, face = bench.chip, bench.face

    async def report(ctx, index, code):
        ctx.set(chip.o_reports.valid, 1)
        ctx.set(chip.o_reports.payload.index, index)
        ctx.set(chip.o_reports.payload.code, code)
        await ctx.tick().until(chip.o_reports.ready)
        ctx.set(chip.o_reports.valid, 0)

    async def test(ctx):
        ctx.set(face.m_axis_reports.tready, 1)
        await report(ctx, 6, Code.OK)
        assert await bench.read(ctx, "IRQ_STATUS") == 1 << Event.REPORT
        assert not ctx.get(face.irq)
        await bench.write(ctx, "IRQ_ENABLE", 1 << Event.REFUSED)
        assert not ctx.get(face.irq)
        await report(ctx, 7, Code.ZERO)
        await report(ctx, 8, Code.PITCH)
        await ctx.tick().repeat(2)
        assert ctx.get(face.irq)
        assert fields_of("REFUSED", await bench.read(ctx, "REFUSED")) == {
            "index": 7, "code": Code.ZERO}
        await bench.write(ctx, "IRQ_STATUS", 1 << Event.REPORT)
        assert await bench.read(ctx, "IRQ_STATUS") == 1 << Event.REFUSED
        await bench.write(ctx, "IRQ_STATUS", 1 << Event.REFUSED)
        assert not ctx.get(face.irq)
        await report(ctx, 9, Code.MAGIC)
        assert fields_of("REFUSED", await bench.read(ctx, "REFUSED"))["index"] == 9
        assert await bench.read(ctx, "REPORTS_COUNT") == 4
        await bench.write(ctx, "CONTROL", 0)
        assert await bench.read(ctx, "REPORTS_COUNT") == 4
        await bench.write(ctx, "CONTROL", 1)
        assert await bench.read(ctx, "REPORTS_COUNT") == await bench.read(ctx, "REFUSED") == 0
        assert await bench.read(ctx, "IRQ_ENABLE") == 1 << Event.REFUSED

    bench.run(test)


def test_an_event_in_the_cycle_of_its_clearing_is_kept():
    bank = RegisterBank(PRESETS["tiny"])
    simulator = Simulator(bank)
    simulator.add_clock(1e-6)

    async def test(ctx):
        status = _OFFSET["IRQ_STATUS"] // 4
        for signal, value in ((bank.write_address, status), (bank.read_address, status),
                              (bank.write_word, 15), (bank.write_bytes, 15), (bank.write, 1),
                              (bank.moves, 1 << STREAMS.index("reports"))):
            ctx.set(signal, value)
        await ctx.tick()
        ctx.set(bank.moves, 0)
        assert ctx.get(bank.read_word) == 1 << Event.REPORT
        await ctx.tick()
        assert ctx.get(bank.read_word) == 0

    simulator.add_testbench(test)
    simulator.run()


@pytest.mark.parametrize("name", STREAMS)
def test_time_out_says_who_waits(name):
    """Every stream alone; words that move put it off; it comes once for each time that all stop."""
    bench = _Stubbed()
    chip, face = bench.chip, bench.face

    async def test(ctx):
        ctx.set(face.m_axis_pixels.tready, 1)
        ctx.set(face.m_axis_reports.tready, 1)
        await bench.write(ctx, "TIMEOUT", 60)
        await ctx.tick().repeat(100)
        assert await bench.read(ctx, "IRQ_STATUS") == 0     # the chip is not busy
        ctx.set(chip.busy, 1)
        for stream in INPUTS[1:]:
            ctx.set(getattr(face, f"s_axis_{stream}").tvalid, 1)
        # A word in time.
        await ctx.tick().repeat(50)
        ctx.set(chip.i_descriptors.ready, 1)
        ctx.set(face.s_axis_descriptors.tvalid, 1)
        await ctx.tick()
        ctx.set(chip.i_descriptors.ready, 0)
        if name in INPUTS:
            ctx.set(getattr(face, f"s_axis_{name}").tvalid, 0)
            ctx.set(getattr(chip, f"i_{name}").ready, 1)
        elif name == "results":
            ctx.set(face.m_axis_pixels.tready, 0)
            for valid in (1, 1, 1):
                ctx.set(chip.o_pixels.valid, valid)
                await ctx.tick()
        else:
            ctx.set(face.m_axis_reports.tready, 0)
            ctx.set(chip.o_reports.valid, 1)
            await ctx.tick()
        await ctx.tick().repeat(40)
        assert await bench.read(ctx, "IRQ_STATUS") >> Event.TIMEOUT & 1 == 0
        await ctx.tick().repeat(30)
        assert await bench.read(ctx, "IRQ_STATUS") >> Event.TIMEOUT & 1 == 1
        waited = fields_of("WAITED", await bench.read(ctx, "WAITED"))
        status = fields_of("STATUS", await bench.read(ctx, "STATUS"))
        # The joiner of the weights takes words for the chip.
        assert {stream for stream, bit in waited.items() if bit} == {name}
        assert status == {"busy": 1, **waited}
        await bench.write(ctx, "WAITED", 31)
        await bench.write(ctx, "IRQ_STATUS", 15)
        await ctx.tick().repeat(100)
        assert await bench.read(ctx, "WAITED") == await bench.read(ctx, "IRQ_STATUS") == 0

    bench.run(test)


def test_a_word_that_is_offered_stays_through_a_reset_of_the_chip():
    """And the packet that is open ends; no word is taken in the cycle of the reset."""
    bench = _Stubbed()
    chip, face, taken = bench.chip, bench.face, []

    async def test(ctx):
        for word in (1, 2, 3):
            ctx.set(chip.o_pixels.payload, word)
            ctx.set(chip.o_pixels.valid, 1)
            if word < 3:
                await ctx.tick().until(chip.o_pixels.ready)
        for name in INPUTS:
            ctx.set(getattr(face, f"s_axis_{name}").tvalid, 1)
        ctx.set(chip.i_descriptors.ready, 1)
        ctx.set(chip.i_pixels.ready, 1)
        assert ctx.get(face.m_axis_pixels.tvalid)
        assert ctx.get(face.m_axis_pixels.tdata) == 1
        await bench.write(ctx, "TIMEOUT", 0)
        bench.master.start_write(_OFFSET["CONTROL"], 1)
        await ctx.tick().until(face.host.registers.reset)
        ctx.set(chip.o_pixels.valid, 0)
        await bench.master.answers(ctx, "b")
        for _ in range(6):
            if ctx.get(face.m_axis_pixels.tvalid):
                taken.append((ctx.get(face.m_axis_pixels.tdata),
                              ctx.get(face.m_axis_pixels.tlast)))
            ctx.set(face.m_axis_pixels.tready, 1)
            await ctx.tick()
        assert taken == [(1, 0), (2, 1)]

    async def watch(ctx):
        while True:
            *_, reset, descriptors, weights, pixels = await ctx.tick().sample(
                face.host.registers.reset, face.s_axis_descriptors.tready,
                face.s_axis_weights.tready, face.s_axis_pixels.tready)
            assert not (reset and (descriptors or weights or pixels))

    simulator = Simulator(face)
    simulator.add_clock(1e-6)

    async def bench_(ctx):
        ctx.set(face.aresetn, 0)
        await ctx.tick()
        ctx.set(face.aresetn, 1)
        await test(ctx)

    simulator.add_testbench(bench_)
    simulator.add_testbench(watch, background=True)
    bench.master.add(simulator)
    simulator.run()


def test_a_chip_of_a_mesh_is_refused():
    with pytest.raises(ConfigurationError, match="A chip of a mesh has no bus face"):
        ChipAxi(ChipConfig(mesh=True))


def test_beats_of_several_words_are_refused():
    with pytest.raises(ConfigurationError, match="stream_words = 4 is not possible with a bus"):
        ChipAxi(ChipConfig(stream_words=4))


def test_reports_in_any_order_are_refused():
    with pytest.raises(ConfigurationError, match="overlap = True is not possible with a bus face"):
        ChipAxi(ChipConfig(overlap=True))


def test_registers_do_not_meet():
    offsets = [register.offset for register in REGISTERS]
    assert len(set(offsets)) == len({register.name for register in REGISTERS}) == len(REGISTERS)
    for register in REGISTERS:
        bits = [low + at for _, low, width, _ in register.fields for at in range(width)]
        assert len(set(bits)) == len(bits), register.name
        assert all(bit < 32 for bit in bits), register.name
    assert [low for name, low, *_ in register_named("STATUS").fields if name in STREAMS] == [
        8 + at for at in range(len(STREAMS))]
