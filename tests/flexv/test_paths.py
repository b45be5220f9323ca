"""Which inputs of core and Wishbone bridge reach outputs without a register, as the manual says."""

import re
from pathlib import Path

import pytest

from flexdrive.emit import emit_rtlil
from flexdrive.flexv.core import Core, CoreConfig
from flexdrive.flexv.wishbone import WishboneBridge
from flexdrive_deploy.hdl.combinational import combinational_paths

pytestmark = pytest.mark.slow

_MANUAL = Path(__file__).parents[2] / "docs/flexv.md"


def _names(cell):
    return [name.replace(".", "_") for name in re.findall("`([^`]+)`", cell)]


def _paths(component):
    """{output: names of the inputs that reach it}, of those that any reaches."""
    found = {}
    for source, outputs in combinational_paths(emit_rtlil(component)).items():
        for output in outputs:
            found.setdefault(output, set()).add(source)
    return found


def test_the_manual_lists_the_core_s_combinational_paths():
    _, _, table = _MANUAL.read_text().partition("| output | inputs |\n|---|---|\n")
    listed = {}
    for line in table.partition("\n\n")[0].splitlines():
        outputs, inputs = line.strip("|").split("|")
        listed |= {output: set(_names(inputs)) for output in _names(outputs)}
    assert listed
    assert _paths(Core()) == listed
    waiting = Core(CoreConfig(waiting_loads=(1 << 30, 1 << 17)))
    assert _paths(waiting) == listed | {"leaves": {"dbus_gnt", "dbus_rvalid", "dbus_err"}}


def test_no_input_of_wishbone_reaches_an_output():
    for pipelined in (True, False):
        found = _paths(WishboneBridge(pipelined=pipelined))
        # The core's requests do.
        assert found["bus_stb"] == {"core_req"}
        assert not {name for inputs in found.values() for name in inputs if name.startswith("bus")}
