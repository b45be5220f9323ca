"""Layers on the chip of a SoC: firmware on the core feeds it, every word is compared."""

import re
from functools import reduce
from pathlib import Path

import numpy as np
import pytest

from flexdrive.boards.registers import End
from flexdrive.hyperdrive.descriptor.fields import Code
from flexdrive_deploy.board.errors import BoardError
from flexdrive_deploy.board.soc_driver import SocBoard
from flexdrive_sim.board.selftest import selftest
from flexdrive_sim.board.simulated import DirectTransport
from flexdrive_sim.hyperdrive.drive.chip import count_descriptors
from flexdrive_sim.hyperdrive.drive.soc import SocMachine, server_program
from flexdrive_sim.hyperdrive.golden.chip import GoldenChip
from flexdrive_sim.hyperdrive.verify.compare import first_difference
from flexdrive_sim.hyperdrive.verify.random_layer import random_layer_stimulus

HERE = Path(__file__).resolve().parent


def layers(config, *seeds):
    """A program of random layers, one after the other: odd sizes, slices, single pixels."""
    return reduce(lambda one, other: one.extend(other),
                  [random_layer_stimulus(config, seed) for seed in seeds])


def check(machine, stimulus):
    """Run a program; every word that comes back is the golden model's."""
    words, weights, pixels = stimulus.arrays()
    golden = GoldenChip(machine.config)
    expected = golden.execute(words, weights, pixels)
    run = machine.run(words, weights, pixels, stimulus.out_words)
    assert first_difference(machine.config, words, expected, run) is None
    assert [row.code for row in run.reports] == [Code.OK] * len(golden.reports)
    assert [row.index for row in run.reports[1:]] == [row.index + 1 for row in run.reports[:-1]]
    return run


@pytest.fixture(scope="session")
def server():
    """The firmware."""
    return server_program()


@pytest.fixture
def machine(board, server, soc_model):
    """With the firmware that runs what it is sent."""
    return SocMachine(board, soc_model.config.chip, server)


@pytest.mark.slow
def test_networks_of_random_layers(machine):
    check(machine, layers(machine.config, 1, 2, 3))
    check(machine, layers(machine.config, 4))
    assert machine.stop().passed


@pytest.mark.slow
def test_networks_with_pauses_on_every_stream(board, soc_model):
    machine = SocMachine(board, soc_model.config.chip, server_program(HERE / "stalls.c"))
    check(machine, layers(machine.config, 5, 6))
    assert machine.stop().passed


@pytest.mark.slow
def test_from_any_state_at_power_up(soc_model, server):
    soc_model.power(False)
    soc_model.power(True, 7)
    machine = SocMachine(SocBoard(DirectTransport(soc_model)), soc_model.config.chip, server)
    check(machine, layers(machine.config, 7))


@pytest.mark.slow
def test_what_the_chip_does_not_do_is_said_in_one_line_and_the_next_runs(machine):
    stimulus = layers(machine.config, 1)
    words, weights, pixels = stimulus.arrays()
    broken = words.copy()
    broken[-12] ^= 1        # the STORE at the end is none
    with pytest.raises(BoardError, match=r"^simulated board: hyperdrive: descriptor \d+ refused: "
                       r"MAGIC \(code 1\)$"):
        machine.run(broken, weights, pixels, stimulus.out_words)
    check(machine, stimulus)
    out, reports = stimulus.out_words, count_descriptors(words)
    for given, waits, left in (
            ((words, weights[:-1], pixels, out, reports), "weights", "results"),
            ((words, weights, pixels[:-1], out, reports), "pixels", "results"),
            ((words[:-1], weights, pixels, out, reports), "descriptors", "results"),
            ((words, weights, pixels, out + 3, reports), "descriptors", "results 3$"),
            ((words, weights, pixels, out, reports + 1), "descriptors", "reports 5$"),
            ((words, weights, pixels, out - 1, reports), "results", "nothing$")):
        assert machine.request(*given, stalled=3000) == 3
        assert re.match(r"hyperdrive: no word moved for 3000 cycles; the chip waits for [a-z ]*"
                        rf"{waits}[a-z ]*; left: .*{left}", machine.said()), machine.said()
        check(machine, stimulus)


@pytest.mark.slow
def test_a_reset_amid_a_layer_leaves_nothing(machine, soc_model):
    stimulus = layers(machine.config, 2)
    words, weights, pixels = stimulus.arrays()
    # The chip waits for the last weights when the reset comes.
    machine.board.send(np.array([len(words), len(weights) - 1, len(pixels), stimulus.out_words, 9,
                                 0], np.uint32))
    machine.board.send(np.concatenate([words, weights[:-1].ravel(),
                                       pixels[:len(pixels) // 2 * 2].view("<u4")]))
    machine.board._rest()
    assert soc_model.busy
    machine.start()
    check(machine, stimulus)


@pytest.mark.slow
@pytest.mark.parametrize(("results", "reports", "words"), [
    (2**32 - 1, 0, "2147483648"), (0, 2**32 - 1, "more than 4294967295"),
    (0, 0x33333334, "more than 4294967295")])
def test_counts_whose_sum_has_more_than_32_bits_are_too_large(machine, results, reports, words):
    """Added up in 32 bits these are 0 words, or few: the chip would write over the program."""
    with pytest.raises(BoardError, match=rf"it said: server: a request of {words} words, room is "
                       r"for 6144$"):
        machine.request(np.zeros(0), np.zeros(0), np.zeros(0), results, reports)
    machine.start()
    assert machine.stop().end == End.STORED


@pytest.mark.slow
def test_a_request_that_is_too_large_is_refused(machine):
    with pytest.raises(BoardError, match=r"^simulated board: the program ended before it took all "
                       r"words that were sent: failed: test 3; it said: server: a request of 9000 "
                       r"words, room is for 6144$"):
        machine.request(np.zeros(0), np.zeros(0), np.zeros(18000), 0, 0)
    machine.start()
    assert machine.stop().end == End.STORED


@pytest.mark.slow
def test_the_selftest_passes(board, monkeypatch):
    # All of the memory over the line takes minutes; the core's board has that test.
    monkeypatch.setattr("flexdrive_sim.board.selftest._store", lambda *_: "store")
    lines = list(selftest(board, None, line=1, layers=1))
    assert lines[0].startswith("identity: Flex-V core with 65,536 bytes beside 2 x 2 tiles of 4")
    assert lines[-1] == ("1 programs of random layers, sent by the core, every word equal to the "
                         "golden model")
