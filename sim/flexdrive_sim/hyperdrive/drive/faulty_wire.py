"""The wires of a link with latency, jitter and one fault, all chosen by input ports.

For simulation only. As nothing but values of ports differs from one fault to the next, a campaign
needs one compiled model.
"""

from amaranth.hdl import Cat, Module, Mux, Signal, unsigned
from amaranth.lib import data, enum, memory, wiring
from amaranth.lib.wiring import In, Out

from flexdrive.hyperdrive.link import PhitSignature

__all__ = ["Fault", "FaultSettings", "FaultyWire", "WireSettings"]


class Fault(enum.Enum, shape=unsigned(4)):
    """What happens on the wires. The first group happens to phit number ``position`` (from 0);
    the second from cycle ``position`` on for ``duration`` cycles."""

    NONE = 0
    FLIP = 1            # data wires in ``mask`` are inverted
    FLIP_LAST = 2       # ``last`` is inverted
    DROP = 3            # the phit is lost
    DOUBLE = 4          # the phit comes twice; all that follows waits one cycle
    INSERT = 5          # a phit with data ``mask`` and last ``level`` comes before it
    CUT = 6             # nothing arrives
    STUCK_DATA = 7      # data wires in ``mask`` have ``level``
    STUCK_VALID = 8     # ``valid`` has ``level``
    STUCK_LAST = 9      # ``last`` has ``level``
    FREEZE = 10         # all wires keep the value of the cycle before


class FaultSettings(data.Struct):
    """One fault. ``mask`` covers up to 64 data wires."""

    kind: Fault
    position: unsigned(32)
    duration: unsigned(32)
    mask: unsigned(64)
    level: unsigned(1)


class WireSettings(data.Struct):
    """Wires without a fault: ``latency`` in cycles, then each phit waits in a cycle with
    probability ``stall`` / 256; ``seed`` chooses which (not zero)."""

    latency: unsigned(8)
    stall: unsigned(8)
    seed: unsigned(32)


class FaultyWire(wiring.Component):
    """Wires of one direction. Phits keep their order; gaps between them change.

    Parameters
    ----------
    width : data wires.
    depth : phits that may be on the way; stalls end before that many are. At least twice the
        greatest latency.

    Members
    -------
    i, o : the wires before and after. settings, fault : constant during a run.
    hit : from the cycle after the fault has changed something on the wires.
    """

    def __init__(self, width, *, depth=512):
        self.width, self.depth = width, depth
        super().__init__({
            "i": In(PhitSignature(width)), "o": Out(PhitSignature(width)),
            "settings": In(WireSettings), "fault": In(FaultSettings), "hit": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        entry = data.StructLayout({"data": self.width, "last": 1, "time": 16})
        m.submodules.queue = queue = memory.Memory(shape=entry, depth=self.depth, init=[])
        write, read = queue.write_port(), queue.read_port(domain="comb")
        now = Signal(32)
        begin, end = Signal(range(self.depth)), Signal(range(self.depth))
        waiting = Signal()
        head = Signal(entry)
        ready, leaves, pop = Signal(), Signal(), Signal()
        m.d.comb += [
            waiting.eq(begin != end),
            read.addr.eq(begin), write.addr.eq(end),
            write.data.data.eq(self.i.data), write.data.last.eq(self.i.last),
            write.data.time.eq(now), write.en.eq(self.i.valid & (waiting | ~pop)),
            head.eq(Mux(waiting, read.data, write.data)),
            # Without latency a phit may pass in the cycle in which it comes.
            ready.eq(Mux(waiting, (now - read.data.time)[:16] >= self.settings.latency,
                         self.i.valid & (self.settings.latency == 0))),
            leaves.eq(ready & ~self._stalled(m, end - begin)),
        ]
        m.d.sync += [now.eq(now + 1), begin.eq(begin + (pop & waiting)), end.eq(end + write.en)]
        arriving = PhitSignature(self.width).create()
        hits = self._hit_phit(m, head, leaves, pop, arriving)
        self._hit_wires(m, now, arriving, hits)
        return m

    def _stalled(self, m, used):
        """True at random."""
        random, started = Signal(32), Signal()
        steps = random
        for shift in (13, -17, 5):      # Marsaglia's xorshift
            moved = steps << shift if shift > 0 else steps >> -shift
            steps = (steps ^ moved)[:32]
        m.d.sync += [started.eq(1), random.eq(Mux(started, steps, self.settings.seed))]
        full = used[:(self.depth - 1).bit_length()] > self.depth // 2
        return (random[8:16] < self.settings.stall) & ~full

    def _hit_phit(self, m, head, leaves, pop, arriving):
        """Faults that happen to one phit; returns whether one happens."""
        fault = self.fault
        index, done = Signal(32), Signal()
        here = Signal()
        m.d.comb += [
            here.eq(leaves & (index == fault.position) & ~done),
            arriving.data.eq(head.data), arriving.last.eq(head.last), arriving.valid.eq(leaves),
            pop.eq(leaves),
        ]
        m.d.sync += index.eq(index + pop)
        hits = Signal()
        with m.If(here):
            m.d.sync += done.eq(1)
            with m.Switch(fault.kind):
                with m.Case(Fault.FLIP):
                    m.d.comb += [arriving.data.eq(head.data ^ fault.mask[:self.width]),
                                 hits.eq(fault.mask[:self.width] != 0)]
                with m.Case(Fault.FLIP_LAST):
                    m.d.comb += [arriving.last.eq(~head.last), hits.eq(1)]
                with m.Case(Fault.DROP):
                    m.d.comb += [arriving.valid.eq(0), hits.eq(1)]
                with m.Case(Fault.DOUBLE):
                    m.d.comb += [pop.eq(0), hits.eq(1)]
                with m.Case(Fault.INSERT):
                    m.d.comb += [arriving.data.eq(fault.mask), arriving.last.eq(fault.level),
                                 pop.eq(0), hits.eq(1)]
        return hits

    def _hit_wires(self, m, now, arriving, hits):
        """Faults that last, and the output."""
        fault = self.fault
        before = Signal(self.width + 2)
        o = Cat(self.o.data, self.o.valid, self.o.last)
        plain = Cat(arriving.data, arriving.valid, arriving.last)
        mask = fault.mask[:self.width]
        m.d.comb += o.eq(plain)
        m.d.sync += before.eq(o)
        with m.If((now >= fault.position) & (now - fault.position < fault.duration)):
            with m.Switch(fault.kind):
                with m.Case(Fault.CUT):
                    m.d.comb += self.o.valid.eq(0)
                with m.Case(Fault.STUCK_DATA):
                    m.d.comb += self.o.data.eq(
                        Mux(fault.level, arriving.data | mask, arriving.data & ~mask))
                with m.Case(Fault.STUCK_VALID):
                    m.d.comb += self.o.valid.eq(fault.level)
                with m.Case(Fault.STUCK_LAST):
                    m.d.comb += self.o.last.eq(fault.level)
                with m.Case(Fault.FREEZE):
                    m.d.comb += o.eq(before)
        # A change of data or last without valid is none.
        seen = (arriving.valid != self.o.valid) | (arriving.valid & (o != plain))
        with m.If(hits | seen):
            m.d.sync += self.hit.eq(1)
