"""Barriers and mutexes."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib.wiring import In, Out

from ...emit import Shared
from .arbiter import RoundRobin

__all__ = ["Barrier", "Mutex"]


class Barrier(Shared):
    """One barrier: it opens when all of ``arrivers`` have arrived.

    Latency: ``opens`` is high in the cycle after the last arrival, for one cycle; the next
    arrivals may come in that cycle.

    Members
    -------
    arrives : cores that arrive in this cycle. refuses : those of them that are not waited for or
        have arrived before (combinational); they change nothing.
    write_arrivers, write_targets, value : set the masks.
    arrivers, targets, arrived : as they are.
    opens : the cores that are woken.
    """

    def __init__(self, cores, *, init=0):
        self._cores, self._init = cores, init
        super().__init__({
            "arrives": In(cores), "refuses": Out(cores), "write_arrivers": In(1),
            "write_targets": In(1), "value": In(cores), "arrivers": Out(cores, init=init),
            "targets": Out(cores, init=init), "arrived": Out(cores), "opens": Out(cores),
        }, n=cores, i=init)

    def elaborate(self, platform):
        m = Module()
        there, done = Signal(self._cores), Signal()
        m.d.comb += [
            self.refuses.eq(self.arrives & (~self.arrivers | self.arrived)),
            there.eq(self.arrived | (self.arrives & ~self.refuses)),
            done.eq((there == self.arrivers) & self.arrivers.any()),
        ]
        m.d.sync += [self.arrived.eq(Mux(done, 0, there)),
                     self.opens.eq(Mux(done, self.targets, 0))]
        with m.If(self.write_arrivers):
            m.d.sync += self.arrivers.eq(self.value)
        with m.If(self.write_targets):
            m.d.sync += self.targets.eq(self.value)
        return m


class Mutex(Shared):
    """One mutex, given in turn to those who wait for it.

    Latency: a core that begins to wait in cycle t has ``gets`` in t + 1 at the earliest.

    Members
    -------
    waits : cores that wait, until they have it. gives : cores that give it back; refuses : those
        of them that do not have it (combinational).
    gets : the core that has it from now on, for one cycle.
    """

    def __init__(self, cores):
        self._cores = cores
        super().__init__({"waits": In(cores), "gives": In(cores), "refuses": Out(cores),
                          "gets": Out(cores)}, n=cores)

    def elaborate(self, platform):
        m = Module()
        owner = Signal(self._cores)
        m.submodules.arbiter = arbiter = RoundRobin(self._cores)
        m.d.comb += [
            arbiter.requests.eq(Mux(owner.any(), 0, self.waits)), arbiter.take.eq(1),
            self.gets.eq(arbiter.grant), self.refuses.eq(self.gives & ~owner),
        ]
        m.d.sync += owner.eq((owner & ~self.gives) | arbiter.grant)
        return m
