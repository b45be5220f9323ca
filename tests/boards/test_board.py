"""A whole board, simulated, and its driver: no port between them."""

import re
import zlib
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import flexdrive as fd
from flexdrive.boards.frame import Kind, Space
from flexdrive.boards.registers import REGISTERS, Access
from flexdrive.hyperdrive import PRESETS
from flexdrive_deploy.board.boards import known_chip
from flexdrive_deploy.board.driver import Board, pack_items
from flexdrive_deploy.board.errors import BoardError, IdentityError, NoAnswerError
from flexdrive_deploy.board.jobs import Writing
from flexdrive_sim.board.fault_kinds import KINDS
from flexdrive_sim.board.faults import FaultBench
from flexdrive_sim.board.rates import cost, frame_bytes
from flexdrive_sim.board.selftest import SelftestError, selftest
from flexdrive_sim.board.simulated import DirectTransport, LineFault
from flexdrive_sim.hyperdrive.drive.board import BoardMachine
from flexdrive_sim.hyperdrive.drive.chip import count_descriptors
from flexdrive_sim.hyperdrive.drive.runner import predict_program
from flexdrive_sim.hyperdrive.golden.chip import GoldenChip
from flexdrive_sim.hyperdrive.verify.random_layer import random_layer_stimulus

from ..api.networks import two_layers

CHIP = PRESETS["tiny"]


def _board(simulated):
    return Board(DirectTransport(simulated))


def _program(seed=3):
    stimulus = random_layer_stimulus(CHIP, seed)
    words, weights, pixels = stimulus.arrays()
    return stimulus, words, weights, pixels


def _loaded(board, stimulus, words, weights, pixels, reports):
    board.load(words, weights, weight_bits=CHIP.weight_bits, inputs=len(pixels),
               outputs=stimulus.out_words, reports=reports)


def test_the_board_says_what_it_is(tiny):
    board = _board(tiny)
    assert board.identity["CLOCK"] == tiny.config.clock
    assert board.identity.about == "2 x 2 tiles of 4 units, adders of depth 1"
    assert known_chip(board.identity) == CHIP
    assert board.waits() == "the chip is idle"


def test_another_chip_or_build_is_refused(tiny):
    board = _board(tiny)
    with pytest.raises(IdentityError, match=re.escape(
            "another chip than the network was compiled for: 2 x 2 tiles of 4 units, adders of "
            "depth 1 (")):
        board.identity.check(replace(CHIP, fm_words=512))
    with pytest.raises(IdentityError, match="the bitstream is stale: build 0000000000000000, not "
                       "00000000000000ff"):
        board.identity.check(CHIP, build="00000000000000ff")


def test_registers_keep_what_they_are_for(tiny):
    board = _board(tiny)
    for register in REGISTERS:
        if register.access == Access.CONTROL and register.name != "RUN":
            board.set(register.name, 0xA5A50000 | register.address)
    for register in REGISTERS:
        if register.access == Access.CONTROL and register.name != "RUN":
            assert board.get(register.name) == 0xA5A50000 | register.address
        elif register.access == Access.CONSTANT:
            before = board.get(register.name)
            board.set(register.name, ~before & 0xFFFFFFFF)
            assert board.get(register.name) == before
    board.begin()
    assert board.get("SCRATCH") == 0


@pytest.mark.parametrize("space", [Space.RESULTS, Space.REPORTS])
def test_what_cannot_be_is_refused_in_words(tiny, space):
    board = _board(tiny)
    with pytest.raises(BoardError, match=f"refused a request to {space.name} at 0"):
        board.link.ask(Kind.WRITE, space, 0, (1,))
    with pytest.raises(BoardError, match="refused a request to REGISTERS at 1000"):
        board.link.read(1000)
    # A store that is a ring cannot be read, nor can too few words be asked for.
    with pytest.raises(BoardError, match="refused a request to PIXELS"):
        board.link.ask(Kind.READ, Space.PIXELS, 0, (1, 0))


