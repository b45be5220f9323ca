"""Which inputs of core and Wishbone bridge reach outputs without a register, as the manual says."""

import re
from pathlib import Path

from flexdrive.flexv.core import Core
from flexdrive.flexv.wishbone import WishboneBridge
from flexdrive_sim.paths import combinational_paths

_MANUAL = Path(__file__).parents[2] / "docs/flexv.md"


def _names(cell):
    return [name.replace(".", "_") for name in re.findall("`([^`]+)`", cell)]


def test_the_manual_lists_the_core_s_combinational_paths():
    _, _, table = _MANUAL.read_text().partition("| output | inputs |\n|---|---|\n")
    listed = {}
    for line in table.partition("\n\n")[0].splitlines():
        outputs, inputs = line.strip("|").split("|")
        listed |= {output: set(_names(inputs)) for output in _names(outputs)}
    found = combinational_paths(Core())
    assert {output: inputs for output, inputs in found.items() if inputs} == listed
    assert set(found) >= {"ibus_req", "ibus_addr", "dbus_req", "dbus_be", "sleeping"}


def test_no_input_of_wishbone_reaches_an_output():
    for pipelined in (True, False):
        found = combinational_paths(WishboneBridge(pipelined=pipelined))
        # The core's requests do.
        assert found["bus_stb"] == {"core_req"}
        assert not {name for inputs in found.values() for name in inputs if name.startswith("bus")}
