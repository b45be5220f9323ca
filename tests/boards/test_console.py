"""The console of a core on a board: every access of random ones, and where it stands."""

import random
import re
from pathlib import Path

import pytest
from amaranth.sim import Simulator

from flexdrive.boards.console import CONSOLE, Console
from flexdrive_sim.flexv.drive import devices

WORDS = 4


@pytest.mark.parametrize("patience", [0.05, 0.15])
def test_random_accesses(patience):
    """Each access goes to the memory or the ring, once, and has the response of either; characters
    come in order, none is lost while the ring is full. ``patience``: how often words are taken."""
    rng = random.Random(1)
    dut = Console(WORDS)
    printed, seen, full = [], [], 0

    async def bench(ctx):
        nonlocal full
        answers, asked, freed = None, False, 0
        for _ in range(600):
            if not asked:
                place = rng.choice([CONSOLE, CONSOLE, CONSOLE + 4, 0, 0x80000000])
                store, enables, word = rng.random() < 0.7, rng.randrange(16), rng.randrange(1 << 32)
                ctx.set(dut.dbus.addr, place)
                ctx.set(dut.dbus.we, store)
                ctx.set(dut.dbus.be, enables)
                ctx.set(dut.dbus.wdata, word)
                asked = rng.random() < 0.8
                ctx.set(dut.dbus.req, asked)
            memory = rng.random() < 0.7
            ctx.set(dut.memory.gnt, memory)
            here, prints = place == CONSOLE, place == CONSOLE and store and enables & 1
            # The response to the access before.
            response = rng.randrange(1 << 32) if answers == "memory" else rng.randrange(2)
            error = answers == "memory" and rng.random() < 0.2
            ctx.set(dut.memory.rvalid, answers == "memory")
            ctx.set(dut.memory.rdata, response)
            ctx.set(dut.memory.err, error)
            assert ctx.get(dut.dbus.rvalid) == (answers is not None)
            assert ctx.get(dut.dbus.err) == error
            if answers is not None:
                assert ctx.get(dut.dbus.rdata) == (response if answers == "memory" else 0)
            # The ring.
            room = len(printed) - freed < WORDS
            granted = asked and (memory if not here else room or not prints)
            assert ctx.get(dut.full) == (asked and bool(prints) and not room)
            full += ctx.get(dut.full)
            if asked:
                assert ctx.get(dut.dbus.gnt) == granted
            assert ctx.get(dut.memory.req) == (asked and not here)
            for name in ("addr", "we", "be", "wdata"):
                assert ctx.get(getattr(dut.memory, name)) == ctx.get(getattr(dut.dbus, name))
            assert (ctx.get(dut.written), ctx.get(dut.freed)) == (len(printed), freed)
            take = len(printed) > freed and rng.random() < patience
            ctx.set(dut.freeing, take)
            ctx.set(dut.free, freed + 1)
            ctx.set(dut.address, freed % WORDS)
            await ctx.tick()
            if take:
                # The word at an address is there one cycle later.
                seen.append(ctx.get(dut.word))
                freed += 1
            answers = ("ring" if here else "memory") if granted else None
            if granted:
                asked = False
                if prints:
                    printed.append(word & 0xFF)

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    assert len(seen) > 20
    assert full
    assert seen == printed[:len(seen)]


def test_one_address_for_programs_simulators_and_boards():
    header = (Path(__file__).parents[2] / "firmware/flexv.h").read_text()
    (place,) = re.findall(r"FLEXV_CONSOLE \(\(volatile uint8_t \*\)(0x\w+)\)", header)
    assert int(place, 16) == CONSOLE == devices.CONSOLE
