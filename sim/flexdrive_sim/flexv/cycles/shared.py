"""Shared registers, cycle by cycle."""

from flexdrive.flexv.cluster.registers import CLUSTER_CHANNEL, DMA_PAGE, REGISTERS, SHARED_PAGE

from .arbiter import RoundRobin

__all__ = ["SharedRegisters"]

_NAMES = {register.offset + 4 * i: (register.name, i) for register in REGISTERS
          if register.page == SHARED_PAGE for i in range(register.count)}
_OFFSETS = {register.name: register.offset for register in REGISTERS
            if register.page == DMA_PAGE}


class SharedRegisters:
    """See :class:`flexdrive.flexv.cluster.shared_registers.SharedRegisters`.

    Each cycle: ``begin``, ``grant``, then ``step``.

    Attributes
    ----------
    answered : (core, value) of the answer in this cycle, or None.
    dma_write : (channel, offset, value) that takes place in this cycle, or None. flush : the
        caches are emptied in it. fault : it stops the cluster.
    """

    def __init__(self, config, barriers, queue):
        self._config, self._barriers, self._queue = config, barriers, queue
        self._arbiter, self._there, self._tickets = RoundRobin(), None, [0] * 8
        self._answer = self.answered = None
        self.dma_write, self.flush, self.fault = None, False, False

    def begin(self):
        """What was granted in the cycle before takes place now."""
        self.answered, self._answer = self._answer, None
        self.dma_write, self.flush = None, False
        if self._there is not None:
            core, page, offset, value = self._there
            if page == DMA_PAGE and value is not None:
                channel = self._config.cores if offset & CLUSTER_CHANNEL else core
                self.dma_write = (channel, offset % CLUSTER_CHANNEL, value)
            self.flush = (page == SHARED_PAGE and value is not None
                          and _NAMES[offset][0] == "CACHE_FLUSH")

    def grant(self, wanted):
        """``wanted``: {core: (page, offset, value of a store or None)}; returns the core whose
        access is taken, or None."""
        starting = (self.dma_write is not None
                    and self.dma_write[1] == _OFFSETS["DMA_START"])
        requests = 0
        for core, (page, offset, value) in wanted.items():
            full = self._queue.full(self._config.cores if offset & CLUSTER_CHANNEL else core)
            if not (page == DMA_PAGE and value is not None and (full or starting)):
                requests |= 1 << core
        granted = self._arbiter.take(requests) if requests else 0
        return granted.bit_length() - 1 if granted else None

    def step(self, cycle, granted, wanted):
        """The access of the cycle before gives its value; the one granted now is the next."""
        if self._there is not None:
            core, page, offset, value = self._there
            self._answer = (core, self._access(cycle, core, page, offset, value))
        self._there = None if granted is None else (granted, *wanted[granted])

    def _access(self, cycle, core, page, offset, value):
        if page == DMA_PAGE:
            if value is not None:
                return 0
            return self._queue.outstanding[
                self._config.cores if offset & CLUSTER_CHANNEL else core]
        name, index = _NAMES[offset]
        if name == "TICKET":
            old = self._tickets[index]
            self._tickets[index] = (old + 1 if value is None else value) & 0xFFFFFFFF
            return old
        if name in ("BARRIER_ARRIVERS", "BARRIER_TARGETS", "BARRIER_ARRIVED"):
            kind = name.removeprefix("BARRIER_").lower()
            if value is not None:
                setattr(self._barriers[index], kind, value)
            return getattr(self._barriers[index], kind)
        if name == "FAULT_CAUSE" and value is not None:
            self.fault = True
        return {"CORES": self._config.cores, "L1_BYTES": self._config.l1_bytes,
                "TIME": cycle & 0xFFFFFFFF, "TIMEH": cycle >> 32}.get(name, 0)
