"""Starts an image when the host has asked for it and the one before is complete."""

from amaranth.hdl import Module, Signal
from amaranth.lib.wiring import In, Out

from ..emit import Shared
from ..hyperdrive.descriptor.codes import Code
from ..hyperdrive.descriptor.report import Report

__all__ = ["ImageControl"]


class ImageControl(Shared):
    """Counts images and their reports.

    An image is complete when all its reports have left the chip, and results and reports have
    their CRC. Then the next one starts, if ``run`` is more than ``done``.

    Latency: ``start`` in the cycle in which ``run`` differs (combinational); three cycles or
    more from the last report to ``done``.

    Members
    -------
    run, reports : images to compute since the reset; reports of each. done : images complete.
    start : for one cycle: an image begins. busy : one is computed.
    report, reported : a report leaves the chip.
    flush : results are complete but for a half word. finish : ... and go to the rings;
        finished : both have taken their CRC.
    refused, stopped : sticky, see :class:`~.registers.Fault`.
    """

    def __init__(self):
        super().__init__({
            "run": In(32), "reports": In(32), "done": Out(32), "start": Out(1), "busy": Out(1),
            "report": In(Report), "reported": In(1), "flush": Out(1), "flushed": In(1),
            "finish": Out(1), "finished": In(1), "refused": Out(1), "stopped": Out(1)})

    def elaborate(self, platform):
        m = Module()
        left = Signal(32)
        with m.If(self.reported & (self.report.code != Code.OK)):
            m.d.sync += self.refused.eq(1)
            with m.If(self.report.code >= Code.LINK_NORTH):
                m.d.sync += self.stopped.eq(1)
        m.d.comb += self.busy.eq(1)
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += self.busy.eq(0)
                m.d.sync += left.eq(self.reports)
                with m.If((self.run != self.done) & ~self.refused):
                    m.d.comb += [self.start.eq(1), self.busy.eq(1)]
                    m.next = "RUN"
            with m.State("RUN"):
                with m.If(left == 0):
                    m.next = "FLUSH"
                with m.Elif(self.reported):
                    m.d.sync += left.eq(left - 1)
            with m.State("FLUSH"):
                m.d.comb += self.flush.eq(1)
                with m.If(self.flushed):
                    m.next = "FINISH"
            with m.State("FINISH"):
                m.d.comb += self.finish.eq(1)
                with m.If(self.finished):
                    m.d.sync += self.done.eq(self.done + 1)
                    m.next = "IDLE"
        return m
