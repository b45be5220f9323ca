# amaranth: UnusedElaboratable=no
"""From a board to what the tools read: constraints, clocks, resets, errors of the flow."""

import json
import re
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from amaranth.sim import Simulator

from flexdrive.boards.clock_plan import XILINX7_PLL, ClockPlan
from flexdrive.boards.config import CoreSystemConfig, DotpSystemConfig, SystemConfig
from flexdrive.boards.reset import ResetTimer
from flexdrive.boards.xilinx_top import XilinxTop
from flexdrive.emit import port_list
from flexdrive.errors import ConfigurationError, FlexdriveError
from flexdrive.flexv.core import CoreConfig
from flexdrive.hyperdrive import PRESETS
from flexdrive_deploy.board import fit as fitting
from flexdrive_deploy.board import flow, programmer, vendor
from flexdrive_deploy.board.boards import BOARDS, board_named, system_for
from flexdrive_deploy.board.errors import BoardError
from flexdrive_deploy.board.vendor import VENDOR_BOARDS
from flexdrive_deploy.hdl.sdc import ASIC, asic
from flexdrive_deploy.hyperdrive.program import config_hash
from flexdrive_deploy.tools import ToolError, run_yosys

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
@pytest.mark.parametrize("name", BOARDS)
def test_constraints_are_those_of_the_repository(name):
    board = board_named(name)
    assert flow.constraints(board) == (
        ROOT / "constraints" / f"{name}{board.family.pins}").read_text()


@pytest.mark.parametrize("name", VENDOR_BOARDS)
def test_constraints_of_the_vendors_tool_are_those_of_the_repository(name):
    text = vendor.xdc(VENDOR_BOARDS[name])
    assert text == (ROOT / "constraints" / f"{name}.xdc").read_text()
    ports = re.findall(r"PACKAGE_PIN (\w+) .*get_ports (\w+)\]", text)
    top = XilinxTop(VENDOR_BOARDS[name].system, None)
    assert {port for _, port in ports} == set(top.signature.members)
    assert len({pin for pin, _ in ports}) == len(ports)


@pytest.mark.parametrize("name", ASIC)
def test_constraints_of_an_asic_are_those_of_the_repository(name):
    text = asic(name)
    assert text == (ROOT / "constraints" / f"{name}.sdc").read_text()
    delayed = re.findall(r"^set_(?:in|out)put_delay -clock (\w+) \$\w+ \[get_ports \{?(\w+)", text,
                         re.M)
    clocks = re.findall(r"^create_clock -name (\w+) -period \$period \[get_ports \1\]", text, re.M)
    component = ASIC[name][2]()
    component._MustUse__used = True     # only its ports are looked at
    ports = {port.name for port in port_list(component)} | {"clk", "rst"}
    assert {port for _, port in delayed} | set(clocks) == ports
    assert len(delayed) + len(clocks) == len(ports)
    if len(clocks) > 1:
        # What a neighbour sends comes with its clock, what it is told with ours.
        found = {port: clock for clock, port in delayed}
        assert [found[port] for port in ("o_west_credit_valid", "i_west_credit_valid",
                                         "o_west_data", "rst")] == ["west_clk", "clk", "clk", "clk"]


@pytest.mark.slow
def test_a_project_for_the_vendors_tool_is_whole(tmp_path):
    """Its Verilog has the vendor's cells with ports and parameters that they have; one file each
    that the script reads; the build hash is in it."""
    board = VENDOR_BOARDS["arty-a7-35"]
    files, config = vendor.project(board, _small(board))
    script = files["build.tcl"]
    assert set(re.findall(r"^read_\w+ (\S+)$", script, re.M)) == set(files) - {
        "build.tcl"}
    assert f"-top {vendor._TOP} -part xc7a35ticsg324-1L" in script
    assert config.build != 0
    numbers = {int(digits, {"h": 16, "d": 10}[base]) for base, digits in re.findall(
        r"32'([hd])([0-9a-f]+)", files[f"{vendor._TOP}.v"])}
    assert {config.build >> 32, config.build & 0xFFFFFFFF} <= numbers
    (tmp_path / "top.v").write_text(files[f"{vendor._TOP}.v"])
    check = ("read_verilog -lib +/xilinx/cells_sim.v +/xilinx/cells_xtra.v\nread_verilog top.v\n"
             f"hierarchy -check -top {vendor._TOP}\nproc\ncheck -assert\n")
    run_yosys(check, cwd=tmp_path)
    (tmp_path / "top.v").write_text((tmp_path / "top.v").read_text().replace(".LOCKED(", ".LOCK("))
    with pytest.raises(ToolError, match="does not have a port named 'LOCK'"):
        run_yosys(check, cwd=tmp_path)


