"""Serial line, COBS and CRC-32: hardware against the host's code, zlib, and damage."""

# amaranth: UnusedElaboratable=no

import random
import zlib

import pytest
from amaranth.sim import Simulator
from hypothesis import example, given
from hypothesis import strategies as st

from flexdrive.bus.cobs import CobsDecoder, CobsEncoder
from flexdrive.bus.crc32 import Crc32
from flexdrive.bus.uart import UartReceiver, UartTransmitter, divisor
from flexdrive.errors import ConfigurationError
from flexdrive_deploy.board.wire import cobs_decode, cobs_encode

# What is on the border of a group, with and without zeros.
CONTENTS = [b"", b"\0", b"\0\0", b"a", b"a\0", b"\0a", bytes(range(1, 255)),
            bytes(range(1, 255)) + b"\0", bytes(range(256)), b"x" * 253, b"x" * 253 + b"\0",
            b"x" * 255, b"x" * 254 + b"\0" + b"y" * 254, b"x" * 508 + b"z"]


def _simulate(component, bench):
    simulator = Simulator(component)
    simulator.add_clock(1e-8, if_exists=True)
    simulator.add_testbench(bench)
    simulator.run()


@given(st.binary(max_size=600))
@example(b"x" * 254)
def test_the_hosts_cobs_has_an_inverse_and_no_zeros(content):
    encoded = cobs_encode(content)
    assert 0 not in encoded
    assert cobs_decode(encoded) == content


@pytest.mark.slow
def test_encoder_is_that_of_the_host():
    encoder, found = CobsEncoder(), bytearray()
    contents = [content for content in CONTENTS if content]     # a frame has bytes

    async def feed(ctx):
        for content in contents:
            for at, byte in enumerate(content):
                ctx.set(encoder.i.payload.byte, byte)
                ctx.set(encoder.i.payload.last, at == len(content) - 1)
                ctx.set(encoder.i.valid, 1)
                await ctx.tick().until(encoder.i.ready)
        ctx.set(encoder.i.valid, 0)

    async def fetch(ctx):
        generator = random.Random(1)
        while found.count(0) < len(contents):
            ctx.set(encoder.o.ready, generator.random() < 0.7)
            _, _, byte, valid, ready = await ctx.tick().sample(
                encoder.o.payload, encoder.o.valid, encoder.o.ready)
            if valid and ready:
                found.append(byte)

    simulator = Simulator(encoder)
    simulator.add_clock(1e-8)
    simulator.add_testbench(feed)
    simulator.add_testbench(fetch)
    simulator.run()
    # The host ends a group of 254 at the end of a frame without another code too.
    assert bytes(found).split(b"\0")[:-1] == [cobs_encode(content) for content in contents]


def test_decoder_inverts_the_host_and_begins_again_at_any_zero():
    decoder, found = CobsDecoder(), []
    generator = random.Random(2)
    contents = [content for content in CONTENTS if content]
    stream, wanted = bytearray(), []
    for content in contents:
        stream += bytes(generator.randrange(1, 256) for _ in range(5)) + b"\0"      # garbage
        stream += cobs_encode(content) + b"\0"
        wanted.append(content)

    async def bench(ctx):
        frame = bytearray()
        for byte in stream:
            ctx.set(decoder.byte, byte)
            ctx.set(decoder.valid, 1)
            if ctx.get(decoder.o_valid):
                frame.append(ctx.get(decoder.o))
            if ctx.get(decoder.end):
                found.append((bytes(frame), ctx.get(decoder.good)))
                frame.clear()
            await ctx.tick()

    _simulate(decoder, bench)
    assert [frame for frame, _ in found[1::2]] == wanted
    assert all(good for _, good in found[1::2])


