"""Wishbone for the core's ports.

Source: OpenCores, Wishbone System-on-Chip Interconnection Architecture, revision B4.
"""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .core import Core
from .core.bus import DATA_PORT, INSTRUCTION_PORT
from .core.rvfi import RVFI_PORT

__all__ = ["WISHBONE_PORT", "WishboneBridge", "WishboneCore"]

# ``adr`` is the address of a byte; its lowest two bits are 0. ``stall`` is used in pipelined mode.
WISHBONE_PORT = wiring.Signature({
    "cyc": Out(1), "stb": Out(1), "we": Out(1), "adr": Out(32), "sel": Out(4), "dat_w": Out(32),
    "dat_r": In(32), "ack": In(1), "err": In(1), "stall": In(1),
})
# Accesses under way at most; the core has fewer.
_OUTSTANDING = 16


class WishboneBridge(wiring.Component):
    """A port of the core (:mod:`.core.bus`) as a Wishbone master.

    Parameters
    ----------
    pipelined : pipelined mode: an access a cycle, responses pass in the cycle in which they come.
        Else standard mode: one access at a time; its response passes a cycle after ``ack``.

    Members
    -------
    core : the core's port, with ``we`` 0 and ``be`` 15 for instructions.
    bus : Wishbone.
    """

    def __init__(self, *, pipelined=True):
        self.pipelined = pipelined
        super().__init__({"core": In(DATA_PORT), "bus": Out(WISHBONE_PORT)})

    def elaborate(self, platform):
        m = Module()
        core, bus = self.core, self.bus
        m.d.comb += [bus.stb.eq(core.req), bus.we.eq(core.we), bus.adr.eq(core.addr),
                     bus.sel.eq(core.be), bus.dat_w.eq(core.wdata)]
        answered = Signal()
        m.d.comb += answered.eq(bus.ack | bus.err)
        if self.pipelined:
            waiting, sent = Signal(range(_OUTSTANDING + 1)), Signal()
            m.d.comb += [
                sent.eq(core.req & core.gnt), core.gnt.eq(~bus.stall),
                bus.cyc.eq(core.req | (waiting != 0)), core.rvalid.eq(answered),
                core.rdata.eq(bus.dat_r), core.err.eq(bus.err),
            ]
            m.d.sync += waiting.eq(waiting + sent - answered)
        else:
            m.d.comb += [bus.cyc.eq(core.req), core.gnt.eq(answered)]
            m.d.sync += [core.rvalid.eq(core.req & answered), core.rdata.eq(bus.dat_r),
                         core.err.eq(bus.err)]
        return m


class WishboneCore(wiring.Component):
    """:class:`.core.Core` with two Wishbone masters in pipelined mode.

    Parameters
    ----------
    config : :class:`.core.CoreConfig`
    pipelined : see :class:`WishboneBridge`.

    Members
    -------
    ibus : instructions, Wishbone master
    dbus : data, Wishbone master
    ibus.cyc, dbus.cyc : an access or its response is under way
    ibus.stb, dbus.stb : an access is requested
    ibus.we, dbus.we : the access is a store
    ibus.adr, dbus.adr : address of a word, in bytes, a multiple of 4
    ibus.sel, dbus.sel : bytes of the word that are meant
    ibus.dat_w, dbus.dat_w : word to be stored
    ibus.dat_r, dbus.dat_r : word loaded, with ack
    ibus.ack, dbus.ack : the oldest access without a response has succeeded
    ibus.err, dbus.err : it has failed
    ibus.stall, dbus.stall : the request is not taken at this clock edge
    boot_address : address of the first instruction, read in the first cycle after reset.
    interrupts : level-sensitive lines, numbered as in mip (3, 7, 11, 16 to 31).
    hart_id : number of the core, in mhartid.
    sleeping : the core waits in wfi.
    rvfi : RISC-V Formal Interface (with ``config.rvfi``).
    """

    def __init__(self, config=None, *, pipelined=True):
        self.core, self.pipelined = Core(config), pipelined
        ports = {
            "ibus": Out(WISHBONE_PORT), "dbus": Out(WISHBONE_PORT), "boot_address": In(32),
            "interrupts": In(32), "hart_id": In(32), "sleeping": Out(1),
        }
        if self.core.config.rvfi:
            ports["rvfi"] = Out(RVFI_PORT)
        super().__init__(ports)

    def elaborate(self, platform):
        m = Module()
        m.submodules.core = core = self.core
        m.submodules.instructions = instructions = WishboneBridge(pipelined=self.pipelined)
        m.submodules.data = data = WishboneBridge(pipelined=self.pipelined)
        wiring.connect(m, core.dbus, data.core)
        for name, member in INSTRUCTION_PORT.members.items():
            ours, theirs = getattr(core.ibus, name), getattr(instructions.core, name)
            m.d.comb += theirs.eq(ours) if member.flow is Out else ours.eq(theirs)
        m.d.comb += [instructions.core.be.eq(15), core.boot_address.eq(self.boot_address),
                     core.interrupts.eq(self.interrupts), core.hart_id.eq(self.hart_id),
                     self.sleeping.eq(core.sleeping)]
        wiring.connect(m, wiring.flipped(self.ibus), instructions.bus)
        wiring.connect(m, wiring.flipped(self.dbus), data.bus)
        if core.config.rvfi:
            wiring.connect(m, wiring.flipped(self.rvfi), core.rvfi)
        return m
