"""Write-back and retire stages: late results."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..dotp import DotFinish, DotVector
from ..dotp.adders import carry_save
from .multiplier import Product
from .stages import RetireStage, WriteBackStage

__all__ = ["Retire", "WriteBack"]


class WriteBack(wiring.Component):
    """Sum of the products of a dot product in carry-save form, combinational.

    Members
    -------
    stage, ends, fault : the instruction; it leaves in this cycle; its access has failed.
    loaded : the response to its access. late_value : of the instruction in retire.
    o : what retire gets.
    """

    def __init__(self, structure):
        self.structure = structure
        super().__init__({
            "stage": In(WriteBackStage), "ends": In(1), "fault": In(1), "loaded": In(32),
            "late_value": In(32), "o": Out(RetireStage),
        })

    def elaborate(self, platform):
        m = Module()
        stage, o, goes = self.stage, self.o, Signal()
        m.submodules.product = product = Product()
        m.d.comb += [
            goes.eq(self.ends & ~self.fault),
            o.early.eq(goes & stage.early), o.late.eq(goes & stage.late),
            o.requant.eq(goes & stage.requant), o.completes.eq(stage.completes),
            o.places.eq(goes & stage.places),
            *(getattr(o, name).eq(getattr(stage, name)) for name in (
                "early_target", "early_value", "late_target", "invert")),
            product.low.eq(stage.low), product.middle.eq(stage.middle),
            product.high.eq(stage.high), o.high.eq(product.o[32:]),
            o.total.eq(Mux(stage.upper, product.o[32:], product.o[:32])
                       ^ stage.invert.replicate(32)),
            o.accumulator.eq(Mux(stage.follows_r, self.late_value, stage.accumulator)),
        ]
        if self.structure is not None:
            m.submodules.vector = vector = DotVector(self.structure)
            m.d.comb += vector.i.eq(stage.lanes)
            with m.If(stage.dot):
                m.d.comb += [getattr(o, name).eq(getattr(vector.o, name)) for name in (
                    "total", "carry", "x_signed", "y_signed", "size")]
        with m.If(stage.memory & ~stage.store & ~stage.operand_load):
            m.d.comb += o.total.eq(self.loaded)
        return m


class Retire(wiring.Component):
    """Combinational: ``late_value`` is the sum that ends in this stage."""

    def __init__(self, structure):
        self.structure = structure
        super().__init__({"stage": In(RetireStage), "late_value": Out(32)})

    def elaborate(self, platform):
        m = Module()
        stage = self.stage
        total, carry = stage.total[:32], stage.carry[:32]
        if self.structure is not None:
            m.submodules.finish = finish = DotFinish(self.structure)
            m.d.comb += [getattr(finish.i, name).eq(getattr(stage, name)) for name in (
                "total", "carry", "x_signed", "y_signed", "size")]
            total, carry = finish.total, finish.carry
        total, carry = carry_save(m, "last", total, carry, stage.accumulator)
        # The lowest carry is free for the one that completes a negation.
        m.d.comb += self.late_value.eq(total + Cat(stage.invert, carry[1:32]))
        return m
