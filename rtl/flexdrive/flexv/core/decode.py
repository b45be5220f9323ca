"""Decode stage: control word, operands with forwarding, hazards, direct jumps."""

from amaranth.hdl import Array, Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .control import Control, Immediate, JumpOp, Unit
from .decoder import Decoder, immediate_value
from .stages import DecodeStage, ExecuteStage, WriteBackStage

__all__ = ["Decode"]


class Decode(wiring.Component):
    """Combinational.

    Members
    -------
    stage : the instruction. interrupt : an interrupt is to be taken before it.
    numberN, storedN, valueN : registers named in the places of rs1, rs2 and rd; their content in
        the register file; their value with all results of earlier instructions.
    e, e_valid, e_value : execute stage and its early result. w, w_valid, w_done, w_value :
        write-back stage, whether it ends in this cycle, and its late result.
    wait : an operand is not there yet. jumps : a direct jump; it goes to ``o.target``.
    legacy : a Mac&Load that loads has its address in rs1.
    o : what execute gets.
    """

    def __init__(self, extensions):
        self._extensions = extensions
        ports = {
            "stage": In(DecodeStage), "interrupt": In(1), "e": In(ExecuteStage), "e_valid": In(1),
            "e_value": In(32), "w": In(WriteBackStage), "w_valid": In(1), "w_done": In(1),
            "w_value": In(32), "legacy": In(1), "wait": Out(1), "jumps": Out(1),
            "o": Out(ExecuteStage),
        }
        for i in range(3):
            ports |= {f"number{i}": Out(5), f"stored{i}": In(32), f"value{i}": Out(32)}
        super().__init__(ports)

    def elaborate(self, platform):
        m = Module()
        m.submodules.decoder = decoder = Decoder(self._extensions)
        control, insn, sound = Signal(Control), self.stage.insn, Signal()
        m.d.comb += [
            decoder.insn.eq(insn),
            sound.eq(decoder.legal & ~self.stage.illegal & ~self.stage.error & ~self.interrupt),
            control.eq(decoder.control),
            self.number0.eq(insn[15:20]), self.number1.eq(insn[20:25]),
            self.number2.eq(insn[7:12]),
        ]
        reads = (control.reads_rs1, control.reads_rs2, control.reads_rs3)
        macload = control.unit == Unit.MACLOAD
        with_address = self.legacy & insn[23:25].any()
        waits = [self._operand(m, i) & reads[i] for i in range(3)]
        m.d.comb += self.wait.eq(sound & (
            (waits[0] & (~macload | with_address)) | waits[1]
            | (waits[2] & ~self._follows(m, control))))
        immediate = Signal(32)
        layouts = [immediate_value(insn, layout) for layout in Immediate]
        m.d.comb += immediate.eq(Array(layouts)[control.immediate.as_value()])
        self._fill(m, control, sound, immediate)
        return m

    def _operand(self, m, i):
        """Drives valueN; returns whether it must be waited for."""
        number, e, w = getattr(self, f"number{i}"), self.e, self.w
        at_e_early, at_e_late, at_w_early, at_w_late = (
            Signal(name=f"operand{i}_{place}") for place in (
                "e_early", "e_late", "w_early", "w_late"))
        m.d.comb += [
            at_e_early.eq(self.e_valid & e.early & (e.early_target == number)),
            at_e_late.eq(self.e_valid & e.late & (e.late_target == number)),
            at_w_early.eq(self.w_valid & w.early & (w.early_target == number)),
            at_w_late.eq(self.w_valid & w.late & (w.late_target == number)),
            getattr(self, f"value{i}").eq(
                Mux(at_e_early, self.e_value,
                    Mux(at_w_late, self.w_value,
                        Mux(at_w_early, w.early_value, getattr(self, f"stored{i}"))))),
        ]
        return at_e_late | (at_w_late & ~at_e_early & ~self.w_done)

    def _follows(self, m, control):
        """An accumulator that the instruction in execute is about to write is not waited for: it
        is taken over when that instruction ends."""
        follows = self.o.c_follows
        m.d.comb += follows.eq(control.accumulates & self.e_valid & self.e.late
                               & (self.e.late_target == self.number2))
        return follows

    def _fill(self, m, control, sound, immediate):
        o, stage, insn = self.o, self.stage, self.stage.insn
        stores, macload = control.unit == Unit.STORE, control.unit == Unit.MACLOAD
        moves = macload & self.legacy & insn[23:25].any()
        short = Cat(insn[20:25], insn[24].replicate(27))
        writes = sound & control.writes_rd & (self.number2 != 0)
        updates = sound & (control.post | moves) & (self.number0 != 0)
        direct = (control.unit == Unit.JUMP) & (control.op == JumpOp.DIRECT.value)
        m.d.comb += [
            o.control.eq(control), o.pc.eq(stage.pc), o.insn.eq(stage.insn), o.raw.eq(stage.raw),
            o.compressed.eq(stage.compressed), o.error.eq(stage.error),
            o.error_second.eq(stage.error_second), o.illegal.eq(~sound),
            o.interrupt.eq(self.interrupt),
            o.a.eq(Mux(control.first_pc, stage.pc,
                       Mux(control.reads_rs1, self.value0, 0))),
            # A store has its data in the place of rs2 and an offset register in that of rd.
            o.b.eq(Mux(control.second_immediate, immediate,
                       Mux(stores, self.value2,
                           Mux(macload, 4, Mux(control.short_compare, short, self.value1))))),
            o.loop_back.eq(stage.loop_back & ~self.interrupt & ~self.jumps),
            o.loop_number.eq(stage.loop_number),
            o.c.eq(Mux(stores, self.value1, self.value2)),
            o.target.eq(stage.pc + immediate),
            o.late.eq(writes & control.late), o.late_target.eq(self.number2),
            o.early.eq(updates | (writes & ~control.late)),
            o.early_target.eq(Mux(control.post | moves, self.number0, self.number2)),
            self.jumps.eq(sound & direct),
        ]
