# amaranth: UnusedElaboratable=no
"""The memory of a core: random accesses against a dictionary, errors, block RAM, parameters."""

import json
import random
from types import SimpleNamespace

import pytest
from amaranth.back import rtlil
from amaranth.sim import Simulator

import flexdrive as fd
from flexdrive.bus.obi_ram import ObiRam
from flexdrive_deploy.tools import run_yosys

BASE, SIZE = 0x80000000, 64


def test_random_accesses():
    """Every response of 400 cycles: its cycle, its error, its word; loads of what was stored."""
    rng = random.Random(1)
    program = SimpleNamespace(segments=[(BASE + 4, bytes(range(1, 11)), 14)])
    words = {BASE + 4 * i: 0 for i in range(SIZE // 4)} | {
        BASE + 4: 0x04030201, BASE + 8: 0x08070605, BASE + 12: 0x0A09}
    dut = ObiRam(init=program, base=BASE, size=SIZE)

    async def bench(ctx):
        for _ in range(400):
            fetch, access, store = rng.random() < 0.7, rng.random() < 0.7, rng.random() < 0.5
            places = [rng.choice([*words, BASE - 4, BASE + SIZE, 0]) for _ in range(2)]
            enables, value = rng.randrange(16), rng.randrange(1 << 32)
            for signal, setting in (
                    (dut.ibus.req, fetch), (dut.ibus.addr, places[0]), (dut.dbus.req, access),
                    (dut.dbus.addr, places[1]), (dut.dbus.we, store), (dut.dbus.be, enables),
                    (dut.dbus.wdata, value)):
                ctx.set(signal, setting)
            assert ctx.get(dut.ibus.gnt) == ctx.get(dut.dbus.gnt) == 1
            await ctx.tick()
            if access and store and places[1] in words:
                mask = sum(0xFF << 8 * i for i in range(4) if enables >> i & 1)
                words[places[1]] = words[places[1]] & ~mask | value & mask
            for bus, asked, place, read in ((dut.ibus, fetch, places[0], True),
                                            (dut.dbus, access, places[1], not store)):
                assert ctx.get(bus.rvalid) == asked
                assert ctx.get(bus.err) == (asked and place not in words)
                if asked and read and place in words:
                    assert ctx.get(bus.rdata) == words[place]

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()


@pytest.mark.slow
def test_one_block_ram_for_both_ports(tmp_path):
    """8 KB are four block RAMs of 16 Kbit of an ECP5; a second copy would be four more."""
    (tmp_path / "ram.il").write_text(rtlil.convert(ObiRam(size=8192), name="ram"))
    shown = run_yosys("read_rtlil ram.il\nsynth_ecp5 -noabc9 -top ram\n"
                      "tee -q -o cells.json stat -json", cwd=tmp_path)
    cells = json.loads((tmp_path / "cells.json").read_text())["design"]["num_cells_by_type"]
    assert cells["DP16KD"] == 4, shown


@pytest.mark.parametrize(("parameters", "message"), [
    ({"size": 48}, "a power of two"), ({"base": 4}, "a multiple of the size"),
    ({"init": range(17), "size": 64}, "init has 68"),
    ({"init": SimpleNamespace(segments=[(60, b"12345", 8)]), "size": 64}, "does not hold the seg"),
])
def test_what_is_not_possible_is_one_error(parameters, message):
    with pytest.raises(fd.FlexdriveError, match=message):
        ObiRam(**parameters)


def test_presets_of_cores():
    assert "m" not in fd.flexv.CoreConfig.preset("rv32ic").extensions
    assert fd.flexv.CoreConfig.preset("flexv") == fd.flexv.CoreConfig()
    with pytest.raises(fd.FlexdriveError, match="'rv64' is no preset of a core; there are rv32ic"):
        fd.flexv.CoreConfig.preset("rv64")
