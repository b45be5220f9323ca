"""The cluster's port to the outside, shared by its users."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.wiring import In, Out

from .arbiter import RoundRobin, chosen
from .ports import OUTSIDE_PORT

__all__ = ["OutsideArbiter"]

# Accesses that may be under way.
_UNDER_WAY = 16


class OutsideArbiter(wiring.Component):
    """Several users of one port, in turn.

    Latency: a request stands outside in the cycle after its grant, an answer reaches its user in
    the cycle after it came; one access a cycle.

    Members
    -------
    users : ports. bus : outside. active : an access is under way.
    """

    def __init__(self, users):
        self._users = users
        super().__init__({"users": In(OUTSIDE_PORT).array(users), "bus": Out(OUTSIDE_PORT),
                          "active": Out(1)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.arbiter = arbiter = RoundRobin(self._users)
        m.submodules.order = order = SyncFIFO(width=self._users, depth=_UNDER_WAY)
        bus, free, answered = self.bus, Signal(), Signal(self._users)
        m.d.comb += [
            arbiter.requests.eq(Cat(user.req for user in self.users)),
            free.eq((~bus.req | bus.gnt) & order.w_rdy), arbiter.take.eq(free),
            order.w_data.eq(arbiter.grant), order.w_en.eq(free & arbiter.requests.any()),
            order.r_en.eq(bus.rvalid),
            self.active.eq(bus.req | order.r_rdy | answered.any()),
        ]
        for i, user in enumerate(self.users):
            m.d.comb += [user.gnt.eq(free & arbiter.grant[i]), user.rvalid.eq(answered[i])]
        with m.If(free):
            m.d.sync += bus.req.eq(arbiter.requests.any())
            for name in ("addr", "we", "be", "wdata"):
                m.d.sync += getattr(bus, name).eq(
                    chosen(arbiter.grant, [getattr(user, name) for user in self.users]))
        with m.Elif(bus.gnt):
            m.d.sync += bus.req.eq(0)
        word, error = Signal(64), Signal()
        m.d.sync += [answered.eq(order.r_data & bus.rvalid.replicate(self._users)),
                     word.eq(bus.rdata), error.eq(bus.err)]
        for user in self.users:
            m.d.comb += [user.rdata.eq(word), user.err.eq(error)]
        return m
