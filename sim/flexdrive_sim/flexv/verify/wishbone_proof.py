"""What is proven of the bridge from a port of the core to Wishbone."""

from amaranth.hdl import Assert, Assume, Cat, Cover, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from flexdrive.flexv.core.bus import DATA_PORT
from flexdrive.flexv.wishbone import WISHBONE_PORT, WishboneBridge

__all__ = ["WishboneProof"]

# Most accesses that a port of the core has under way.
_MOST = 8


class WishboneProof(wiring.Component):
    """Access n of the core is access n of the bus, and answer n of the bus is response n of the
    core, between a core that keeps the rules of its port and a slave that answers at any time,
    also in the cycle in which it takes an access and while there is none (rule 3.55)."""

    core: In(DATA_PORT)
    bus: Out(WISHBONE_PORT)
    number: In(4)

    def __init__(self, pipelined):
        self._pipelined = pipelined
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        m.submodules.bridge = bridge = WishboneBridge(pipelined=self._pipelined)
        wiring.connect(m, wiring.flipped(self.core), bridge.core)
        wiring.connect(m, wiring.flipped(self.bus), bridge.bus)
        core, bus = self.core, self.bus
        ends = bus.ack | bus.err
        # Granted, taken by the slave, answered by it, given back to the core; so far.
        granted, taken, answered, given = counts = [
            Signal(5, name=name) for name in ("granted", "taken", "answered", "given")]
        takes, answers = Signal(), Signal()
        m.d.comb += [
            takes.eq(bus.cyc & bus.stb & (~bus.stall if self._pipelined else ends)),
            answers.eq(bus.cyc & ends & ((taken != answered) | takes)),
        ]
        events = core.req & core.gnt, takes, answers, core.rvalid
        m.d.sync += [count.eq(count + event) for count, event in zip(counts, events, strict=True)]
        self._neighbours(m, granted, given)
        asked, before = Signal(), Signal(70)
        fields = Cat(bus.we, bus.adr, bus.sel, Mux(bus.we, bus.dat_w, 0))
        m.d.sync += [asked.eq(bus.stb & ~takes), before.eq(fields)]
        m.d.comb += [
            Assert(bus.cyc == (bus.stb | (taken != answered))),
            Assert(~asked | (bus.stb & (fields == before))),
            # In the cycle after the answer, and so never in the cycle of the grant.
            Assert((given + core.rvalid)[:5] == answered),
            Assert(~core.rvalid | (given != granted)),
        ]
        self._same(m, granted, taken, answered, given, events)
        m.d.comb += [Cover(takes & answers & (taken == answered) & (taken == 3)),
                     Cover((granted == 3) & (taken == 2))]
        if self._pipelined:
            m.d.comb += Cover((taken - answered)[:5] == 3)
        return m

    def _neighbours(self, m, granted, given):
        core = self.core
        fields = Cat(core.we, core.addr, core.be, core.wdata)
        waits, before = Signal(), Signal(len(fields))
        m.d.sync += [waits.eq(core.req & ~core.gnt), before.eq(fields)]
        m.d.comb += [Assume(~waits | (core.req & (fields == before))),
                     Assume(~core.req | ((granted - given)[:5] < _MOST))]

    def _same(self, m, granted, taken, answered, given, events):
        """One access, whichever, and its answer."""
        core, bus, number = self.core, self.bus, Signal(4)
        first, chosen = Signal(init=1), Signal(4)
        m.d.sync += [first.eq(0), number.eq(chosen)]
        m.d.comb += chosen.eq(Mux(first, self.number, number))
        for source, place, begins, sink, to, ends, name in (
                (Cat(core.we, core.addr, core.be, core.wdata), granted, events[0],
                 Cat(bus.we, bus.adr, bus.sel, bus.dat_w), taken, events[1], "access"),
                (Cat(bus.err, bus.dat_r), answered, events[2],
                 Cat(core.err, core.rdata), given, events[3], "answer")):
            seen = Signal(len(source), name=f"seen_{name}")
            now = Signal(name=f"now_{name}")
            m.d.comb += now.eq(begins & (place == chosen))
            with m.If(now):
                m.d.sync += seen.eq(source)
            with m.If(ends & (to == chosen)):
                m.d.comb += Assert(sink == Mux(now, source, seen))
