"""A mesh of chips, each holding a patch of every feature map.

Source: the systolic multi-chip arrangement of JETCAS 2019. There is no common clock step and no
barrier: a chip waits for its own descriptors, weights and borders and for nothing else.
"""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..emit import Shared
from .chip import Chip
from .report import Report

__all__ = ["Mesh", "StreamFork"]


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


class Mesh(Shared):
    """``height`` x ``width`` chips with one weight stream for all.

    Parameters
    ----------
    config : of each chip, with ``mesh``.
    height, width : chips.

    Members
    -------
    i_weights : to all chips.
    i_descriptors_{y}_{x} : 32-bit words for chip (y, x).
    i_pixels_{y}_{x}, o_pixels_{y}_{x} : binary16 words of the patches that it loads and stores.
    o_reports_{y}_{x} : a :class:`~flexdrive.hyperdrive.report.Report` per descriptor of it.
    busy : any chip is.
    """

    def __init__(self, config, height, width):
        self.config, self.height, self.width = config, height, width
        ports = {}
        for y in range(height):
            for x in range(width):
                ports |= {
                    f"i_descriptors_{y}_{x}": In(stream.Signature(32)),
                    f"i_pixels_{y}_{x}": In(stream.Signature(16)),
                    f"o_pixels_{y}_{x}": Out(stream.Signature(16)),
                    f"o_reports_{y}_{x}": Out(stream.Signature(Report)),
                }
        super().__init__({"i_weights": In(stream.Signature(config.channels)), **ports,
                          "busy": Out(1)},
                         v=height, h=width, m=config.rows, n=config.columns, c=config.channels,
                         d=config.fm_words, b=config.fm_banks, w=config.weight_words,
                         l=config.adder_depth, e=config.border_words, k=config.corner_words)

    def elaborate(self, platform):
        m = Module()
        chips = [[Chip(self.config) for _ in range(self.width)] for _ in range(self.height)]
        fork = StreamFork(self.config.channels, self.height * self.width)
        m.submodules.weights = fork
        wiring.connect(m, wiring.flipped(self.i_weights), fork.i)
        for y, row in enumerate(chips):
            for x, chip in enumerate(row):
                m.submodules[f"chip_{y}_{x}"] = chip
                wiring.connect(m, getattr(fork, f"o{y * self.width + x}"), chip.i_weights)
                for name in ("i_descriptors", "i_pixels"):
                    wiring.connect(m, wiring.flipped(getattr(self, f"{name}_{y}_{x}")),
                                   getattr(chip, name))
                for name in ("o_pixels", "o_reports"):
                    wiring.connect(m, getattr(chip, name),
                                   wiring.flipped(getattr(self, f"{name}_{y}_{x}")))
                m.d.comb += chip.neighbours.eq(Cat(
                    y > 0, y + 1 < self.height, x > 0, x + 1 < self.width))
                if y > 0:
                    self._link(m, chips[y - 1][x], "south", chip, "north")
                if x > 0:
                    self._link(m, row[x - 1], "east", chip, "west")
        m.d.comb += self.busy.eq(Cat(chip.busy for row in chips for chip in row).any())
        return m

    def _link(self, m, one, side, other, other_side):
        wiring.connect(m, getattr(one, f"o_{side}"), getattr(other, f"i_{other_side}"))
        wiring.connect(m, getattr(other, f"o_{other_side}"), getattr(one, f"i_{side}"))
