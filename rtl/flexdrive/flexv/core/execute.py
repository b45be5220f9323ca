"""Execute stage."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..isa import CSRS
from .alu import Alu, Comparator
from .bits import Bits
from .control import CsrOp, MemoryOp, MultiplyOp, SystemOp, Unit
from .divider import Divider
from .macload import Undo
from .multiplier import PartialProducts
from .simd import Permute, Simd
from .stages import ExecuteStage, WriteBackStage

__all__ = ["Execute"]


class Execute(wiring.Component):
    """Computes, decides and asks for memory and CSRs; combinational but for the divider.

    Members
    -------
    stage, valid : the instruction. go : it leaves in this cycle. cancel : it is dropped.
    complete : it may leave as far as this stage is concerned.
    result : value for the early target. o : what write-back gets.
    address, memory_* : data access. csr_* : register access.
    redirects : what follows is not what was fetched; it is at ``target``, unless the instruction
        ``traps``, ``returns`` or ``refetches`` (wants the following instructions fetched anew).
    dot_* : see :class:`.dotstage.DotStage`. late_value : of write-back.
    requant_busy : outputs of requantisation are under way.
    steps, counts : a Mac&Load pointer moves, a dot product is counted, once the instruction goes.
    loop_write : a loop instruction. relinks : what follows is at the next address whatever loops
        say. iterates : the instruction ends an iteration of a loop.
    dropped : not an instruction; nothing goes to write-back.
    cause, trap_value : of the trap.
    """

    def __init__(self, config):
        self.config = config
        super().__init__({
            "stage": In(ExecuteStage), "valid": In(1), "go": In(1), "cancel": In(1),
            "complete": Out(1), "result": Out(32), "o": Out(WriteBackStage),
            "address": Out(32), "memory_wanted": Out(1), "memory_write": Out(1),
            "memory_op": Out(MemoryOp), "memory_granted": In(1),
            "csr_access": Out(1), "csr_number": Out(12), "csr_op": Out(CsrOp),
            "csr_operand": Out(32), "csr_writes": Out(1), "csr_value": In(32),
            "csr_illegal": In(1), "dot_loads": In(1), "dot_address": In(32), "dot_wait": In(1),
            "dot_illegal": In(1), "dot_counts": In(1), "dot_total": In(32), "dot_carry": In(32),
            "dot_replicated": In(32), "dot_size": In(2),
            "dot_to_w": In(1), "dot_number": In(2), "legacy": In(1), "undo": In(Undo),
            "late_value": In(32), "steps": Out(1), "counts": Out(1), "loop_write": Out(1),
            "requant_busy": In(1), "interrupt": In(1), "wake": In(1), "sleeping": Out(1),
            "redirects": Out(1), "target": Out(32), "traps": Out(1), "returns": Out(1),
            "refetches": Out(1), "relinks": Out(1), "iterates": Out(1), "dropped": Out(1),
            "cause": Out(6), "trap_value": Out(32),
        })

    def elaborate(self, platform):
        m = Module()
        control = self.stage.control
        is_unit = {unit: Signal(name=f"is_{unit.name.lower()}") for unit in Unit}
        m.d.comb += [signal.eq(control.unit == unit) for unit, signal in is_unit.items()]
        is_system = {op: is_unit[Unit.SYSTEM] & (control.op == op.value) for op in SystemOp}
        total = Signal(32)
        m.d.comb += total.eq(self.stage.a + self.stage.b)
        self._memory(m, is_unit, total)
        self._csr(m, is_unit)
        divided = self._divide(m, is_unit)
        self._results(m, is_unit, total, divided)
        self._exceptions(m, is_unit, is_system)
        self._control_flow(m, is_unit, is_system, total)
        late = is_unit[Unit.CSR] & self.requant_busy
        waits = self.dot_wait | late | (self.memory_wanted & ~self.memory_granted) | (
            is_unit[Unit.DIVIDE] & ~self._divider.done) | (is_system[SystemOp.WFI] & ~self.wake)
        m.d.comb += [
            self.complete.eq(self.traps | self.dropped | ~waits),
            self.sleeping.eq(self.valid & is_system[SystemOp.WFI] & ~self.stage.illegal
                             & ~self.wake),
        ]
        return m

    def _memory(self, m, is_unit, total):
        stage = self.stage
        m.d.comb += [
            self.address.eq(Mux(is_unit[Unit.MACLOAD], self.dot_address,
                                Mux(stage.control.post, stage.a, total))),
            self.memory_write.eq(is_unit[Unit.STORE]),
            self.memory_wanted.eq(self.valid & ~stage.illegal & ~self.dot_illegal
                                  & (is_unit[Unit.LOAD] | is_unit[Unit.STORE]
                                     | self.dot_loads)),
            self.memory_op.eq(Mux(is_unit[Unit.MACLOAD], MemoryOp.W.value, stage.control.op)),
        ]

    def _csr(self, m, is_unit):
        stage = self.stage
        m.d.comb += [
            self.csr_number.eq(stage.insn[20:32]), self.csr_op.eq(stage.control.op),
            self.csr_operand.eq(Mux(stage.control.second_immediate, stage.b, stage.a)),
            self.csr_writes.eq((stage.control.op == CsrOp.WRITE.value)
                               | (stage.insn[15:20] != 0)),
            self.csr_access.eq(is_unit[Unit.CSR] & ~stage.illegal & ~self.csr_illegal),
        ]

    def _divide(self, m, is_unit):
        stage = self.stage
        m.submodules.divider = self._divider = divider = Divider()
        m.d.comb += [
            divider.a.eq(stage.a), divider.b.eq(stage.b), divider.op.eq(stage.control.op),
            divider.start.eq(self.valid & is_unit[Unit.DIVIDE] & ~stage.illegal),
            divider.take.eq(self.go), divider.cancel.eq(self.cancel),
        ]
        return divider.o

    def _results(self, m, is_unit, total, divided):
        stage, o = self.stage, self.o
        m.submodules.alu = alu = Alu()
        m.submodules.products = products = PartialProducts()
        self._link = link = Signal(32)
        m.d.comb += [
            alu.a.eq(stage.a), alu.b.eq(stage.b), alu.op.eq(stage.control.op),
            products.a.eq(stage.a), products.b.eq(stage.b), products.op.eq(stage.control.op),
            link.eq(stage.pc + Mux(stage.compressed, 2, 4)),
            self.result.eq(alu.o),
        ]
        self._lanes(m, is_unit)
        with m.If(is_unit[Unit.CSR]):
            m.d.comb += self.result.eq(self.csr_value)
        with m.If(is_unit[Unit.JUMP]):
            m.d.comb += self.result.eq(link)
        with m.If(is_unit[Unit.DIVIDE]):
            m.d.comb += self.result.eq(divided)
        with m.If(is_unit[Unit.LOAD] | is_unit[Unit.STORE] | is_unit[Unit.MACLOAD]):
            m.d.comb += self.result.eq(total)
        m.d.comb += [
            o.pc.eq(stage.pc), o.memory.eq(self.memory_wanted), o.store.eq(self.memory_write),
            o.early.eq(stage.early & ~self.traps), o.early_target.eq(stage.early_target),
            o.early_value.eq(self.result), o.late.eq(stage.late & ~self.traps),
            o.late_target.eq(stage.late_target), o.trap.eq(self.traps),
            o.product.eq(is_unit[Unit.MULTIPLY]),
            o.requant.eq(is_unit[Unit.REQUANT] & ~self.traps),
            o.upper.eq((stage.control.op != MultiplyOp.LOW.value) & ~stage.control.accumulates),
            o.invert.eq(is_unit[Unit.MULTIPLY] & (stage.control.op == MultiplyOp.MSU.value)),
            o.total.eq(self.dot_total), o.carry.eq(self.dot_carry), o.high.eq(products.high),
            o.accumulator.eq(Mux(stage.c_follows, self.late_value, stage.c)
                             & stage.control.accumulates.replicate(32)),
            o.loop_back.eq(self.iterates), o.loop_number.eq(stage.loop_number),
        ]
        with m.If(is_unit[Unit.MULTIPLY] | is_unit[Unit.REQUANT]):
            m.d.comb += [o.total.eq(products.low), o.carry.eq(products.middle)]
        sound = ~self.traps & ~self.dropped
        m.d.comb += [
            o.operand_load.eq(self.dot_loads & ~self.traps), o.operand_w.eq(self.dot_to_w),
            o.operand_number.eq(self.dot_number),
            self.steps.eq(self.dot_loads & ~self.legacy & sound),
            self.counts.eq(self.dot_counts & sound),
            o.restores_pointer.eq(self.steps), o.restores_dots.eq(self.counts),
            o.undo.eq(self.undo), self.loop_write.eq(is_unit[Unit.LOOP] & sound),
        ]

    def _lanes(self, m, is_unit):
        """Results of XpulpV2's arithmetic."""
        stage, extensions = self.stage, self.config.extensions
        for extension, name, make, unit in (("xpulp_bits", "bits", Bits, Unit.BITS),
                                            ("xpulp_simd", "simd", Simd, Unit.SIMD),
                                            ("xpulp_simd", "permute", Permute, Unit.PERMUTE)):
            if extension not in extensions:
                continue
            m.submodules[name] = part = make()
            m.d.comb += [part.a.eq(stage.a), part.b.eq(stage.b), part.c.eq(stage.c),
                         part.op.eq(stage.control.op)]
            if unit is Unit.SIMD:
                m.d.comb += [part.size.eq(self.dot_size), part.index.eq(stage.b[:4])]
                with m.If(stage.control.replicates):
                    m.d.comb += part.b.eq(self.dot_replicated)
            with m.If(is_unit[unit]):
                m.d.comb += self.result.eq(part.o)

    def _exceptions(self, m, is_unit, is_system):
        stage = self.stage
        illegal = stage.illegal | (is_unit[Unit.CSR] & self.csr_illegal) | self.dot_illegal
        m.d.comb += [
            self.traps.eq(1),
            self.dropped.eq(stage.interrupt),
            # The instruction as it was fetched.
            self.trap_value.eq(Mux(stage.compressed, stage.raw, stage.insn)),
        ]
        with m.If(stage.interrupt):
            # The interrupt may have been withdrawn or disabled by the instruction before.
            m.d.comb += [self.traps.eq(self.interrupt), self.trap_value.eq(0)]
        with m.Elif(stage.error):
            m.d.comb += [self.cause.eq(1),
                         self.trap_value.eq(stage.pc + (stage.error_second << 1))]
        with m.Elif(illegal):
            m.d.comb += self.cause.eq(2)
        with m.Elif(is_system[SystemOp.EBREAK]):
            m.d.comb += [self.cause.eq(3), self.trap_value.eq(0)]
        with m.Elif(is_system[SystemOp.ECALL]):
            m.d.comb += [self.cause.eq(11), self.trap_value.eq(0)]
        with m.Else():
            m.d.comb += self.traps.eq(0)

    def _control_flow(self, m, is_unit, is_system, total):
        stage = self.stage
        m.submodules.comparator = comparator = Comparator()
        jumps_back, indirect, taken = Signal(), Signal(), Signal()
        of_loops, of_mode = self._touches()
        m.d.comb += [
            comparator.a.eq(stage.a), comparator.b.eq(stage.b), comparator.op.eq(stage.control.op),
            indirect.eq(is_unit[Unit.JUMP] & stage.control.op[0]),
            self.returns.eq(is_system[SystemOp.MRET] & ~stage.illegal),
            taken.eq(is_unit[Unit.BRANCH] & comparator.taken),
            self.relinks.eq(~self.traps & (is_unit[Unit.LOOP] | (is_unit[Unit.CSR] & of_loops))),
            self.refetches.eq(~self.traps & (is_system[SystemOp.FENCE_I]
                                             | (is_unit[Unit.CSR] & of_mode))),
            self.iterates.eq(stage.loop_back & ~self.traps & ~self.dropped & ~self.relinks
                             & ~self.returns & ~indirect & ~taken),
            jumps_back.eq(stage.interrupt & ~self.traps),
            self.redirects.eq(self.traps | self.returns | self.refetches | self.relinks
                              | jumps_back | (~stage.illegal & (indirect | taken))),
            self.target.eq(Mux(jumps_back, stage.pc,
                               Mux(indirect, Cat(0, total[1:]),
                                   Mux(self.relinks, self._link, stage.target)))),
        ]

    def _touches(self):
        """Whether a CSR access concerns loops, or how following instructions are decoded."""
        numbers = {name: csr.number for name, csr in CSRS.items()}
        loops = [number for name, number in numbers.items() if name.startswith("lp")]
        number = self.csr_number
        of_loops = (number >= min(loops)) & (number <= max(loops))
        return of_loops, number == numbers["sb_legacy"]
