"""A design as cells of an FPGA: simulated beside its RTL, and looked over."""

# amaranth: UnusedElaboratable=no

import copy
import random

import pytest

from flexdrive.boards.streams import InputStore
from flexdrive_sim.engine import Model
from flexdrive_sim.engine.build import compile_rtlil
from flexdrive_sim.mapped.lint import lint
from flexdrive_sim.mapped.netlist import as_design, mapped


def _cell(kind, inputs, outputs, **parameters):
    return {"type": kind, "parameters": parameters, "connections": {
        name: [bit] for name, bit in (inputs | outputs).items()}, "port_directions": (
            dict.fromkeys(inputs, "input") | dict.fromkeys(outputs, "output"))}


GOOD = {
    "ports": {"clk": {"direction": "input", "bits": [2]}, "a": {"direction": "input", "bits": [3]},
              "y": {"direction": "output", "bits": [5]}},
    "cells": {
        "table": _cell("LUT4", {"A": 3, "B": 5, "C": "0", "D": "0"}, {"Z": 4}),
        "register": _cell("TRELLIS_FF", {"CLK": 2, "DI": 4}, {"Q": 5}),
        "memory": _cell("DP16KD", {"CLKA": 2, "CLKB": 2, "WEA": 3, "WEB": "0", "RSTA": "0"},
                        {"DOA0": 6}),
    },
}


def _changed(cell, kind=None, parameters=(), **connections):
    made = copy.deepcopy(GOOD)
    made["cells"][cell]["type"] = kind or made["cells"][cell]["type"]
    made["cells"][cell]["parameters"] |= dict(parameters)
    for name, bit in connections.items():
        made["cells"][cell]["connections"][name] = [bit]
    return made


def test_a_good_netlist_has_no_faults():
    assert lint(GOOD) == []


@pytest.mark.parametrize(("netlist", "fault"), [
    (_changed("memory", RSTA=3), "memory: RSTA of a block RAM is driven"),
    (_changed("memory", WEB=3), "memory: both ports of a block RAM write"),
    (_changed("memory", parameters={"REGMODE_A": "OUTREG"}),
     "memory: a block RAM with REGMODE_A OUTREG"),
    (_changed("register", parameters={"SRMODE": "ASYNC"}),
     "register: a register with an asynchronous reset"),
    (_changed("register", kind="$_DLATCH_P_"), "register: a cell $_DLATCH_P_"),
    (_changed("register", CLK=3), "2 clocks: nets ['2', '3']"),
    (_changed("memory", DOA0=4), "net 4 has 2 drivers"),
    (_changed("table", C=9), "net 9 has no driver"),
    (_changed("table", B=4), "a loop of logic over nets [4, 4]"),
])
def test_a_fault_is_told(netlist, fault):
    assert fault in lint(netlist)


@pytest.mark.slow
def test_a_store_as_cells_does_what_its_rtl_does():
    """Tables, carries, registers, and a ring in block RAM that goes around."""
    store = InputStore(16, 700)
    design, netlist = mapped(store)
    assert lint(netlist) == []
    assert sum(cell["type"] == "DP16KD" for cell in netlist["cells"].values()) == 2
    models = Model(compile_rtlil(as_design(design, netlist))), Model(store)
    generator, room, seen = random.Random(1), 700, 0
    inputs = {"replay": 0, "items": 10_000, "start": 1, "peek": 0, "peek_address": 0}
    for _ in range(6000):
        inputs |= {"write": int(room > 0 and generator.random() < 0.6),
                   "word": generator.getrandbits(32), "o_ready": generator.getrandbits(1)}
        found = []
        for model in models:
            for name, value in inputs.items():
                model.set(name, value)
            model.settle()
            found.append({name: model.get(name) for name in (
                "written", "room", "crc", "o_valid", "o_payload")})
            model.tick()
        if not found[1]["o_valid"]:
            found[0].pop("o_payload")
            found[1].pop("o_payload")
        assert found[0] == found[1]
        inputs["start"] = 0
        room = found[1]["room"] - inputs["write"]
        seen += found[1]["o_valid"] & inputs["o_ready"]
    assert seen > 2000
