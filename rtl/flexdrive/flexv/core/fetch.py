"""Fetch stage: requests ahead, buffers words, delivers one aligned instruction a cycle."""

from functools import reduce
from operator import add

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from .bus import INSTRUCTION_PORT

__all__ = ["Fetch", "FetchedWord"]


class FetchedWord(data.Struct):
    """A word of instruction memory and whether the bus refused it."""

    word: 32
    error: 1


class Fetch(wiring.Component):
    """Instruction fetch with several accesses under way.

    A redirection is requested in the cycle of ``redirect``, so with a memory that grants at once
    and responds in the next cycle the target's instruction is delivered one cycle later: a loop's
    jump back costs nothing.

    Parameters
    ----------
    words : words of the buffer; as many accesses may be under way.

    Members
    -------
    redirect, target : continue at ``target`` (a multiple of 2); what is delivered in this cycle
        is void.
    loop, loop_target : continue at ``loop_target`` after the instruction at ``pc`` is taken.
    valid, ready : an instruction is delivered; it is taken.
    pc, insn : its address and its bits; of a 16-bit instruction only the lower half counts.
    compressed : it is one of 16 bits.
    error, error_second : the bus refused a part of it; that part is the second word.
    """

    def __init__(self, words=4):
        self.words = words
        super().__init__({
            "bus": Out(INSTRUCTION_PORT), "reset_pc": In(32),
            "redirect": In(1), "target": In(32), "loop": In(1), "loop_target": In(32),
            "valid": Out(1), "ready": In(1), "pc": Out(32), "insn": Out(32),
            "compressed": Out(1), "error": Out(1), "error_second": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        jump, destination, received = Signal(), Signal(32), Signal()
        started = Signal()
        # The first cycle after reset is a jump to the reset address.
        m.d.sync += started.eq(1)
        taken = Signal()
        away = Signal()
        m.d.comb += [
            # With a redirection this is so too, and void.
            taken.eq(self.valid & self.ready),
            away.eq(self.redirect | ~started), jump.eq(away | (taken & self.loop)),
            destination.eq(Mux(away, Mux(started, self.target, self.reset_pc), self.loop_target)),
        ]
        # Bit 1 of the pc once more, inverted, because half of all words hang on it.
        self._aligned = Signal(init=1)
        with m.If(jump):
            m.d.sync += [self.pc.eq(Cat(0, destination[1:])), self._aligned.eq(~destination[1])]
        with m.Elif(taken):
            m.d.sync += [self.pc.eq(self.pc + Mux(self.compressed, 2, 4)),
                         self._aligned.eq(self._aligned ^ self.compressed)]
        # Bit i: there are more than i words.
        filled, pop = Signal(self.words), Signal()
        self._requests(m, jump, destination, filled, received)
        self._buffer(m, jump, received, filled, pop, taken, started)
        return m

    def _requests(self, m, jump, destination, filled, received):
        """Address phases, and which responses still belong to an abandoned path."""
        bus, limit = self.bus, self.words
        count = reduce(add, filled)
        flying, void = Signal(range(limit + 1)), Signal(range(limit + 2))
        held, stale = Signal(), Signal()
        # The next address is the last one or the one after it: the sum comes after the register,
        # where there is more time than before it.
        last, advances = Signal(30), Signal()
        next_address, stale_address = Signal(32), Signal(32)
        m.d.comb += next_address.eq(Cat(0, 0, (last + advances)[:30]))
        granted, refresh = Signal(), Signal()
        fresh_jump = Signal()
        m.d.comb += [
            fresh_jump.eq(jump & ~held),
            refresh.eq((flying < limit) & (jump | (count + flying - void < limit))),
            bus.req.eq(held | refresh),
            bus.addr.eq(Mux(fresh_jump, Cat(0, 0, destination[2:]),
                            Mux(stale, stale_address, next_address))),
            granted.eq(bus.req & bus.gnt),
            received.eq(bus.rvalid & (void == 0)),
        ]
        m.d.sync += [held.eq(bus.req & ~bus.gnt), flying.eq(flying + granted - bus.rvalid)]
        # A request that was not granted must stay although nobody wants it any more.
        abandoned = Signal()
        m.d.comb += abandoned.eq(held & (stale | jump))
        m.d.sync += stale.eq(abandoned & ~granted)
        with m.If(~stale):
            m.d.sync += stale_address.eq(next_address)
        with m.If(jump):
            m.d.sync += void.eq(flying - bus.rvalid + (granted & held))
        with m.Else():
            m.d.sync += void.eq(void - (bus.rvalid & (void != 0)) + (granted & abandoned))
        with m.If(jump):
            m.d.sync += [last.eq(destination[2:]), advances.eq(granted & ~held)]
        with m.Else():
            m.d.sync += [last.eq(next_address[2:]), advances.eq(granted & ~abandoned)]

    def _buffer(self, m, jump, received, filled, pop, taken, started):
        """Words in order, the one that arrives in this cycle behind the others."""
        arriving = Signal(FetchedWord)
        m.d.comb += [arriving.word.eq(self.bus.rdata), arriving.error.eq(self.bus.err)]
        stored = [Signal(FetchedWord, name=f"stored_{i}") for i in range(self.words)]
        seen = []
        for i, word in enumerate(stored):
            view = Signal(FetchedWord, name=f"seen_{i}")
            m.d.comb += view.eq(Mux(filled[i], word.as_value(), arriving.as_value()))
            seen.append(view)
        for i, word in enumerate(stored):
            later = seen[i + 1] if i + 1 < len(seen) else arriving
            m.d.sync += word.eq(Mux(pop, later.as_value(), seen[i].as_value()))
        with m.If(jump):
            m.d.sync += filled.eq(0)
        with m.Elif(received & ~pop):
            m.d.sync += filled.eq(Cat(1, filled))
        with m.Elif(pop & ~received):
            m.d.sync += filled.eq(filled[1:])
        first, second = seen[0], seen[1]
        high, half = Signal(), Signal(16)
        m.d.comb += [
            high.eq(self.pc[1]),
            half.eq(Mux(self._aligned, first.word[:16], first.word[16:])),
            self.compressed.eq(half[:2] != 3),
            self.insn.eq(Cat(half, Mux(high, second.word[:16], first.word[16:]))),
        ]
        spans = Signal()
        has_first, has_second = Signal(), Signal()
        m.d.comb += [
            has_first.eq(filled[0] | received),
            has_second.eq(filled[1] | (filled[0] & received)),
            spans.eq(high & ~self.compressed & ~first.error),
            self.valid.eq(started & has_first & (~spans | has_second)),
            self.error.eq(first.error | (spans & second.error)),
            self.error_second.eq(~first.error),
            pop.eq(taken & (high | ~self.compressed | first.error)),
        ]
