"""``flexdrive synth``: figures by block and component, the clock, refusals."""

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner

from flexdrive.emit import emit_rtlil
from flexdrive.errors import FlexdriveError
from flexdrive.fp16 import Adder
from flexdrive.hyperdrive import PRESETS
from flexdrive.hyperdrive.tile.tile import Tile
from flexdrive_cli.synth import DEVICES as OFFERED
from flexdrive_cli.synth import command
from flexdrive_deploy.hdl.synth import DEVICES, synthesise
from flexdrive_deploy.hdl.synth.hierarchy import AROUND, Hierarchy
from flexdrive_deploy.hdl.synth.serial_top import SerialTop

pytestmark = pytest.mark.slow


def _run(*arguments):
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def test_the_devices_are_those_of_the_flow():
    assert tuple(DEVICES) == OFFERED


def test_names_lead_back_to_components():
    tile = Tile(PRESETS["tiny"])
    hierarchy = Hierarchy(emit_rtlil(SerialTop(tile), name="top"), ("chip",))
    place = hierarchy.place
    path, signal = place("chip.unit1.adder.aligned_smaller_LUT4_Z_3")
    assert path is not None
    assert path == ("unit1", "adder")
    assert signal == "aligned_smaller"
    assert hierarchy.component(path) == "fp16.add.Adder"
    assert hierarchy.component(path[:1]) == "hyperdrive.tile.accumulate_unit.AccumulateUnit"
    assert hierarchy.component(()) == "hyperdrive.tile.tile.Tile"
    assert place("chip.word_TRELLIS_FF_Q_12") == ((), "word")
    assert place("chip.unit0.y[3]") == (("unit0",), "y")
    assert place("stimulus_TRELLIS_FF_Q") == (AROUND, "stimulus")
    assert place("$abc$12$auto$3") == (None, "")


def test_blocks_of_gates_add_up(tmp_path):
    config = replace(PRESETS["tiny"], channels=3)
    made = synthesise(Tile(config), DEVICES["generic"], tmp_path)
    groups = made.grouped(1)
    assert {("unit0",), ("unit1",), ("unit2",), ("tail",), ()} <= set(groups)
    assert sum(sum(cells.values()) for cells in groups.values()) == sum(made.cells.values())
    # An adder is most of a unit, and three units and a tail most of a tile.
    units = [made.logic(groups["unit" + str(number),]) for number in range(3)]
    assert min(units) > 0.9 * max(units) > 500
    assert sum(units) + made.logic(groups["tail",]) > 0.8 * made.logic(made.cells)
    # One memory a bank stays a memory; the registers of three accumulators and their weights.
    assert made.registers(groups["unit0",]) >= 17


def test_components_mapped_apart_are_all_alike(tmp_path):
    config = replace(PRESETS["tiny"], channels=3)
    made = synthesise(Tile(config), DEVICES["generic"], tmp_path, apart=True)
    groups = made.grouped(1)
    assert groups["unit0",] == groups["unit1",] == groups["unit2",]
    assert made.logic(groups["unit0",]) > 500
    assert made.registers(groups["unit0",]) >= 17
    assert sum(sum(cells.values()) for cells in groups.values()) == sum(made.cells.values())


def test_a_device_that_is_too_small_is_named(tmp_path):
    small = replace(DEVICES["ecp5-85k"], name="small", part="a part", limits={"LUT4": 10})
    with pytest.raises(FlexdriveError, match=r"It needs \d+ LUT4, small \(a part\) has 10; a "
                                             r"component with fewer units or words would pass"):
        synthesise(Adder(), small, tmp_path)


def test_clock_and_critical_path(tmp_path):
    result = _run("fp16-add", "--freq", 900, "--json", tmp_path / "figures.json")
    figures = json.loads((tmp_path / "figures.json").read_text())
    (routed,) = figures["routed"]
    assert 20 < routed["megahertz"] < 200       # single-cycle: some 20 levels of logic
    assert f"seed 1: {routed['megahertz']:.2f} MHz" in result.output
    times = [step["ns"] for step in routed["critical_path"]]
    assert times == sorted(times)
    assert times[-1] == pytest.approx(1000 / routed["megahertz"], rel=0.2)
    assert {step["component"] for step in routed["critical_path"]} >= {"fp16.add.Adder"}
    assert figures["cells"]["LUT4"] == sum(block.get("LUT4", 0)
                                           for block in figures["blocks"].values())
    error = str(result.exception)
    assert isinstance(result.exception, FlexdriveError)
    reached = routed["megahertz"]
    assert error == (f"fp16-add reaches {reached:.2f} MHz on ecp5-85k (best of seeds 1), 900 MHz "
                     f"were asked for; --freq {int(reached)} would pass")


@pytest.mark.parametrize(("arguments", "message"), [
    (("fp16-add", "--seeds", "1;2"), "'1;2' is no list of numbers"),
    (("fp16-add", "--device", "generic", "--freq", 50), "generic has no clock"),
    (("fp16-add", "--device", "xc7a35"), "'xc7a35' is not one of"),
    (("fp16-add", "--preset", "tiny"), "is no chip"),
    (("fp16-add", "--freq", 0), "0.0 is not in the range x>0"),
])
def test_refusals(arguments, message):
    result = _run(*arguments)
    assert result.exit_code == 2
    assert message in result.output.replace("\n", " ")


def test_figures_that_cannot_be_written(tmp_path):
    """Said before the minutes of work, not after."""
    result = _run("fp16-add", "--json", tmp_path / "missing" / "figures.json")
    assert isinstance(result.exception, FlexdriveError)
    assert str(result.exception).endswith("figures.json: its directory does not exist")
    assert not result.output
