"""Wishbone for the core's ports.

Source: OpenCores, Wishbone System-on-Chip Interconnection Architecture, revision B4.
"""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .core import Core
from .core.bus import DATA_PORT, INSTRUCTION_PORT
from .core.rvfi import RVFI_PORT

__all__ = ["WISHBONE_PORT", "WishboneBridge", "WishboneCore"]

# ``adr`` is the address of a byte; its lowest two bits are 0. ``stall`` is used in pipelined mode.
# There is no LOCK, and there are no tags and no RTY: a slave that has RTY gives it as ``err``.
WISHBONE_PORT = wiring.Signature({
    "cyc": Out(1), "stb": Out(1), "we": Out(1), "adr": Out(32), "sel": Out(4), "dat_w": Out(32),
    "dat_r": In(32), "ack": In(1), "err": In(1), "stall": In(1),
})
# Accesses under way at most; the core has fewer.
_OUTSTANDING = 16


class WishboneBridge(wiring.Component):
    """A port of the core (:mod:`.core.bus`) as a Wishbone master.

    An access may be answered in the cycle in which it is taken or in any later one, and a slave
    that always answers at once may hold ``ack`` (rule 3.55). Latency: a request passes in the cycle
    in which it is granted (combinational), a response a cycle after it came. A request that is not
    taken is kept here: no input of Wishbone reaches an output without a register, so a slave may
    derive all that it answers from ``stb``.

    Parameters
    ----------
    pipelined : pipelined mode: several accesses under way. Else standard mode: an access lasts
        until ``ack``, which is pipelined mode with a slave that stalls until it answers.

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
        core, bus, full = self.core, self.bus, Signal()
        taken, answered = Signal(), Signal()
        m.d.comb += [bus.stb.eq(core.req | full), core.gnt.eq(~full)]
        for name, source in (("we", core.we), ("adr", core.addr), ("sel", core.be),
                             ("dat_w", core.wdata)):
            kept = Signal.like(source, name=f"kept_{name}")
            m.d.comb += getattr(bus, name).eq(Mux(full, kept, source))
            with m.If(~full):
                m.d.sync += kept.eq(source)
        if self.pipelined:
            waiting = Signal(range(_OUTSTANDING + 1))
            m.d.comb += [
                taken.eq(bus.stb & ~bus.stall), bus.cyc.eq(bus.stb | (waiting != 0)),
                answered.eq((bus.ack | bus.err) & (taken | (waiting != 0))),
            ]
            m.d.sync += waiting.eq(waiting + taken - answered)
        else:
            m.d.comb += [taken.eq(answered), bus.cyc.eq(bus.stb),
                         answered.eq((bus.ack | bus.err) & bus.stb)]
        m.d.sync += [full.eq(bus.stb & ~taken), core.rvalid.eq(answered),
                     core.rdata.eq(bus.dat_r), core.err.eq(bus.err)]
        return m


class WishboneCore(wiring.Component):
    """:class:`.core.Core` with two Wishbone masters, see :class:`WishboneBridge`.

    Latency: that of the core with a memory one cycle slower than the slave. No input reaches an
    output without a register.

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
    ibus.ack, dbus.ack : the oldest access without an answer, or the one taken in this cycle, has
        succeeded
    ibus.err, dbus.err : it has failed
    ibus.stall, dbus.stall : the request is not taken at this clock edge
    boot_address : address of the first instruction, read in the first cycle after reset.
    interrupts : level-sensitive lines, synchronous to the clock, numbered as in mip (3, 7, 11, 16
        to 31).
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
