"""A core's own registers: events, and the loads that wait for something."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib.wiring import In, Out

from ...emit import Shared
from .ports import REGISTER_PORT
from .registers import EVENTS, offset_of

__all__ = ["EventPort"]

COUNTERS = ("bank", "outside", "event", "fetch")


class EventPort(Shared):
    """The page of registers that each core has of its own.

    Latency: a load is answered in the next cycle; one that waits, in the cycle in which what it
    waits for is there, the next one at the earliest: for a barrier that opens and a mutex that is
    got (combinational), for an event the cycle after it came. Stores are answered in the next
    cycle. What is no register, and what a barrier or mutex refuses, fails.

    Members
    -------
    bus : of the core.
    events : events that come in this cycle.
    arrives, refuses, opens : by barrier, see :class:`.barrier.Barrier`. waits, gives,
        gives_refused, gets : by mutex.
    sends, send_to : a software event by number, in this cycle, and the cores that it goes to.
    counts : for ``COUNTERS``, something of it happens in this cycle.
    asleep : a waiting load is not answered. stuck : only other cores can end that.
    """

    def __init__(self, cores, barriers, mutexes):
        self._cores, self._barriers, self._mutexes = cores, barriers, mutexes
        super().__init__({
            "bus": In(REGISTER_PORT), "events": In(32),
            "arrives": Out(barriers), "refuses": In(barriers), "opens": In(barriers),
            "waits": Out(mutexes), "gives": Out(mutexes), "gives_refused": In(mutexes),
            "gets": In(mutexes), "sends": Out(8), "send_to": Out(cores),
            "counts": In(len(COUNTERS)), "asleep": Out(1), "stuck": Out(1),
        }, n=cores, b=barriers, m=mutexes)

    def elaborate(self, platform):
        m = Module()
        bus, mask, buffer = self.bus, Signal(32), Signal(32)
        self._answer, self._error, self._value = Signal(), Signal(), Signal(32)
        self._clear, self._count = Signal(len(COUNTERS)), []
        for i, name in enumerate(COUNTERS):
            count = Signal(32, name=f"count_{name}")
            m.d.sync += count.eq(Mux(self._clear[i], 0, count + self.counts[i]))
            self._count.append(count)
        at_barrier, at_event, clears = Signal(self._barriers), Signal(), Signal()
        there, taken, ready, cleared = Signal(32), Signal(), Signal(), Signal(32)
        m.d.comb += [
            there.eq(buffer & mask), taken.eq(bus.req & bus.gnt),
            ready.eq((at_barrier & self.opens).any() | (self.waits & self.gets).any()
                     | (at_event & there.any())),
            bus.rvalid.eq(self._answer | ready), bus.err.eq(self._answer & self._error),
            bus.rdata.eq(Mux(at_event, there, self._value)),
            self.stuck.eq((at_barrier.any() | self.waits.any()) & ~ready),
            self.asleep.eq((at_barrier.any() | self.waits.any() | at_event) & ~ready),
            bus.gnt.eq(~self.asleep),
            self.send_to.eq(bus.wdata),
        ]
        # Nothing to be seen of these between answers.
        m.d.sync += [self._answer.eq(0), self._error.eq(0), self._value.eq(0)]
        with m.If(ready):
            m.d.sync += [at_barrier.eq(0), self.waits.eq(0), at_event.eq(0)]
        with m.If(ready & at_event & clears):
            m.d.comb += cleared.eq(there)
        with m.If(taken):
            with m.If(bus.we):
                self._store(m, mask, cleared)
            with m.Else():
                self._load(m, mask, buffer, at_barrier, at_event, clears)
        m.d.sync += buffer.eq((buffer & ~cleared) | self.events
                              | ((self.opens & ~at_barrier) << EVENTS["barrier"][0]))
        return m

    def _load(self, m, mask, buffer, at_barrier, at_event, clears):
        bus = self.bus
        m.d.sync += self._answer.eq(1)
        values = {"EVENT_MASK": mask, "EVENT_BUFFER": buffer}
        values |= {f"COUNT_{name.upper()}": count
                   for name, count in zip(COUNTERS, self._count, strict=True)}
        with m.Switch(bus.offset):
            for name, value in values.items():
                with m.Case(offset_of(name)):
                    m.d.sync += self._value.eq(value)
            for name, takes in (("EVENT_WAIT", 0), ("EVENT_WAIT_CLEAR", 1)):
                with m.Case(offset_of(name)):
                    m.d.sync += [self._answer.eq(0), at_event.eq(1), clears.eq(takes)]
            for i in range(self._barriers):
                with m.Case(offset_of("BARRIER_WAIT") + 4 * i):
                    m.d.comb += self.arrives[i].eq(1)
                    m.d.sync += [self._answer.eq(self.refuses[i]),
                                 self._error.eq(self.refuses[i]),
                                 at_barrier[i].eq(~self.refuses[i])]
            for i in range(self._mutexes):
                with m.Case(offset_of("MUTEX") + 4 * i):
                    m.d.sync += [self._answer.eq(0), self.waits[i].eq(1)]
            with m.Default():
                m.d.sync += self._error.eq(1)

    def _store(self, m, mask, cleared):
        bus = self.bus
        m.d.sync += self._answer.eq(1)
        with m.Switch(bus.offset):
            with m.Case(offset_of("EVENT_MASK")):
                m.d.sync += mask.eq(bus.wdata)
            with m.Case(offset_of("EVENT_CLEAR")):
                m.d.comb += cleared.eq(bus.wdata)
            for i in range(8):
                with m.Case(offset_of("EVENT_SEND") + 4 * i):
                    m.d.comb += self.sends[i].eq(1)
            for i in range(self._barriers):
                with m.Case(offset_of("BARRIER_ARRIVE") + 4 * i):
                    m.d.comb += self.arrives[i].eq(1)
                    m.d.sync += self._error.eq(self.refuses[i])
            for i in range(self._mutexes):
                with m.Case(offset_of("MUTEX") + 4 * i):
                    m.d.comb += self.gives[i].eq(1)
                    m.d.sync += self._error.eq(self.gives_refused[i])
            for i, name in enumerate(COUNTERS):
                with m.Case(offset_of(f"COUNT_{name.upper()}")):
                    m.d.comb += self._clear[i].eq(1)
            with m.Default():
                m.d.sync += self._error.eq(1)
