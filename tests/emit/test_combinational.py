"""Paths from inputs to outputs without a register: found where there are some, none in a chip."""

from dataclasses import replace

import pytest
from amaranth.hdl import Module, Mux
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from flexdrive.emit import emit_rtlil
from flexdrive.hyperdrive import PRESETS
from flexdrive.hyperdrive.chip import Chip
from flexdrive.hyperdrive.link import LinkConfig
from flexdrive.hyperdrive.mesh_chip import MeshChip, MeshOptions
from flexdrive_deploy.hdl.combinational import combinational_paths

pytestmark = pytest.mark.slow


class Paths(wiring.Component):
    """Outputs that depend on inputs in the ways that matter."""

    a: In(4)
    b: In(4)
    c: In(1)
    bits: Out(2)        # of a[0] and b[1] alone
    total: Out(5)       # of the register that b and c write
    chosen: Out(4)      # by c
    asynchronous: Out(4)
    synchronous: Out(4)

    def elaborate(self, platform):
        m = Module()
        total = Mux(self.c, self.b, 0)
        m.d.sync += self.total.eq(self.total + total)
        m.d.comb += [self.bits[0].eq(self.a[0]), self.bits[1].eq((self.b & 0b10).any()),
                     self.chosen.eq(Mux(self.c, self.total, 3))]
        m.submodules.memory = memory = Memory(shape=4, depth=16, init=[])
        write, read, later = (memory.write_port(), memory.read_port(domain="comb"),
                              memory.read_port())
        m.d.comb += [write.addr.eq(self.b), write.data.eq(self.a), write.en.eq(self.c),
                     read.addr.eq(self.a), later.addr.eq(self.a),
                     self.asynchronous.eq(read.data), self.synchronous.eq(later.data)]
        return m


def test_paths_are_found():
    assert combinational_paths(emit_rtlil(Paths())) == {
        "a": {"bits", "asynchronous"}, "b": {"bits"}, "c": {"chosen"}}


_CHIP = replace(PRESETS["tiny"], rows=1, columns=1, channels=1, fm_words=64, weight_words=18)
_ALL = {"leaky": True, "channelwise": True, "ternary": True, "adder_depth": 2}


@pytest.mark.parametrize("component", [
    lambda: Chip(_CHIP),
    lambda: Chip(replace(_CHIP, **_ALL)),
    lambda: MeshChip(replace(_CHIP, mesh=True), MeshOptions(
        link=LinkConfig(retransmit=True), forward_weights=True)),
], ids=["plain", "all layer options", "links"])
def test_no_path_leads_through_a_chip(component):
    assert combinational_paths(emit_rtlil(component())) == {}


def test_streams_between_chips_answer_in_the_same_cycle():
    """As docs/verilog.md says: their ready, and nothing else."""
    found = combinational_paths(emit_rtlil(MeshChip(replace(_CHIP, mesh=True), MeshOptions())))
    assert found == {
        f"i_{side}_{part}": {f"i_{side}_ready", *(["i_south_ready"] if side == "north" else [])}
        for side in ("north", "south", "west", "east") for part in ("payload", "valid")}
