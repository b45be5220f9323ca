"""Turns at a bank of L1: the RTL, its cycle model, and what both promise."""

import numpy as np
import pytest
from amaranth.sim import Simulator

from flexdrive.flexv.cluster.l1 import Bank
from flexdrive_sim.flexv.cycles.arbiter import Bank as BankTurns

MASTERS = 5


def _grants(first, requests):
    """What the RTL grants, cycle by cycle."""
    bank, found = Bank(MASTERS, 8, first=first), []

    async def ask(context):
        for each in requests:
            context.set(bank.request, int(each))
            await context.delay(1e-7)
            found.append(context.get(bank.grant))
            await context.tick()

    simulator = Simulator(bank)
    simulator.add_clock(1e-6)
    simulator.add_testbench(ask)
    simulator.run()
    return found


@pytest.mark.parametrize("first", [0, 0b01000, 0b00110, 0b11111])
def test_model_and_rtl_grant_alike(first):
    rng = np.random.default_rng(first)
    # Idle cycles, single requests and crowds.
    requests = rng.integers(0, 32, 600) & rng.choice([0, 0b10101, 31, 31], 600)
    turns = BankTurns(first)
    assert _grants(first, requests) == [
        turns.take(int(each), cycle) for cycle, each in enumerate(requests)]


def test_a_user_in_front_has_every_second_cycle_and_others_their_turns():
    assert _grants(0b00100, [0b10101] * 10) == [
        0b00100, 0b00001, 0b00100, 0b00100, 0b00100, 0b10000, 0b00100, 0b00001, 0b00100, 0b00100]


def test_two_users_in_front_leave_the_third_its_turn():
    assert _grants(0b00011, [0b00111] * 6) == [
        0b00001, 0b00001, 0b00010, 0b00010, 0b00001, 0b00100]
