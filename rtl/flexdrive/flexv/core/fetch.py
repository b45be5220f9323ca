"""Fetch stage: requests ahead, buffers words, delivers one aligned instruction a cycle."""

from functools import reduce
from operator import add

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from .bus import INSTRUCTION_PORT

__all__ = ["Fetch", "FetchedWord"]


class FetchedWord(data.Struct):
    """A word of instruction memory, which halves begin an instruction of 16 bits if they begin one,
    and whether the bus refused it."""

    word: 32
    short: 2
    error: 1


class Fetch(wiring.Component):
    """Instruction fetch with several accesses under way.

    Latency: a redirection is requested in its cycle, unless a request before it is not granted yet
    or ``words`` accesses are under way, and an instruction is delivered in the cycle in which its
    last word comes at the earliest (both combinational). So with a memory that grants at once and
    responds in the next cycle the target's instruction is delivered one cycle later, two if it
    spans two words: a loop's jump back costs nothing.

    Parameters
    ----------
    words : words of the buffer; as many accesses may be under way.

    Members
    -------
    redirect, target : continue at ``target`` (a multiple of 2); what is delivered in this cycle
        is void. May come late in the cycle.
    jump, jump_target : the same, unless ``redirect``.
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
            "redirect": In(1), "target": In(32),
            "jump": In(1), "jump_target": In(32), "loop": In(1), "loop_target": In(32),
            "valid": Out(1), "ready": In(1), "pc": Out(32), "insn": Out(32),
            "compressed": Out(1), "error": Out(1), "error_second": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        self._started, self._taken, self._leaves = Signal(), Signal(), Signal()
        # Where to continue unless ``redirect``, which is known last and so chooses last.
        self._other, self._elsewhere = other, elsewhere = Signal(32), Signal(32)
        # The first cycle after reset is a jump to the reset address, without a request: a memory
        # must see none during reset.
        m.d.sync += self._started.eq(1)
        m.d.comb += [
            # With a redirection this is so too, and void.
            self._taken.eq(self.valid & self.ready),
            self._leaves.eq(self.jump | ~self._started | (self._taken & self.loop)),
            elsewhere.eq(Mux(self.jump, self.jump_target, self.loop_target)),
            other.eq(Mux(self._started, elsewhere, self.reset_pc)),
        ]
        # Bit 1 of the pc once more, inverted, because half of all words hang on it.
        self._aligned = Signal(init=1)
        # No clock enable, which would hang on all that is late.
        step, following = Signal(31), Signal(31)
        m.d.comb += [
            step.eq(Cat(self._taken & self.compressed, self._taken & ~self.compressed)),
            following.eq(self.pc[1:] + step),
        ]
        m.d.sync += [
            self.pc.eq(Cat(0, Mux(self.redirect, self.target[1:],
                                  Mux(self._leaves, other[1:], following)))),
            self._aligned.eq(Mux(self.redirect, ~self.target[1],
                                 Mux(self._leaves, ~other[1], self._aligned ^ step[0]))),
        ]
        # Bit i: there are more than i words.
        filled, received = Signal(self.words), Signal()
        self._requests(m, filled, received)
        self._buffer(m, filled, received)
        return m

    def _requests(self, m, filled, received):
        """Address phases, and which responses still belong to an abandoned path."""
        bus, limit, jump = self.bus, self.words, Signal()
        count = reduce(add, filled)
        flying, void = Signal(range(limit + 1)), Signal(range(limit + 2))
        held, stale = Signal(), Signal()
        # The next address is the last one or the one after it: the sum comes after the register,
        # where there is more time than before it.
        last, advances = Signal(30), Signal()
        next_address, stale_address, other = Signal(30), Signal(30), Signal(30)
        m.d.comb += next_address.eq(last + advances)
        granted, refresh = Signal(), Signal()
        m.d.comb += [
            jump.eq(self.redirect | self._leaves),
            refresh.eq((flying < limit) & (jump | (count + flying - void < limit))),
            bus.req.eq(self._started & (held | refresh)),
            other.eq(Mux(held, Mux(stale, stale_address, next_address),
                         Mux(self._leaves, self._elsewhere[2:], next_address))),
            bus.addr.eq(Cat(0, 0, Mux(self.redirect & ~held, self.target[2:], other))),
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
        with m.If(self.redirect):
            m.d.sync += last.eq(self.target[2:])
        with m.Elif(self._leaves):
            m.d.sync += last.eq(self._other[2:])
        with m.Else():
            m.d.sync += last.eq(next_address)
        m.d.sync += advances.eq(granted & ~Mux(jump, held, abandoned))

    def _buffer(self, m, filled, received):
        """Words in order, the one that arrives in this cycle behind the others."""
        arriving, pop = Signal(FetchedWord), Signal()
        m.d.comb += [arriving.word.eq(self.bus.rdata), arriving.error.eq(self.bus.err),
                     arriving.short.eq(Cat(self.bus.rdata[at:at + 2] != 3 for at in (0, 16)))]
        stored = [Signal(FetchedWord, name=f"stored_{i}") for i in range(self.words)]
        seen = []
        for i, word in enumerate(stored):
            view = Signal(FetchedWord, name=f"seen_{i}")
            m.d.comb += view.eq(Mux(filled[i], word.as_value(), arriving.as_value()))
            seen.append(view)
        for i, word in enumerate(stored):
            later = seen[i + 1] if i + 1 < len(seen) else arriving
            m.d.sync += word.eq(Mux(pop, later.as_value(), seen[i].as_value()))
        left = Mux(received, Mux(pop, filled, Cat(1, filled)[:self.words]),
                   Mux(pop, filled[1:], filled))
        m.d.sync += filled.eq(Mux(self.redirect | self._leaves, 0, left))
        first, second = seen[0], seen[1]
        high, spans, half = Signal(), Signal(), Signal(16)
        has_first, has_second = Signal(), Signal()
        m.d.comb += [
            high.eq(self.pc[1]),
            half.eq(Mux(self._aligned, first.word[:16], first.word[16:])),
            # Lengths are found beside the choice of a half, and not behind it.
            self.compressed.eq(Mux(self._aligned, first.short[0], first.short[1])),
            self.insn.eq(Cat(half, Mux(high, second.word[:16], first.word[16:]))),
            has_first.eq(filled[0] | received),
            has_second.eq(filled[1] | (filled[0] & received)),
            spans.eq(high & ~first.short[1] & ~first.error),
            self.valid.eq(self._started & has_first & (~spans | has_second)),
            self.error.eq(first.error | (spans & second.error)),
            self.error_second.eq(~first.error),
            pop.eq(self._taken & (high | ~first.short[0] | first.error)),
        ]