@pytest.mark.parametrize(("name", "design"), [
    (name, design) for name, board in BOARDS.items() for design in board.systems])
def test_clocks_of_boards_are_exact_and_within_the_limits(name, design):
    board = board_named(name)
    clock = board.systems[design].clock
    if not board.family.pll:
        assert clock == board.source
        return
    plan = ClockPlan.of(board.source, clock)
    assert plan.clock == clock
    assert 10e6 <= plan.detector <= 400e6
    assert 400e6 <= plan.oscillator <= 800e6


def test_a_clock_that_the_pll_cannot_make_is_refused():
    assert ClockPlan.of(100_000_000, 50_000_000, XILINX7_PLL) == ClockPlan(100_000_000, 1, 12, 24)
    assert ClockPlan.of(25_000_000, 60_000_000) == ClockPlan(25_000_000, 1, 24, 10)
    with pytest.raises(ConfigurationError, match=r"^61\.5 MHz is not possible from 25 MHz with the "
                       r"PLL of an ECP5\. What would pass: 61\.\d+ or 61\.\d+ MHz$"):
        ClockPlan.of(25_000_000, 61_500_000)
    # 134 is 67 / 50 of it, and the largest multiplier is 64.
    with pytest.raises(ConfigurationError, match=r"^134 MHz is not possible from 100 MHz with the "
                       r"PLL of a 7 Series FPGA\. What would pass: 133\.333 or 134\.091 MHz$"):
        ClockPlan.of(100_000_000, 134_000_000, XILINX7_PLL)
    with pytest.raises(ConfigurationError, match="takes 8 to 400 MHz, not 3"):
        ClockPlan.of(3_000_000, 60_000_000)


def test_the_reset_waits_for_the_clock_and_lasts():
    timer, levels = ResetTimer(cycles=5), []

    async def bench(ctx):
        for cycle in range(60):
            ctx.set(timer.locked, 10 <= cycle < 40)
            ctx.set(timer.request, cycle == 25)
            levels.append(ctx.get(timer.reset))
            await ctx.tick()

    simulator = Simulator(timer)
    simulator.add_clock(1e-8)
    simulator.add_testbench(bench)
    simulator.run()
    high = [cycle for cycle, level in enumerate(levels) if level]
    # From power-up; after the lock two registers and the count; for a request; without the lock.
    assert high == [*range(0, 18), *range(26, 32), *range(43, 60)]


def _small(board):
    """A configuration of a board that is quick to emit."""
    return replace(board.system, chip=PRESETS["tiny"], program_words=64, weight_words=64,
                   pixel_words=64, result_words=64, report_words=64)


@pytest.mark.slow
def test_a_plan_carries_the_hash_of_itself_and_of_nothing_else():
    board = board_named("ulx3s-85f")
    config = _small(board)
    files, made = flow.plan_for(board, config)
    again, same = flow.plan_for.__wrapped__(board, config)
    assert made.build == same.build != 0
    assert files == again
    assert str(ROOT).encode() not in b"".join(files.values())
    _, other = flow.plan_for(board, replace(config, pixel_words=128))
    assert other.build != made.build


def test_a_clock_that_was_not_constrained_is_no_timing():
    board = board_named("ulx3s-85f")
    with pytest.raises(FlexdriveError, match="no clock was placed for 50 MHz, but clk at 12; the "
                       "timing says nothing"):
        flow._clock(board, {"clk": {"constraint": 12.0, "achieved": 80.0}}, 50.0)
    assert flow._clock(board, {"a": {"constraint": 25.0, "achieved": 300.0},
                               "b": {"constraint": 50.0, "achieved": 61.0}},
                       50.0)["achieved"] == 61.0


