# amaranth: UnusedElaboratable=no
"""A real chip behind AXI: whole programs over its streams, a reset amid them."""

import random

import pytest
from amaranth.hdl import Cat
from amaranth.sim import Simulator

from flexdrive.bus.axi import Response
from flexdrive.bus.chip_axi import ChipAxi
from flexdrive.bus.chip_registers import REGISTERS, STREAMS, fields_of
from flexdrive.bus.packets import REPORT_WORDS
from flexdrive.hyperdrive.descriptor.report import decode_report

from .partners import LiteMaster, receive
from .programs import CONFIG, program

_OFFSET = {register.name: register.offset for register in REGISTERS}


class _Host:
    """Streams of a program to and from a face; a DMA that can be stopped."""

    def __init__(self, face, made, random, pause):
        self.pixels, self.reports = [], []
        self._sending, self._stop = set(), False
        self._face, self._made, self._random, self._pause = face, made, random, pause

    def add(self, simulator):
        for name in self._made.sent:
            simulator.add_testbench(self._source(name), background=True)
        for port, taken in ((self._face.m_axis_pixels, self.pixels),
                            (self._face.m_axis_reports, self.reports)):
            simulator.add_testbench(self._sink(port, taken), background=True)

    def start(self):
        self.pixels.clear()
        self.reports.clear()
        self._sending, self._stop = set(self._made.sent), False

    def stop(self):
        self._stop = True

    def _source(self, name):
        port = getattr(self._face, f"s_axis_{name}")

        async def run(ctx):
            while True:
                while name not in self._sending:
                    await ctx.tick()
                for word in self._made.sent[name]:
                    while self._random.random() < self._pause and not self._stop:
                        await ctx.tick()
                    ctx.set(port.tdata, word)
                    ctx.set(port.tvalid, not self._stop)
                    while not self._stop and not (await ctx.tick().sample(port.tready))[-1]:
                        pass
                    ctx.set(port.tvalid, 0)
                self._sending.discard(name)
        return run

    def _sink(self, port, taken):
        async def run(ctx):
            assert ctx.get(port.tkeep) == (1 << len(port.tkeep)) - 1
            await receive(ctx, port.tvalid, port.tready, Cat(port.tdata, port.tlast), taken,
                          self._random, self._pause)
        return run


async def _interrupted(ctx, host, master, made, cut):
    """Run until ``cut`` pixels have come, then reset the chip: the open packet ends."""
    host.start()
    for _ in range(5000):
        if len(host.pixels) >= cut:
            break
        await ctx.tick()
    host.stop()
    assert await master.write(ctx, _OFFSET["CONTROL"], 1) == Response.OKAY
    await ctx.tick().repeat(200)
    assert host.pixels[-1] >> 16, "the packet stays open"
    assert [word & 0xFFFF for word in host.pixels] == made.results[:len(host.pixels)]
    assert len(host.pixels) < len(made.results)
    assert len(host.reports) % REPORT_WORDS == 0
    assert await master.write(ctx, _OFFSET["IRQ_STATUS"], 15) == Response.OKAY


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "pause", "cut"), [(0, 0, 10), (1, 0.3, 30), (2, 0.8, 1)])
def test_programs(seed, pause, cut):
    """A real chip: loads, a layer, stores, one refused descriptor; a reset of the chip amid the
    program, then the whole program."""
    made = program(seed)
    face = ChipAxi(CONFIG)
    master = LiteMaster(face.s_axi, random.Random(seed), pause)
    host = _Host(face, made, random.Random(seed), pause)
    simulator = Simulator(face)
    simulator.add_clock(1e-6)

    async def test(ctx):
        ctx.set(face.aresetn, 1)
        await _interrupted(ctx, host, master, made, cut)
        host.start()
        for _ in range(1000):
            await ctx.tick().repeat(10)
            if len(host.reports) == REPORT_WORDS * len(made.codes):
                break
        ends = [at for size in made.stores for at in [0] * (size - 1) + [1]]
        assert host.pixels == [word | end << 16
                               for word, end in zip(made.results, ends, strict=True)]
        assert [word >> 32 for word in host.reports] == [0, 0, 0, 0, 1] * len(made.codes)
        reports = [decode_report([word & 0xFFFFFFFF for word in host.reports[at:at + REPORT_WORDS]])
                   for at in range(0, len(host.reports), REPORT_WORDS)]
        assert [(report["index"], report["code"]) for report in reports] == list(
            enumerate(made.codes))
        counts = [await master.read(ctx, _OFFSET[f"{name.upper()}_COUNT"]) for name in STREAMS]
        assert counts == [len(made.sent["descriptors"]), len(made.sent["weights"]),
                          len(made.sent["pixels"]), len(made.results), len(made.codes)]
        (refused,) = [at for at, code in enumerate(made.codes) if code]
        assert fields_of("REFUSED", await master.read(ctx, _OFFSET["REFUSED"])) == {
            "index": refused, "code": made.codes[refused]}

    simulator.add_testbench(test)
    master.add(simulator)
    host.add(simulator)
    simulator.run()
