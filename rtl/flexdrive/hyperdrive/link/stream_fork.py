"""One stream for several receivers: broadcast, and from chip to chip."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ...emit import Shared

__all__ = ["StreamFork", "WeightHop"]


class StreamFork(Shared):
    """One stream to several receivers; the next word comes when all have taken the last.

    Members
    -------
    i, o0, o1, ... : the stream and its copies, combinational. ``valid`` of a copy waits for no
        receiver.
    """

    def __init__(self, width, count):
        self.count = count
        super().__init__({"i": In(stream.Signature(width)),
                          **{f"o{n}": Out(stream.Signature(width)) for n in range(count)}},
                         w=width, n=count)

    def elaborate(self, platform):
        m = Module()
        taken = Signal(self.count)      # by those that were ready before the others
        ready = Signal(self.count)
        for n in range(self.count):
            o = getattr(self, f"o{n}")
            m.d.comb += [o.payload.eq(self.i.payload), o.valid.eq(self.i.valid & ~taken[n]),
                         ready[n].eq(taken[n] | o.ready)]
        m.d.comb += self.i.ready.eq(ready.all())
        with m.If(self.i.valid):
            m.d.sync += taken.eq(ready)
            with m.If(self.i.ready):
                m.d.sync += taken.eq(0)
        return m


class WeightHop(Shared):
    """Weights for a chip and for the chips after it, when there is no broadcast.

    Two registers cut the paths between chips, ``ready`` included. Latency: a word is on offer one
    cycle after it came, or after the one before it has left; one a cycle. It leaves the registers
    when the chip and both neighbours have taken it.

    Members
    -------
    i : the stream. chip, south, east : its copies.
    """

    WORDS = 2
    """Words that it holds."""

    def __init__(self, width):
        self.width = width
        super().__init__({"i": In(stream.Signature(width)),
                          **{name: Out(stream.Signature(width))
                             for name in ("chip", "south", "east")}}, w=width)

    def elaborate(self, platform):
        m = Module()
        m.submodules.fork = fork = StreamFork(self.width, 3)
        for n, name in enumerate(("chip", "south", "east")):
            wiring.connect(m, getattr(fork, f"o{n}"), wiring.flipped(getattr(self, name)))
        behind, behind_valid = Signal(self.width), Signal()
        m.d.comb += self.i.ready.eq(~behind_valid)
        with m.If(~fork.i.valid | fork.i.ready):
            m.d.sync += [fork.i.payload.eq(self.i.payload), fork.i.valid.eq(self.i.valid)]
            with m.If(behind_valid):
                m.d.sync += [fork.i.payload.eq(behind), fork.i.valid.eq(1), behind_valid.eq(0)]
        with m.Elif(self.i.ready):
            m.d.sync += [behind.eq(self.i.payload), behind_valid.eq(self.i.valid)]
        return m
