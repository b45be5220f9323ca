"""The link: every word once and in order, at the stated rate; parameters; CRCs."""

import re
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.crc import catalog
from amaranth.lib.wiring import In, Out

from flexdrive.errors import ConfigurationError
from flexdrive.hyperdrive.link import LinkConfig, LinkError, LinkReceiver, LinkSender
from flexdrive.hyperdrive.link.frame import CRCS, FrameFormat
from flexdrive_sim.engine import Gate, Model, Sink, Source, run_streams
from flexdrive_sim.hyperdrive.drive.link import (
    LinkBench,
    Wire,
    link_model,
    run_link,
    words_as_chunks,
)
from flexdrive_sim.hyperdrive.verify.link_faults import CONFIGS

pytestmark = pytest.mark.slow

WIDTHS = (1, 3, 4, 8, 16, 18, 64)
NO_ERROR = {"sender": LinkError.NONE, "receiver": LinkError.NONE}
NARROW, NARROW_REPLAY = CONFIGS[1], CONFIGS[6]
assert {config.width for config in CONFIGS} == set(WIDTHS)


def name(config):
    return f"w{config.width}-p{config.payload}{'-retransmit' if config.retransmit else ''}"


every_config = pytest.mark.parametrize("config", CONFIGS, ids=name)


@cache
def bench(config):
    return link_model(config)


def random_words(config, count, seed):
    return np.random.default_rng(seed).integers(0, 1 << config.payload, count, dtype=np.uint64)


@every_config
def test_every_word_once_and_in_order(config):
    random = np.random.default_rng(config.width)
    for case in range(24):
        words = random_words(config, 60, case)
        forward, reverse = (
            Wire(latency=int(random.integers(0, 41)), stall=int(random.choice([0, 40, 150])),
                 seed=int(random.integers(1, 2**32))) for _ in range(2))
        gates = [Gate.random(float(random.choice([0.05, 0.5, 1.0])), seed)
                 for seed in (2 * case, 2 * case + 1)]
        run = run_link(bench(config), config, words, forward=forward, reverse=reverse,
                       source=gates[0], sink=gates[1])
        assert run.finished, (forward, reverse)
        assert (run.words == words).all(), (forward, reverse)
        assert run.errors == NO_ERROR
        assert run.retries == 0


