"""The core: five stages and what connects them."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ...arguments import Recorded
from .bus import DATA_PORT, INSTRUCTION_PORT
from .config import CoreConfig
from .csrs import COUNTED
from .decode import Decode
from .decoder import operand_places
from .execute import Execute
from .extensions import Extensions
from .frontend import Front
from .issue import Issue
from .lsu import LoadStore
from .registers import RegisterFile
from .rvfi import RVFI_PORT, RvfiMonitor
from .stages import RetireStage, WriteBackStage
from .writeback import Retire, WriteBack

__all__ = ["Core"]


class Core(Extensions, Recorded, wiring.Component):
    """RISC-V core in machine mode, in order, single issue, stages F, D, E, W, R.

    F fetches ahead and aligns; D expands, decodes, reads registers and takes direct jumps; E
    computes, decides branches, accesses CSRs and requests data; W receives data and adds up the
    products of dot products; R makes the last sum of products and writes registers. Results reach
    D from E, W and R as soon as they are there: a load's is there in W, that of a multiplication
    in R. The accumulator of a multiplication is needed in R only.

    Latency: an instruction whose last word comes on ``ibus`` in cycle t is in D, E, W and R in
    t + 1 to t + 4 unless something holds it up; cycles of instructions and hazards: docs/flexv.md.
    Combinational paths lead from a response on ``ibus`` to its ``req`` and ``addr`` and from one
    on ``dbus`` to its ``req``, none from other inputs.

    Parameters
    ----------
    config : :class:`CoreConfig`

    Members
    -------
    ibus.req, dbus.req : an access is requested; it stays until granted
    ibus.gnt, dbus.gnt : the request is taken at this clock edge
    ibus.addr, dbus.addr : address of a word, a multiple of 4
    dbus.we : the access is a store
    dbus.be : bytes of the word that are meant
    dbus.wdata : word to be stored
    ibus.rvalid, dbus.rvalid : the oldest access without a response has it in this cycle, which is
        never that of its grant
    ibus.rdata, dbus.rdata : word loaded, with rvalid
    ibus.err, dbus.err : the access failed, with rvalid
    boot_address : address of the first instruction, read in the first cycle after reset.
    interrupts : level-sensitive lines, synchronous to the clock, numbered as in mip (3, 7, 11, 16
        to 31).
    hart_id : number of the core, in mhartid.
    sleeping : the core waits in wfi.
    leaves : an instruction leaves execute in this cycle (with ``config.waiting_loads``).
    rvfi : RISC-V Formal Interface, see :mod:`.rvfi` (with ``config.rvfi``).
    """

    def __init__(self, config=None):
        self.config = config or CoreConfig()
        ports = {
            "ibus": Out(INSTRUCTION_PORT), "dbus": Out(DATA_PORT), "boot_address": In(32),
            "interrupts": In(32), "hart_id": In(32), "sleeping": Out(1),
        }
        if self.config.rvfi:
            ports["rvfi"] = Out(RVFI_PORT)
        if self.config.waiting_loads:
            ports["leaves"] = Out(1)
        super().__init__(ports)

    def elaborate(self, platform):
        m = Module()
        self._w, self._r = Signal(WriteBackStage, name="w"), Signal(RetireStage, name="r")
        # ``undo``: the cycle after a failed access, in which what it has begun is taken back.
        # ``leave``: the cycle after an instruction that does not continue at the next address. In
        # both, ``redirect``, the instructions behind are dropped, that in execute too.
        (self._w_valid, self._w_ends, self._w_fault, self._undo, self._leave, self._redirect,
         self._ready, self._e_go) = (Signal(name=name) for name in (
             "w_valid", "w_ends", "w_fault", "undo", "leave", "redirect", "e_ready", "e_go"))
        extensions = self.config.extensions
        m.submodules.front = self._front = Front(self.config.fetch_words)
        m.submodules.registers = self._registers = RegisterFile(
            reads=operand_places(extensions),
            writes=2 if {"xpulp_memory", "macload"} & set(extensions) else 1,
            cells=self.config.registers)
        m.submodules.decode = self._decode = Decode(extensions, self.config.fast_loops)
        m.submodules.issue = self._issue = Issue()
        m.submodules.execute = self._execute = Execute(self.config)
        m.submodules.memory = self._memory = LoadStore()
        m.submodules.writeback = self._writeback = WriteBack(
            self.config.dot_structure if "dot" in extensions else None)
        m.submodules.retire = self._retire = Retire(self._writeback.structure)
        self._add_extensions(m)
        self._front_to_decode(m)
        self._decode_to_execute(m)
        self._connect_execute(m)
        self._execute_to_writeback(m)
        self._writeback_to_registers(m)
        self._traps(m)
        if self.config.rvfi:
            self._monitor(m)
        return m

    def _front_to_decode(self, m):
        front, decode = self._front, self._decode
        wiring.connect(m, wiring.flipped(self.ibus), front.bus)
        takes, jumped, jumps = Signal(), Signal(), Signal()
        m.d.comb += [
            takes.eq((~self._issue.valid & ~self._memory.clearing) | self._e_go),
            self._issue.takes.eq(takes), self._issue.comes.eq(front.d_valid & ~decode.holds),
            # A jump is taken when it comes to decode, whether or not it can leave.
            jumps.eq(front.d_valid & decode.jumps & ~jumped),
            front.moves.eq(~front.d_valid | (takes & ~decode.holds)),
            front.boot_address.eq(self.boot_address),
            front.redirect.eq(self._redirect), front.target.eq(self._redirect_target(m)),
            front.jump.eq(jumps), front.jump_target.eq(decode.jump_target),
        ]
        # In the cycle of a redirection what moves is void.
        m.d.sync += jumped.eq((jumps | jumped) & ~front.moves & ~self._redirect)

    def _decode_to_execute(self, m):
        decode, issue, w, late = self._decode, self._issue, self._w, self._retire.late_value
        for i in range(self._registers.reads):
            m.d.comb += [getattr(self._registers, f"number{i}").eq(getattr(decode, f"number{i}")),
                         getattr(decode, f"stored{i}").eq(getattr(self._registers, f"value{i}"))]
        m.d.comb += [
            decode.stage.eq(self._front.d), decode.valid.eq(self._front.d_valid),
            decode.e.eq(issue.e), decode.e_valid.eq(issue.valid),
            decode.e_value.eq(self._execute.result), decode.w.eq(w),
            decode.w_valid.eq(self._w_valid), decode.w_done.eq(self._w_ends),
            decode.w_value.eq(self._memory.loaded), decode.r.eq(self._r), decode.r_value.eq(late),
            decode.interrupt.eq(self._csrs.interrupt),
            issue.decoded.eq(decode.o), issue.redirect.eq(self._redirect),
            issue.w.eq(w), issue.w_ends.eq(self._w_ends),
            issue.loaded.eq(self._memory.loaded), issue.late_value.eq(late),
        ]

    def _connect_execute(self, m):
        """What execute computes with and for."""
        csrs, memory, execute, issue = self._csrs, self._memory, self._execute, self._issue
        granted, hold = self._connect_data_port(m)
        m.d.comb += [
            execute.stage.eq(issue.e), execute.valid.eq(issue.valid), execute.kept.eq(issue.kept),
            execute.late_value.eq(self._retire.late_value),
            execute.csr_value.eq(csrs.value), execute.csr_busy.eq(csrs.busy),
            execute.interrupt.eq(csrs.interrupt), execute.wake.eq(csrs.wake),
            execute.memory_granted.eq(granted), self.sleeping.eq(execute.sleeping),
            csrs.interrupts.eq(self.interrupts), csrs.hart_id.eq(self.hart_id),
            csrs.selected.eq(execute.csr_selected), csrs.op.eq(execute.csr_op),
            csrs.operand.eq(execute.csr_operand), csrs.writes.eq(execute.csr_writes),
            memory.hold.eq(hold),
            memory.wanted.eq(execute.memory_wanted), memory.write.eq(execute.memory_write),
            memory.op.eq(execute.memory_op), memory.address.eq(execute.address),
            memory.crossing.eq(execute.crossing), memory.data.eq(execute.data),
        ]

    def _redirect_target(self, m):
        """Where to continue. What an instruction decides is known late, so fetch gets it in the
        next cycle."""
        execute, csrs = self._execute, self._csrs
        self._target, chosen = Signal(32, name="target"), Signal(32)
        m.d.comb += self._target.eq(execute.target)
        with m.If(execute.traps):
            m.d.comb += self._target.eq(csrs.vector)
        with m.Elif(execute.returns):
            m.d.comb += self._target.eq(csrs.epc)
        with m.Elif(execute.refetches):
            m.d.comb += self._target.eq(self._front.following)
        m.d.sync += chosen.eq(self._target)
        return Mux(self._undo, csrs.vector, chosen)

    def _execute_to_writeback(self, m):
        execute, memory, csrs, w = self._execute, self._memory, self._csrs, self._w
        ready, able, e_valid = self._ready, Signal(), self._issue.valid
        m.d.comb += [
            able.eq(e_valid & ~self._issue.e.blocked & ~self._redirect),
            ready.eq(able & memory.free),
            # Whether write-back is free and whether there are two address phases is known last.
            self._e_go.eq(Mux(execute.crossing, execute.complete[1] & ready,
                              execute.complete[0] & ready)),
            self._redirect.eq(self._undo | self._leave),
            execute.go.eq(self._e_go), execute.cancel.eq(self._redirect),
            memory.fire.eq(self._e_go & execute.memory_wanted),
            memory.kill.eq(self._redirect & e_valid & execute.memory_wanted),
            csrs.access.eq(able & execute.csr_access), csrs.commit.eq(memory.free),
            csrs.leave.eq(ready & execute.returns),
            csrs.retire.eq(self._e_go & ~execute.traps & ~execute.dropped),
            csrs.unretire.eq(self._undo),
        ]
        m.d.sync += [self._undo.eq(self._w_fault),
                     self._leave.eq(ready & execute.redirects)]
        with m.If(memory.free):
            # Whether anything comes is known later, and w_valid says it.
            m.d.sync += w.eq(execute.o)
        m.d.sync += self._w_valid.eq((self._e_go & ~execute.dropped)
                                     | (self._w_valid & ~self._w_ends))
        with m.If(~memory.free & w.follows_r):
            # The accumulator is there, but the access is not over.
            m.d.sync += [w.accumulator.eq(self._retire.late_value), w.follows_r.eq(0)]

    def _writeback_to_registers(self, m):
        writeback, registers, r = self._writeback, self._registers, self._r
        late = self._retire.late_value
        m.d.sync += r.eq(writeback.o)
        m.d.comb += [
            self._w_ends.eq(self._w_valid & (~self._w.memory | self._memory.done)),
            self._w_fault.eq(self._w_valid & self._w.memory & self._memory.fault),
            writeback.stage.eq(self._w), writeback.loaded.eq(self._memory.loaded),
            writeback.ends.eq(self._w_ends), writeback.fault.eq(self._w_fault),
            writeback.late_value.eq(late), self._retire.stage.eq(r),
        ]
        if registers.writes == 1:
            # No instruction has both results.
            m.d.comb += [
                registers.write0.eq(r.early | r.late),
                registers.target0.eq(Mux(r.late, r.late_target, r.early_target)),
                registers.data0.eq(Mux(r.late, late, r.early_value))]
            return
        m.d.comb += [
            registers.write0.eq(r.early), registers.target0.eq(r.early_target),
            registers.data0.eq(r.early_value), registers.write1.eq(r.late),
            registers.target1.eq(r.late_target), registers.data1.eq(late),
        ]

    def _traps(self, m):
        execute, memory, csrs, e = self._execute, self._memory, self._csrs, self._issue.e
        with m.If(self._undo):
            m.d.comb += [csrs.trap.eq(1), csrs.trap_pc.eq(self._w.pc),
                         csrs.cause.eq(Mux(self._w.store, 7, 5)),
                         csrs.trap_value.eq(memory.fault_address)]
        with m.Else():
            m.d.comb += [
                csrs.trap.eq(self._ready & execute.traps), csrs.trap_pc.eq(e.pc),
                csrs.cause.eq(Mux(e.interrupt, Cat(csrs.wanted, 1), execute.cause)),
                csrs.trap_value.eq(execute.trap_value)]
        self._events(m)

    def _events(self, m):
        """What the counters count: of every cycle in which no instruction leaves execute, one
        reason, the first of these that holds; none while the core sleeps."""
        execute, e, csrs = self._execute, self._issue.e, self._csrs
        there, held, was_held, operand_wait = Signal(), Signal(), Signal(), Signal()
        # What decode keeps for an operand leaves execute empty in the next cycle.
        m.d.sync += was_held.eq(self._front.d_valid & self._decode.holds)
        m.d.comb += [
            there.eq(self._issue.valid & ~self._redirect),
            held.eq(was_held & ~self._issue.valid & ~self._redirect),
            operand_wait.eq(e.blocked | execute.dot_wait),
        ]
        events = {
            "no_instruction": ~(there | held) | (self._e_go & execute.dropped),
            "operand_wait": held | (there & operand_wait),
            "unit_wait": there & ~operand_wait & execute.unit_waits,
            "memory_wait": there & ~self._e_go & ~operand_wait & ~execute.unit_waits
            & ~execute.sleeping,
        }
        m.d.comb += [getattr(csrs, name).eq(events[name]) for name in COUNTED.values()]

    def _monitor(self, m):
        waiting = bool(self.config.waiting_loads)
        m.submodules.monitor = monitor = RvfiMonitor(waiting)
        if waiting:
            m.d.comb += monitor.beside.eq(self._dot.beside)
        wiring.connect(m, wiring.flipped(self.rvfi), monitor.rvfi)
        execute, front, e = self._execute, self._front, self._issue.e
        m.d.comb += [
            monitor.e.eq(e), monitor.go.eq(self._e_go & ~execute.dropped),
            # A direct jump is over when it comes here.
            monitor.following.eq(Mux(execute.redirects, self._target, front.following)),
            monitor.address.eq(execute.address), monitor.data.eq(execute.data),
            monitor.memory_op.eq(execute.memory_op), monitor.reads.eq(
                execute.memory_wanted & ~execute.memory_write),
            monitor.writes.eq(execute.memory_wanted & execute.memory_write),
            monitor.trap.eq(execute.traps),
            monitor.interrupted.eq(self._e_go & e.interrupt & execute.traps),
            monitor.cause.eq(self._csrs.wanted),
            monitor.w.eq(self._w), monitor.w_ends.eq(self._w_ends),
            monitor.w_fault.eq(self._w_fault), monitor.late_value.eq(self._retire.late_value),
            monitor.r.eq(self._r),
            monitor.loaded.eq(self._memory.loaded), monitor.vector.eq(self._csrs.vector),
        ]
