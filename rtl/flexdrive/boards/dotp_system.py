"""The dot-product unit behind a serial line. docs/board-link.md."""

from amaranth.hdl import Module, Signal

from ..flexv.dotp import DotProduct
from .line import LineSystem
from .registers import Design, register_named

__all__ = ["DotpSystem"]


class DotpSystem(LineSystem):
    """The dot-product unit behind a serial line, in one clock domain: registers are its operands
    and its result. An operation begins when GO is not DONE.

    Latency: bytes of the line; four cycles from GO to DONE. No input reaches an output without
    a register.

    Parameters
    ----------
    config : :class:`~.config.DotpSystemConfig`.

    Members
    -------
    as of :class:`~.line.LineSystem`.
    busy, fault : an operation is under way; the last one had no format.
    """

    def elaborate(self, platform):
        m = Module()
        executor, registers = self.begin(m, Design.DOTP, {})
        m.submodules.unit = unit = DotProduct(structure=self.config.structure)
        control, state = registers.control, registers.state
        request, done, busy = unit.i.payload, Signal(32), Signal()
        m.d.comb += [executor.word.eq(registers.word), executor.idle.eq(1)]
        for name, low, bits, _ in register_named("OPERATION", Design.DOTP).fields:
            m.d.comb += getattr(request, name).eq(control.OPERATION[low:low + bits])
        m.d.comb += [
            request.a.eq(control.A), request.w.eq(control.W),
            request.accumulator.eq(control.ACCUMULATOR), unit.i.valid.eq((done != control.GO)
                                                                         & ~busy),
            unit.o.ready.eq(1), state.DONE.eq(done), self.busy.eq(busy),
            self.fault.eq(state.ILLEGAL != 0),
        ]
        value, illegal = Signal(32), Signal()
        m.d.comb += [state.VALUE.eq(value), state.ILLEGAL.eq(illegal)]
        with m.If(unit.i.valid & unit.i.ready):
            m.d.sync += busy.eq(1)
        with m.If(unit.o.valid):
            m.d.sync += [busy.eq(0), done.eq(done + 1), value.eq(unit.o.payload.value),
                         illegal.eq(unit.o.payload.illegal)]
        return m
