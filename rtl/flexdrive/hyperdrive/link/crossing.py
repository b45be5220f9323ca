"""The wires of a link from one clock to another, for links between boards."""

from amaranth.hdl import Cat, DomainRenamer, Module
from amaranth.lib import wiring
from amaranth.lib.fifo import AsyncFIFOBuffered
from amaranth.lib.wiring import In, Out

from ...errors import ConfigurationError
from .frame import PhitSignature

__all__ = ["LinkCrossing"]


class LinkCrossing(wiring.Component):
    """Takes phits from domain ``source`` to domain ``target`` (Gray-code pointers, two
    synchronizer stages each way); one for each direction of a link.

    No back-pressure, because credits bound what is on the way: phits of at most ``window`` words
    and the keep-alive frames of the time that they wait. What comes while the memory is full is
    lost, which the link notices like any other lost phit. So either the target clock is not slower
    than the source clock times the share of its cycles with a phit, or ``depth`` holds
    ``window`` frames and the keep-alive frames that are sent meanwhile.

    Latency: 1 cycle of ``source`` and 4 to 5 of ``target``; phits may come out with gaps, which
    are legal. Reset both domains together.

    Parameters
    ----------
    width : data wires.
    depth : phits that may wait, a power of two of at least 4.
    source, target : names of the clock domains.

    Members
    -------
    i : wires in ``source``. o : wires in ``target``.
    """

    def __init__(self, width, *, depth=8, source="source", target="target"):
        if depth < 4 or depth & (depth - 1):
            raise ConfigurationError(f"Link crossing depth = {depth!r} is not possible: "
                                     f"a power of two of at least 4")
        self.depth, self.source, self.target = depth, source, target
        super().__init__({"i": In(PhitSignature(width)), "o": Out(PhitSignature(width))})

    def elaborate(self, platform):
        m = Module()
        width = len(self.i.data)
        # The output register of the buffered FIFO holds one more.
        m.submodules.fifo = fifo = DomainRenamer({
            "read": self.target, "write": self.source})(AsyncFIFOBuffered(
                width=width + 1, depth=self.depth + 1, exact_depth=True))
        m.d.comb += [
            fifo.w_data.eq(Cat(self.i.data, self.i.last)), fifo.w_en.eq(self.i.valid),
            Cat(self.o.data, self.o.last).eq(fifo.r_data), self.o.valid.eq(fifo.r_rdy),
            fifo.r_en.eq(1),
        ]
        return m
