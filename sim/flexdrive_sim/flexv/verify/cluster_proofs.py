"""What is proven of the cluster's blocks, on small sizes, each between arbitrary neighbours that
keep only to the rules stated here."""

from amaranth.hdl import Assert, Assume, Cover, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from flexdrive.flexv.cluster.arbiter import RoundRobin
from flexdrive.flexv.cluster.barrier import Barrier, Mutex
from flexdrive.flexv.cluster.dma_buffer import DmaBuffer
from flexdrive.flexv.cluster.l1 import Bank

from ...proofs.formal import Proof
from .proofs import constant

__all__ = ["PROOFS", "ArbiterProof", "BankProof", "BarrierProof", "BufferProof", "MutexProof",
           "TurnsProof"]


def _one_at_most(bits):
    return (bits & (bits - 1))[:len(bits)] == 0


class ArbiterProof(wiring.Component):
    """Somebody is served whenever somebody asks, one at a time, and who keeps asking waits for at
    most all others."""

    requests: In(5)
    take: In(1)
    who: In(3)

    def elaborate(self, platform):
        m = Module()
        m.submodules.arbiter = arbiter = RoundRobin(5)
        m.d.comb += [arbiter.requests.eq(self.requests), arbiter.take.eq(self.take)]
        who, waited = constant(m, self.who, "who"), Signal(3)
        asks, served = Signal(), Signal()
        m.d.comb += [
            Assume(who < 5), asks.eq(self.requests.bit_select(who, 1)),
            served.eq(arbiter.grant.bit_select(who, 1)),
            Assert(_one_at_most(arbiter.grant)),
            Assert((arbiter.grant & ~self.requests) == 0),
            Assert(arbiter.grant.any() == self.requests.any()),
            Assert(waited < 5), Assert(~((waited == 4) & asks) | served),
            Cover((waited == 4) & served),
        ]
        # How many others were served while it asked.
        with m.If(~asks):
            m.d.sync += waited.eq(0)
        with m.Elif(self.take):
            m.d.sync += waited.eq(Mux(served, 0, waited + 1))
        return m


class BankProof(wiring.Component):
    """Each granted access, whoever made it, finds the word that those before it have left; one
    byte of the bank is watched."""

    request: In(3)
    row0: In(3)
    row1: In(3)
    row2: In(3)
    we: In(3)
    be0: In(4)
    be1: In(4)
    be2: In(4)
    wdata0: In(32)
    wdata1: In(32)
    wdata2: In(32)
    place: In(3)
    lane: In(2)

    def elaborate(self, platform):
        m = Module()
        m.submodules.bank = bank = Bank(3, 8)
        place, lane = (constant(m, value, name) for value, name in (
            (self.place, "place"), (self.lane, "lane")))
        byte, loads, known = Signal(8), Signal(), Signal()
        m.d.comb += [bank.request.eq(self.request), bank.we.eq(self.we)]
        m.d.sync += loads.eq(0)
        for i in range(3):
            row, be, data = (getattr(self, f"{name}{i}") for name in ("row", "be", "wdata"))
            m.d.comb += [bank.row[i].eq(row), bank.be[i].eq(be), bank.wdata[i].eq(data)]
            with m.If(bank.grant[i] & (row == place)):
                with m.If(~self.we[i]):
                    m.d.sync += loads.eq(1)
                with m.Elif(be.bit_select(lane, 1)):
                    m.d.sync += [byte.eq(data.word_select(lane, 8)), known.eq(1)]
        m.d.comb += [
            Assert(_one_at_most(bank.grant)), Assert((bank.grant & ~self.request) == 0),
            Assert(bank.grant.any() == self.request.any()),
            Assert(~loads | (bank.rdata.word_select(lane, 8) == byte)),
            Cover(loads & known & (byte != 0)),
        ]
        return m


