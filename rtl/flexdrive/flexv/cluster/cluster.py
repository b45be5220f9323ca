"""The cluster: cores around one L1."""

from functools import reduce
from operator import or_

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ...arguments import Recorded
from ..core.bus import DATA_PORT
from ..core.rvfi import RVFI_PORT
from .arbiter import chosen, lowest
from .barrier import Barrier, Mutex
from .config import ClusterConfig
from .dma import Dma
from .dma_queue import DmaQueue
from .event_port import EventPort
from .l1 import Bank, L1Port
from .outside import OutsideArbiter
from .ports import OUTSIDE_PORT
from .registers import CAUSES, EVENTS
from .router import Router
from .shared_cache import SharedCache
from .shared_registers import SharedRegisters
from .tile import CoreTile

__all__ = ["Cluster"]

_NO_HANDLER, _DEADLOCK, _TRANSFER = CAUSES
# Cycles that all cores have to be stuck for it to be a deadlock: more than any answer under way
# needs inside of the cluster.
_PATIENCE = 15
# BUS_ERROR_CORE of the DMA unit.
_DMA_CULPRIT = 31


class Cluster(Recorded, wiring.Component):
    """Cores, word-interleaved L1, instruction caches, DMA, events.

    Addresses: :mod:`.registers`; everything else is outside. Latency of a core's access from grant
    to answer: 1 cycle to L1 and to its own registers, 2 to shared registers, 2 and that of the
    memory to the outside.

    Members
    -------
    boot_address : of the first instruction of every core, read in the first cycles after reset.
    bus : the outside, for data, DMA and instructions.
    host : access to L1 and shared registers; own registers and the outside fail. Granted while the
        cluster has stopped, too.
    halted : the cluster has stopped because of a fault: FAULT_CAUSE says why.
    asleep : by core, it waits for an event, a barrier, a mutex or (wfi) an interrupt.
    idle : all cores do, and the DMA unit has nothing to do: only the host can go on.
    waits : by core, for pictures and counts: bit 0 L1 does not grant, 1 an access elsewhere is not
        over, 2 an event, 3 an instruction is not there.
    dma_active : a transfer is queued or under way.
    gated : by core, it stands still (with ``config.gate_cores``).
    rvfi : by core (with ``config.core.rvfi``).
    """

    def __init__(self, config=None):
        self.config = config or ClusterConfig()
        ports = {
            "boot_address": In(32), "bus": Out(OUTSIDE_PORT), "host": In(DATA_PORT),
            "halted": Out(1), "asleep": Out(self.config.cores), "idle": Out(1),
            "waits": Out(4).array(self.config.cores), "dma_active": Out(1),
            "gated": Out(self.config.cores),
        }
        if self.config.core.rvfi:
            ports["rvfi"] = Out(RVFI_PORT).array(self.config.cores)
        super().__init__(ports)

    def elaborate(self, platform):
        m = Module()
        config = self.config
        self._tiles = [CoreTile(config) for _ in range(config.cores)]
        self._events = [EventPort(config.cores, config.barriers, config.mutexes)
                        for _ in range(config.cores)]
        self._dma = Dma(config.cores + 1, config.l1_bytes)
        self._queue = DmaQueue(config.cores + 1)
        self._host = Router(config.l1_bytes, private=False, outside=False)
        self._shared = SharedRegisters(config)
        self._cache = SharedCache(config.cores, config.shared_cache, config.cache_ways)
        for i, (tile, events) in enumerate(zip(self._tiles, self._events, strict=True)):
            m.submodules[f"tile{i}"], m.submodules[f"events{i}"] = tile, events
        m.submodules.dma, m.submodules.dma_queue = self._dma, self._queue
        m.submodules.host, m.submodules.shared = self._host, self._shared
        m.submodules.cache = self._cache
        self._connect_tiles(m)
        self._connect_l1(m)
        self._connect_outside(m)
        self._connect_registers(m)
        self._connect_events(m)
        self._faults(m)
        return m

    def _connect_tiles(self, m):
        for i, (tile, events) in enumerate(zip(self._tiles, self._events, strict=True)):
            wiring.connect(m, tile.private, events.bus)
            wiring.connect(m, tile.shared, self._shared.users[i])
            m.d.comb += [
                tile.hart_id.eq(i), tile.boot_address.eq(self.boot_address),
                tile.halt.eq(self._shared.halted), tile.flush.eq(self._shared.flush),
                self._cache.request[i].eq(tile.request), self._cache.line[i].eq(tile.line),
                tile.granted.eq(self._cache.granted[i]), tile.fill.eq(self._cache.fill),
                self.waits[i].eq(Cat(tile.waits_bank, tile.waits_outside, events.asleep,
                                     tile.waits_fetch)),
                events.counts.eq(self.waits[i]),
                self.asleep[i].eq(events.asleep | tile.sleeping),
                tile.asleep.eq(events.asleep), self.gated[i].eq(tile.gated),
            ]
            if self.config.core.rvfi:
                wiring.connect(m, wiring.flipped(self.rvfi[i]), tile.rvfi)
        wiring.connect(m, wiring.flipped(self.host), self._host.core)
        wiring.connect(m, self._host.shared, self._shared.users[-1])
        m.d.comb += self._cache.flush.eq(self._shared.flush)

    def _connect_l1(self, m):
        config, dma = self.config, self._dma
        # What each master has: bank requests, row, we, be, wdata, and where grants go.
        masters = [(t.bank_request, t.row, t.we, t.be, t.wdata, t.bank_grant, t.bank_rdata)
                   for t in self._tiles]
        for name, owner, i in (("dma0", dma, 0), ("dma1", dma, 1), ("host", self._host, None)):
            m.submodules[f"port_{name}"] = port = L1Port(config)
            if i is None:
                m.d.comb += [port.req.eq(owner.l1_req), port.word.eq(owner.l1_word),
                             owner.l1_granted.eq(port.granted), owner.l1_rdata.eq(port.rdata)]
                access = (self.host.we, self.host.be, self.host.wdata)
            else:
                m.d.comb += [port.req.eq(owner.l1_req[i]), port.word.eq(owner.l1_word[i]),
                             owner.l1_granted[i].eq(port.granted),
                             owner.l1_rdata[i].eq(port.rdata)]
                access = (owner.l1_we, owner.l1_be[i], owner.l1_wdata[i])
            masters.append((port.bank_request, port.row, *access, port.bank_grant,
                            port.bank_rdata))
        for b in range(config.banks):
            m.submodules[f"bank{b}"] = bank = Bank(
                config.masters, config.bank_words, first=0b11 << config.cores)
            for i, (request, row, we, be, wdata, grant, rdata) in enumerate(masters):
                m.d.comb += [
                    bank.request[i].eq(request[b]), bank.row[i].eq(row), bank.we[i].eq(we),
                    bank.be[i].eq(be), bank.wdata[i].eq(wdata), grant[b].eq(bank.grant[i]),
                    rdata[b].eq(bank.rdata),
                ]

    def _connect_outside(self, m):
        config = self.config
        m.submodules.outside = outside = OutsideArbiter(config.cores + 2)
        users = [*(tile.outside for tile in self._tiles), self._cache.outside, self._dma.outside]
        for user, port in zip(users, outside.users, strict=True):
            wiring.connect(m, user, port)
        wiring.connect(m, outside.bus, wiring.flipped(self.bus))
        self._outside_active = outside.active

    def _connect_registers(self, m):
        shared, queue, dma = self._shared, self._queue, self._dma
        m.d.comb += [
            queue.write.eq(shared.dma_write), queue.channel.eq(shared.dma_channel),
            queue.offset.eq(shared.dma_offset), queue.value.eq(shared.value),
            shared.dma_full.eq(queue.full),
            *(shared.dma_outstanding[i].eq(count) for i, count in enumerate(queue.outstanding)),
            dma.job.eq(queue.job), dma.valid.eq(queue.valid), queue.take.eq(dma.take),
            queue.finished.eq(dma.finished), shared.waiting.eq(self.asleep),
            self.dma_active.eq(dma.active
                               | Cat(count != 0 for count in queue.outstanding).any()),
            self.idle.eq(self.asleep.all() & ~self.dma_active),
        ]

    def _connect_events(self, m):
        config, shared, ports = self.config, self._shared, self._events
        for b in range(config.barriers):
            m.submodules[f"barrier{b}"] = barrier = Barrier(
                config.cores, init=0 if b else (1 << config.cores) - 1)
            m.d.comb += [
                barrier.arrives.eq(Cat(port.arrives[b] for port in ports)),
                barrier.write_arrivers.eq(shared.write_arrivers[b]),
                barrier.write_targets.eq(shared.write_targets[b]),
                barrier.value.eq(shared.value), shared.arrivers[b].eq(barrier.arrivers),
                shared.targets[b].eq(barrier.targets), shared.arrived[b].eq(barrier.arrived),
            ]
            for i, port in enumerate(ports):
                m.d.comb += [port.refuses[b].eq(barrier.refuses[i]),
                             port.opens[b].eq(barrier.opens[i])]
        for k in range(config.mutexes):
            m.submodules[f"mutex{k}"] = mutex = Mutex(config.cores)
            m.d.comb += [mutex.waits.eq(Cat(port.waits[k] for port in ports)),
                         mutex.gives.eq(Cat(port.gives[k] for port in ports))]
            for i, port in enumerate(ports):
                m.d.comb += [port.gives_refused[k].eq(mutex.refuses[i]),
                             port.gets[k].eq(mutex.gets[i])]
        last = config.cores
        for i, port in enumerate(ports):
            software = [reduce(or_, (sender.sends[e] & sender.send_to[i] for sender in ports))
                        for e in range(EVENTS["software"][1])]
            m.d.comb += port.events.eq(Cat(*software, self._dma.finished[i],
                                           self._dma.finished[last]))

    def _faults(self, m):
        shared, tiles, dma = self._shared, self._tiles, self._dma
        numbers = [Const(i, 5) for i in range(self.config.cores)]
        failed, null, stuck = Signal(self.config.cores), Signal(self.config.cores), Signal()
        patience = Signal(range(_PATIENCE + 1))
        m.d.comb += [
            failed.eq(Cat(tile.failed for tile in tiles)),
            null.eq(Cat(tile.null for tile in tiles)),
            stuck.eq(Cat(port.stuck for port in self._events).all() & ~self.dma_active),
            shared.failed.eq(failed.any() | dma.failed),
            shared.failed_core.eq(Mux(failed.any(), chosen(lowest(failed), numbers),
                                      _DMA_CULPRIT)),
            shared.failed_address.eq(Mux(
                failed.any(), chosen(lowest(failed), [t.failed_address for t in tiles]),
                dma.failed_address)),
            self.halted.eq(shared.halted),
        ]
        m.d.sync += patience.eq(Mux(stuck, patience + (patience != _PATIENCE), 0))
        m.d.comb += shared.fault.eq(null.any() | dma.failed | (patience == _PATIENCE))
        with m.If(null.any()):
            m.d.comb += [shared.cause.eq(_NO_HANDLER),
                         shared.culprit.eq(chosen(lowest(null), numbers))]
        with m.Elif(dma.failed):
            m.d.comb += [shared.cause.eq(_TRANSFER), shared.culprit.eq(_DMA_CULPRIT),
                         shared.detail.eq(dma.failed_address)]
        with m.Else():
            m.d.comb += shared.cause.eq(_DEADLOCK)
