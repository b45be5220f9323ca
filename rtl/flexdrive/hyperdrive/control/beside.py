"""Execution of descriptors when transfers run beside convolutions (option ``overlap``)."""

from amaranth.hdl import Mux, Signal

from ..descriptor.fields import Code, Operation
from ..descriptor.report import Report
from .region_guard import RegionGuard

__all__ = ["Executor"]


class Executor:
    """Two operations at a time, a CONV and a transfer, begun in the order of the program.

    The next descriptor is begun when nothing of its kind runs, and when it is apart from what does
    (:class:`~flexdrive.hyperdrive.control.region_guard.RegionGuard`), or nothing does. So results
    are those of one operation after the other. A refused descriptor counts as a CONV. Reports come
    as operations end; of two that end at once, the CONV's is first.

    Parameters
    ----------
    sequencer : has the streams. layer, moved : registers of the CONV and of the transfer.
    """

    SETTLE = 1
    """Cycles from the offer of a descriptor until it can be begun, in which regions are
    compared."""

    def __init__(self, m, sequencer, layer, moved, parser, exchange, fault):
        self.layer, self.moved, self.parser = layer, moved, parser
        self.sequencer, self.exchange, self.fault = sequencer, exchange, fault
        m.submodules.guard = self.guard = RegionGuard(sequencer.config)
        self.report, self.moved_cycles = Signal(Report), Signal(32)
        self.full, self.count = Signal(), Signal(16)
        self.indices = Signal(16, name="conv_index"), Signal(16, name="moved_index")
        self.taken = Signal(name="conv_taken"), Signal(name="moved_taken")
        self.idle = Signal(name="conv_idle"), Signal(name="moved_idle")
        self.ending = Signal(name="conv_ending"), Signal(name="moved_ending")
        self.room = Signal()            # for a report

    def run(self, m, steps, tail, transfer):
        """The logic of it."""
        sequencer, report = self.sequencer, self.report
        self._begin(m)
        for name, value in (("active", steps.active), ("weight_stalls", steps.weight_stall),
                            ("tail_stalls", steps.tail_stall)):
            counter = getattr(report, name)
            m.d.sync += counter.eq(Mux(self.taken[0], 0, counter + value))
        m.d.sync += [report.cycles.eq(Mux(self.taken[0], 1, report.cycles + ~self.ending[0])),
                     self.moved_cycles.eq(Mux(self.taken[1], 1,
                                              self.moved_cycles + ~self.ending[1]))]
        m.d.comb += [
            sequencer.busy.eq(self.parser.reading | self.full | ~self.idle[0] | ~self.idle[1]),
            sequencer.o_reports.valid.eq(self.full),
            self.room.eq((~self.full | sequencer.o_reports.ready)
                         & (~self.fault.fault if self.fault is not None else 1)),
        ]
        with m.If(sequencer.o_reports.ready):
            m.d.sync += self.full.eq(0)
        self._conv(m, steps, tail)
        self._transfer(m, transfer)
        self._end(m)
        if self.fault is not None:
            self._stop(m)

    def _begin(self, m):
        """Take the next descriptor."""
        parser, guard, mesh = self.parser, self.guard, self.exchange is not None
        next_ = parser.layer
        settled, begins = Signal(), Signal()
        legal = next_.code == Code.OK
        is_transfer = legal & (next_.operation != Operation.CONV)
        # What comes from neighbours is complete; a transfer that exchanges nothing need not wait.
        complete = (self.exchange.complete & ~self.fault.fault) if mesh else 1
        unhindered = (self.exchange.complete | (next_.halo == 0)) & ~self.fault.fault \
            if mesh else 1
        m.d.sync += settled.eq(parser.valid & ~parser.take)
        m.d.comb += [
            begins.eq(parser.valid & settled),
            self.taken[0].eq(begins & ~is_transfer & self.idle[0] & complete
                             & (self.idle[1] | guard.apart)),
            self.taken[1].eq(begins & is_transfer & self.idle[1] & unhindered
                             & (self.idle[0] | guard.apart)),
            parser.take.eq(self.taken[0] | self.taken[1]),
            guard.layer.eq(next_), guard.ends.eq(parser.ends), guard.conv.eq(self.taken[0]),
            guard.transfer.eq(self.taken[1]),
        ]
        # The layer of a transfer with neighbours is that of the exchange.
        with m.If(self.taken[0] | (self.taken[1] & (next_.halo != 0) if mesh else 0)):
            m.d.sync += self.layer.eq(next_)
        with m.If(self.taken[1]):
            m.d.sync += self.moved.eq(next_)
        for taken, index in zip(self.taken, self.indices, strict=True):
            with m.If(taken):
                m.d.sync += [index.eq(self.count), self.count.eq(self.count + 1)]

    def _conv(self, m, steps, tail):
        with m.FSM(name="conv"):
            with m.State("IDLE"):
                m.d.comb += self.idle[0].eq(1)
                with m.If(self.taken[0]):
                    m.next = "DISPATCH"
            with m.State("DISPATCH"):
                legal = self.layer.code == Code.OK
                if self.exchange is not None:
                    with m.If(legal):
                        m.d.comb += self.exchange.start.eq(1)
                m.d.comb += steps.start.eq(legal)
                m.next = "REPORT"
                with m.If(legal):
                    m.next = "CONV"
            with m.State("CONV"):
                with m.If(steps.done & tail.idle):
                    m.next = "REPORT"
            with m.State("REPORT"):
                m.d.comb += self.ending[0].eq(1)
                with m.If(self.room):
                    m.next = "IDLE"

    def _transfer(self, m, transfer):
        loads = self.moved.operation == Operation.LOAD
        with m.FSM(name="moved"):
            with m.State("IDLE"):
                m.d.comb += self.idle[1].eq(1)
                with m.If(self.taken[1]):
                    m.next = "DISPATCH"
            with m.State("DISPATCH"):
                if self.exchange is not None:
                    with m.If(self.moved.halo != 0):
                        m.d.comb += self.exchange.start.eq(1)
                m.d.comb += [transfer.load.eq(loads), transfer.store.eq(~loads)]
                m.next = "TRANSFER"
            with m.State("TRANSFER"):
                with m.If(transfer.done):
                    m.next = "REPORT"
            with m.State("REPORT"):
                m.d.comb += self.ending[1].eq(1)
                with m.If(self.room & ~self.ending[0]):
                    m.next = "IDLE"

    def _end(self, m):
        """Report of an operation that has ended."""
        out, conv = self.sequencer.o_reports.payload, self.ending[0]
        with m.If(self.room & (self.ending[0] | self.ending[1])):
            m.d.sync += [
                self.full.eq(1), out.eq(Mux(conv, self.report, 0)),
                out.index.eq(Mux(conv, *self.indices)),
                out.cycles.eq(Mux(conv, self.report.cycles, self.moved_cycles) + 1),
                out.code.eq(Mux(conv, self.layer.code, Code.OK)),
                out.operation.eq(Mux(conv, self.layer.operation, self.moved.operation)),
            ]

    def _stop(self, m):
        """A last report instead of that of the operation under way; of two, the CONV."""
        sequencer, fault = self.sequencer, self.fault
        told = Signal()
        out = sequencer.o_reports.payload
        conv, moved = ~self.idle[0], ~self.idle[1]
        with m.If(fault.fault & ~told & (~self.full | sequencer.o_reports.ready)):
            m.d.sync += [
                told.eq(1), self.full.eq(1), out.eq(self.report),
                out.index.eq(Mux(conv, self.indices[0], Mux(moved, self.indices[1], self.count))),
                out.code.eq(fault.code), out.link_error.eq(fault.error),
                out.operation.eq(Mux(conv, self.layer.operation,
                                     Mux(moved, self.moved.operation, 0))),
            ]
        m.d.comb += sequencer.stopped.eq(told & ~self.full)
        with m.If(fault.fault):
            m.d.comb += [sequencer.o_pixels.valid.eq(0), sequencer.busy.eq(~sequencer.stopped)]
