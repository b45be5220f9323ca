# amaranth: UnusedElaboratable=no
"""A chip behind Wishbone: registers and windows, against a master that is random and legal."""

import random

import pytest
from amaranth.sim import Simulator

from flexdrive.bus.chip_registers import (
    INPUTS,
    OUTPUTS,
    REGISTERS,
    WINDOWS,
    Access,
    Event,
    constants,
    fields_of,
)
from flexdrive.bus.chip_wishbone import ChipWishbone
from flexdrive.bus.packets import REPORT_WORDS
from flexdrive.errors import ConfigurationError
from flexdrive.hyperdrive import PRESETS
from flexdrive.hyperdrive.descriptor.report import decode_report

from .partners import StubChip, WishboneMaster
from .programs import CONFIG, program

_OFFSET = {register.name: register.offset for register in REGISTERS}
_PART = {"descriptors": 15, "weights": 15, "pixels": 3}


def _run(face, master, test):
    simulator = Simulator(face)
    simulator.add_clock(1e-6)

    async def bench(ctx):
        ctx.set(face.rst_i, 1)
        await ctx.tick()
        ctx.set(face.rst_i, 0)
        await test(ctx)

    simulator.add_testbench(bench)
    simulator.run()


def _stubbed(pause, depth=4):
    chip = StubChip(PRESETS["tiny"])
    face = ChipWishbone(PRESETS["tiny"], depth=depth, chip=chip)
    return chip, face, WishboneMaster(face.bus, random.Random(int(10 * pause)), pause)


