"""Decode stage: control word, operands with forwarding, hazards, direct jumps."""

from amaranth.hdl import Array, Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..formats import FormatControl
from ..isa import BY_NAME, CSR_PLACES, CSRS, reads_zero
from .control import (
    AluOp,
    Control,
    CsrOp,
    Immediate,
    JumpOp,
    LoopOp,
    MemoryOp,
    MultiplyOp,
    SystemOp,
)
from .decoder import Decoder, immediate_value
from .fields import InstructionFields
from .stages import DecodeStage, ExecuteStage, RetireStage, Waits, WriteBackStage

__all__ = ["Decode", "replicate"]


def replicate(word, size):
    """The lowest lane, of 16 >> size bits, in all lanes."""
    return Array([word[:width].replicate(32 // width) for width in (16, 8, 4, 2)])[size]


class Decode(wiring.Component):
    """Combinational.

    Members
    -------
    stage, valid : the instruction. interrupt : an interrupt is to be taken before it.
    numberN, storedN : registers named in the places of rs1, rs2 and rd; their content in the
        register file.
    e, e_valid, e_value : execute stage and its early result. w, w_valid, w_done, w_value :
        write-back stage, whether it ends in this cycle, and the word loaded then.
    r, r_value : retire stage and its late result.
    holds : the instruction stays until what retire adds up is in its register.
    jumps : a direct jump to ``jump_target``.
    legacy : formats come from instructions, and the address of a Mac&Load that loads from rs1.
    format : the one in CSR ivec_fmt.
    o : what execute gets.
    """

    def __init__(self, extensions, fast_loops=False):
        self._extensions, self._fast_loops = extensions, fast_loops
        self._funnel = "macload_funnel" in extensions
        ports = {
            "stage": In(DecodeStage), "valid": In(1), "interrupt": In(1),
            "e": In(ExecuteStage), "e_valid": In(1), "e_value": In(32),
            "w": In(WriteBackStage), "w_valid": In(1), "w_done": In(1), "w_value": In(32),
            "r": In(RetireStage), "r_value": In(32), "legacy": In(1),
            "format": In(FormatControl), "holds": Out(1), "jumps": Out(1), "jump_target": Out(32),
            "o": Out(ExecuteStage),
        }
        for i in range(3):
            ports |= {f"number{i}": Out(5), f"stored{i}": In(32)}
        super().__init__(ports)

    def elaborate(self, platform):
        m = Module()
        m.submodules.decoder = decoder = Decoder(self._extensions)
        control, insn, sound = Signal(Control), self.stage.insn, Signal()
        self._fields = fields = InstructionFields(insn)
        # Nothing reads a part of ``o``: simulators order whole signals.
        self._accesses = Signal(name="accesses")
        m.d.comb += [
            decoder.insn.eq(insn),
            sound.eq(decoder.legal & ~self.stage.illegal & ~self.stage.error & ~self.interrupt
                     & ~self._format(m, control)),
            # Not a part of ``sound``, for which there is little time.
            self.o.no_csr.eq(control.unit.csr & sound & self._no_csr(m, control)),
            control.eq(decoder.control),
            self.number0.eq(fields.rs1), self.number1.eq(fields.rs2),
            self.number2.eq(fields.rd),
        ]
        self._operands(m, control)
        immediate = Signal(32)
        layouts = [immediate_value(insn, layout) for layout in Immediate]
        m.d.comb += immediate.eq(Array(layouts)[control.immediate.as_value()])
        self._fill(m, control, sound)
        self._flow(m, control, sound)
        self._choose(m, control, immediate)
        self._jump(m, insn)
        return m

    @staticmethod
    def _has_lanes(control):
        return control.unit.dot | control.unit.macload | control.unit.simd

    def _format(self, m, control):
        """Lane widths of dot products and packed SIMD; returns whether there is none."""
        o, macload, fields = self.o, control.unit.macload, self._fields
        chosen = Signal(FormatControl, name="format_of")
        self._scalar_size = Signal(2, name="scalar_size")
        legal = Mux(self.legacy, ~(macload & fields.no_size), self.format.legal)
        with m.If(self.legacy):
            m.d.comb += chosen.size.eq(Mux(macload, fields.size, fields.lanes8))
        with m.Else():
            m.d.comb += chosen.eq(self.format)
        m.d.comb += [
            o.dot_control.eq(chosen),
            o.simd_size.eq(Mux(control.unit.simd, chosen.size, 0)),
            o.narrower.eq(Mux(control.unit.simd, Cat(chosen.size > i for i in range(3)), 0)),
            # The lane of a scalar is a weight, for packed SIMD the wider of both.
            self._scalar_size.eq(chosen.size + Mux(
                chosen.swap | control.unit.simd, 0, chosen.ratio)),
            o.from_rs1.eq(self.legacy),
            o.to_w.eq(fields.load_w & (~fields.load_a | (fields.funnel if self._funnel else 0))),
        ]
        return self._has_lanes(control) & ~legal

    def _no_csr(self, m, control):
        """Whether there is no such register, or it cannot be written and is."""
        number, at = self._fields.csr, Signal(len(CSRS), name="csr_at")
        m.d.comb += self.o.csr.eq(at)
        for csr in CSRS.values():
            if csr.extension in self._extensions:
                m.d.comb += at[CSR_PLACES[csr.name]].eq(number == csr.number)
        # Formats and interrupts count in decode already.
        m.d.comb += [
            self.o.csr_of_loops.eq(Cat(at[place] for name, place in CSR_PLACES.items()
                                       if name.startswith("lp")).any()),
            self.o.csr_of_decode.eq(Cat(at[CSR_PLACES[name]] for name in (
                "sb_legacy", "ivec_fmt", "mie", "mstatus")).any()),
            self.o.csr_of_requant.eq(Cat(at[place] for name, place in CSR_PLACES.items()
                                         if name.startswith("rq")).any()),
        ]
        writes = (control.op == CsrOp.WRITE.value) | (self._fields.rs1 != 0)
        return ~(at.any() | reads_zero(number)) | (writes & number[10:].all())

    def _jump(self, m, insn):
        """Direct jumps, from as few bits as possible: fetch waits for this."""
        jal = BY_NAME["jal"].encoding
        m.d.comb += [
            self.jumps.eq(((insn & jal.mask) == jal.match) & ~self.stage.illegal
                          & ~self.stage.error & ~self.interrupt),
            self.jump_target.eq(self.stage.pc + immediate_value(insn, Immediate.J)),
        ]

    def _operands(self, m, control):
        """For each place of a register: where its value comes from."""
        self._in_e, self._in_r, self._older, self._waits = [], [], [], []
        e, w, r = self.e, self.w, self.r
        address = ~control.unit.macload | (self.legacy & self._fields.loads.any())
        # Execute takes over what is here whether or not it is an instruction that leaves, and must
        # not wait for anything then.
        leaves = self.valid & ~self.holds
        needed = [leaves & reads for reads in (
            control.reads_rs1 & address, control.reads_rs2, control.reads_rs3)]
        for i in range(3):
            number = getattr(self, f"number{i}")
            at_e_early, at_e_late, at_w_early, at_w_late, at_r_early, at_r_late = (
                Signal(name=f"operand{i}_{place}") for place in (
                    "e_early", "e_late", "w_early", "w_late", "r_early", "r_late"))
            older, passed = (Signal(32, name=f"operand{i}_{name}") for name in ("older", "passed"))
            at_w, in_r = (Signal(name=f"operand{i}_{name}") for name in ("at_w", "in_r"))
            m.d.comb += [
                at_e_early.eq(self.e_valid & e.early & (e.early_target == number)),
                at_e_late.eq(self.e_valid & e.late & (e.late_target == number)),
                at_w_early.eq(self.w_valid & w.early & (w.early_target == number)),
                at_w_late.eq(self.w_valid & w.late & (w.late_target == number)),
                at_r_early.eq(r.early & (r.early_target == number)),
                at_r_late.eq(r.late & (r.late_target == number)),
                at_w.eq(at_w_late | at_w_early), in_r.eq(at_r_late & ~at_w),
                passed.eq(Mux(at_w, Mux(at_w_late, self.w_value, w.early_value),
                              r.early_value)),
                # Reading takes long, so what is read comes behind this.
                older.eq(Mux(at_w | at_r_early, passed, getattr(self, f"stored{i}"))),
            ]
            self._in_e.append(at_e_early)
            self._in_r.append(in_r)
            self._older.append(older)
            waits, in_w = Signal(Waits, name=f"operand{i}_waits"), Signal(name=f"operand{i}_in_w")
            m.d.comb += [
                in_w.eq(at_w_late & ~at_e_early & ~at_e_late),
                waits.w.eq(needed[i] & (at_e_late | (in_w & ~self.w_done))),
                waits.r.eq(needed[i] & in_w & self.w_done & w.sums),
                waits.early.eq(needed[i] & at_e_early & ~at_e_late
                               & (e.control.slow | (control.replicates if i == 1 else 0))),
            ]
            self._waits.append(waits)

    def _choose(self, m, control, immediate):
        """Operands. What retire adds up in this cycle and what execute computes come last."""
        o, stores, macload = self.o, control.unit.store, control.unit.macload
        given, away, addressed = Signal(32), Signal(32), Signal()
        insn, fields = self.stage.insn, self._fields
        # From a few layouts of immediates and not from all, for there is little time.
        six = Mux(control.immediate == Immediate.SIMM6, immediate_value(insn, Immediate.SIMM6),
                  immediate_value(insn, Immediate.ZIMM6))
        short_loop = fields.funct3 == BY_NAME["lp.setupi"].encoding.match >> 12 & 7
        short = Cat(fields.short, fields.short[-1].replicate(27))
        m.d.comb += [
            away.eq(Mux(fields.is_loop, Mux(short_loop, immediate_value(insn, Immediate.LOOP_SHORT),
                                     immediate_value(insn, Immediate.LOOP)),
                        immediate_value(insn, Immediate.B))),
            # What is known early.
            given.eq(Mux(control.second_immediate,
                         Mux(control.replicates, replicate(six, self._scalar_size), immediate),
                         Mux(macload, 4, short))),
            # Whether or not the instruction is sound.
            addressed.eq(control.unit.load | control.unit.store | control.unit.macload),
        ]
        # A store has its data in the place of rs2 and an offset register in that of rd.
        own = control.second_immediate | macload | control.short_compare
        second = Mux(own, given,
                     Mux(control.replicates, replicate(self._older[1], self._scalar_size),
                         Mux(stores, self._older[2], self._older[1])))
        a, b, c, third = Signal(32), Signal(32), Signal(32), self._waits[2].as_value()
        b_waits, c_waits = Signal(Waits), Signal(Waits)
        own_a, own_b = control.first_pc, control.replicates | own
        m.d.comb += [
            o.a_waits.eq(self._waits[0]), b_waits.eq(Mux(stores, third, self._waits[1].as_value())),
            c_waits.eq(Mux(stores, self._waits[1].as_value(), third)),
            o.b_waits.eq(b_waits), o.c_waits.eq(c_waits), o.scalar_size.eq(self._scalar_size),
            o.blocked.eq(self._waits[0].as_value().any() | b_waits.as_value().any() | c_waits.early
                         | ((c_waits.w | c_waits.r) & ~control.accumulates)),
            o.a.eq(a), o.b.eq(b), o.c.eq(c), o.x.eq(a & control.beside.replicate(32)),
            o.y.eq(b & control.beside.replicate(32)),
            o.amount.eq(b[:5] & control.unit.alu.replicate(5)),
            a.eq(self._computed(self._in_e[0] & ~own_a, self._in_r[0] & ~own_a,
                                Mux(own_a, self.stage.pc, self._older[0]))),
            b.eq(self._computed(*(Mux(stores, places[2], places[1]) & ~own_b
                                  for places in (self._in_e, self._in_r)), second)),
            c.eq(self._computed(*(Mux(stores, places[1], places[2]) for places in (
                self._in_e, self._in_r, self._older)))),
            # Its lane would have to be found and copied behind the sum.
            self.holds.eq(control.replicates & ~control.second_immediate & self._in_r[1]),
            o.a_low.eq(a[:2] & addressed.replicate(2)),
            # Without what is added behind the access.
            o.b_low.eq(b[:2] & (addressed & ~control.post).replicate(2)),
            o.target.eq(self.stage.pc + away),
        ]

    def _computed(self, in_e, in_r, value):
        """``value``, unless it is what execute or retire computes in this cycle."""
        return Mux(in_e, self.e_value, Mux(in_r, self.r_value, value))

    def _flow(self, m, control, sound):
        """What the instruction does to the order of instructions, as far as it is known here."""
        o, system = self.o, control.unit.system & sound
        m.d.comb += [
            o.simple_trap.eq(~self.interrupt & (~sound | (
                system & ((control.op == SystemOp.ECALL.value)
                          | (control.op == SystemOp.EBREAK.value))))),
            o.sleeps.eq(system & (control.op == SystemOp.WFI.value)),
            o.returns.eq(system & (control.op == SystemOp.MRET.value)),
            o.indirect.eq(sound & control.unit.jump & (control.op == JumpOp.INDIRECT.value)),
            o.anew.eq((system & (control.op == SystemOp.FENCE_I.value))
                      | (sound & control.unit.loop & ~self._far(control) if self._fast_loops
                         else sound & control.unit.loop)),
        ]

    def _far(self, control):
        """Whether a loop that is set up ends behind what can have been fetched: the instruction is
        followed by three when it executes, whose last begins 12 bytes behind it at most."""
        insn, op = self.stage.insn, control.op
        return (((op == LoopOp.SETUP.value) & immediate_value(insn, Immediate.LOOP)[4:].any())
                | ((op == LoopOp.SETUPI.value)
                   & immediate_value(insn, Immediate.LOOP_SHORT)[4:].any()))

    def _fill(self, m, control, sound):
        o, stage, loads = self.o, self.stage, self._fields.loads
        both_signed = (control.op == MultiplyOp.HIGH.value) | control.unit.requant
        stores_packed = control.unit.requant & control.op[4]
        moves = control.unit.macload & self.legacy & loads.any()
        writes = sound & control.writes_rd & (self.number2 != 0)
        updates = sound & (control.post | moves) & (self.number0 != 0)
        m.d.comb += [
            o.control.eq(control), o.control.unit.eq(Mux(sound, control.unit.as_value(), 0)),
            *(getattr(o, f"{unit}_op").as_value().eq(
                Mux(getattr(control.unit, unit), control.op, 0)) for unit in ("bits", "simd")),
            # It compares for branches and scalar operations and adds for all others.
            o.alu_op.as_value().eq(Mux(control.unit.alu, control.op, Mux(
                control.unit.branch | control.unit.bits,
                Mux(Mux(control.unit.branch, control.op[2], control.op[0]),
                    AluOp.LTU.value, AluOp.LT.value), AluOp.ADD.value))),
            o.memory_op.as_value().eq(Mux(control.unit.macload, MemoryOp.W.value, control.op)),
            o.a_signed.eq(both_signed | (control.op == MultiplyOp.HIGH_SU.value)),
            o.b_signed.eq(both_signed),
            o.pc.eq(stage.pc), o.insn.eq(stage.insn), o.raw.eq(stage.raw),
            o.compressed.eq(stage.compressed), o.error.eq(stage.error),
            o.error_second.eq(stage.error_second), o.illegal.eq(~sound),
            o.accesses.eq(self._accesses),
            self._accesses.eq(sound & (control.unit.load | control.unit.store
                                       | (control.unit.macload & loads.any())
                                       | stores_packed)),
            o.stores_packed.eq(sound & stores_packed),
            o.interrupt.eq(self.interrupt),
            o.loop_back.eq(stage.loop_back & ~self.interrupt & ~self.jumps),
            o.loop_number.eq(stage.loop_number),
            o.late.eq(writes & control.late), o.late_target.eq(self.number2),
            o.sums.eq(~control.unit.load),
            o.early.eq(updates | (writes & ~control.late)),
            o.early_target.eq(Mux(control.post | moves, self.number0, self.number2)),
        ]
