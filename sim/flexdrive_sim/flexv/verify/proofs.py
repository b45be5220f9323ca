"""What is proven of the core's parts, each between arbitrary neighbours that keep only to the rules
stated here."""

from amaranth.hdl import Assert, Assume, Cat, Const, Cover, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from flexdrive.flexv.core.bus import DATA_PORT, INSTRUCTION_PORT
from flexdrive.flexv.core.fetch import Fetch
from flexdrive.flexv.core.lsu import LoadStore
from flexdrive.flexv.core.macload import Controllers, Undo

from ...proofs.formal import Proof
from .loops_proof import LoopsProof
from .wishbone_proof import WishboneProof

__all__ = ["PROOFS", "ControllersProof", "FetchProof", "LoadStoreProof", "constant"]

# Accesses under way at most: two in write-back, two in execute, two that were dropped.
_LONGEST = 6


def constant(m, value, name):
    """A value that the solver chooses once."""
    first, kept, chosen = (Signal(width, init=init, name=f"{name}_{part}")
                           for part, width, init in (
                               ("first", 1, 1), ("kept", len(value), 0),
                               ("chosen", len(value), 0)))
    m.d.sync += [first.eq(0), kept.eq(chosen)]
    m.d.comb += chosen.eq(Mux(first, value, kept))
    return chosen


class _Slave:
    """A memory port: grants and answers at any time, in order, each access once; requests that
    were not granted stay as they are. ``tracked``: the oldest access is of the tracked word."""

    def __init__(self, m, bus, word, extra=()):
        flags, count = Signal(_LONGEST + 1), Signal(range(_LONGEST + 2))
        asked, fields = Signal(), Cat(bus.addr, *extra)
        before = Signal(len(fields))
        granted = bus.req & bus.gnt
        self.tracked = flags[0]
        m.d.comb += [Assume(~bus.rvalid | (count != 0)), Assert(bus.addr[:2] == 0),
                     Assert(count <= _LONGEST)]
        after, left = Signal(_LONGEST + 1), Signal(range(_LONGEST + 2))
        m.d.comb += [left.eq(count - bus.rvalid), after.eq(Mux(bus.rvalid, flags >> 1, flags))]
        m.d.sync += [
            count.eq(left + granted), asked.eq(bus.req & ~bus.gnt), before.eq(fields),
            flags.eq((after & ~(1 << left)[:_LONGEST + 1]) |
                     ((granted & (bus.addr[2:] == word)) << left)[:_LONGEST + 1]),
        ]
        with m.If(asked):
            m.d.comb += [Assert(bus.req), Assert(fields == before)]


class FetchProof(wiring.Component):
    """Every instruction that fetch delivers is what lies at its address: one word of memory is
    known, all others may read as anything."""

    bus: Out(INSTRUCTION_PORT)
    redirect: In(1)
    target: In(32)
    jump: In(1)
    jump_target: In(32)
    loop: In(1)
    loop_target: In(32)
    ready: In(1)
    address: In(30)
    word: In(32)

    def elaborate(self, platform):
        m = Module()
        m.submodules.fetch = fetch = Fetch()
        wiring.connect(m, wiring.flipped(self.bus), fetch.bus)
        m.d.comb += [fetch.redirect.eq(self.redirect), fetch.target.eq(self.target & ~1),
                     fetch.jump.eq(self.jump), fetch.jump_target.eq(self.jump_target & ~1),
                     fetch.loop.eq(self.loop), fetch.loop_target.eq(self.loop_target & ~1),
                     fetch.ready.eq(self.ready), fetch.reset_pc.eq(self.target & ~1)]
        address, word = (constant(m, value, name) for value, name in (
            (self.address, "address"), (self.word, "word")))
        slave = _Slave(m, fetch.bus, address)
        m.d.comb += Assume(~(self.bus.rvalid & slave.tracked)
                           | ((self.bus.rdata == word) & ~self.bus.err))
        here, behind, void = Signal(), Signal(), Signal()
        # An instruction that could not be fetched traps: what follows it is never executed.
        with m.If(fetch.redirect | fetch.jump):
            m.d.sync += void.eq(0)
        with m.Elif(fetch.valid & fetch.ready & fetch.error):
            m.d.sync += void.eq(1)
        m.d.comb += [here.eq(~void & fetch.valid & (fetch.pc[2:] == address)),
                     behind.eq(~void & fetch.valid & fetch.pc[1] & ~fetch.compressed & ~fetch.error
                               & ((fetch.pc[2:] + 1)[:30] == address))]
        with m.If(here):
            half = Mux(fetch.pc[1], word[16:], word[:16])
            m.d.comb += [Assert(fetch.insn[:16] == half),
                         Assert(fetch.compressed == (half[:2] != 3))]
            with m.If(~fetch.pc[1] & ~fetch.compressed):
                m.d.comb += [Assert(fetch.insn == word), Assert(~fetch.error)]
        with m.If(behind):
            m.d.comb += Assert(fetch.insn[16:] == word[:16])
        m.d.comb += [Cover(here & self.ready & ~self.redirect & ~self.jump),
                     Cover(behind & self.ready)]
        return m


