"""Execute stage of dot products and Mac&Load: formats, operands, hazards."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..dotp import DotOperands, LaneOperands
from .stages import ExecuteStage, WriteBackStage

__all__ = ["DotStage"]


class DotStage(wiring.Component):
    """Combinational.

    Members
    -------
    stage : the instruction. w, w_valid : what is in write-back.
    legacy, slice_index, a_pointer, w_pointer : from the controllers.
    areg, wreg, a, w_operand : operand registers read.
    loads : a Mac&Load that loads; address : from where; to_w, number : into which register.
    wait : an operand register is still being loaded.
    counts : the instruction is a dot product of the mixed-precision controller.
    size : lane width of packed SIMD.
    lanes : what is to be multiplied in write-back.
    """

    def __init__(self, structure):
        self._structure = structure
        super().__init__({
            "stage": In(ExecuteStage), "w": In(WriteBackStage), "w_valid": In(1),
            "legacy": In(1), "slice_index": In(3),
            "a_pointer": In(32), "w_pointer": In(32), "areg": Out(1), "wreg": Out(2),
            "a": In(32), "w_operand": In(32), "loads": Out(1), "address": Out(32), "to_w": Out(1),
            "number": Out(2), "wait": Out(1), "counts": Out(1),
            "lanes": Out(LaneOperands), "size": Out(2),
        })

    def elaborate(self, platform):
        m = Module()
        insn, control = self.stage.insn, self.stage.control
        is_dot, is_macload, multiplies = Signal(), Signal(), Signal()
        m.d.comb += [
            is_dot.eq(control.unit.dot), is_macload.eq(control.unit.macload),
            multiplies.eq(is_macload & (insn[7:12] != 0)),
            self.counts.eq(~self.legacy & (is_dot | multiplies)),
        ]
        self._registers(m, insn, is_macload, multiplies)
        self._select(m, control, is_macload)
        return m

    def _registers(self, m, insn, is_macload, multiplies):
        other, w = insn[23:25].all(), self.w
        same = Mux(w.operand_w, self.wreg == w.operand_number, self.areg == w.operand_number[0])
        m.d.comb += [
            self.areg.eq(insn[20]), self.wreg.eq(insn[21:23]),
            self.loads.eq(is_macload & self.stage.accesses), self.to_w.eq(self.stage.to_w),
            self.number.eq(Mux(self.to_w, insn[21:23], insn[20] ^ other)),
            self.address.eq(Mux(self.stage.from_rs1, self.stage.a,
                                Mux(self.to_w, self.w_pointer, self.a_pointer))),
            # A CSR access may read what is being loaded.
            self.wait.eq(self.w_valid & w.operand_load
                         & ((multiplies & same) | self.stage.control.unit.csr)),
        ]

    def _select(self, m, control, is_macload):
        m.submodules.operands = operands = DotOperands(self._structure)
        stage = self.stage
        m.d.comb += [
            operands.control.eq(stage.dot_control), operands.slice_index.eq(self.slice_index),
            self.size.eq(stage.dot_control.size),
            operands.a.eq(Mux(is_macload, self.a, stage.a)),
            operands.w.eq(Mux(is_macload, self.w_operand, stage.b)),
            operands.a_signed.eq(control.op[0]), operands.w_signed.eq(control.op[1]),
            self.lanes.eq(operands.o),
        ]
