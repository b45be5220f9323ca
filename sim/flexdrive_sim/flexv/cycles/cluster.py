"""The whole cluster, cycle by cycle."""

from typing import Any

import numpy as np

from flexdrive.errors import FlexdriveError
from flexdrive.flexv.cluster.registers import EVENTS, L1_BASE, PRIVATE_PAGE, WINDOW_BITS

from ..iss import Hart, Region
from .arbiter import Bank
from .caches import PrivateCache, SharedCache
from .core import CoreCycles
from .data import SharedData, page_of
from .decoded import Decoder
from .dma import Dma, DmaQueue
from .events import Barrier, EventPort, Mutex
from .outside import Outside
from .shared import SharedRegisters

__all__ = ["ClusterCycles"]


class _Way:
    """Where a core's access goes, see :class:`flexdrive.flexv.cluster.router.Router`: slow
    accesses keep the next one until they are answered."""

    __slots__ = ("far", "l1", "slow")

    def __init__(self):
        self.slow = self.far = self.l1 = False


class ClusterCycles:
    """A cluster from reset on.

    What it does not have: traps, faults, interrupts, the host, random stalls outside; with
    ``gate_cores`` cores are as without.

    Parameters
    ----------
    config : :class:`flexdrive.flexv.cluster.ClusterConfig`
    regions : memory outside, changed in place. boot : address of the first instruction.
    tohost : address whose change to nonzero ends a run. console : address of bytes to be printed.
    latency : cycles from grant to answer outside. activity : cycles whose waits are recorded.

    Attributes
    ----------
    cycles : that have passed. exit_value : what was stored at ``tohost``. console : bytes printed.
    activity : as of :class:`flexdrive_sim.flexv.drive.cluster_bench.ClusterBench`.
    """

    def __init__(self, config, regions, boot, tohost, *, console=None, latency=6, activity=0):
        self.config, cores = config, config.cores
        l1 = Region(L1_BASE, np.zeros(config.l1_bytes, np.uint8))
        self._data = SharedData([l1, *regions], tohost, console)
        self._tohost = tohost & ~7
        self._l1_end, self._bank_bits = L1_BASE + config.l1_bytes, config.bank_bits
        decoder, self._code = Decoder(config.core), ({}, {})
        self._cores = [CoreCycles(Hart(self._data, boot, extensions=config.core.extensions,
                                       hart_id=i), config.core, decoder, self._code)
                       for i in range(cores)]
        self._ways = [_Way() for _ in range(cores)]
        self._private = [PrivateCache(config.private_cache) for _ in range(cores)]
        self._cache = SharedCache(config.shared_cache, config.cache_ways)
        self._events = [EventPort(i) for i in range(cores)]
        self._barriers = [Barrier(0 if b else (1 << cores) - 1) for b in range(config.barriers)]
        self._mutexes = [Mutex() for _ in range(config.mutexes)]
        self._queue, self._dma = DmaQueue(cores + 1), Dma()
        self._shared = SharedRegisters(config, self._barriers, self._queue)
        self._outside = Outside(latency)
        self._banks = [Bank(0b11 << config.cores) for _ in range(config.banks)]
        self._idle = [0] * len(self._mutexes)
        self.cycles, self.activity = 0, np.zeros((activity, cores), np.uint8)

    @property
    def console(self):
        return bytes(self._data.printed)

    def counts(self):
        """As of :class:`flexdrive_sim.flexv.drive.cluster_bench.ClusterBench`: (core, reason)."""
        return np.array([port.total for port in self._events])

    @property
    def exit_value(self):
        return self._data.exit_value

    def run(self, cycles):
        """Until the program has stored to ``tohost``; whether it has within ``cycles``."""
        while self.cycles < cycles:
            if self._step():
                return True
            if self._shared.fault:
                raise FlexdriveError(f"A core has stopped the cluster by cycle {self.cycles:,}")
        return False

    def _step(self):
        """One cycle; whether the run ends."""
        cores, events, shared, dma = self._cores, self._events, self._shared, self._dma
        count, cycle, cache = len(cores), self.cycles, self._cache
        shared.begin()
        flush, fill, answered = shared.flush, cache.fill, self._outside.answered
        waiting = self._idle
        if any(port.waits is not None for port in events):
            waiting = [sum(1 << i for i, port in enumerate(events) if port.waits == k)
                       for k in range(len(self._mutexes))]
        asked, frees = self._ask(fill, flush, answered, waiting)
        granted, l1_granted, taken, outside = self._grant(asked)
        happened = self._advance(asked, granted, frees)
        stored = None
        if outside is not None and outside < count:
            stored = cores[outside].request[1] and cores[outside].request[0]
        cache_taken, cache_came = outside == count, answered == count
        dma_taken, dma_came = outside == count + 1, answered == count + 1
        wanted = [private.wanted for private in self._private]
        everybody_waits = []
        winner = cache.step(wanted, flush, cache_taken, cache_came)
        for i, core in enumerate(cores):
            private = self._private[i]
            fetched = core.step(granted[i], private.hit, private.ready, cycle)
            private.step(fill, flush, winner == i, fetched)
            lost = (asked[i] is not None and asked[i][0] == "l1" and not granted[i]
                    and not (core.leaves and self.config.core.waiting_loads))
            asleep = events[i].asleep
            waits = None
            if lost or happened[i] or asleep or private.waits:
                waits = (lost, happened[i], asleep, private.waits)
                if cycle < len(self.activity):
                    self.activity[cycle, i] = (lost + 2 * happened[i] + 4 * asleep
                                               + 8 * private.waits)
            everybody_waits.append(waits)
        if flush:
            for known in self._code:
                known.clear()
        takes, finished = dma.step(l1_granted, dma_taken, dma_came, self._queue.job)
        if finished is not None:
            self._transfer(finished)
        shared.step(cycle, taken, {i: place[1:] for i, place in enumerate(asked)
                                   if place is not None and place[0] == "shared"})
        self._queue.step(shared.dma_write, takes, None if finished is None else finished.channel)
        self._finish(waiting, finished, everybody_waits)
        told = self._outside.step(cycle, stored)
        self.cycles += 1
        return (told is not None and told is not False and told & ~7 == self._tohost
                and self.exit_value != 0)

    def _ask(self, fill, flush, answered, waiting):
        """Answers reach the cores, which ask anew: by core, place of its access as of
        :meth:`_where`, or None; whether its port has got an answer that was not L1's."""
        shared = self._shared
        asked: list[Any] = [None] * len(self._cores)
        frees = [False] * len(self._cores)
        for i, core in enumerate(self._cores):
            self._private[i].look(fill, flush)
            port, way = self._events[i], self._ways[i]
            port.look(self._barriers, self._mutexes, waiting)
            late = port.answers or answered == i
            if port.answers:
                core.receive(port.value)
            if shared.answered is not None and shared.answered[0] == i:
                core.receive(shared.answered[1])
                late = True
            frees[i] = late
            core.ask(way.l1 or late)
            if core.request is not None and (not way.slow or late):
                asked[i] = self._where(core)
        return asked, frees

    def _transfer(self, finished):
        """What a transfer that has ended moved."""
        for outside_row, l1_row in zip(finished.rows_of(False), finished.rows_of(True),
                                       strict=True):
            source, target = ((l1_row, outside_row) if finished.outward else
                              (outside_row, l1_row))
            self._data.copy(source, target, finished.length)

    def _where(self, core):
        """Kind of access of a core's request, with what the arbiters need."""
        address, store = core.request
        if L1_BASE <= address < self._l1_end:
            return "l1", self._bank(address >> 2)
        page = page_of(address)
        if page is not None:
            value = core.store_value if store else None
            return ("private" if page == PRIVATE_PAGE else "shared"), page, address & 0xFFF, value
        if address >> WINDOW_BITS == L1_BASE >> WINDOW_BITS:
            raise FlexdriveError(f"An access to {address:#x}, where there is nothing")
        return ("outside",)

    def _bank(self, word):
        bits, ones = self._bank_bits, self.config.banks - 1
        word &= (self.config.l1_bytes >> 2) - 1
        if not self.config.xor_banks:
            return word & ones
        return (word ^ word >> bits ^ word >> 2 * bits) & ones

    def _grant(self, asked):
        """(by core, by port of the DMA unit, core of shared registers, user of the outside)."""
        dma, count = self._dma, len(asked)
        granted, l1_granted, banks, wanted, outside = [False] * count, [False] * 2, {}, {}, 0
        for i, place in enumerate(asked):
            if place is None:
                continue
            kind = place[0]
            if kind == "l1":
                banks[place[1]] = banks.get(place[1], 0) | 1 << i
            elif kind == "shared":
                wanted[i] = place[1:]
            elif kind == "outside":
                outside |= 1 << i
            else:
                # A port with a waiting load is slow, so nothing else is asked of it.
                granted[i] = not self._events[i].asleep
        dma.ask()
        for i, word in enumerate(dma.l1_wanted):
            if word is not None:
                bank = self._bank(word)
                banks[bank] = banks.get(bank, 0) | 1 << count + i
        for bank, requests in banks.items():
            winner = self._banks[bank].take(requests, self.cycles).bit_length() - 1
            if winner < count:
                granted[winner] = True
            else:
                l1_granted[winner - count] = True
        taken = self._shared.grant(wanted)
        outside |= self._cache.outside_wanted << count | dma.outside_wanted << count + 1
        user = self._outside.grant(outside)
        if taken is not None:
            granted[taken] = True
        if user is not None and user < count:
            granted[user] = True
        return granted, l1_granted, taken, user

    def _advance(self, asked, granted, frees):
        """Ways of the cores; by core, whether an access elsewhere is not over."""
        happened = []
        for i, (place, way) in enumerate(zip(asked, self._ways, strict=True)):
            kind = None if place is None else place[0]
            late = frees[i]
            happened.append((way.far and not late)
                            or (kind in ("shared", "outside") and not granted[i]))
            if late:
                way.slow = way.far = False
            way.l1 = False
            if granted[i] and kind is not None:
                way.l1, way.slow = kind == "l1", kind != "l1"
                way.far = kind in ("shared", "outside")
                if place is not None and kind == "private":
                    self._events[i].access(place[2], place[3])
        return happened

    def _finish(self, waiting, finished, waits):
        """Events, barriers and mutexes at the end of a cycle."""
        ports, sent = self._events, [0] * len(self._events)
        arrives, gives = [0] * len(self._barriers), [0] * len(self._mutexes)
        for core, port in enumerate(ports):
            if port.arrives is not None:
                arrives[port.arrives] |= 1 << core
            if port.gives is not None:
                gives[port.gives] |= 1 << core
            if port.sends is not None:
                number, targets = port.sends
                for i in range(len(ports)):
                    sent[i] |= (targets >> i & 1) << number
        if finished is not None:
            everybody = finished.channel == len(ports)
            for i in range(len(ports)):
                if everybody:
                    sent[i] |= 1 << EVENTS["cluster's DMA channel"][0]
                elif i == finished.channel:
                    sent[i] |= 1 << EVENTS["own DMA channel"][0]
        for barrier, cores in zip(self._barriers, arrives, strict=True):
            if cores or barrier.opens:
                barrier.step(cores)
        for mutex, wanting, giving in zip(self._mutexes, waiting, gives, strict=True):
            if wanting or giving:
                mutex.step(wanting, giving)
        for port, events, each in zip(ports, sent, waits, strict=True):
            port.step(events, each)