class LoadStoreProof(wiring.Component):
    """Every byte that a load delivers is what lies at its address: one byte of memory is known.
    With ``requests`` instead: requests are for the bytes of the access and no others. Accesses of
    any size and alignment, two under way, some of them failing or dropped."""

    bus: Out(DATA_PORT)
    wanted: In(1)
    write: In(1)
    op: In(3)
    address: In(32)
    data: In(32)
    hold: In(1)
    place: In(32)
    value: In(8)

    def __init__(self, requests=False):
        self._only_requests = requests
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        m.submodules.memory = memory = LoadStore()
        wiring.connect(m, wiring.flipped(self.bus), memory.bus)
        # What a failed access drops is dropped in the next cycle.
        undo, begun, offset = Signal(), Signal(), self.address[:2]
        m.d.sync += [undo.eq(memory.fault),
                     begun.eq((begun | memory.bus.req) & ~memory.fire & ~memory.kill
                              & ~memory.clearing)]
        m.d.comb += [
            memory.crossing.eq(Mux(self.op[1], offset.any(), self.op[0] & offset.all())),
            memory.wanted.eq(self.wanted & ~memory.clearing), memory.write.eq(self.write),
            memory.op.as_value().eq(self.op), memory.address.eq(self.address),
            memory.data.eq(self.data), memory.hold.eq(self.hold | undo),
            # An access leaves execute as soon as it can: nothing but the one in front stops it.
            memory.fire.eq(memory.wanted & memory.granted.bit_select(memory.crossing, 1)
                           & ~self.hold & ~undo & ~memory.fault & (~memory.waiting | memory.done)),
            memory.kill.eq(memory.wanted & undo),
            Assume((self.op[:2] != 3) & (self.op < 6)),
            # What may hold an access back is there from its first cycle on.
            Assume(~(self.hold & begun)),
        ]
        self._execute_stays(m, memory)
        place, value = (constant(m, source, name) for source, name in (
            (self.place, "place"), (self.value, "value")))
        slave = _Slave(m, memory.bus, place[2:], (memory.bus.we, memory.bus.be, memory.bus.wdata))
        byte = self.bus.rdata.word_select(place[:2], 8)
        m.d.comb += Assume(~(self.bus.rvalid & slave.tracked) | (byte == value))
        if self._only_requests:
            self._requests(m, memory.bus, place)
        else:
            self._delivers(m, memory, place, value)
        return m

    def _requests(self, m, bus, place):
        """What a request says of one byte, which the access has or not."""
        at, has = Signal(32), Signal()
        m.d.comb += [at.eq(place - self.address), has.eq(at < (Const(1, 3) << self.op[:2]))]
        with m.If(bus.req):
            m.d.comb += [Assert(bus.we == self.write), Assert(bus.be.any()),
                         Assert((bus.addr[2:] == self.address[2:])
                                | (bus.addr[2:] == (self.address[2:] + 1)[:30]))]
            with m.If(bus.addr[2:] == place[2:]):
                m.d.comb += Assert(bus.be.bit_select(place[:2], 1) == has)
                with m.If(has & bus.we):
                    m.d.comb += Assert(bus.wdata.word_select(place[:2], 8)
                                       == self.data.word_select(at[:2], 8))

    def _execute_stays(self, m, memory):
        """The access stays in execute as it is until it fires or an address phase is over."""
        fields = Cat(self.wanted, self.write, self.op, self.address, self.data)
        before, stays = Signal(len(fields)), Signal()
        m.d.sync += [before.eq(fields), stays.eq((self.wanted & ~memory.fire & ~memory.kill)
                                                 | (memory.bus.req & ~memory.bus.gnt))]
        with m.If(stays):
            m.d.comb += Assume(fields == before)

    def _delivers(self, m, memory, place, value):
        address, op, write = Signal(32), Signal(3), Signal()
        with m.If(memory.fire):
            m.d.sync += [address.eq(self.address), op.eq(self.op), write.eq(self.write)]
        offset, inside = Signal(32), Signal()
        m.d.comb += [offset.eq(place - address),
                     inside.eq(memory.done & ~memory.fault & ~write
                               & (offset < (Const(1, 3) << op[:2])))]
        with m.If(inside):
            m.d.comb += Assert(memory.loaded.word_select(offset[:2], 8) == value)
        m.d.comb += [Cover(inside & (offset == 3)), Cover(memory.kill & memory.bus.req)]