@pytest.mark.parametrize("pause", [0, 0.5])
def test_every_address(pause):
    """Legal accesses succeed, all others are answered ERR and change nothing."""
    _, face, master = _stubbed(pause)
    at = {register.offset: register for register in REGISTERS}

    async def test(ctx):
        offsets = list(range(0, 256, 4))
        reads = await master.run(ctx, [(offset, None, 15) for offset in offsets])
        readable = (Access.CONSTANT, Access.STATE, Access.CONTROL, Access.CLEARED)
        assert [read is not None for read in reads] == [
            offset in at and at[offset].access in readable for offset in offsets]
        for name, word in constants(PRESETS["tiny"]).items():
            assert reads[_OFFSET[name] // 4] == word
        written = await master.run(ctx, [(offset, 0, 15) for offset in offsets])
        writable = (Access.CONTROL, Access.CLEARED, Access.PUSH)
        assert [answer is not None for answer in written] == [
            offset in at and at[offset].access in writable for offset in offsets]
        assert await master.write(ctx, _OFFSET["TIMEOUT"], 0x01020304, 0b0101) is not None
        assert await master.read(ctx, _OFFSET["TIMEOUT"]) == 0x00020004

    _run(face, master, test)


@pytest.mark.parametrize("pause", [0, 0.5])
@pytest.mark.parametrize("name", INPUTS)
def test_a_window_into_the_chip(name, pause):
    """What LEVEL says passes, one more does not and is told; words arrive in order."""
    chip, face, master = _stubbed(pause)
    port, window = getattr(chip, f"i_{name}"), WINDOWS[name].offset
    mask = (1 << len(port.payload)) - 1

    async def test(ctx):
        # The joiner of the weights takes a word itself.
        room = await master.read(ctx, _OFFSET[f"{name.upper()}_LEVEL"])
        assert room == face.depth
        assert await master.write(ctx, window, 99, _PART[name] & 0b1110) is None
        words = [random.Random(at).getrandbits(32) for at in range(3 * room)]
        sent = []
        while (room := await master.read(ctx, _OFFSET[f"{name.upper()}_LEVEL"])) > 0:
            batch = words[len(sent):len(sent) + room]
            answers = await master.run(ctx, [(window, word, _PART[name]) for word in batch])
            assert None not in answers
            sent += batch
        assert await master.read(ctx, _OFFSET["IRQ_STATUS"]) == 0
        assert await master.write(ctx, window, 7) is None
        assert await master.read(ctx, _OFFSET["IRQ_STATUS"]) == 1 << Event.REJECTED
        ctx.set(port.ready, 1)
        got = []
        for _ in range(20):
            *_, valid, payload = await ctx.tick().sample(port.valid, port.payload)
            got += [payload] * valid
        assert got == [word & mask for word in sent]

    _run(face, master, test)


@pytest.mark.parametrize("name", OUTPUTS)
def test_an_empty_window_answers_err(name):
    _, face, master = _stubbed(0)

    async def test(ctx):
        assert await master.read(ctx, WINDOWS[name].offset) is None
        assert await master.read(ctx, _OFFSET[f"{name.upper()}_LEVEL"]) == 0
        assert await master.read(ctx, _OFFSET["IRQ_STATUS"]) == 1 << Event.REJECTED

    _run(face, master, test)


def test_a_cycle_that_ends_cancels():
    """Its access is not executed, and nobody gets its answer."""
    _, face, master = _stubbed(0)

    async def test(ctx):
        bus = face.bus
        for signal, value in ((bus.cyc, 1), (bus.stb, 1), (bus.we, 1), (bus.sel, 15),
                              (bus.adr, _OFFSET["TIMEOUT"]), (bus.dat_w, 5)):
            ctx.set(signal, value)
        await ctx.tick()
        ctx.set(bus.cyc, 0)
        ctx.set(bus.stb, 0)
        *_, ack, err = await ctx.tick().sample(bus.ack, bus.err)
        assert (ack, err) == (0, 0)
        assert await master.read(ctx, _OFFSET["TIMEOUT"]) == 0

    _run(face, master, test)


def test_a_word_right_after_a_reset_of_the_chip_is_kept():
    """What was there before is not."""
    chip, face, master = _stubbed(0)

    async def test(ctx):
        window = WINDOWS["pixels"].offset
        await master.run(ctx, [(window, 1, 15), (_OFFSET["CONTROL"], 1, 15), (window, 2, 15),
                               (window, 3, 15)])
        ctx.set(chip.i_pixels.ready, 1)
        got = []
        for _ in range(10):
            *_, valid, payload = await ctx.tick().sample(chip.i_pixels.valid,
                                                         chip.i_pixels.payload)
            got += [payload] * valid
        assert got == [2, 3]

    _run(face, master, test)


def test_depth_is_checked():
    with pytest.raises(ConfigurationError, match="FIFOs of depth = 1 are not possible"):
        ChipWishbone(CONFIG, depth=1)


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "pause", "depth"), [(0, 0, 4), (1, 0.5, 2)])
def test_programs(seed, pause, depth):
    """A real chip, driven as software does it: LEVEL, then as many words."""
    made = program(seed)
    face = ChipWishbone(CONFIG, depth=depth)
    master = WishboneMaster(face.bus, random.Random(seed), pause)

    async def run(ctx, most):
        """Move words until all are there, or ``most`` pixels."""
        left = {name: list(words) for name, words in made.sent.items()}
        came = {name: [] for name in OUTPUTS}
        for _ in range(3000):
            levels = await master.run(ctx, [(_OFFSET[f"{name.upper()}_LEVEL"], None, 15)
                                            for name in (*INPUTS, *OUTPUTS)])
            for name, level in zip(INPUTS, levels, strict=False):
                batch, left[name] = left[name][:level], left[name][level:]
                assert None not in await master.run(ctx, [(WINDOWS[name].offset, word, 15)
                                                          for word in batch])
            for name, level in zip(OUTPUTS, levels[len(INPUTS):], strict=True):
                words = await master.run(ctx, [(WINDOWS[name].offset, None, 15)] * level)
                assert None not in words
                came[name] += words
            if len(came["results"]) >= most or (
                    len(came["reports"]) == REPORT_WORDS * len(made.codes)):
                break
        return came

    async def test(ctx):
        await run(ctx, 12)
        await master.write(ctx, _OFFSET["CONTROL"], 1)
        came = await run(ctx, 1 << 30)
        ends = [at for size in made.stores for at in [0] * (size - 1) + [1]]
        assert [tuple(fields_of("RESULTS", word).values()) for word in came["results"]] == list(
            zip(made.results, ends, strict=True))
        reports = [decode_report(came["reports"][at:at + REPORT_WORDS])
                   for at in range(0, len(came["reports"]), REPORT_WORDS)]
        assert [(report["index"], report["code"]) for report in reports] == list(
            enumerate(made.codes))
        assert await master.read(ctx, _OFFSET["IRQ_STATUS"]) == (
            1 << Event.REPORT | 1 << Event.REFUSED)

    _run(face, master, test)
