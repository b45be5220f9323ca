"""The instruction cache that all cores share."""

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from .arbiter import RoundRobin, chosen
from .ports import FILL, LINE_BITS, LINE_BYTES, OUTSIDE_PORT

__all__ = ["SharedCache"]


class SharedCache(wiring.Component):
    """Set-associative cache in front of the outside port; lines leave by ``fill``, to everybody.

    One lookup a cycle. Latency: a line that is here leaves two cycles after its request was
    granted. What is not here is fetched in two words of 64 bits, one line at a time; other lines
    that are here go on leaving meanwhile. Behind a line that was fetched the next one is looked up
    and fetched too, when nobody asks. After reset and ``flush`` a cycle a set passes in which
    nothing is granted. A line with an access that failed leaves with ``error`` and is not kept.

    Parameters
    ----------
    cores : ports. size : bytes. ways : lines of a set.

    Members
    -------
    request, line, granted : by core; at most one is granted.
    fill : a line leaves.
    flush : forget everything; lines under way do not leave.
    outside : loads.
    """

    def __init__(self, cores, size, ways):
        self._cores, self._ways, self._sets = cores, ways, size // LINE_BYTES // ways
        super().__init__({
            "request": In(cores), "line": In(LINE_BITS).array(cores), "granted": Out(cores),
            "fill": Out(FILL), "flush": In(1), "outside": Out(OUTSIDE_PORT),
        })

    def elaborate(self, platform):
        m = Module()
        bits = (self._sets - 1).bit_length()
        m.submodules.arbiter = arbiter = RoundRobin(self._cores)
        # Lookup: the line, whether it is one fetched ahead, and that it has to be answered.
        self._looks, self._line, self._ahead = Signal(), Signal(LINE_BITS), Signal()
        self._busy, self._fetched, self._done = Signal(), Signal(LINE_BITS), Signal()
        self._walking, self._walk = Signal(init=1), Signal(bits)
        self._probe, self._next = Signal(), Signal(LINE_BITS)
        self._words, self._failed, self._void = Signal(128), Signal(), Signal()
        holds, starts, hit, found = Signal(), Signal(), Signal(), Signal(128)
        same = Signal()
        accepts, asked = Signal(), Signal(LINE_BITS)
        m.d.comb += [
            accepts.eq(~self._walking & ~self.flush & ~holds),
            arbiter.requests.eq(self.request), arbiter.take.eq(accepts),
            self.granted.eq(arbiter.grant & accepts.replicate(self._cores)),
            asked.eq(Mux(self.request.any(), chosen(arbiter.grant, self.line), self._next)),
            # What is being fetched will leave for everybody.
            same.eq((self._line == self._fetched) & ~self._void),
            # A fetched line leaves first; a line that is not here waits for its turn.
            holds.eq(self._looks & Mux(hit, self._done, self._busy & ~same)),
            starts.eq(self._looks & ~hit & ~self._busy),
        ]
        m.d.sync += [self._looks.eq(holds | (accepts & (self.request.any() | self._probe)))]
        with m.If(accepts):
            m.d.sync += [self._line.eq(asked), self._ahead.eq(~self.request.any())]
            with m.If(~self.request.any()):
                m.d.sync += self._probe.eq(0)
        self._memories(m, bits, accepts, asked, hit, found)
        self._leave(m, hit, found)
        self._fetch(m, starts)
        with m.If(self._walking):
            m.d.sync += self._walk.eq(self._walk + 1)
        with m.If(self.flush):
            m.d.sync += [self._walking.eq(1), self._walk.eq(0), self._looks.eq(0),
                         self._probe.eq(0)]
        with m.Elif(self._walk == self._sets - 1):
            m.d.sync += self._walking.eq(0)
        return m

    def _memories(self, m, bits, accepts, asked, hit, found):
        tag = data.StructLayout({"valid": 1, "tag": LINE_BITS - bits})
        hits, value, replaced = Signal(self._ways), Const(0, 128), Signal(range(self._ways))
        place = self._fetched[:bits]
        for way in range(self._ways):
            tags = Memory(shape=tag, depth=self._sets, init=[])
            words = Memory(shape=128, depth=self._sets, init=[])
            m.submodules[f"tags{way}"], m.submodules[f"words{way}"] = tags, words
            tag_write, word_write = tags.write_port(), words.write_port()
            tag_read = tags.read_port(transparent_for=[tag_write])
            word_read = words.read_port(transparent_for=[word_write])
            stores = Signal(name=f"stores{way}")
            m.d.comb += [
                stores.eq(self._done & ~self._failed & ~self._void & ~self._walking
                          & ~self.flush & (replaced == way)) if self._ways > 1 else
                stores.eq(self._done & ~self._failed & ~self._void & ~self._walking
                          & ~self.flush),
                tag_read.addr.eq(asked[:bits]), tag_read.en.eq(accepts),
                word_read.addr.eq(asked[:bits]), word_read.en.eq(accepts),
                tag_write.addr.eq(Mux(self._walking, self._walk, place)),
                tag_write.data.eq(Mux(self._walking, 0, Cat(1, self._fetched[bits:]))),
                tag_write.en.eq(self._walking | stores),
                word_write.addr.eq(place), word_write.data.eq(self._words),
                word_write.en.eq(stores),
                hits[way].eq(tag_read.data.valid & (tag_read.data.tag == self._line[bits:])),
            ]
            value = value | (word_read.data & hits[way].replicate(128))
        m.d.comb += [hit.eq(hits.any()), found.eq(value)]
        if self._ways > 1:
            with m.If(self._done):
                m.d.sync += replaced.eq(replaced + 1)

    def _leave(self, m, hit, found):
        fill = self.fill
        m.d.sync += fill.valid.eq(0)
        with m.If(self._done):
            m.d.sync += [fill.valid.eq(~self._void & ~self.flush), fill.line.eq(self._fetched),
                         fill.data.eq(self._words), fill.error.eq(self._failed)]
        with m.Elif(self._looks & hit):
            m.d.sync += [fill.valid.eq(~self._ahead & ~self.flush), fill.line.eq(self._line),
                         fill.data.eq(found), fill.error.eq(0)]

    def _fetch(self, m, starts):
        """Two words from outside; ``done`` in the cycle after the last."""
        bus, sent, came, ahead = self.outside, Signal(2), Signal(2), Signal()
        m.d.comb += [
            bus.req.eq(self._busy & ~sent[1]),
            bus.addr.eq(Cat(Const(0, 3), sent[0], self._fetched)),
            bus.be.eq(0xFF),
        ]
        with m.If(bus.req & bus.gnt):
            m.d.sync += sent.eq(sent + 1)
        m.d.sync += self._done.eq(0)
        with m.If(bus.rvalid):
            m.d.sync += [came.eq(came + 1), self._failed.eq(self._failed | bus.err),
                         Array([self._words[:64], self._words[64:]])[came[0]].eq(bus.rdata),
                         self._done.eq(came[0])]
        with m.If(self._done):
            m.d.sync += self._busy.eq(0)
            with m.If(~ahead & ~self._failed & ~self._void):
                m.d.sync += [self._probe.eq(1), self._next.eq(self._fetched + 1)]
        with m.If(starts):
            m.d.sync += [self._busy.eq(1), self._fetched.eq(self._line), sent.eq(0), came.eq(0),
                         self._failed.eq(0), self._void.eq(0), ahead.eq(self._ahead)]
        # What was asked for before is not to be kept.
        with m.If(self.flush & (self._busy | starts)):
            m.d.sync += self._void.eq(1)
