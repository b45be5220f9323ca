"""The testbenches of examples/testbench fit the chip; that they run, examples/testbench/run.py
shows (it needs a simulator)."""

import ast
import re
from pathlib import Path

import pytest

from flexdrive.emit import emit_rtlil
from flexdrive.hyperdrive.chip import Chip
from flexdrive.hyperdrive.config import PRESETS

pytestmark = pytest.mark.slow

PLACE = Path(__file__).parents[2] / "examples/testbench"


def test_the_ports_are_those_of_the_chip():
    ports = {port.name for port in emit_rtlil(Chip(PRESETS["tiny"])).ports} | {"clk", "rst"}
    text = (PLACE / "hyperdrive_tb.v").read_text()
    instance = text[text.index("hyperdrive_chip chip ("):]
    assert set(re.findall(r"\.(\w+)\(", instance[:instance.index(");")])) == ports
    streams = set(re.findall(r'"([io]_\w+)"', (PLACE / "test_hyperdrive.py").read_text()))
    assert streams == {name.removesuffix("_valid") for name in ports if name.endswith("_valid")}


def test_they_use_nothing_of_flexdrive():
    tree = ast.parse((PLACE / "test_hyperdrive.py").read_text())
    imported = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import)
                for name in node.names} | {node.module for node in ast.walk(tree)
                                           if isinstance(node, ast.ImportFrom)}
    assert imported == {"os", "random", "pathlib", "cocotb", "cocotb.clock", "cocotb.triggers"}
