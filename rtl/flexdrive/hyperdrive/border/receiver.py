"""The end of a link that the neighbour's border pixels come out of."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, stream
from amaranth.lib.wiring import In, Out

from ...emit import Shared
from ..descriptor.layer import layer_layout
from .memory import border_write_layout
from .walk import BorderWalk, CornerWalk
from .word import BorderWord, Kind

__all__ = ["BorderReceiver"]


class BorderReceiver(Shared):
    """Puts received words where they belong.

    Combinational: a word is accepted, written and passed on in one cycle. Latency: words are
    accepted from the cycle after ``start`` on, ``done`` rises in that after the last one, both at
    the earliest.

    Parameters
    ----------
    config : :class:`~flexdrive.hyperdrive.config.ChipConfig`.
    side : north and south: ``lanes`` are columns of tiles, and corner pixels are passed on;
        west and east: ``lanes`` are rows, and corner pixels are received.

    Members
    -------
    layer, start : the operation whose map is to be received; ``layer`` is stable until ``done``.
    active : this side receives it. corners : kinds of corner words that come with it.
    done : everything of it has arrived (and been passed on).
    i : from the link.
    write : word for the side's border memory. corner_write : the same for its two corner
        memories (horizontal), north first.
    first, last : the word that ``pass_on`` offers is of the first or last pixels of the side
        (vertical); ``passed`` : it is taken where it has to go.
    """

    def __init__(self, config, side):
        self.config, self.side = config, side
        self.vertical = side in ("north", "south")
        self.lanes = config.columns if self.vertical else config.rows
        corner = border_write_layout(config.corner_words, 1)
        super().__init__({
            "layer": In(layer_layout(config)), "start": In(1), "active": In(1),
            "corners": In(2), "done": Out(1, init=1), "i": In(stream.Signature(BorderWord)),
            "write": Out(border_write_layout(config.border_words, self.lanes)),
            **({"first": Out(1), "last": Out(1), "pass_on": Out(1), "passed": In(1)}
               if self.vertical else {"corner_write": Out(data.ArrayLayout(corner, 2))}),
        }, m=config.rows, n=config.columns, c=config.channels, l=config.adder_depth,
            r=config.halo, e=config.border_words, k=config.corner_words, s=side,
            **config.channelwise_parameter)

    def elaborate(self, platform):
        m = Module()
        m.submodules.walk = walk = BorderWalk(self.config, self.side)
        waiting, corner_done = Signal(), Signal(2, init=3)
        border_word = self.i.payload.kind == Kind.BORDER
        m.d.comb += [
            walk.layer.eq(self.layer), walk.start.eq(self.start),
            self.done.eq(~waiting & corner_done.all()),
            self.write.line.eq(walk.line), self.write.word.eq(self.i.payload.pixel),
            self.write.lane.eq(1 << walk.tile[:(self.lanes - 1).bit_length()]),
        ]
        with m.If(waiting & walk.empty):
            m.d.comb += walk.step.eq(1)
        with m.Elif(self.i.valid & border_word & waiting):
            m.d.comb += [self.i.ready.eq(self.passed if self.vertical else 1),
                         walk.step.eq(self.i.ready), self.write.enable.eq(self.i.ready)]
            if self.vertical:
                m.d.comb += [self.pass_on.eq(1), self.first.eq(walk.first),
                             self.last.eq(walk.last)]
        with m.If(walk.step & walk.end):
            m.d.sync += waiting.eq(0)
        if not self.vertical:
            for at, kind in enumerate((Kind.CORNER_NORTH, Kind.CORNER_SOUTH)):
                self._corner(m, at, kind, corner_done)
        with m.If(self.start):
            m.d.sync += [waiting.eq(self.active),
                         corner_done.eq(Mux(self.active, ~self.corners, 3))]
        return m

    def _corner(self, m, at, kind, corner_done):
        walk = CornerWalk(self.config, north=kind == Kind.CORNER_NORTH, west=self.side == "west")
        m.submodules[f"corner{at}"] = walk
        write = self.corner_write[at]
        m.d.comb += [
            walk.layer.eq(self.layer), walk.start.eq(self.start), write.line.eq(walk.line),
            write.lane.eq(1), write.word.eq(self.i.payload.pixel), write.enable.eq(walk.step),
        ]
        with m.If(self.i.valid & (self.i.payload.kind == kind) & ~corner_done[at]):
            m.d.comb += [self.i.ready.eq(1), walk.step.eq(1)]
            with m.If(walk.end):
                m.d.sync += corner_done[at].eq(1)
