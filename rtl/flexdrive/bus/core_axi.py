"""AXI4-Lite for the core's ports.

Source: Arm, AMBA AXI and ACE Protocol Specification, IHI 0022, part B.
"""

from amaranth.hdl import C, ClockDomain, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..flexv.core import Core
from ..flexv.core.bus import DATA_PORT, INSTRUCTION_PORT
from ..flexv.core.rvfi import RVFI_PORT
from .axi import AxiLite

__all__ = ["AxiBridge", "CoreAxi"]

# Accesses under way at most; the core has fewer.
_OUTSTANDING = 16
# AxPROT: the core has one mode, the privileged one; bit 2 is set for instructions.
_DATA, _INSTRUCTION = 0b001, 0b101


class AxiBridge(wiring.Component):
    """A port of the core (:mod:`flexdrive.flexv.core.bus`) as an AXI4-Lite master.

    Several loads or several stores may be under way; a load waits for the stores before it and the
    other way round, so that answers come in order and a load sees what was stored.

    Latency: a request is on the bus one cycle after it is granted, an answer at the core one cycle
    after it came; a request a cycle. Combinational from the ready of the bus to ``core.gnt`` alone.

    Parameters
    ----------
    writes : with the channels of writing; else ``core.we`` is not looked at.
    prot : AxPROT of all accesses.

    Members
    -------
    core : the core's port. bus : AXI4-Lite.
    """

    def __init__(self, *, writes, prot):
        self.writes, self.prot = writes, prot
        super().__init__({"core": In(DATA_PORT if writes else INSTRUCTION_PORT),
                          "bus": Out(AxiLite(32, writes=writes))})

    def elaborate(self, platform):
        m = Module()
        core, bus = self.core, self.bus
        waiting, storing = Signal(range(_OUTSTANDING + 1)), Signal()
        store = core.we if self.writes else C(0, 1)
        free = self._send(m, "ar", core.req & core.gnt & ~store, {"araddr": core.addr})
        answered, error = bus.rvalid, bus.rresp[1]
        m.d.comb += [bus.rready.eq(1), bus.arprot.eq(self.prot)]
        if self.writes:
            begins = core.req & core.gnt & store
            address = self._send(m, "aw", begins, {"awaddr": core.addr})
            word = self._send(m, "w", begins, {"wdata": core.wdata, "wstrb": core.be})
            free = Mux(store, address & word, free)
            answered, error = answered | bus.bvalid, Mux(storing, bus.bresp[1], error)
            m.d.comb += [bus.bready.eq(1), bus.awprot.eq(self.prot)]
        m.d.comb += core.gnt.eq(free & ((waiting == 0) | ((storing == store)
                                                         & (waiting != _OUTSTANDING))))
        with m.If(core.req & core.gnt):
            m.d.sync += storing.eq(store)
        m.d.sync += [waiting.eq(waiting + (core.req & core.gnt) - answered),
                     core.rvalid.eq(answered), core.rdata.eq(bus.rdata), core.err.eq(error)]
        return m

    def _send(self, m, channel, begins, words):
        """A channel of requests from registers; returns whether it is free for a next one."""
        valid = getattr(self.bus, f"{channel}valid")
        free = ~valid | getattr(self.bus, f"{channel}ready")
        with m.If(begins):
            m.d.sync += [valid.eq(1), *(getattr(self.bus, name).eq(value)
                                        for name, value in words.items())]
        with m.Elif(free):
            m.d.sync += valid.eq(0)
        return free


class CoreAxi(wiring.Component):
    """:class:`~flexdrive.flexv.core.Core` with two AXI4-Lite masters, see :class:`AxiBridge`.

    Latency: that of the core with a memory two cycles slower than the slave. No input reaches an
    output without a register.

    Parameters
    ----------
    config : :class:`~flexdrive.flexv.core.CoreConfig`

    Members
    -------
    aclk : clock of everything
    aresetn : synchronous reset, active low; one cycle is enough
    m_axi_instructions : AXI4-Lite master that reads instructions
    m_axi_data : AXI4-Lite master that loads and stores
    boot_address : address of the first instruction, read in the first cycle after reset.
    interrupts : level-sensitive lines, synchronous to the clock, numbered as in mip (3, 7, 11, 16
        to 31).
    hart_id : number of the core, in mhartid.
    sleeping : the core waits in wfi.
    rvfi : RISC-V Formal Interface (with ``config.rvfi``).
    """

    def __init__(self, config=None):
        self.core = Core(config)
        super().__init__({
            "aclk": In(1), "aresetn": In(1),
            "m_axi_instructions": Out(AxiLite(32, writes=False)), "m_axi_data": Out(AxiLite(32)),
            "boot_address": In(32), "interrupts": In(32), "hart_id": In(32), "sleeping": Out(1),
            **({"rvfi": Out(RVFI_PORT)} if self.core.config.rvfi else {}),
        })

    def elaborate(self, platform):
        m = Module()
        m.domains.sync = domain = ClockDomain("sync")
        domain.clk = self.aclk
        m.d.comb += domain.rst.eq(~self.aresetn)
        m.submodules.core = core = self.core
        m.submodules.instructions = instructions = AxiBridge(writes=False, prot=_INSTRUCTION)
        m.submodules.data = data = AxiBridge(writes=True, prot=_DATA)
        wiring.connect(m, core.ibus, instructions.core)
        wiring.connect(m, core.dbus, data.core)
        wiring.connect(m, wiring.flipped(self.m_axi_instructions), instructions.bus)
        wiring.connect(m, wiring.flipped(self.m_axi_data), data.bus)
        m.d.comb += [core.boot_address.eq(self.boot_address),
                     core.interrupts.eq(self.interrupts), core.hart_id.eq(self.hart_id),
                     self.sleeping.eq(core.sleeping)]
        if core.config.rvfi:
            wiring.connect(m, wiring.flipped(self.rvfi), core.rvfi)
        return m