def test_a_word_is_taken_at_its_position_only_and_within_the_room(tiny):
    board = _board(tiny)
    depth = board.identity["PIXELS_DEPTH"]

    def write(position, count):
        reply = board.link.ask(Kind.WRITE, Space.PIXELS, position, range(count))
        return reply.kind, reply.address, reply.words[0]

    board.set("REPLAY", 7)      # nothing leaves the store
    assert write(0, 3) == (Kind.DONE, 3, depth - 3)
    assert write(0, 3) == (Kind.GAP, 3, depth - 3)
    assert write(4, 1) == (Kind.GAP, 3, depth - 3)
    assert write(3, depth - 4) == (Kind.DONE, depth - 1, 1)
    assert write(depth - 1, 2) == (Kind.FULL, depth - 1, 1)
    assert write(depth - 1, 1) == (Kind.DONE, depth, 0)
    assert board.link.ask(Kind.READ, Space.PIXELS, 3, (2, 0)).words == (0, 1)


@pytest.mark.slow
def test_several_images_streamed_and_replayed_give_the_golden_words(tiny):
    board = _board(tiny)
    stimulus, words, weights, pixels = _program()
    random = np.random.default_rng(0)
    images = [random.permutation(pixels) for _ in range(4)]
    golden = [GoldenChip(CHIP).execute(words, weights, image) for image in images]
    reports = len(BoardMachine(board, CHIP).run(words, weights, pixels,
                                                stimulus.out_words).reports)
    count = -(-len(weights) // (32 // CHIP.weight_bits))
    assert count == 4
    for depths in ({}, {Space.WEIGHTS: 3}, {Space.WEIGHTS: 0},
                   {Space.PROGRAM: 1, Space.WEIGHTS: 1}):
        board = _board(tiny)
        streamed = tuple(depths)
        for space, depth in depths.items():
            board.identity.constants[f"{space.name}_DEPTH"] = depth
        _loaded(board, stimulus, words, weights, pixels, reports)
        assert set(board.streamed) == set(streamed)
        for run, expected in zip(board.run(images), golden, strict=True):
            assert np.array_equal(run.pixels, expected)
            assert list(run.reports[:, 0] >> 16 & 0xFF) == [0] * reports


@pytest.mark.slow
def test_what_a_network_costs_is_what_the_line_and_the_chip_take(tiny):
    """Bytes and time of 16 images of a network, computed and as they were."""
    program = fd.compile(two_layers(1)[0], chip="tiny").programs[0]
    computed = cost(program, tiny.config, predict_program(program).cycles)
    board, random = _board(tiny), np.random.default_rng(1)
    board.load(program.words, program.weights, weight_bits=CHIP.weight_bits,
               inputs=program.input_words, outputs=program.output_words,
               reports=count_descriptors(program.words))
    line, begin = board.link.statistics, board.link.transport.now()
    sent, received = line.sent, line.received
    board.run([random.integers(0, 15000, program.input_words).astype(np.uint16)
               for _ in range(16)])
    seconds = board.link.transport.now() - begin
    # A register is set and read, and an empty ring is asked once.
    assert 1 <= (line.sent - sent) / 16 / computed.to_board < 1.1
    assert 1 <= (line.received - received) / 16 / computed.to_host < 1.1
    assert 0.8 < 16 / seconds / computed.images_per_second(tiny.baud) < 1
    assert not computed.streamed
    small = cost(program, replace(tiny.config, weight_words=8), 1)
    assert small.stored["weights"] == 4
    assert small.streamed == {"weights": computed.stored["weights"] - 4}
    assert small.to_board - computed.to_board == frame_bytes(2 + small.streamed["weights"])


def test_a_refused_descriptor_is_told_and_stops_further_images(tiny):
    board = _board(tiny)
    stimulus, words, weights, pixels = _program()
    broken = list(words)
    broken[0] ^= 0xFF           # the magic number
    _loaded(board, stimulus, broken, weights, pixels, 3)
    with pytest.raises(BoardError, match="the chip has a fault: refused"):
        board.run([pixels])


@pytest.mark.slow
def test_the_selftest_passes_and_a_bad_memory_does_not(tiny, monkeypatch):
    lines = list(selftest(_board(tiny), CHIP, line=4, layers=1))
    assert [line.partition(":")[0] for line in lines] == [
        "identity", "line", "store PROGRAM", "store WEIGHTS", "store PIXELS", "feature maps",
        "1 programs of random layers, every word equal to the golden model"]

    class Wrong(Writing):
        """A store that takes one bit wrongly."""

        def __init__(self, space, words, **options):
            words = words.copy()
            words[41] ^= 1 << 7
            super().__init__(space, words, **options)

    monkeypatch.setattr("flexdrive_sim.board.selftest.Writing", Wrong)
    with pytest.raises(SelftestError, match=r"^store PROGRAM, word 41: wrote \w{8}, read \w{8}$"):
        list(selftest(_board(tiny), CHIP, line=1, layers=0))


def test_a_wrong_rate_is_told(tiny):
    tiny.baud = 1_000_000
    with pytest.raises(NoAnswerError, match="does not answer at 1,000,000 baud after 8 attempts"):
        _board(tiny)
    tiny.baud = tiny.config.baud
    assert _board(tiny).identity["BAUD"] == tiny.baud


def test_a_board_that_lost_its_power_is_noticed(tiny):
    board = _board(tiny)
    tiny.power(False)
    tiny.run(1000)
    tiny.power(True)
    with pytest.raises(BoardError, match="the board was reset in the middle of work"):
        board.get("SCRATCH")
    assert _board(tiny).get("SCRATCH") == 0


def test_a_silent_line_gives_up_in_time(tiny):
    board = _board(tiny)
    tiny.faults = [LineFault(tiny.cycle, 1 << 62, wire, 1) for wire in (0, 1)]
    begin = tiny.seconds
    with pytest.raises(NoAnswerError, match="nothing came that is a reply"):
        board.get("SCRATCH")
    assert tiny.seconds - begin < 0.02


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_on_the_line_changes_no_result(tiny, bench, kind):
    assert bench.board is tiny
    random = np.random.default_rng(8)
    if kind == "rate times 0.04":
        # Requests that are under way are waited for at that rate: early there are few.
        random = SimpleNamespace(integers=lambda end: 0)
    trial = bench.trial(kind, random)
    assert not trial.broken, trial


class _Same(int):
    """A number that is as any other."""

    def __ne__(self, other):
        return False

    __hash__ = int.__hash__


@pytest.mark.slow
def test_a_driver_that_trusts_the_line_is_caught(tiny, monkeypatch):
    """The campaign sees wrong results, when there are any."""
    trusting = SimpleNamespace(crc32=lambda *arguments: _Same(zlib.crc32(*arguments)))
    for module in ("wire", "jobs", "driver"):
        monkeypatch.setattr(f"flexdrive_deploy.board.{module}.zlib", trusting)
    bench, outcomes = FaultBench(tiny, np.random.default_rng(7)), set()
    monkeypatch.setitem(KINDS, "last bit", (_last_bit, 1))
    # Results come at the end.
    for at in np.linspace(0.6, 0.98, 12):
        outcomes.add(bench.trial("last bit", SimpleNamespace(
            integers=lambda end, at=at: int(at * end))).outcome)
    assert "WRONG" in outcomes


def _last_bit(random, at, period):
    """Inverts a bit of a byte to the host."""
    def act(transport):
        transport.mangle["read"].append(lambda content: content[:-1] + bytes([content[-1] ^ 1]))
    return [], [(at, act)]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_any_state_at_power_up_ends_with_a_reset_frame(tiny, seed):
    tiny.power(True, state=seed)
    board = _board(tiny)
    stimulus, words, weights, pixels = _program()
    run = BoardMachine(board, CHIP).run(words, weights, pixels, stimulus.out_words)
    assert np.array_equal(run.pixels, GoldenChip(CHIP).execute(words, weights, pixels))


@pytest.mark.parametrize("width", [1, 4, 8, 16, 24, 32, 64])
def test_items_lie_in_words_from_the_lowest_bit(width):
    random = np.random.default_rng(width)
    chunks = -(-width // 32)
    items = random.integers(0, 1 << min(width, 32), (13, chunks), dtype=np.uint64)
    packed = pack_items(items.astype(np.uint32), width)
    per = max(1, 32 // width)
    if chunks > 1:
        assert packed.tolist() == items.ravel().tolist()
        return
    assert len(packed) == -(-13 // per)
    found = [int(packed[at // per]) >> at % per * width & (1 << width) - 1 for at in range(13)]
    assert found == items[:, 0].tolist()
