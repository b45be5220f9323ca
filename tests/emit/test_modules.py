# amaranth: UnusedElaboratable=no
"""One module per distinct component, with readable names and nothing left over."""

import re
import subprocess
import sys

import pytest
from amaranth.lib.wiring import In

from flexdrive.emit import Shared, emit_rtlil
from flexdrive.hyperdrive import ChipConfig
from flexdrive.hyperdrive.chip import Chip
from flexdrive_deploy.hdl.targets import TARGETS
from flexdrive_deploy.hdl.verilog import emit_verilog


def _chip(rows, columns, channels):
    return Chip(ChipConfig(rows=rows, columns=columns, channels=channels, fm_words=64, fm_banks=2,
                           weight_words=32))


def _modules(text):
    return re.findall(r"^module (\w+)", text, re.M)


@pytest.mark.slow
@pytest.mark.parametrize("size", [(1, 1, 1), (2, 3, 4), (5, 4, 9)])
def test_number_of_modules_does_not_grow_with_the_array(size):
    assert len(_modules(emit_verilog(_chip(*size)).text)) == 22


@pytest.mark.slow
def test_plain_form_grows():
    """What the shared form avoids."""
    count = emit_rtlil(_chip(2, 3, 4), share=False).text.count("\nmodule ")
    assert count > 2 * 3 * 4


@pytest.mark.slow
def test_names_are_plain_words():
    text = emit_verilog(_chip(2, 2, 3)).text
    assert "\\" not in text
    assert not re.search(r"\b(signal|signature__\w+|port_\d+)(_\d+)?\b", text), "no name of its own"
    assert set(re.findall(r"\$\w+", text)) <= {"$signed"}
    assert "Tile_c3_d64_b2_l1_x0 tile_1_0 (" in text
    assert "AccumulateUnit_l1 unit2 (" in text
    assert re.search(r"output \[15:0\] row_word;", text)


@pytest.mark.slow
def test_keywords_are_renamed_consistently():
    """`release` is a port of a submodule, and a word of Verilog."""
    text = emit_verilog(_chip(1, 1, 1)).text
    assert "input release_;" in text
    assert ".release_(" in text


@pytest.mark.slow
def test_memories_are_cleared_in_a_loop():
    text = emit_verilog(_chip(1, 1, 1)).text
    assert "for (memory_word = 0; memory_word < 32; memory_word = memory_word + 1)" in text
    assert not re.search(r"memory\[\d+\] =", text)


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS)
def test_nothing_is_left_unused(target):
    """Amaranth warns about components that were made and not elaborated when they are collected,
    so only a process of its own shows all of them."""
    program = (
        "import gc\n"
        "from flexdrive.emit import emit_rtlil\n"
        "from flexdrive_deploy.hdl.targets import TARGETS\n"
        f"target = TARGETS[{target!r}]\n"
        "emit_rtlil(target.build(target.example))\n"
        "gc.collect()\n")
    run = subprocess.run([sys.executable, "-W", "always", "-c", program], capture_output=True,
                         text=True, check=True)
    assert run.stderr == ""


class Named(Shared):
    """A component whose member has the name of the clock."""

    def __init__(self):
        super().__init__({"clk": In(1)})


def test_a_member_may_not_take_the_clock_s_name():
    # The module has a pin of that name for its clock; the member's would be left unconnected.
    with pytest.raises(ValueError, match="Named: no member may be called 'clk'"):
        Named()