@every_config
def test_timing_is_as_documented(config):
    words = random_words(config, 200, 1)
    for latency in (0, 3, 11):
        wire = Wire(latency=latency)
        run = run_link(bench(config), config, words, forward=wire, reverse=wire)
        # The first word meets the keep-alive frame with which a link begins.
        assert run.times[0] - run.sent_times[0] in range(
            config.latency + latency, config.latency + latency + config.forward.phits + 1)
        spacing = np.diff(run.times)[40:]
        if config.window * config.cycles_per_word >= config.credit_cycles(2 * latency):
            assert set(spacing) == {config.cycles_per_word}
            if not config.retransmit:
                assert set(np.diff(run.sent_times)[40:]) == {config.cycles_per_word}
        else:
            # A window in each turn of the credits, at worst.
            turns = -(-len(spacing) // config.window)
            assert spacing.sum() <= turns * config.credit_cycles(2 * latency)
            assert config is not NARROW or latency > 0


@pytest.mark.parametrize("config", [NARROW, NARROW_REPLAY], ids=name)
def test_one_word_at_a_time(config):
    """A window of one word is the round trip itself, to the cycle."""
    config = replace(config, window=1)
    for latency in (0, 1, 7):
        wire = Wire(latency=latency)
        run = run_link(bench(config), config, random_words(config, 40, 2), forward=wire,
                       reverse=wire)
        assert set(np.diff(run.times)[4:]) == {config.round_trip(2 * latency)}


@every_config
def test_latency_of_an_idle_link(config):
    """A word that no keep-alive frame is in the way of."""
    gate = Gate.every(101)
    run = run_link(bench(config), config, random_words(config, 20, 3), source=gate)
    assert min(run.times - run.sent_times) == config.latency


def test_an_idle_link_stays_up():
    config = NARROW
    model = bench(config)
    run_link(model, config, random_words(config, 1, 0))
    model.run(20 * config.timeout)
    model.settle()
    assert model.get("sender_error") == model.get("receiver_error") == 0


def test_a_full_receiver_waits_without_an_error():
    config = NARROW
    sink = np.zeros(10 * config.timeout, np.uint8)
    sink[-1] = 1
    words = random_words(config, 3 * config.window, 4)
    run = run_link(bench(config), config, words, sink=sink, cycles=40 * len(sink))
    assert (run.words == words).all()
    assert run.errors == NO_ERROR


@pytest.mark.parametrize("end", [LinkSender, LinkReceiver])
def test_a_side_without_a_neighbour_is_silent(end):
    config = NARROW
    model = Model(end(config))
    wires = "forward" if end is LinkSender else "reverse"
    model.set("enable", 0)
    model.reset()
    _, samples = model.run(3 * config.timeout, probe=[f"{wires}_valid", "error"])
    assert not samples.any()
    model.set("enable", 1)
    _, samples = model.run(3 * config.timeout, probe=[f"{wires}_valid", "error"])
    assert samples[:, 0].any()
    # Nothing comes back: the link is cut from its beginning.
    assert samples[config.timeout + 1, 1] == LinkError.TIMEOUT.value
    assert not samples[config.timeout - 1, 1]


@pytest.mark.parametrize(("values", "message"), [
    ({"payload": 65}, "Link parameter payload = 65 is not possible: 1 to 64 bits"),
    ({"width": 0}, "Link parameter width = 0 is not possible: 1 to 64 bits"),
    ({"reverse_width": 2.0}, "Link parameter reverse_width = 2.0 is not possible: it must be an "
                             "integer"),
    ({"retransmit": 1}, "Link parameter retransmit = 1 is not possible: it must be True or False"),
    ({"sequence": 9}, "Link parameter sequence = 9 is not possible: 1 to 8 bits"),
    ({"window": 16}, "Link parameter window = 16 is not possible: a power of two from 1 to 8 "
                     "(half of 2**sequence)"),
    ({"crc": 12}, "Link parameter crc = 12 is not possible: one of 5, 8, 16, 32 bits"),
    ({"crc": 5, "width": 9},
     "Link parameter crc = 5 is not possible: with forward frames of 36 bits, data wires stuck "
     "at 0 or at 1 would look like a frame; choose another CRC or width"),
    ({"keepalive": 20}, "Link parameter keepalive = 20 is not possible: 21 (phits of the longest "
                        "frame) to 65535"),
    ({"timeout": 1023}, "Link parameter timeout = 1023 is not possible: 1024 (4 x keepalive) to "
                        "16777215"),
    ({"retries": 0}, "Link parameter retries = 0 is not possible: 1 to 15"),
])
def test_parameters_are_checked(values, message):
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        LinkConfig(**values)


def test_the_crcs_are_the_standard_ones():
    assert {5: catalog.CRC5_USB, 8: catalog.CRC8_ROHC, 16: catalog.CRC16_DNP,
            32: catalog.CRC32_JAMCRC} == CRCS
    # Check values of the catalogue, over "123456789" sent least significant bit first.
    text = int.from_bytes(b"123456789", "little")
    for width, check in ((5, 0x19), (8, 0xD0), (16, 0xEA82), (32, 0x340BC6D9)):
        frame = FrameFormat(fields=(("text", 71),), width=72 + width, crc=width)
        assert crc_of(frame, text) == check


def crc_of(frame, message):
    return sum(((message & mask).bit_count() & 1 ^ constant) << bit
               for bit, (constant, mask) in enumerate(frame.crc_masks()))


@pytest.mark.parametrize(("crc", "flips", "bits"), [(5, 2, 31), (8, 3, 127), (16, 5, 151),
                                                    (32, 5, 300)])
def test_flips_that_a_crc_finds(crc, flips, bits):
    """Any ``flips`` flipped bits change the CRC of a frame of ``bits`` bits: no sum of that many
    syndromes is zero. One more bit is too many for CRC-5 and CRC-8."""
    frame = FrameFormat(fields=(("text", bits - crc - 1),), width=bits, crc=crc)
    zero = crc_of(frame, 0)
    syndromes = [crc_of(frame, 1 << bit) ^ zero for bit in range(bits - crc)]
    syndromes += [1 << bit for bit in range(crc)]
    one = np.array(syndromes, np.uint64)
    assert len(set(syndromes)) == bits
    assert 0 not in syndromes
    pairs = (one[:, None] ^ one)[np.triu_indices(bits, 1)]
    if flips >= 3:
        assert not np.isin(pairs, one).any()
    if flips >= 4:
        assert len(np.unique(pairs)) == len(pairs)
    if flips >= 5:
        first, second = np.triu_indices(bits, 1)
        for third in range(bits):
            # Triples that contain bit ``third`` as their greatest, against all pairs.
            below = second < third
            assert not np.isin(pairs[below] ^ one[third], pairs[(first != third)
                                                               & (second != third)]).any()


@pytest.mark.parametrize("crc", CRCS)
def test_a_dead_wire_is_no_frame(crc):
    """All data wires stuck at 0, or at 1, never look like a frame: where they would (a CRC that
    inverts at both ends gives ones for as many ones as it has bits), the width is refused."""
    refused = 0
    for width in range(1, 65):
        for payload in (1, 8, 18, 64):
            frame = FrameFormat(fields=(("fields", 5 + payload),), width=width, crc=crc)
            dead = any(crc_of(frame, level & ((1 << frame.message_bits) - 1))
                       == level >> frame.message_bits for level in (0, (1 << frame.bits) - 1))
            assert frame.accepts_dead_wires == dead
            refused += dead
    assert (refused > 0) == (crc == 5)


def test_the_engines_agree():
    config = NARROW_REPLAY
    words = random_words(config, 12, 5).astype(np.uint32)
    streams = {"i": Source(words), "o": Sink(12, Gate.random(0.3, 1))}
    inputs = {"forward": 5 | 40 << 8 | 7 << 16, "reverse": 2 | 9 << 16}
    runs = [run_streams(LinkBench(config), streams, cycles=3000, engine=engine, inputs=inputs)
            for engine in ("compiled", "pysim")]
    assert (runs[0].words["o"][:, 0] == words).all()
    assert (runs[0].times["o"] == runs[1].times["o"]).all()


class Skewed(wiring.Component):
    """Two ends that leave reset when they like."""

    def __init__(self, config):
        self.config = config
        super().__init__({
            "i": In(stream.Signature(config.payload)), "o": Out(stream.Signature(config.payload)),
            "sender_enable": In(1), "receiver_enable": In(1), "failed": Out(1)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.sender = sender = LinkSender(self.config)
        m.submodules.receiver = receiver = LinkReceiver(self.config)
        wiring.connect(m, wiring.flipped(self.i), sender.i)
        wiring.connect(m, sender.forward, receiver.forward)
        wiring.connect(m, receiver.reverse, sender.reverse)
        wiring.connect(m, receiver.o, wiring.flipped(self.o))
        m.d.comb += [
            sender.enable.eq(self.sender_enable), receiver.enable.eq(self.receiver_enable),
            self.failed.eq((sender.error != LinkError.NONE)
                           | (receiver.error != LinkError.NONE))]
        return m


@pytest.mark.parametrize("first", ["sender", "receiver"])
def test_an_end_that_begins_in_the_middle_of_a_frame(first):
    # Words wait until both ends are there; half a frame is no error.
    config = NARROW
    model = Model(Skewed(config))
    second = "receiver" if first == "sender" else "sender"
    words = random_words(config, 40, 1)
    for late in range(1, 2 * max(config.forward.phits, config.reverse.phits) + 4):
        for end in (first, second):
            model.set(f"{end}_enable", 0)
        model.reset()
        model.attach("i", words_as_chunks(words, config.payload), Gate.always())
        found, _ = model.attach("o", len(words), Gate.always(), sink=True)
        model.set(f"{first}_enable", 1)
        model.run(late)
        model.set(f"{second}_enable", 1)
        model.run(20 * config.timeout, until_streams=True)
        model.settle()
        assert not model.get("failed"), late
        assert model.transferred("o") == len(words), late
        assert (found[:, 0] == words).all(), late
