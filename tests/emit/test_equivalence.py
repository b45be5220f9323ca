"""The shared and the plain form of a small array are the same circuit."""

from dataclasses import replace

import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from flexdrive.emit import Shared, emit_rtlil
from flexdrive.hyperdrive import ChipConfig
from flexdrive.hyperdrive.chip import TileArray

from .equivalence import prove_equal

pytestmark = pytest.mark.slow


def _config(depth, **options):
    return ChipConfig(rows=1, columns=2, channels=2, fm_words=4, fm_banks=2, weight_words=16,
                      adder_depth=depth, **options)


def _forms(config):
    return (emit_rtlil(TileArray(config), name="left"),
            emit_rtlil(TileArray(config), name="right", share=False))


@pytest.mark.parametrize(("depth", "options"), [
    (1, {}), (3, {}), (1, {"channelwise": True}), (1, {"ternary": True})])
def test_shared_form_equals_plain_form(depth, options, tmp_path):
    shared, plain = _forms(_config(depth, **options))
    assert shared.text.count("\nmodule ") < plain.text.count("\nmodule ")
    assert prove_equal(shared, plain, tmp_path)


def test_swapped_ports_are_found(tmp_path):
    """A tile that takes its right neighbour for its left one."""
    shared, plain = _forms(_config(1))
    before, after = (f"    connect \\row_word_{side} " for side in ("before", "after"))
    assert shared.text.count(before) == shared.text.count(after) == 2
    swapped = shared.text.replace(before, "?").replace(after, before).replace("?", after)
    assert not prove_equal(replace(shared, text=swapped), plain, tmp_path)


class Stage(Shared):
    """A register after an addition."""

    def __init__(self, step, init):
        self.step, self.init = step, init
        super().__init__({"i": In(8), "o": Out(8)}, s=step, i=init)

    def elaborate(self, platform):
        m = Module()
        total = Signal(8, init=self.init)
        m.d.sync += total.eq(self.i + self.step)
        m.d.comb += self.o.eq(total)
        return m


class Pair(wiring.Component):
    """Two stages."""

    i: In(8)
    o: Out(8)

    def __init__(self, *stages):
        super().__init__()
        self.stages = stages

    def elaborate(self, platform):
        m = Module()
        value = self.i
        for number, parameters in enumerate(self.stages):
            m.submodules[f"stage{number}"] = stage = Stage(*parameters)
            m.d.comb += stage.i.eq(value)
            value = stage.o
        m.d.comb += self.o.eq(~value)
        return m


@pytest.mark.parametrize(("second", "equal"), [
    ((1, 5), True),
    ((2, 5), False),      # the shared form adds 1 twice
    ((1, 6), False),      # the shared form begins with 5 twice
])
def test_one_module_for_two_circuits_is_found(second, equal, tmp_path):
    """What emission would give if it took the second stage for one more of the first."""
    left = emit_rtlil(Pair((1, 5), (1, 5)), name="left")
    right = emit_rtlil(Pair((1, 5), second), name="right", share=False)
    assert prove_equal(left, right, tmp_path) == equal