class TurnsProof(wiring.Component):
    """A bank with a user that goes in front: somebody has it whenever somebody asks, and who keeps
    asking waits for at most five accesses of the other two."""

    request: In(3)
    who: In(2)

    def elaborate(self, platform):
        m = Module()
        m.submodules.bank = bank = Bank(3, 8, first=0b010)
        who, waited = constant(m, self.who, "who"), Signal(4)
        asks, served = Signal(), Signal()
        m.d.comb += [
            bank.request.eq(self.request), Assume(who < 3),
            asks.eq(self.request.bit_select(who, 1)), served.eq(bank.grant.bit_select(who, 1)),
            Assert(_one_at_most(bank.grant)), Assert(bank.grant.any() == self.request.any()),
            Assert(waited <= 5), Assert(~((waited == 5) & asks) | served),
            Cover((waited == 4) & served),
        ]
        m.d.sync += waited.eq(Mux(served | ~asks, 0, waited + 1))
        return m


class BarrierProof(wiring.Component):
    """With constant masks: it opens in the cycle after the last of its arrivers has come, for its
    targets, and never else; each of them has then come once since it opened before."""

    arrives: In(3)
    arrivers: In(3)
    targets: In(3)

    def elaborate(self, platform):
        m = Module()
        m.submodules.barrier = barrier = Barrier(3)
        arrivers, targets = (constant(m, value, name) for value, name in (
            (self.arrivers, "arrivers"), (self.targets, "targets")))
        step = Signal(2)
        m.d.sync += step.eq(Mux(step == 2, 2, step + 1))
        m.d.comb += [
            # The masks are set in the first two cycles.
            barrier.write_arrivers.eq(step == 0), barrier.write_targets.eq(step == 1),
            barrier.value.eq(Mux(step == 0, arrivers, targets)),
            barrier.arrives.eq(Mux(step == 2, self.arrives, 0)),
            Assume(arrivers.any() & targets.any()),
        ]
        opened, opens = Signal(4), Signal()
        m.d.comb += opens.eq(barrier.opens.any())
        # Counted in the cycle in which the last one comes: ``opens`` is a cycle later.
        came = [Signal(4, name=f"came_{i}") for i in range(3)]
        ahead = []
        for i, count in enumerate(came):
            accepted = barrier.arrives[i] & ~barrier.refuses[i]
            m.d.sync += count.eq(count + accepted)
            ahead.append((count - opened - opens)[:4])
            m.d.comb += [
                Assert(~accepted | arrivers[i]),
                Assert(~arrivers[i] | (ahead[i] == barrier.arrived[i])),
                Assert(arrivers[i] | ((count == 0) & ~barrier.arrived[i])),
            ]
        m.d.sync += opened.eq(opened + opens)
        with m.If(step == 2):
            m.d.comb += [
                Assert(barrier.arrivers == arrivers), Assert(barrier.targets == targets),
                Assert(~opens | (barrier.opens == targets)),
                # They are never all there: then it opens.
                Assert((barrier.arrived & arrivers) != arrivers),
                Cover(opened == 2),
            ]
        return m


class MutexProof(wiring.Component):
    """One core at most has it, from the cycle in which it gets it to that in which it gives it
    back; who waits gets it after at most all others."""

    waits: In(3)
    gives: In(3)
    who: In(2)

    def elaborate(self, platform):
        m = Module()
        m.submodules.mutex = mutex = Mutex(3)
        has, waited, still = Signal(3), Signal(2), Signal(3)
        who = constant(m, self.who, "who")
        m.d.comb += [
            mutex.waits.eq(self.waits), mutex.gives.eq(self.gives),
            # Who has it does not wait for it; who waits does so until it has it, and gives nothing.
            Assume((self.waits & has) == 0), Assume((still & ~self.waits) == 0),
            Assume((self.gives & self.waits) == 0), Assume(who < 3),
            Assert(_one_at_most(has)), Assert(_one_at_most(mutex.gets)),
            Assert((mutex.gets & ~self.waits) == 0), Assert(~(mutex.gets.any() & has.any())),
            Assert(mutex.refuses == (self.gives & ~has)),
            Assert(has.any() | (mutex.gets.any() == self.waits.any())),
            Assert(waited < 3), Cover((waited == 2) & mutex.gets.bit_select(who, 1)),
        ]
        m.d.sync += [has.eq((has & ~self.gives) | mutex.gets),
                     still.eq(self.waits & ~mutex.gets)]
        with m.If(~self.waits.bit_select(who, 1)):
            m.d.sync += waited.eq(0)
        with m.Elif(mutex.gets.any()):
            m.d.sync += waited.eq(Mux(mutex.gets.bit_select(who, 1), 0, waited + 1))
        return m


