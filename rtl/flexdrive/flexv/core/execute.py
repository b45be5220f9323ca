"""Execute stage."""

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..dotp import LaneOperands
from ..isa import CSRS
from .alu import Alu, Comparator
from .bitmanip import Bits
from .control import CsrOp, MemoryOp, MultiplyOp, SystemOp, Unit
from .divider import Divider
from .fields import InstructionFields
from .macload import Undo
from .multiplier import PartialProducts
from .simd import Permute, Simd
from .stages import ExecuteStage, WriteBackStage

__all__ = ["MULTIPLYING", "Execute"]

# Extensions that need the multiplier.
MULTIPLYING = {"m", "xpulp_mac", "requant"}


def _crosses(size, offset):
    """Whether an access at this place of a word needs the next word too."""
    return Mux(size[1], offset.any(), size[0] & offset.all())


def _selected(is_unit, results):
    value = Const(0, 32)
    for unit, result in results.items():
        value = value | (result & is_unit[unit].replicate(32))
    return value


class Execute(wiring.Component):
    """Computes, decides and asks for memory and CSRs; combinational but for the divider.

    What never waits for memory takes place as soon as write-back is free, which is known earlier
    than that the instruction leaves.

    Members
    -------
    stage, valid : the instruction. go : it leaves in this cycle. cancel : it is dropped.
    complete : it may leave as far as this stage is concerned, once its operands are there; bit 1 if
        it is an access that is ``crossing``, bit 0 if not.
    result : value for the early target, unless it is slow. o : what write-back gets.
    address, crossing, memory_* : data access. csr_* : register access.
    redirects : what follows is not what was fetched; it is at ``target``, unless the instruction
        ``traps``, ``returns`` or ``refetches`` (wants the following instructions fetched anew).
    dot_* : see :class:`.dotstage.DotStage`. late_value : of retire.
    kept : an accumulator that the instruction has waited for.
    requant_busy : outputs of requantisation are under way, or the address of a word.
    packed, packed_address : with ``requant_store``, the word that is stored, and where.
        packed_waits : the instruction stores it, and one of both is not there yet.
    data : what is stored.
    unit_waits : a division is not done, or what still writes a register keeps an access to it.
    loop_ahead : with ``fast_loops``, a loop jumps back after one of the instructions that have been
        fetched behind this one.
    beside : with ``waiting_loads``, it is no access of the pipeline: :class:`.dotstage.DotStage`.
    loop_write : a loop instruction. relinks : what follows is at the next address whatever loops
        say. iterates : the instruction ends an iteration of a loop.
    dropped : not an instruction; nothing goes to write-back.
    cause, trap_value : of the trap.
    """

    def __init__(self, config):
        self.config = config
        super().__init__({
            "stage": In(ExecuteStage), "valid": In(1), "go": In(1), "cancel": In(1),
            "complete": Out(2), "result": Out(32), "o": Out(WriteBackStage),
            "address": Out(32), "crossing": Out(1), "memory_wanted": Out(1), "memory_write": Out(1),
            "memory_op": Out(MemoryOp), "memory_granted": In(2), "data": Out(32),
            "csr_access": Out(1), "csr_selected": Out(len(CSRS)), "csr_op": Out(CsrOp),
            "csr_operand": Out(32), "csr_writes": Out(1), "csr_value": In(32), "csr_busy": In(1),
            "unit_waits": Out(1),
            "dot_loads": In(1), "dot_address": In(32), "dot_unaligned": In(1), "dot_wait": In(1),
            "dot_steps": In(1), "dot_counts": In(1), "dot_lanes": In(LaneOperands),
            "dot_to_w": In(1), "dot_crosses": In(1), "dot_number": In(2), "dot_undo": In(Undo),
            "late_value": In(32), "kept": In(32), "loop_write": Out(1),
            "requant_busy": In(1), "interrupt": In(1), "wake": In(1), "sleeping": Out(1),
            "redirects": Out(1), "target": Out(32), "traps": Out(1), "returns": Out(1),
            "refetches": Out(1), "relinks": Out(1), "iterates": Out(1), "dropped": Out(1),
            "cause": Out(6), "trap_value": Out(32),
            **({"loop_ahead": In(1)} if config.fast_loops else {}),
            **({"beside": In(1)} if config.waiting_loads else {}),
            **({"packed": In(32), "packed_address": In(32), "packed_waits": In(1)}
               if "requant_store" in config.extensions else {}),
        })

    def elaborate(self, platform):
        m = Module()
        control = self.stage.control
        is_unit = {unit: Signal(name=f"is_{unit.name.lower()}") for unit in Unit}
        m.d.comb += [signal.eq(control.unit[unit.name.lower()] & ~self.stage.no_csr)
                     if unit is Unit.CSR else signal.eq(control.unit[unit.name.lower()])
                     for unit, signal in is_unit.items()]
        is_system = {op: is_unit[Unit.SYSTEM] & (control.op == op.value) for op in SystemOp}
        self._stores_packed = "requant_store" in self.config.extensions
        self._csr_waits = (self.requant_busy & self.stage.csr_of_requant) | self.csr_busy
        m.submodules.alu = self._alu = Alu()
        m.submodules.comparator = self._comparator = Comparator()
        self._compute(m)
        self._memory(m, is_unit)
        self._csr(m, is_unit)
        divided, divided_done = self._divide(m, is_unit)
        self._results(m, is_unit, divided)
        self._exceptions(m, is_unit, is_system)
        self._control_flow(m, is_unit, is_system)
        waits = self.dot_wait | self.unit_waits | (self.stage.sleeps & ~self.wake)
        m.d.comb += [
            self.unit_waits.eq((is_unit[Unit.CSR] & self._csr_waits)
                               | (is_unit[Unit.DIVIDE] & ~divided_done)
                               | (self.packed_waits if self._stores_packed else 0)),
            self.complete.eq((~waits).replicate(2) & (self.memory_granted
                                                      | (~self.stage.accesses).replicate(2))),
            # What is cancelled was behind a jump that is taken: nobody sleeps.
            self.sleeping.eq(self.valid & self.stage.sleeps & ~self.wake & ~self.cancel),
        ]
        return m

    def _compute(self, m):
        """Base arithmetic and comparison. Unless it works itself, the ALU adds, for addresses, or
        compares, for branches and scalar operations."""
        stage, alu, comparator = self.stage, self._alu, self._comparator
        m.d.comb += [
            alu.a.eq(stage.a), alu.b.eq(stage.b), alu.amount.eq(stage.amount),
            alu.op.eq(stage.alu_op), self.result.eq(alu.o),
            comparator.a.eq(stage.a), comparator.b.eq(stage.b), comparator.less.eq(alu.less),
            comparator.op.eq(stage.control.op),
        ]

    def _memory(self, m, is_unit):
        stage, size = self.stage, self.stage.memory_op.as_value()[:2]
        sum_ = Cat(stage.a_low, stage.b_low)
        address = Mux(is_unit[Unit.MACLOAD], self.dot_address,
                      Mux(stage.control.post, stage.a, self._alu.total))
        # Without the carry chain: whether the access needs two words is wanted early.
        crossing = Mux(is_unit[Unit.MACLOAD] & ~stage.from_rs1, self.dot_unaligned,
                       Array([_crosses(size, Const((i & 3) + (i >> 2) & 3, 2))
                              for i in range(16)])[sum_])
        data = stage.c
        if self._stores_packed:
            stores = stage.stores_packed
            address = Mux(stores, self.packed_address, address)
            crossing = Mux(stores, _crosses(size, self.packed_address[:2]), crossing)
            data = Mux(stores, self.packed, data)
        m.d.comb += [
            self.address.eq(address), self.crossing.eq(crossing), self.data.eq(data),
            self.memory_write.eq(is_unit[Unit.STORE] | stage.stores_packed),
            self.memory_wanted.eq(self._in_pipeline(self.valid & stage.accesses)),
            self.memory_op.eq(stage.memory_op),
        ]

    def _in_pipeline(self, access):
        return access & ~self.beside if self.config.waiting_loads else access

    def _csr(self, m, is_unit):
        stage = self.stage
        m.d.comb += [
            self.csr_selected.eq(stage.csr), self.csr_op.eq(stage.control.op),
            self.csr_operand.eq(Mux(stage.control.second_immediate, stage.b, stage.a)),
            self.csr_writes.eq((stage.control.op == CsrOp.WRITE.value)
                               | (InstructionFields(stage.insn).rs1 != 0)),
            self.csr_access.eq(is_unit[Unit.CSR] & ~self.dot_wait & ~self._csr_waits),
        ]

    def _divide(self, m, is_unit):
        """Result, and whether it is there."""
        stage = self.stage
        if "m" not in self.config.extensions:
            return Const(0, 32), Const(1, 1)
        m.submodules.divider = divider = Divider()
        m.d.comb += [
            divider.a.eq(stage.x), divider.b.eq(stage.y), divider.op.eq(stage.control.op),
            divider.start.eq(self.valid & is_unit[Unit.DIVIDE] & ~stage.blocked),
            divider.take.eq(self.go), divider.cancel.eq(self.cancel),
        ]
        return divider.o, divider.done

    def _results(self, m, is_unit, divided):
        stage, o = self.stage, self.o
        self._multiply(m)
        self._link = link = Signal(32)
        m.d.comb += link.eq(stage.pc + Mux(stage.compressed, 2, 4))
        # One bit of ``unit`` is set at most, so results need no order.
        sums = Signal()
        m.d.comb += sums.eq(is_unit[Unit.ALU] | is_unit[Unit.LOAD] | is_unit[Unit.STORE]
                            | is_unit[Unit.MACLOAD])
        slow = {Unit.JUMP: link, Unit.CSR: self.csr_value, Unit.DIVIDE: divided}
        self._lanes(m, slow)
        early = Signal(32)
        m.d.comb += early.eq((self.result & sums.replicate(32)) | _selected(is_unit, slow))
        m.d.comb += [
            o.pc.eq(stage.pc), o.memory.eq(self.memory_wanted), o.store.eq(self.memory_write),
            o.early.eq(stage.early & ~stage.no_csr), o.early_target.eq(stage.early_target),
            o.early_value.eq(early), o.late.eq(stage.late),
            o.late_target.eq(stage.late_target), o.sums.eq(stage.sums), o.trap.eq(self.traps),
            o.dot.eq(is_unit[Unit.DOT] | is_unit[Unit.MACLOAD]), o.lanes.eq(self.dot_lanes),
            o.requant.eq(is_unit[Unit.REQUANT]), o.completes.eq(stage.stores_packed),
            o.places.eq(is_unit[Unit.LOAD] & stage.control.accumulates),
            o.upper.eq(is_unit[Unit.MULTIPLY] & (stage.control.op != MultiplyOp.LOW.value)
                       & ~stage.control.accumulates),
            o.invert.eq(is_unit[Unit.MULTIPLY] & (stage.control.op == MultiplyOp.MSU.value)),
            o.accumulator.eq(Mux(stage.c_waits.r, self.late_value,
                                 Mux(stage.c_kept, self.kept, stage.c))
                             & stage.control.accumulates.replicate(32)),
            o.follows_r.eq(stage.c_waits.w),
            o.loop_back.eq(self.iterates), o.loop_number.eq(stage.loop_number),
        ]
        m.d.comb += [
            o.operand_load.eq(self._in_pipeline(self.dot_loads)), o.operand_w.eq(self.dot_to_w),
            o.operand_crosses.eq(self.dot_crosses), o.operand_number.eq(self.dot_number),
            o.restores_pointer.eq(self.dot_steps), o.restores_dots.eq(self.dot_counts),
            o.undo.eq(self.dot_undo), self.loop_write.eq(is_unit[Unit.LOOP]),
        ]

    def _multiply(self, m):
        stage, o = self.stage, self.o
        if not MULTIPLYING & set(self.config.extensions):
            return
        m.submodules.products = products = PartialProducts()
        m.d.comb += [
            products.a.eq(stage.x), products.b.eq(stage.y),
            products.a_signed.eq(stage.a_signed), products.b_signed.eq(stage.b_signed),
            o.low.eq(products.low), o.middle.eq(products.middle), o.high.eq(products.high),
        ]

    def _lanes(self, m, slow):
        """Results of XpulpV2's arithmetic."""
        stage, extensions = self.stage, self.config.extensions
        for extension, name, make, unit in (("xpulp_bits", "bits", Bits, Unit.BITS),
                                            ("xpulp_simd", "simd", Simd, Unit.SIMD),
                                            ("xpulp_simd", "permute", Permute, Unit.PERMUTE)):
            if extension not in extensions:
                continue
            m.submodules[name] = part = make()
            op = {Unit.BITS: stage.bits_op, Unit.SIMD: stage.simd_op}.get(unit, stage.control.op)
            m.d.comb += [part.a.eq(stage.x), part.b.eq(stage.y), part.c.eq(stage.c),
                         part.op.eq(op)]
            slow[unit] = part.o
            if unit is Unit.SIMD:
                m.d.comb += [part.size.eq(stage.simd_size), part.narrower.eq(stage.narrower),
                             part.index.eq(stage.y[:4])]
            if unit is Unit.BITS:
                m.d.comb += [part.less.eq(self._alu.less), part.equal.eq(self._comparator.equal)]

    def _exceptions(self, m, is_unit, is_system):
        stage = self.stage
        m.d.comb += [
            # The interrupt may have been withdrawn or disabled by the instruction before.
            self.traps.eq(stage.simple_trap | stage.no_csr | (stage.interrupt & self.interrupt)),
            self.dropped.eq(stage.interrupt),
            # The instruction as it was fetched.
            self.trap_value.eq(Mux(stage.compressed, stage.raw, stage.insn)),
        ]
        with m.If(stage.interrupt):
            m.d.comb += self.trap_value.eq(0)
        with m.Elif(stage.error):
            m.d.comb += [self.cause.eq(1),
                         self.trap_value.eq(stage.pc + (stage.error_second << 1))]
        with m.Elif(stage.illegal | stage.no_csr):
            m.d.comb += self.cause.eq(2)
        with m.Elif(is_system[SystemOp.EBREAK]):
            m.d.comb += [self.cause.eq(3), self.trap_value.eq(0)]
        with m.Elif(is_system[SystemOp.ECALL]):
            m.d.comb += [self.cause.eq(11), self.trap_value.eq(0)]

    def _control_flow(self, m, is_unit, is_system):
        stage, comparator = self.stage, self._comparator
        jumps_back, indirect, taken = Signal(), Signal(), Signal()
        redirects = self.redirects
        if self.config.fast_loops:
            redirects = Signal(name="redirects_alone")
            # Or what follows a loop instruction was fetched by the loops of before.
            m.d.comb += self.redirects.eq(redirects | (
                is_unit[Unit.LOOP] & (stage.loop_back | self.loop_ahead)))
        m.d.comb += [
            indirect.eq(stage.indirect), self.returns.eq(stage.returns),
            taken.eq(is_unit[Unit.BRANCH] & comparator.taken),
            self.relinks.eq(is_unit[Unit.LOOP] | (self.csr_access & stage.csr_of_loops)),
            self.refetches.eq(is_system[SystemOp.FENCE_I]
                              | (self.csr_access & stage.csr_of_decode)),
            self.iterates.eq(stage.loop_back & ~self.traps & ~self.dropped & ~self.relinks
                             & ~self.returns & ~indirect & ~taken),
            jumps_back.eq(stage.interrupt & ~self.traps),
            # An interrupt that is not taken goes back to where it was to be.
            redirects.eq(stage.simple_trap | stage.no_csr | stage.interrupt | stage.returns
                              | stage.anew
                              | (self.csr_access & (stage.csr_of_loops | stage.csr_of_decode))
                              | indirect | taken),
            self.target.eq(Mux(jumps_back, stage.pc,
                               Mux(indirect, Cat(0, self._alu.total[1:]),
                                   Mux(self.relinks, self._link, stage.target)))),
        ]
