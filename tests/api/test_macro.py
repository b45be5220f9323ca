# amaranth: UnusedElaboratable=no
"""Components of ours in somebody else's Amaranth design."""

import re

import pytest
from amaranth.hdl import Cat, Elaboratable, Module, Signal, Value
from amaranth.lib import io, wiring
from amaranth.lib.wiring import In, Out
from amaranth.sim import Simulator
from amaranth_boards.ulx3s import ULX3S_85F_Platform

import flexdrive as fd
from flexdrive.fp16 import Adder

pytestmark = pytest.mark.slow

PRESETS = fd.hyperdrive.PRESETS


class _Top(Elaboratable):
    """A design around some chips: every output is used, every input driven."""

    def __init__(self, *components):
        self.components = components

    def elaborate(self, platform):
        m = Module()
        seen = Signal(len(self.components))
        for i, component in enumerate(self.components):
            m.submodules[f"part{i}"] = component
            bits = []
            for _, member, value in component.signature.flatten(component):
                if member.flow == In:
                    m.d.sync += value.eq(value + 1)
                else:
                    bits.append(Value.cast(value).xor())
            m.d.comb += seen[i].eq(Cat(bits).xor())
        m.submodules.led = led = io.Buffer("o", platform.request("led", 0, dir="-"))
        m.d.comb += led.o.eq(seen.any())
        return m


def _files(*components):
    return ULX3S_85F_Platform().build(_Top(*components), do_build=False).files


def _verilog(files):
    return {name: content for name, content in files.items()
            if name.endswith(".v") and not name.startswith("top.")}


def test_a_chip_is_emitted_once_for_each_distinct_module():
    files = _files(fd.Macro(fd.hyperdrive.Chip(PRESETS["digits"])))
    verilog = _verilog(files)
    assert len(verilog) == 22
    assert sum(map(len, verilog.values())) < 400_000
    # The user's own top, and nothing of the chip's inside.
    assert len(files["top.il"]) < 40_000
    for name, text in verilog.items():
        assert re.findall(r"^module (\w+)", text, re.M) == [name.removesuffix(".v")]
        assert name in files["top.ys"]
    defined = {name.removesuffix(".v") for name in verilog}
    used = set(re.findall(r"^  (\w+) \\?\w+ \($", "".join(verilog.values()), re.M))
    assert used <= defined


def test_two_chips_share_their_modules():
    tiny, digits = (fd.hyperdrive.Chip(PRESETS[name]) for name in ("tiny", "digits"))
    alone = _verilog(_files(fd.Macro(fd.hyperdrive.Chip(PRESETS["digits"]))))
    both = _verilog(_files(fd.Macro(tiny), fd.Macro(digits)))
    assert alone.items() <= both.items()
    twice = _verilog(_files(*(fd.Macro(fd.hyperdrive.Chip(PRESETS["digits"])) for _ in range(2))))
    assert twice == alone


def test_different_modules_of_one_name_are_refused_and_the_advice_works():
    first, second = (fd.flexv.CoreConfig.preset(name) for name in ("rv32ic", "rv32imc"))
    with pytest.raises(fd.FlexdriveError, match=r"another module 'core'.*name=\.\.\."):
        _files(fd.Macro(fd.flexv.Core(first)), fd.Macro(fd.flexv.Core(second)))


class _Sum(wiring.Component):
    a: In(16)
    b: In(16)
    y: Out(16)

    def elaborate(self, platform):
        m = Module()
        m.submodules.adder = adder = fd.Macro(Adder(depth=2))
        m.d.comb += [adder.a.eq(self.a), adder.b.eq(self.b), self.y.eq(adder.y)]
        return m


def test_in_the_simulator_it_is_the_component_itself():
    dut = _Sum()
    simulator = Simulator(dut)
    simulator.add_clock(1e-6)

    async def bench(ctx):
        ctx.set(dut.a, 0x3C00)              # 1
        ctx.set(dut.b, 0x4000)              # 2
        await ctx.tick().repeat(2)
        assert ctx.get(dut.y) == 0x4200     # 3

    simulator.add_testbench(bench)
    simulator.run()
