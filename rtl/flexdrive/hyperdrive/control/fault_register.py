"""What a chip knows of a fault on one of its links."""

from amaranth.hdl import Module, Signal
from amaranth.lib import data
from amaranth.lib.wiring import In, Out

from ...emit import Shared
from ..border.memory import SIDES
from ..descriptor.fields import Code
from ..link import LinkError

__all__ = ["FaultRegister", "link_errors_layout"]


def link_errors_layout():
    """Error of the link on each side, in the order of ``SIDES``."""
    return data.ArrayLayout(LinkError, len(SIDES))


class FaultRegister(Shared):
    """Keeps the first error of the links until reset; of several in one cycle, that of the first
    side.

    Latency: an error in cycle t shows from t + 1.

    Members
    -------
    link_errors : errors of the links; an error may go away again.
    fault : there was one.
    code, error : which side (:class:`~flexdrive.hyperdrive.descriptor.fields.Code`) and what.
    """

    def __init__(self):
        super().__init__({"link_errors": In(link_errors_layout()), "fault": Out(1),
                          "code": Out(8), "error": Out(LinkError)})

    def elaborate(self, platform):
        m = Module()
        some = Signal(len(SIDES))
        m.d.comb += [some[side].eq(self.link_errors[side] != LinkError.NONE)
                     for side in range(len(SIDES))]
        with m.If(~self.fault & some.any()):
            m.d.sync += self.fault.eq(1)
            # The first side is assigned last and stays.
            for side in reversed(range(len(SIDES))):
                with m.If(some[side]):
                    m.d.sync += [self.code.eq(Code.LINK_NORTH + side),
                                 self.error.eq(self.link_errors[side])]
        return m
