"""Where a core's data accesses go."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..core.bus import DATA_PORT
from .ports import OUTSIDE_PORT, REGISTER_PORT
from .registers import L1_BASE, PRIVATE_PAGE, WINDOW_BITS

__all__ = ["Router"]

_WINDOW = L1_BASE >> WINDOW_BITS


class Router(wiring.Component):
    """One data port to L1, the core's own registers, shared registers and the outside.

    Latency: an access to L1 or to a register passes in its cycle (combinational); answers come as
    they are, combinational too. Accesses to L1 follow each other in every cycle; behind any other
    one the next is granted in the cycle of its answer at the earliest, so answers are in order. An
    access to nothing, and a store of less than a word to a register, fails in the next cycle.

    Parameters
    ----------
    l1_bytes : size of L1.
    private : whether there are own registers.
    outside : whether there is an outside.

    Members
    -------
    core : the port.
    halt : nothing is granted.
    l1_req, l1_word, l1_granted, l1_rdata : see :class:`.l1.L1Port`.
    private, shared : registers; outside : 64-bit words.
    waits_bank, waits_outside : in this cycle an access to L1 is not granted, one to the outside or
        a shared register is not over.
    failed : an access fails in this cycle; failed_address : where.
    """

    def __init__(self, l1_bytes, *, private=True, outside=True):
        self._l1_bytes, self._private, self._outside = l1_bytes, private, outside
        super().__init__({
            "core": In(DATA_PORT), "halt": In(1),
            "l1_req": Out(1), "l1_word": Out((l1_bytes - 1).bit_length() - 2),
            "l1_granted": In(1), "l1_rdata": In(32),
            "private": Out(REGISTER_PORT), "shared": Out(REGISTER_PORT),
            "outside": Out(OUTSIDE_PORT),
            "waits_bank": Out(1), "waits_outside": Out(1), "failed": Out(1),
            "failed_address": Out(32),
        })

    def elaborate(self, platform):
        m = Module()
        core, bits = self.core, len(self.l1_word) + 2
        inside, registers, whole, free = Signal(), Signal(), Signal(), Signal()
        to_l1, to_private, to_shared, to_outside, to_nothing = (
            Signal(name=f"to_{name}") for name in ("l1", "private", "shared", "outside",
                                                   "nothing"))
        page = core.addr[12:WINDOW_BITS]
        first = PRIVATE_PAGE >> 12 & 0x3FF
        m.d.comb += [
            inside.eq(core.addr[WINDOW_BITS:] == _WINDOW),
            registers.eq(inside & (page[2:] == first >> 2)),
            whole.eq(~core.we | core.be.all()),
            to_l1.eq(inside & (core.addr[bits:WINDOW_BITS] == 0)),
            to_private.eq(registers & (page[:2] == 0) & whole & self._private),
            to_shared.eq(registers & ((page[:2] == 1) | (page[:2] == 2)) & whole),
            to_outside.eq(~inside & self._outside),
            to_nothing.eq(~(to_l1 | to_private | to_shared | to_outside)),
        ]
        self._ask(m, free, to_l1, to_private, to_shared, to_outside, to_nothing)
        self._answer(m, free, to_l1, to_private, to_shared, to_outside, to_nothing)
        return m

    def _ask(self, m, free, to_l1, to_private, to_shared, to_outside, to_nothing):
        core, ask = self.core, Signal()
        m.d.comb += [
            ask.eq(core.req & free & ~self.halt),
            self.l1_req.eq(ask & to_l1), self.l1_word.eq(core.addr[2:]),
            self.private.req.eq(ask & to_private), self.shared.req.eq(ask & to_shared),
            self.outside.req.eq(ask & to_outside),
            self.outside.addr.eq(Cat(0, 0, 0, core.addr[3:])), self.outside.we.eq(core.we),
            self.outside.be.eq(Mux(core.addr[2], core.be << 4, core.be)),
            self.outside.wdata.eq(Cat(core.wdata, core.wdata)),
            core.gnt.eq(free & ~self.halt & (
                (to_l1 & self.l1_granted) | (to_private & self.private.gnt)
                | (to_shared & self.shared.gnt) | (to_outside & self.outside.gnt) | to_nothing)),
            self.waits_bank.eq(self.l1_req & ~self.l1_granted),
        ]
        for port in (self.private, self.shared):
            m.d.comb += [port.page.eq(core.addr[12:14]), port.offset.eq(core.addr[:12]),
                         port.we.eq(core.we), port.wdata.eq(core.wdata)]

    def _answer(self, m, free, to_l1, to_private, to_shared, to_outside, to_nothing):
        core, taken = self.core, Signal()
        l1, nothing, slow, upper = (Signal(name=name) for name in (
            "from_l1", "from_nothing", "slow", "upper"))
        far, address, answered = Signal(), Signal(32), Signal()
        m.d.comb += [
            taken.eq(core.req & core.gnt),
            answered.eq(self.private.rvalid | self.shared.rvalid | self.outside.rvalid),
            free.eq(~slow | answered),
            core.rvalid.eq(l1 | nothing | answered),
            core.err.eq(nothing | (self.private.rvalid & self.private.err)
                        | (self.shared.rvalid & self.shared.err)
                        | (self.outside.rvalid & self.outside.err)),
            core.rdata.eq(self._word(l1, upper)),
            self.failed.eq(core.rvalid & core.err), self.failed_address.eq(address),
            self.waits_outside.eq((far & ~answered) | ((self.outside.req & ~self.outside.gnt)
                                                       | (self.shared.req & ~self.shared.gnt))),
        ]
        m.d.sync += [l1.eq(taken & to_l1), nothing.eq(taken & to_nothing)]
        with m.If(answered):
            m.d.sync += [slow.eq(0), far.eq(0)]
        with m.If(taken):
            m.d.sync += [slow.eq(to_private | to_shared | to_outside),
                         far.eq(to_shared | to_outside), upper.eq(core.addr[2]),
                         address.eq(core.addr)]

    def _word(self, l1, upper):
        far = Mux(upper, self.outside.rdata[32:], self.outside.rdata[:32])
        return ((self.l1_rdata & l1.replicate(32))
                | (self.private.rdata & self.private.rvalid.replicate(32))
                | (self.shared.rdata & self.shared.rvalid.replicate(32))
                | (far & self.outside.rvalid.replicate(32)))