class BufferProof(wiring.Component):
    """Byte n that comes is byte n that leaves, for every n and all pieces and places."""

    push: In(1)
    data: In(64)
    offset: In(3)
    count: In(4)
    pop: In(1)
    pop_offset: In(3)
    pop_count: In(4)
    number: In(5)
    value: In(8)

    def elaborate(self, platform):
        m = Module()
        m.submodules.buffer = buffer = DmaBuffer()
        number, value = (constant(m, source, name) for source, name in (
            (self.number, "number"), (self.value, "value")))
        came, left = Signal(6), Signal(6)
        pushes = self.push & buffer.room
        m.d.comb += [
            buffer.push.eq(pushes), buffer.push_data.eq(self.data),
            buffer.push_offset.eq(self.offset), buffer.push_count.eq(self.count),
            buffer.pop.eq(self.pop), buffer.pop_offset.eq(self.pop_offset),
            buffer.pop_count.eq(self.pop_count),
            Assume((self.count != 0) & (self.offset + self.count <= 8)),
            Assume((self.pop_count != 0) & (self.pop_offset + self.pop_count <= 8)),
            Assume(~self.pop | (self.pop_count <= buffer.level)),
            Assume(came < 40), Assert(buffer.level == (came - left)[:6]),
            Assert(buffer.level <= 16),
        ]
        m.d.sync += [came.eq(came + Mux(pushes, self.count, 0)),
                     left.eq(left + Mux(self.pop, self.pop_count, 0))]
        at, out = Signal(6), Signal(6)
        m.d.comb += [at.eq(number - came), out.eq(number - left)]
        with m.If(pushes & (at < self.count)):
            m.d.comb += Assume(
                self.data.word_select((at + self.offset)[:3], 8) == value)
        with m.If(self.pop & (out < self.pop_count)):
            m.d.comb += [
                Assert(buffer.pop_data.word_select((out + self.pop_offset)[:3], 8) == value),
                Assert(buffer.pop_mask.bit_select((out + self.pop_offset)[:3], 1)),
                Cover((number == 9) & (value == 0xA5)),
            ]
        # Ones stand for the bytes that leave, and for no others; those are 0.
        for i in range(8):
            meant = (self.pop_offset <= i) & (i < self.pop_offset + self.pop_count)
            m.d.comb += [Assert(buffer.pop_mask[i] == meant),
                         Assert(meant | (buffer.pop_data[8 * i:8 * i + 8] == 0))]
        return m


def _both(name, claim, component, depth):
    return (Proof(name=name, claim=claim, component=component, depth=depth),
            Proof(name=f"{name} cover", claim="this happens", component=component, depth=depth,
                  mode="cover"))


PROOFS = (
    *_both("arbiter", "one of those who ask is served; nobody waits for more than all others",
           ArbiterProof, 12),
    *_both("bank", "an access finds what those before it have left; one is granted", BankProof,
           8),
    *_both("turns", "who goes in front at a bank keeps nobody waiting for long", TurnsProof, 14),
    *_both("barrier", "it opens when all have come, once each, and never else", BarrierProof, 12),
    *_both("mutex", "one core has it; nobody waits for more than all others", MutexProof, 10),
    # Deeper it takes minutes: two shifts by any number of bytes a cycle.
    Proof(name="bytes", claim="the bytes that come leave in their order", component=BufferProof,
          depth=3),
    Proof(name="bytes cover", claim="this happens", component=BufferProof, depth=6,
          mode="cover"),
)
