"""Registers of the cluster that every core and the host may use."""

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .arbiter import RoundRobin, chosen
from .ports import REGISTER_PORT
from .registers import CLUSTER_CHANNEL, offset_of

__all__ = ["SharedRegisters"]


class SharedRegisters(wiring.Component):
    """One access a cycle, in turn; user ``cores`` is the host.

    Latency: an access that is granted in cycle t takes place in t + 1 and is answered in t + 2.

    Members
    -------
    users : ports of the cores, then of the host.
    dma_full : by channel, its registers may not be written: such a store waits.
    dma_write, dma_channel, dma_offset, dma_value : a store to one.
    dma_outstanding : transfers of each channel.
    write_arrivers, write_targets : by barrier, its mask gets ``value``.
    arrivers, targets, arrived : of all barriers.
    flush : empty the instruction caches.
    waiting : cores whose waiting load is not answered.
    failed, failed_core, failed_address : the first access that failed.
    fault : the cluster stops for ``cause`` (7 bits) of core ``culprit`` with ``pc`` and ``detail``.
    halted : it has.
    """

    def __init__(self, config):
        self._config, users = config, config.cores + 1
        cores = config.cores
        super().__init__({
            "users": In(REGISTER_PORT).array(users), "dma_full": In(users),
            "dma_write": Out(1), "dma_channel": Out(range(users)), "dma_offset": Out(7),
            "value": Out(32), "dma_outstanding": In(2).array(users),
            "write_arrivers": Out(config.barriers), "write_targets": Out(config.barriers),
            "arrivers": In(cores).array(config.barriers),
            "targets": In(cores).array(config.barriers),
            "arrived": In(cores).array(config.barriers), "flush": Out(1), "waiting": In(cores),
            "failed": In(1), "failed_core": In(5), "failed_address": In(32),
            "fault": In(1), "cause": In(7), "culprit": In(5), "detail": In(32),
            "halted": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        users = self._config.cores + 1
        m.submodules.arbiter = arbiter = RoundRobin(users)
        self._there, self._user, self._page = Signal(), Signal(5), Signal(2)
        self._offset, self._we, answer = Signal(12), Signal(), Signal(users)
        starting = Signal()
        m.d.comb += starting.eq(self.dma_write & (self.dma_offset == offset_of("DMA_START")))
        for i, user in enumerate(self.users):
            # Its own channel, the host's being the cluster's, or the cluster's. What is being
            # started shows in ``dma_full`` in the next cycle.
            full = Mux(user.offset[7], self.dma_full[-1], self.dma_full[i])
            blocked = (user.page == 2) & user.we & (full | starting)
            m.d.comb += [arbiter.requests[i].eq(user.req & ~blocked),
                         user.gnt.eq(arbiter.grant[i])]
        m.d.comb += arbiter.take.eq(1)
        m.d.sync += [
            self._there.eq(arbiter.requests.any()),
            self._user.eq(chosen(arbiter.grant, [Const(i, 5) for i in range(users)])),
            self._page.eq(chosen(arbiter.grant, [user.page for user in self.users])),
            self._offset.eq(chosen(arbiter.grant, [user.offset for user in self.users])),
            self._we.eq((arbiter.grant & Cat(user.we for user in self.users)).any()),
            self.value.eq(chosen(arbiter.grant, [user.wdata for user in self.users])),
            answer.eq(Mux(self._there, 1 << self._user, 0)),
        ]
        word, error, known, value = Signal(32), Signal(), Signal(), Signal(32)
        self._dma(m, known, value)
        self._registers(m, known, value)
        m.d.sync += [word.eq(value), error.eq(~known)]
        for i, user in enumerate(self.users):
            m.d.comb += [user.rvalid.eq(answer[i]), user.rdata.eq(word), user.err.eq(error)]
        return m

    def _dma(self, m, known, value):
        last = self._config.cores
        m.d.comb += [
            self.dma_channel.eq(Mux(self._offset[7], last, self._user)),
            self.dma_offset.eq(self._offset[:7]),
            self.dma_write.eq(self._there & self._we & (self._page == 2)
                              & (self._offset < 2 * CLUSTER_CHANNEL)
                              & (self.dma_offset <= offset_of("DMA_START"))),
        ]
        with m.If(self._page == 2):
            m.d.comb += known.eq(self.dma_write)
            with m.If(~self._we & (self.dma_offset == offset_of("DMA_STATUS"))
                      & (self._offset < 2 * CLUSTER_CHANNEL)):
                m.d.comb += [known.eq(1),
                             value.eq(Array(self.dma_outstanding)[self.dma_channel])]

    def _registers(self, m, known, value):
        config, time = self._config, Signal(64)
        m.d.sync += time.eq(time + 1)
        fault, bus_error = self._fault(m), self._bus_error(m)
        tickets = [Signal(32, name=f"ticket_{i}") for i in range(8)]
        loads = {
            "CORES": Const(config.cores, 32), "L1_BYTES": Const(config.l1_bytes, 32),
            "TIME": time[:32], "TIMEH": time[32:], **fault, **bus_error,
            "WAITING": self.waiting,
        }
        stores = {"FAULT_CAUSE", "FAULT_PC", "FAULT_VALUE", "CACHE_FLUSH"}
        with m.If(self._there & (self._page == 1)):
            with m.Switch(self._offset):
                for name in dict.fromkeys((*loads, *sorted(stores))):
                    with m.Case(offset_of(name)):
                        m.d.comb += [
                            value.eq(loads.get(name, 0)),
                            known.eq(Mux(self._we, name in stores, name in loads))]
                for i, ticket in enumerate(tickets):
                    with m.Case(offset_of("TICKET") + 4 * i):
                        m.d.comb += [known.eq(1), value.eq(ticket)]
                        m.d.sync += ticket.eq(Mux(self._we, self.value, ticket + 1))
                for i in range(config.barriers):
                    for name, mask in (("ARRIVERS", self.arrivers), ("TARGETS", self.targets)):
                        with m.Case(offset_of(f"BARRIER_{name}") + 4 * i):
                            write = getattr(self, f"write_{name.lower()}")
                            m.d.comb += [known.eq(1), value.eq(mask[i]), write[i].eq(self._we)]
                    with m.Case(offset_of("BARRIER_ARRIVED") + 4 * i):
                        m.d.comb += [known.eq(~self._we), value.eq(self.arrived[i])]
        m.d.comb += self.flush.eq(self._stored("CACHE_FLUSH"))

    def _stored(self, name):
        """A store to the register takes place."""
        return self._there & self._we & (self._page == 1) & (self._offset == offset_of(name))

    def _fault(self, m):
        """Claimed by the first core that writes a value; stops the cluster with the cause."""
        cause, pc, detail = Signal(32), Signal(32), Signal(32)
        claimed, core, mine = Signal(), Signal(5), Signal()
        m.d.comb += mine.eq(~self.halted & (~claimed | (core == self._user)))
        for name, register in (("FAULT_CAUSE", cause), ("FAULT_PC", pc),
                               ("FAULT_VALUE", detail)):
            with m.If(self._stored(name) & mine):
                m.d.sync += [register.eq(self.value), claimed.eq(1), core.eq(self._user)]
                if name == "FAULT_CAUSE":
                    m.d.sync += self.halted.eq(1)
        with m.If(self.fault & ~self.halted):
            m.d.sync += [cause.eq(self.cause), detail.eq(self.detail), claimed.eq(1),
                         core.eq(self.culprit), pc.eq(0), self.halted.eq(1)]
        return {"FAULT_CAUSE": cause, "FAULT_CORE": Cat(core, Const(0, 26), claimed),
                "FAULT_PC": pc, "FAULT_VALUE": detail}

    def _bus_error(self, m):
        there, core, address = Signal(), Signal(5), Signal(32)
        with m.If(self.failed & ~there):
            m.d.sync += [there.eq(1), core.eq(self.failed_core), address.eq(self.failed_address)]
        return {"BUS_ERROR": address, "BUS_ERROR_CORE": Cat(core, Const(0, 26), there)}
