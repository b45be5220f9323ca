"""The instruction cache of one core."""

from amaranth.hdl import Array, Cat, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from ..core.bus import INSTRUCTION_PORT
from .ports import FILL, LINE_BITS, LINE_BYTES

__all__ = ["PrivateCache"]


class PrivateCache(wiring.Component):
    """Direct-mapped cache with one line fetched ahead.

    Behind a line that had to be fetched the next one is fetched at once and waits beside the
    memory; when it is asked for it moves there, and so on: straight code is missed once. Every
    line that the shared cache delivers, to whomever, is taken if it is wanted.

    Latency: a hit is answered in the cycle after its request, in every cycle one; a miss with the
    line's arrival in ``fill`` (combinational). After reset and ``flush`` one cycle a line passes
    in which nothing is granted. A failed line is not kept.

    Parameters
    ----------
    size : bytes, a power of two.

    Members
    -------
    bus : the core's port. halt : nothing is granted.
    request, line, granted : a line is wanted from the shared cache; it is taken at this edge.
    fill : a line of the shared cache.
    flush : forget everything.
    waits : a word is not here. quiet : no word is owed to the core behind this cycle.
    null : what is asked for is at address 0.
    """

    def __init__(self, size):
        self._lines = size // LINE_BYTES
        super().__init__({
            "bus": In(INSTRUCTION_PORT), "halt": In(1),
            "request": Out(1), "line": Out(LINE_BITS), "granted": In(1), "fill": In(FILL),
            "flush": In(1), "waits": Out(1), "quiet": Out(1), "null": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        bits = (self._lines - 1).bit_length()
        tag = data.StructLayout({"valid": 1, "tag": LINE_BITS - bits})
        m.submodules.tags = tags = Memory(shape=tag, depth=self._lines, init=[])
        tag_write = tags.write_port()
        tag_read = tags.read_port(transparent_for=[tag_write])
        bus, fill = self.bus, self.fill
        looks, place, line = Signal(), Signal(30), Signal(LINE_BITS)
        walking, walk = Signal(init=1), Signal(bits)
        in_tags, in_ahead, in_fill, hit = (Signal(name=n) for n in (
            "in_tags", "in_ahead", "in_fill", "hit"))
        self._ahead(m, line, in_tags, in_ahead, in_fill, looks, walking, hit)
        taken, stores = Signal(), Signal()
        m.d.comb += [
            line.eq(place[2:]), taken.eq(bus.req & bus.gnt),
            tag_read.addr.eq(bus.addr[4:]), tag_read.en.eq(taken),
            in_tags.eq(tag_read.data.valid & (tag_read.data.tag == line[bits:])),
            in_fill.eq(fill.valid & (fill.line == line) & ~walking),
            hit.eq(looks & (in_tags | in_ahead | in_fill)),
            bus.gnt.eq(~self.halt & ~walking & (~looks | hit)),
            bus.rvalid.eq(hit), bus.err.eq(~in_tags & Mux(in_ahead, self._ahead_error, fill.error)),
            self.waits.eq(looks & ~hit), self.null.eq(looks & (place == 0)),
            tag_write.addr.eq(Mux(walking, walk, line[:bits])),
            tag_write.data.eq(Mux(walking, 0, Cat(1, line[bits:]))),
            stores.eq(hit & ~in_tags & ~bus.err), tag_write.en.eq(walking | stores),
        ]
        self._words(m, taken, place, line[:bits], in_tags, in_ahead, stores)
        m.d.comb += self.quiet.eq(~(taken | (looks & ~hit)))
        m.d.sync += looks.eq(~self.quiet)
        with m.If(taken):
            m.d.sync += place.eq(bus.addr[2:])
        with m.If(walking):
            m.d.sync += walk.eq(walk + 1)
        with m.If(self.flush):
            m.d.sync += [walking.eq(1), walk.eq(0)]
        with m.Elif(walk == self._lines - 1):
            m.d.sync += walking.eq(0)
        return m

    def _words(self, m, taken, place, row, in_tags, in_ahead, stores):
        """Each word of the lines in a memory of its own: simulation is faster with 32 bits."""
        bus, found = self.bus, []
        for i in range(LINE_BYTES // 4):
            words = Memory(shape=32, depth=self._lines, init=[])
            m.submodules[f"words{i}"] = words
            write = words.write_port()
            read = words.read_port(transparent_for=[write])
            brought = Signal(32, name=f"brought_{i}")
            m.d.comb += [
                brought.eq(Mux(in_ahead, self._ahead_data[i],
                               self.fill.data.word_select(i, 32))),
                read.addr.eq(bus.addr[4:]), read.en.eq(taken),
                write.addr.eq(row), write.data.eq(brought), write.en.eq(stores),
            ]
            found.append(Mux(in_tags, read.data, brought))
        m.d.comb += bus.rdata.eq(Array(found)[place[:2]])

    def _ahead(self, m, line, in_tags, in_ahead, in_fill, looks, walking, hit):
        """The line fetched ahead, and what is asked of the shared cache: what the core waits for
        first."""
        fill, next_line = self.fill, Signal(LINE_BITS)
        wanted, here, asked, demanded = (Signal(name=n) for n in (
            "ahead_wanted", "ahead_here", "ahead_asked", "demanded"))
        self._ahead_data = [Signal(32, name=f"ahead_{i}") for i in range(LINE_BYTES // 4)]
        self._ahead_error = Signal()
        demand = Signal()
        m.d.comb += [
            in_ahead.eq(here & (next_line == line)),
            demand.eq(looks & ~in_tags & ~in_ahead & ~demanded
                      & ~(asked & (next_line == line))),
            self.request.eq(~walking & ~self.flush & (demand | (wanted & ~here & ~asked))),
            self.line.eq(Mux(demand, line, next_line)),
        ]
        with m.If(fill.valid & wanted & (fill.line == next_line)):
            m.d.sync += [here.eq(1), self._ahead_error.eq(fill.error),
                         *(word.eq(fill.data.word_select(i, 32))
                           for i, word in enumerate(self._ahead_data))]
        with m.If(self.request & self.granted):
            with m.If(demand):
                m.d.sync += demanded.eq(1)
            with m.Else():
                m.d.sync += asked.eq(1)
        with m.If(hit):
            m.d.sync += demanded.eq(0)
            with m.If(~in_tags):
                m.d.sync += [wanted.eq(1), here.eq(0), asked.eq(0), next_line.eq(line + 1)]
        with m.If(walking | self.flush):
            m.d.sync += [wanted.eq(0), here.eq(0), asked.eq(0), demanded.eq(0)]
