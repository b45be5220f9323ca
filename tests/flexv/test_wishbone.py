"""The core behind Wishbone: random programs in lockstep, and the rules of the bus."""

import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from flexdrive.flexv.core import CoreConfig
from flexdrive.flexv.core.bus import DATA_PORT, INSTRUCTION_PORT
from flexdrive.flexv.core.rvfi import RVFI_PORT
from flexdrive.flexv.wishbone import WISHBONE_PORT, WishboneCore
from flexdrive_sim.flexv.random_check import check_random
from flexdrive_sim.flexv.rtl_core import build_core


class _Slave(wiring.Component):
    """A Wishbone slave that passes accesses on to the test bench, in the form of the core's own
    port. In standard mode it answers each access once, some cycles after the request."""

    def __init__(self, pipelined):
        self.pipelined = pipelined
        super().__init__({"bus": In(WISHBONE_PORT), "out": Out(DATA_PORT), "broken": Out(1)})

    def elaborate(self, platform):
        m = Module()
        bus, out = self.bus, self.out
        m.d.comb += [out.addr.eq(bus.adr), out.we.eq(bus.we), out.be.eq(bus.sel),
                     out.wdata.eq(bus.dat_w), bus.dat_r.eq(out.rdata),
                     bus.ack.eq(out.rvalid & ~out.err), bus.err.eq(out.rvalid & out.err)]
        waiting = Signal(8)
        m.d.sync += waiting.eq(waiting + (out.req & out.gnt) - out.rvalid)
        if self.pipelined:
            m.d.comb += [out.req.eq(bus.cyc & bus.stb), bus.stall.eq(~out.gnt)]
        else:
            m.d.comb += out.req.eq(bus.cyc & bus.stb & (waiting == 0))
        with m.If((bus.stb & ~bus.cyc) | ((waiting != 0) & ~bus.cyc)):
            m.d.sync += self.broken.eq(1)
        return m


class _Bench(wiring.Component):
    """The core's own ports around core, bridges and slaves."""

    def __init__(self, pipelined):
        self.pipelined = pipelined
        super().__init__({
            "ibus": Out(INSTRUCTION_PORT), "dbus": Out(DATA_PORT), "boot_address": In(32),
            "interrupts": In(32), "hart_id": In(32), "sleeping": Out(1), "rvfi": Out(RVFI_PORT),
            "broken": Out(1)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.core = core = WishboneCore(CoreConfig(rvfi=True), pipelined=self.pipelined)
        m.submodules.instructions = instructions = _Slave(self.pipelined)
        m.submodules.data = data = _Slave(self.pipelined)
        wiring.connect(m, core.ibus, instructions.bus)
        wiring.connect(m, core.dbus, data.bus)
        wiring.connect(m, wiring.flipped(self.dbus), data.out)
        for name, member in INSTRUCTION_PORT.members.items():
            outer, inner = getattr(self.ibus, name), getattr(instructions.out, name)
            m.d.comb += outer.eq(inner) if member.flow is Out else inner.eq(outer)
        wiring.connect(m, wiring.flipped(self.rvfi), core.rvfi)
        m.d.comb += [core.boot_address.eq(self.boot_address), core.interrupts.eq(self.interrupts),
                     core.hart_id.eq(self.hart_id), self.sleeping.eq(core.sleeping),
                     self.broken.eq(instructions.broken | data.broken)]
        return m


@pytest.fixture(scope="module", params=[True, False], ids=["pipelined", "standard"])
def built(request):
    return build_core(component=_Bench(request.param))


@pytest.mark.parametrize("seed", range(8))
def test_random_program(built, seed):
    lockstep = check_random(built, seed, 5_000)
    assert lockstep.traps > 0
    assert not lockstep.bench._model.get("broken")
