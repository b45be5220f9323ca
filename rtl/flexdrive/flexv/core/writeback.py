"""Write-back stage: late results."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .multiplier import Accumulator
from .stages import WriteBackStage

__all__ = ["WriteBack"]


class WriteBack(wiring.Component):
    """Combinational: ``late_value`` is the result that becomes known in this stage."""

    stage: In(WriteBackStage)
    loaded: In(32)
    late_value: Out(32)

    def elaborate(self, platform):
        m = Module()
        stage = self.stage
        m.submodules.accumulator = sums = Accumulator()
        sum_ = Signal(32)
        # a - b = ~(~a + b)
        m.d.comb += [
            sum_.eq(sums.sum ^ stage.invert.replicate(32)),
            sums.total.eq(stage.total), sums.carry.eq(stage.carry), sums.high.eq(stage.high),
            sums.accumulator.eq(stage.accumulator ^ stage.invert.replicate(32)),
            sums.product.eq(stage.product),
            self.late_value.eq(Mux(stage.memory & ~stage.operand_load, self.loaded,
                                   Mux(stage.product & stage.upper, sums.upper, sum_))),
        ]
        return m
