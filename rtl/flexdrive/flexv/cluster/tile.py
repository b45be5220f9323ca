"""One core with what it has of its own."""

from hashlib import sha256

from amaranth.hdl import EnableInserter, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ...emit import Shared
from ..core import Core
from ..core.rvfi import RVFI_PORT
from .l1 import L1Port
from .ports import FILL, LINE_BITS, OUTSIDE_PORT, REGISTER_PORT
from .private_cache import PrivateCache
from .router import Router

__all__ = ["CoreTile"]


class CoreTile(Shared):
    """Core, private instruction cache and the ways of its data.

    Latency: a load from L1 that is granted is answered in the next cycle.

    Members
    -------
    hart_id, boot_address : of the core. halt : nothing is granted to it.
    bank_request, bank_grant, bank_rdata, row : crossbar, see :class:`.l1.L1Port`; we, be, wdata :
        of the access.
    private, shared : registers. outside : 64-bit words.
    request, line, granted, fill, flush : see :class:`.private_cache.PrivateCache`.
    waits_bank, waits_outside, waits_fetch : the core's access to L1 is not granted and no
        instruction goes on; one elsewhere is not over; an instruction is not in the private cache.
    asleep : a waiting load is not answered; with ``config.gate_cores`` the core stands still when
        nothing else is under way.
    gated : it does.
    failed, failed_address : a data access fails.
    null : an instruction is fetched from address 0.
    sleeping : the core waits in wfi.
    rvfi : with ``config.core.rvfi``.
    """

    def __init__(self, config):
        self._config = config
        ports = {
            "hart_id": In(5), "boot_address": In(32), "halt": In(1),
            "bank_request": Out(config.banks), "bank_grant": In(config.banks),
            "bank_rdata": In(32).array(config.banks), "row": Out(config.row_bits),
            "we": Out(1), "be": Out(4), "wdata": Out(32),
            "private": Out(REGISTER_PORT), "shared": Out(REGISTER_PORT),
            "outside": Out(OUTSIDE_PORT),
            "request": Out(1), "line": Out(LINE_BITS), "granted": In(1), "fill": In(FILL),
            "flush": In(1), "waits_bank": Out(1), "waits_outside": Out(1), "waits_fetch": Out(1),
            "failed": Out(1), "failed_address": Out(32), "null": Out(1), "sleeping": Out(1),
            "asleep": In(1), "gated": Out(1),
        }
        if config.core.rvfi:
            ports["rvfi"] = Out(RVFI_PORT)
        # Almost every field matters to what stands inside: the name has all of them.
        super().__init__(ports, k=sha256(repr(config).encode()).hexdigest()[:8])

    def elaborate(self, platform):
        m = Module()
        config = self._config
        core = Core(config.core)
        m.submodules.core = EnableInserter(~self.gated)(core) if config.gate_cores else core
        m.submodules.cache = cache = PrivateCache(config.private_cache)
        m.submodules.router = router = Router(config.l1_bytes)
        m.submodules.l1 = l1 = L1Port(config).in_place()
        # A load that waits beside the pipeline costs nothing while instructions leave.
        waits_bank = (router.waits_bank & ~core.leaves if config.core.waiting_loads
                      else router.waits_bank)
        wiring.connect(m, core.ibus, cache.bus)
        wiring.connect(m, core.dbus, router.core)
        for name in ("private", "shared", "outside"):
            wiring.connect(m, wiring.flipped(getattr(self, name)), getattr(router, name))
        m.d.comb += [
            core.hart_id.eq(self.hart_id), core.boot_address.eq(self.boot_address),
            self.sleeping.eq(core.sleeping),
            cache.halt.eq(self.halt | self.gated), router.halt.eq(self.halt),
            self.request.eq(cache.request), self.line.eq(cache.line),
            cache.granted.eq(self.granted), cache.fill.eq(self.fill), cache.flush.eq(self.flush),
            self.null.eq(cache.null), self.waits_fetch.eq(cache.waits),
            l1.req.eq(router.l1_req), l1.word.eq(router.l1_word),
            router.l1_granted.eq(l1.granted), router.l1_rdata.eq(l1.rdata),
            l1.bank_grant.eq(self.bank_grant), self.bank_request.eq(l1.bank_request),
            self.row.eq(l1.row), self.we.eq(core.dbus.we), self.be.eq(core.dbus.be),
            self.wdata.eq(core.dbus.wdata),
            *(l1.bank_rdata[i].eq(word) for i, word in enumerate(self.bank_rdata)),
            self.waits_bank.eq(waits_bank), self.waits_outside.eq(router.waits_outside),
            self.failed.eq(router.failed), self.failed_address.eq(router.failed_address),
        ]
        if config.gate_cores:
            still = Signal()
            m.d.sync += still.eq(self.asleep & cache.quiet)
            m.d.comb += self.gated.eq(still & self.asleep)
        if config.core.rvfi:
            wiring.connect(m, wiring.flipped(self.rvfi), core.rvfi)
        return m
