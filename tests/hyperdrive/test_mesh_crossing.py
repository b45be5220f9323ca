"""Chips with clocks of their own: two of them compute one image over links between boards."""

import pytest
from amaranth.hdl import ClockSignal, DomainRenamer, Module
from amaranth.lib import wiring
from amaranth.sim import Simulator

from flexdrive.hyperdrive import ChipConfig
from flexdrive.hyperdrive.descriptor.encoding import encode, iterate
from flexdrive.hyperdrive.descriptor.fields import Code, Operation
from flexdrive.hyperdrive.link import LinkConfig
from flexdrive.hyperdrive.mesh_chip import MeshChip, MeshOptions
from flexdrive_deploy.hyperdrive.mesh_borders import (
    patches,
    split_program,
    whole_config,
    without_borders,
)
from flexdrive_sim.hyperdrive.drive.mesh import random_chain
from flexdrive_sim.hyperdrive.golden.chip import GoldenChip

pytestmark = pytest.mark.slow

CHIP = ChipConfig(rows=1, columns=1, channels=2, fm_words=256, fm_banks=2, weight_words=80,
                  mesh=True, border_words=64, corner_words=16)
OPTIONS = MeshOptions(link=LinkConfig(width=8, crc=8, reverse_width=4), crossing=True)
# Neither clock is a multiple of the other.
# Steps of the simulator, some for each clock edge.
LIMIT = 20_000
PERIODS = {"left": 10e-9, "right": 7.3e-9}


def source(stream, words, domain):
    async def bench(ctx):
        for word in words:
            ctx.set(stream.payload, int(word))
            ctx.set(stream.valid, 1)
            await ctx.tick(domain).until(stream.ready)
        ctx.set(stream.valid, 0)
    return bench


def sink(stream, count, found, domain):
    async def bench(ctx):
        ctx.set(stream.ready, 1)
        while len(found) < count:
            *_, word = await ctx.tick(domain).sample(stream.payload).until(stream.valid)
            found.append(word)
    return bench


@pytest.mark.parametrize("seed", [2, pytest.param(5, marks=pytest.mark.thorough)])
def test_two_clocks(seed):
    stimulus = random_chain(CHIP, 1, 2, seed, layers=2)
    words, weights, pixels = stimulus.arrays()
    commands = list(iterate(words))
    golden = GoldenChip(whole_config(CHIP, 1, 2))
    stored = golden.run(golden.checked(without_borders(commands)), weights, pixels)
    expected = patches(CHIP, 1, 2, commands, stored, Operation.STORE)
    inputs = patches(CHIP, 1, 2, commands, pixels, Operation.LOAD)
    programs = split_program(CHIP, 1, 2, commands)

    m = Module()
    chips = {"left": MeshChip(CHIP, OPTIONS), "right": MeshChip(CHIP, OPTIONS)}
    for name, chip in chips.items():
        m.submodules[name] = DomainRenamer(name)(chip)
    left, right = chips.values()
    m.d.comb += [left.neighbours.eq(0b1000), right.neighbours.eq(0b0100),
                 left.east_clk.eq(ClockSignal("right")), right.west_clk.eq(ClockSignal("left"))]
    for one, other, side, back in ((left, right, "east", "west"), (right, left, "west", "east")):
        wiring.connect(m, getattr(one, f"o_{side}"), getattr(other, f"i_{back}"))
        wiring.connect(m, getattr(other, f"i_{back}_credit"), getattr(one, f"o_{side}_credit"))

    sim = Simulator(m)
    out, reports = {}, {}
    for (name, chip), at in zip(chips.items(), programs, strict=True):
        sim.add_clock(PERIODS[name], domain=name)
        out[at], reports[at] = [], []
        for stream, values in (("i_descriptors", encode(programs[at])), ("i_pixels", inputs[at]),
                               ("i_weights", weights[:, 0])):
            sim.add_testbench(source(getattr(chip, stream), values, name), background=True)
        sim.add_testbench(sink(chip.o_pixels, len(expected[at]), out[at], name))
        sim.add_testbench(sink(chip.o_reports, len(programs[at]), reports[at], name))
    # Until all words are there, or nothing comes any more.
    for _ in range(LIMIT):
        if not sim.advance():
            break
    for at in programs:
        assert [report.code for report in reports[at]] == [Code.OK] * len(reports[at])
        assert len(reports[at]) == len(programs[at])
        assert out[at] == expected[at].tolist()