class ControllersProof(wiring.Component):
    """A Mac&Load whose load fails leaves both controllers as they were, whatever their state."""

    def __init__(self):
        super().__init__({"a": In(1), "w": In(1), "count": In(1), "fails": In(1),
                          "number": In(6), "value": In(32)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.controllers = state = Controllers(("dot", "macload", "macload_third"))
        kept = [i for i, name in enumerate(state.names)]
        snapshot = [Signal(32, name=f"snapshot_{i}") for i in kept]
        undo, flags, holds = Signal(Undo), Signal(3), Signal()
        begins, failed = Signal(), Signal()
        m.d.comb += [
            begins.eq((self.a ^ self.w) & ~holds & ~failed),
            # Software writes any register, but not while a load is under way.
            state.csr_write.eq(Mux(holds | begins, 0, 1 << self.number)),
            state.csr_value.eq(self.value),
            # What would move and count, and that it does.
            state.steps.eq(begins), state.counts.eq(begins & self.count), state.go.eq(begins),
            state.selected_w.eq(self.w),
            state.restore.eq(holds & self.fails), state.restored.eq(undo),
            state.restore_w.eq(flags[0]), state.restore_dots.eq(flags[1]),
            state.restore_pointer.eq(flags[2]),
        ]
        m.d.sync += [holds.eq(begins), failed.eq(holds & self.fails)]
        with m.If(begins):
            m.d.sync += [undo.eq(state.undo), flags.eq(Cat(self.w, self.count, 1)),
                         *(s.eq(state.values[i]) for s, i in zip(snapshot, kept, strict=True))]
        with m.If(failed):
            m.d.comb += [Assert(state.values[i] == s)
                         for s, i in zip(snapshot, kept, strict=True)]
        m.d.comb += Cover(failed)
        return m


PROOFS = (
    Proof(name="fetch", claim="instructions delivered are those at their addresses; requests stay "
          "until granted", component=FetchProof, depth=6),
    Proof(name="fetch cover", claim="they are delivered", component=FetchProof, depth=14,
          mode="cover"),
    Proof(name="load store", claim="bytes loaded are those at their addresses; requests stay until "
          "granted", component=LoadStoreProof, depth=12),
    Proof(name="load store requests", claim="requests are for the bytes of the access and no "
          "others", component=lambda: LoadStoreProof(requests=True), depth=6),
    Proof(name="load store cover", claim="they are loaded; accesses are dropped",
          component=LoadStoreProof, depth=12, mode="cover"),
    Proof(name="loops", claim="loops decided ahead are those of one instruction after another",
          component=LoopsProof, depth=14),
    Proof(name="loops cover", claim="both loops jump back", component=LoopsProof, depth=14,
          mode="cover"),
    *(Proof(name=f"wishbone {mode}{suffix}", claim=claim, depth=10, mode=kind,
            component=lambda mode=mode: WishboneProof(mode == "pipelined"))
      for mode in ("pipelined", "standard") for suffix, kind, claim in (
          ("", "bmc", "accesses and answers pass once, in order and unchanged, whenever the slave "
           "answers; CYC and STB are as the standard has them"),
          (" cover", "cover", "they pass, at once and later"))),
    Proof(name="controllers", claim="a failed Mac&Load leaves the controllers as they were",
          component=ControllersProof, depth=4, mode="prove"),
)