@pytest.mark.parametrize("width", [8, 32])
def test_crc_is_that_of_zlib_and_knows_its_end(width):
    crc, generator = Crc32(width), random.Random(3)

    async def bench(ctx):
        for _ in range(20):
            content = generator.randbytes(4 * generator.randrange(1, 20))
            content += zlib.crc32(content).to_bytes(4, "little")
            step, so_far = width // 8, b""
            ctx.set(crc.start, 1)
            for at in range(0, len(content), step):
                part = content[at:at + step]
                ctx.set(crc.data, int.from_bytes(part, "little"))
                ctx.set(crc.valid, 1)
                await ctx.tick()
                ctx.set(crc.start, 0)
                so_far += part
                assert ctx.get(crc.crc) == zlib.crc32(so_far)
                assert ctx.get(crc.match) == (at + step == len(content))
            ctx.set(crc.valid, 0)
            await ctx.tick()

    _simulate(crc, bench)


def _level(bits, time, period):
    at = int(time // period)
    return bits[at] if 0 <= at < len(bits) else 1


@pytest.mark.parametrize("cycles", [8, 9, 20])
@pytest.mark.parametrize("deviation", [-0.02, 0, 0.02])
def test_receiver_takes_bytes_of_a_host_that_deviates(cycles, deviation):
    receiver, found = UartReceiver(cycles), []
    content = random.Random(4).randbytes(12)
    bits = [1] * 3
    for byte in content:
        bits += [0, *(byte >> i & 1 for i in range(8)), 1]
    period = cycles * (1 + deviation)

    async def bench(ctx):
        for cycle in range(int((len(bits) + 2) * period) + 10):
            ctx.set(receiver.line, _level(bits, cycle + 0.3, period))
            if ctx.get(receiver.valid):
                found.append(ctx.get(receiver.byte))
            assert not ctx.get(receiver.broken)
            await ctx.tick()

    _simulate(receiver, bench)
    assert bytes(found) == content


def test_a_glitch_is_no_byte_and_a_missing_stop_bit_is_told_once():
    receiver, events = UartReceiver(8), []

    async def bench(ctx):
        levels = [1] * 9 + [0] * 2 + [1] * 100 + [0] * 200 + [1] * 30
        levels += [level for bit in (0, 1, 0, 1, 0, 0, 0, 0, 0, 1) for level in [bit] * 8]
        for level in levels + [1] * 20:
            ctx.set(receiver.line, level)
            if ctx.get(receiver.broken):
                events.append("broken")
            if ctx.get(receiver.valid):
                events.append(ctx.get(receiver.byte))
            await ctx.tick()

    _simulate(receiver, bench)
    assert events == ["broken", 0b00000101]


def test_transmitter_holds_each_bit_for_its_time():
    transmitter, levels = UartTransmitter(5), []

    async def feed(ctx):
        for byte in (0x35, 0xFF, 0x00):
            ctx.set(transmitter.i.payload, byte)
            ctx.set(transmitter.i.valid, 1)
            await ctx.tick().until(transmitter.i.ready)
        ctx.set(transmitter.i.valid, 0)

    async def watch(ctx):
        for _ in range(170):
            levels.append(ctx.get(transmitter.line))
            await ctx.tick()

    simulator = Simulator(transmitter)
    simulator.add_clock(1e-8)
    simulator.add_testbench(feed)
    simulator.add_testbench(watch)
    simulator.run()
    bits = [bit for byte in (0x35, 0xFF, 0x00)
            for bit in (0, *(byte >> i & 1 for i in range(8)), 1)]
    first = levels.index(0)
    assert levels[first:] == ([level for bit in bits for level in [bit] * 5]
                              + [1] * 170)[:170 - first]


def test_a_rate_that_no_divisor_makes_is_refused():
    assert divisor(60_000_000, 3_000_000) == 20
    assert divisor(25_000_000, 115_200) == 217
    with pytest.raises(ConfigurationError, match=r"^3,000,000 baud is not possible with a clock of "
                       r"25 MHz, 8\.33 cycles a bit: .*What would pass: 3,125,000 or 2,777,777 "
                       r"baud$"):
        divisor(25_000_000, 3_000_000)