def _tool(reached, family, name, arguments, place, what, notify):
    """Leaves what a tool leaves; ``reached``: seed -> MHz."""
    if name == "nextpnr":
        seed = int(arguments[arguments.index("--seed") + 1])
        (place / f"seed{seed}.part").write_text(json.dumps({
            "fmax": {"clk": {"constraint": 50.0, "achieved": reached[seed]}},
            "utilization": {"TRELLIS_COMB": {"used": 7, "available": 83640}}}))
    elif name == "packer":
        (place / "top.bit").write_bytes(b"bits of " + arguments[1].encode())


@pytest.fixture
def tools(monkeypatch, tmp_path):
    """The flow with tools that only leave reports; returns seed -> MHz, to be filled, and the
    list of places where something was synthesised."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    reached, mapped = {}, []

    def synthesised(script, *, cwd, what, notify=None):
        assert "-json top.part" in script
        mapped.append(cwd)
        (cwd / "top.part").write_text(json.dumps({"modules": {"top": {"cells": {
            "system.chip.array.tile_0_0.a_LUT4_Z": {"type": "LUT4"},
            "system.executor.b": {"type": "LUT4"}, "$abc$1": {"type": "LUT4"},
            "reset$1.left": {"type": "TRELLIS_FF"}, "system": {"type": "$scopeinfo"}}}}}))

    monkeypatch.setattr(flow, "run_yosys", synthesised)
    monkeypatch.setattr(flow, "_tool", partial(_tool, reached))
    return reached, mapped


@pytest.mark.slow
def test_a_miss_says_what_would_pass(tools):
    reached, mapped = tools
    reached |= {1: 41.27, 2: 44.9}
    board = board_named("ulx3s-85f")
    config = _small(board)
    with pytest.raises(FlexdriveError, match=r"timing is not met: 44\.90 MHz with seed 2, the best "
                       r"of 2, not 50\. What would pass: --freq 44"):
        flow.build(board, config, (1, 2))
    reached[3] = 51.0
    made = flow.build(board, config, (1, 2, 3))
    assert made.best.seed == 3
    assert len(mapped) == 1
    assert made.bitstream.read_bytes() == b"bits of seed3.config"
    manifest = json.loads((made.place / "manifest.json").read_text())
    assert manifest["system"]["build"] == f"{made.config.build:016x}"
    assert [seed["reached"] for seed in manifest["seeds"]] == [41.27, 44.9, 51.0]
    assert {name: dict(cells) for name, cells in flow.parts(made.place).items()} == {
        "chip.array": {"LUT4": 1}, "executor": {"LUT4": 1}, "(names of the tools)": {"LUT4": 1},
        "clock, reset, lights": {"TRELLIS_FF": 1}}


def test_the_largest_chip_that_reaches_its_clock_is_found(monkeypatch):
    board, tried, slow = board_named("ulx3s-85f"), [], {32, 24}

    def build(board, config, seeds, *, notify):
        assert config.configuration == int(config_hash(config.chip), 16)
        if config.chip.channels in slow:
            raise FlexdriveError("timing is not met\nmore")
        return config

    monkeypatch.setattr(fitting, "synthesise", lambda board, config, notify: (config, config))
    monkeypatch.setattr(fitting, "parts", lambda config: {
        "a": {"LUT4": config.chip.channels}, "b": {"LUT4": 1}})
    monkeypatch.setattr(fitting, "build", build)
    made = fitting.fit(board, board.system, tried=tried.append)
    assert made.chip == replace(board.system.chip, channels=16)
    assert tried == [fitting.Tried(32, 128, 33, "timing is not met"),
                     fitting.Tried(24, 96, 25, "timing is not met"), fitting.Tried(16, 64, 17, "")]
    slow |= {16, 8}
    with pytest.raises(FlexdriveError, match="timing is not met"):
        fitting.fit(board, board.system)


@pytest.mark.parametrize(("change", "message"), [
    ({"baud": 7_000_000}, "7,000,000 baud is not possible with a clock of 60 MHz"),
    ({"result_words": 100}, "result_words = 100 is not possible: a power of two from 64"),
    ({"weight_words": 1}, "weight_words = 1 is not possible: 2 to 1048576 words"),
    ({"chip": replace(PRESETS["tiny"], mesh=True)}, "a chip with links is no design for one board"),
    ({"chip": replace(PRESETS["tiny"], channels=40)}, "at most 32, or a multiple of 32"),
    ({"silence": 1e-6}, "longer than two bytes"),
    ({"build": 1 << 64}, "build is no number of 64 bits"),
])
def test_systems_that_cannot_be_are_refused(change, message):
    with pytest.raises(ConfigurationError, match=message):
        SystemConfig(**change)


def test_cores_and_units_that_cannot_be_are_refused():
    with pytest.raises(ConfigurationError, match="memory_words = 1000 is not possible: a power of"):
        CoreSystemConfig(memory_words=1000)
    with pytest.raises(ConfigurationError, match="core has rvfi = True"):
        CoreSystemConfig(core=CoreConfig(rvfi=True))
    with pytest.raises(ConfigurationError, match="structure = 'tree' is not possible: one of "):
        DotpSystemConfig(structure="tree")


def test_unknown_boards_are_named_with_those_that_there_are():
    with pytest.raises(ConfigurationError, match="There is no board 'ulx4s'; there are ulx3s-85f"):
        board_named("ulx4s")
    with pytest.raises(ConfigurationError, match=r"there are .*tiny, digits"):
        system_for("ulx4s")


def test_a_design_that_a_board_has_not_is_refused_with_those_that_it_has():
    with pytest.raises(ConfigurationError, match=r"^icebreaker has no design hyperdrive: the "
                       r"smallest one takes 4,836 of the 5,280 LUT4 without its link\. What would "
                       r"pass: --design dotp, or another board$"):
        system_for("icebreaker", design="hyperdrive")
    with pytest.raises(ConfigurationError, match="icebreaker has no design hyperdrive"):
        system_for("icebreaker", PRESETS["tiny"])
    with pytest.raises(ConfigurationError, match=r"ulx3s-85f has no design dotp\. What would pass: "
                       "--design hyperdrive or --design flexv, or another board"):
        system_for("ulx3s-85f", design="dotp")
    with pytest.raises(ConfigurationError, match="a configuration of a chip is for the design"):
        system_for("ulx3s-85f", PRESETS["tiny"], "flexv")
    board = board_named("icebreaker")
    with pytest.raises(ConfigurationError, match=r"13 MHz is not possible: .*pass: 12 MHz"):
        flow.plan_for(board, replace(board.system, clock=13_000_000))


def test_programming_needs_the_tool_and_the_right_part(monkeypatch, tmp_path):
    board, file = board_named("ulx3s-85f"), tmp_path / "top.bit"
    with pytest.raises(BoardError, match=r"top\.bit is no file"):
        programmer.write(board, file)
    file.write_bytes(b"")
    monkeypatch.setattr(programmer.shutil, "which", lambda name: None)
    with pytest.raises(BoardError, match=r"openFPGALoader is not installed\. What would pass: apt"):
        programmer.write(board, file)
    ran = []

    class Result:
        stdout, stderr = "idcode 0x21111043\n", ""

    monkeypatch.setattr(programmer.shutil, "which", lambda name: name)
    monkeypatch.setattr(programmer, "run_tool", lambda command, *_: ran.append(command) or Result)
    with pytest.raises(BoardError, match="has IDCODE 0x41113043; 0x21111043 answers"):
        programmer.write(board, file)
    assert ran == [["openFPGALoader", "-b", "ulx3s", "--detect"]]
    Result.stdout = "idcode 0x41113043\n"
    programmer.write(board, file)
    assert ran[-1] == ["openFPGALoader", "-b", "ulx3s", str(file)]
