# amaranth: UnusedElaboratable=no
"""examples/bus names ports, widths and interfaces that hyperdrive-axi has."""

import re
import sys
from pathlib import Path
from types import ModuleType

from flexdrive.bus.chip_axi import ChipAxi
from flexdrive.emit import port_list
from flexdrive.hyperdrive import PRESETS

EXAMPLES = Path(__file__).parents[2] / "examples/bus"
PORTS = {port.name: port for port in port_list(ChipAxi(PRESETS["tiny"]))}


class _Any:
    """Stands for anything of LiteX: what is taken of it is written down."""

    def __init__(self, path="", widths=None):
        self._path, self._widths = path, widths

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return _Any(f"{self._path}.{name}")

    def __call__(self, *_arguments, **_named):
        return self

    def __getitem__(self, key):
        return self

    def __invert__(self):
        return self

    def __iadd__(self, other):
        return self


def _connections(monkeypatch):
    """What the LiteX module connects, with a stand-in for LiteX: {port with direction: widths of
    its endpoints are in the module's tables}."""
    seen = {}
    modules = {name: ModuleType(name) for name in (
        "litex", "litex.gen", "litex.soc", "litex.soc.interconnect",
        "litex.soc.interconnect.csr_eventmanager", "migen")}
    modules["litex.gen"].LiteXModule = type("LiteXModule", (), {"specials": _Any()})
    for name in ("axi", "stream"):
        setattr(modules["litex.soc.interconnect"], name, _Any(name))
    for name in ("EventManager", "EventSourceLevel"):
        setattr(modules["litex.soc.interconnect.csr_eventmanager"], name, _Any(name))
    for name in ("ClockSignal", "Constant", "ResetSignal"):
        setattr(modules["migen"], name, _Any(name))
    modules["migen"].Instance = lambda module, **ports: seen.update({"module": module, **ports})
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    space = {"__name__": "litex_chip"}
    exec(compile((EXAMPLES / "litex_chip.py").read_text(), "litex_chip.py", "exec"), space)
    space["HyperdriveChip"](_Any(), "somewhere")
    return seen, space


def test_litex_connects_what_there_is(monkeypatch):
    seen, space = _connections(monkeypatch)
    assert seen.pop("module") == "hyperdrive_axi"
    there = {f"{port.direction[0]}_{name}" for name, port in PORTS.items()}
    # TKEEP is all ones.
    assert there - set(seen) == {"o_m_axis_pixels_tkeep", "o_m_axis_reports_tkeep"}
    assert set(seen) <= there
    assert PORTS["s_axi_awaddr"].width == space["ADDRESS_BITS"]
    for side, table in (("s_axis", space["SINKS"]), ("m_axis", space["SOURCES"])):
        for name, width in table.items():
            assert PORTS[f"{side}_{name}_tdata"].width == width


def test_vivado_names_every_interface():
    text = (EXAMPLES / "package.tcl").read_text()
    (named,) = re.findall(r"^set interfaces \{(.*)\}$", text, re.M)
    assert set(named.split()) == {name.rpartition("_")[0] for name in PORTS
                                  if re.match(r"[sm]_axis?_", name)}
    assert {"aclk", "aresetn", "irq"} <= set(PORTS)
