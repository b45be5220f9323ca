"""Execute stage of dot products and Mac&Load: formats, operands, hazards."""

from amaranth.hdl import Array, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..dotp import DotVector
from ..formats import FormatControl
from .control import Unit
from .stages import ExecuteStage, WriteBackStage

__all__ = ["DotStage"]


class DotStage(wiring.Component):
    """Combinational.

    Members
    -------
    stage : the instruction. w, w_valid : what is in write-back.
    legacy, control, slice_index, a_pointer, w_pointer : from the controllers.
    areg, wreg, a, w_operand : operand registers read.
    loads : a Mac&Load that loads; address : from where; to_w, number : into which register.
    wait : an operand register is still being loaded. illegal : there is no such format.
    counts : the instruction is a dot product of the mixed-precision controller.
    size : lane width of packed SIMD. replicated : the scalar operand in all lanes.
    total, carry : the dot product, see :class:`flexdrive.flexv.dotp.DotVector`.
    """

    def __init__(self, structure):
        self._structure = structure
        super().__init__({
            "stage": In(ExecuteStage), "w": In(WriteBackStage), "w_valid": In(1),
            "legacy": In(1), "control": In(FormatControl), "slice_index": In(3),
            "a_pointer": In(32), "w_pointer": In(32), "areg": Out(1), "wreg": Out(2),
            "a": In(32), "w_operand": In(32), "loads": Out(1), "address": Out(32), "to_w": Out(1),
            "number": Out(2), "wait": Out(1), "illegal": Out(1), "counts": Out(1),
            "total": Out(32), "carry": Out(32), "replicated": Out(32), "size": Out(2),
        })

    def elaborate(self, platform):
        m = Module()
        insn, control = self.stage.insn, self.stage.control
        is_dot, is_macload, multiplies = Signal(), Signal(), Signal()
        is_simd = control.unit == Unit.SIMD
        m.d.comb += [
            is_dot.eq(control.unit == Unit.DOT), is_macload.eq(control.unit == Unit.MACLOAD),
            multiplies.eq(is_macload & (insn[7:12] != 0)),
            self.counts.eq(~self.legacy & (is_dot | multiplies)),
            self.illegal.eq(((is_dot | is_simd) & ~self.legacy & ~self.control.legal)
                            | (is_macload & Mux(self.legacy, insn[14], ~self.control.legal))),
        ]
        self._registers(m, insn, is_macload, multiplies)
        self._product(m, insn, control, is_macload, is_simd)
        return m

    def _registers(self, m, insn, is_macload, multiplies):
        other, w = insn[23:25].all(), self.w
        same = Mux(w.operand_w, self.wreg == w.operand_number, self.areg == w.operand_number[0])
        m.d.comb += [
            self.areg.eq(insn[20]), self.wreg.eq(insn[21:23]),
            self.loads.eq(is_macload & insn[23:25].any()), self.to_w.eq(insn[24] & ~insn[23]),
            self.number.eq(Mux(self.to_w, insn[21:23], insn[20] ^ other)),
            self.address.eq(Mux(self.legacy, self.stage.a,
                                Mux(self.to_w, self.w_pointer, self.a_pointer))),
            # A CSR access may read what is being loaded.
            self.wait.eq(self.w_valid & w.operand_load
                         & ((multiplies & same) | (self.stage.control.unit == Unit.CSR))),
        ]

    def _product(self, m, insn, control, is_macload, is_simd):
        m.submodules.vector = vector = DotVector(self._structure)
        w_size, replicated = Signal(2), self.replicated
        with m.If(self.legacy):
            m.d.comb += [vector.control.size.eq(Mux(is_macload, insn[12:14], insn[12])),
                         vector.control.legal.eq(1)]
        with m.Else():
            m.d.comb += [vector.control.eq(self.control),
                         vector.slice_index.eq(self.slice_index)]
        m.d.comb += [
            self.size.eq(vector.control.size),
            # The lane of a scalar is a weight, for packed SIMD the wider of both.
            w_size.eq(vector.control.size
                      + Mux(vector.control.swap | is_simd, 0, vector.control.ratio)),
            replicated.eq(Array([self.stage.b[:width].replicate(32 // width)
                                 for width in (16, 8, 4, 2)])[w_size]),
            vector.a.eq(Mux(is_macload, self.a, self.stage.a)),
            vector.w.eq(Mux(is_macload, self.w_operand,
                            Mux(control.replicates, replicated, self.stage.b))),
            vector.a_signed.eq(control.op[0]), vector.w_signed.eq(control.op[1]),
            self.total.eq(vector.total), self.carry.eq(vector.carry),
        ]
