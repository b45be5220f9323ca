"""RISC-V Formal Interface: one record per retired or trapping instruction.

Source: C. Wolf, riscv-formal, "RISC-V Formal Interface (RVFI)". Extended by a second register
write (``rd2``), which post-increment loads have, and by the number of the interrupt in the first
record of its handler. An access is described at its own address:
``mem_addr`` is not aligned and the masks begin at it.

A source that is named (``rs1_addr``, ``rs2_addr`` not 0) has the value of that register. None is
named by an instruction that traps, unless for its access, and the scalar of packed lanes and the
address of a Mac&Load that comes from a pointer are not, because the core does not have the whole
register. A failed access has its bytes in ``mem_fault_*`` and in no other mask; of an instruction
that could not be fetched ``insn`` is 0 and ``mem_fault`` has no bytes (``RISCV_FORMAL_MEM_FAULT``).
A load that waits beside the pipeline (``CoreConfig.waiting_loads``) has its address and no mask,
for its word comes later.
"""

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from .control import MemoryOp
from .stages import ExecuteStage, RetireStage, WriteBackStage

__all__ = ["RVFI_PORT", "RvfiMonitor"]

RVFI_PORT = wiring.Signature({
    "valid": Out(1), "order": Out(64), "insn": Out(32), "trap": Out(1), "halt": Out(1),
    "intr": Out(1), "mode": Out(2), "ixl": Out(2),
    "rs1_addr": Out(5), "rs2_addr": Out(5), "rs1_rdata": Out(32), "rs2_rdata": Out(32),
    "rd_addr": Out(5), "rd_wdata": Out(32), "rd2_addr": Out(5), "rd2_wdata": Out(32),
    "pc_rdata": Out(32), "pc_wdata": Out(32),
    "mem_addr": Out(32), "mem_rmask": Out(4), "mem_wmask": Out(4), "mem_rdata": Out(32),
    "mem_wdata": Out(32), "intr_cause": Out(5),
    "mem_fault": Out(1), "mem_fault_rmask": Out(4), "mem_fault_wmask": Out(4),
})


class _Record(data.Struct):
    insn: 32
    pc: 32
    following: 32
    rs1_addr: 5
    rs2_addr: 5
    rs1: 32
    rs2: 32
    address: 32
    rmask: 4
    wmask: 4
    wdata: 32
    rdata: 32
    trap: 1
    fault: 1
    unfetched: 1
    intr: 1
    cause: 5


class RvfiMonitor(wiring.Component):
    """Follows instructions from execute to retire; no influence on the core.

    Latency: an instruction with ``w_ends`` in cycle t is reported in t + 1. Combinational from
    ``r``, ``late_value`` and ``vector``, which belong to that cycle.
    """

    rvfi: Out(RVFI_PORT)
    e: In(ExecuteStage)
    go: In(1)
    following: In(32)
    address: In(32)
    data: In(32)
    memory_op: In(MemoryOp)
    reads: In(1)
    writes: In(1)
    trap: In(1)
    interrupted: In(1)
    cause: In(5)
    w: In(WriteBackStage)
    w_ends: In(1)
    w_fault: In(1)
    r: In(RetireStage)
    late_value: In(32)
    loaded: In(32)
    vector: In(32)

    def __init__(self, waiting=False):
        super().__init__()
        self._waiting = waiting
        # An access of ``address`` beside the pipeline.
        self.beside = Signal()

    def elaborate(self, platform):
        m = Module()
        e, record = self.e, Signal(_Record)
        entered, cause = Signal(), Signal(5)
        control = e.control
        named = Signal(2)
        m.d.comb += named.eq(Mux(self.trap, 0, Cat(
            control.reads_rs1 & (~control.unit.macload | e.from_rs1),
            control.reads_rs2 & ~control.replicates)))
        accesses = self.reads | self.writes
        if self._waiting:
            accesses = accesses | self.beside
        mask = Array([Const(1, 4), Const(3, 4), Const(15, 4), Const(15, 4)])[
            self.memory_op.as_value()[:2]]
        # The first instruction after the entry into an interrupt handler carries the mark.
        with m.If(self.interrupted):
            m.d.sync += [entered.eq(1), cause.eq(self.cause)]
        with m.Elif(self.go):
            m.d.sync += entered.eq(0)
        with m.If(self.go):
            m.d.sync += [
                record.insn.eq(Mux(e.error, 0, Mux(e.compressed, e.raw, e.insn))),
                record.unfetched.eq(e.error), record.pc.eq(e.pc),
                record.following.eq(self.following),
                record.rs1_addr.eq(Mux(named[0], e.insn[15:20], 0)),
                record.rs2_addr.eq(Mux(named[1], e.insn[20:25], 0)),
                record.rs1.eq(Mux(named[0], e.a, 0)),
                record.rs2.eq(Mux(named[1], Mux(control.unit.store, e.c, e.b), 0)),
                record.address.eq(Mux(accesses, self.address, 0)),
                record.rmask.eq(Mux(self.reads, mask, 0)),
                record.wmask.eq(Mux(self.writes, mask, 0)),
                record.wdata.eq(self.data), record.intr.eq(entered), record.cause.eq(cause),
            ]
        retired, valid = Signal(_Record), Signal()
        m.d.sync += [
            valid.eq(self.w_ends), retired.eq(record), retired.rdata.eq(self.loaded),
            retired.trap.eq(self.w.trap | self.w_fault), retired.fault.eq(self.w_fault)]
        self._report(m, valid, retired)
        return m

    def _report(self, m, valid, record):
        r, port, order = self.r, self.rvfi, Signal(64)
        m.d.sync += order.eq(order + port.valid)
        m.d.comb += [
            port.valid.eq(valid), port.order.eq(order), port.insn.eq(record.insn),
            port.trap.eq(record.trap), port.intr.eq(record.intr), port.mode.eq(3),
            port.intr_cause.eq(record.cause), port.ixl.eq(1),
            port.rs1_addr.eq(record.rs1_addr), port.rs2_addr.eq(record.rs2_addr),
            port.rs1_rdata.eq(record.rs1), port.rs2_rdata.eq(record.rs2),
            port.rd_addr.eq(Mux(r.late, r.late_target, Mux(r.early, r.early_target, 0))),
            port.rd_wdata.eq(Mux(r.late, self.late_value, Mux(r.early, r.early_value, 0))),
            port.rd2_addr.eq(Mux(r.late & r.early, r.early_target, 0)),
            port.rd2_wdata.eq(Mux(r.late & r.early, r.early_value, 0)),
            port.pc_rdata.eq(record.pc),
            # A failed access traps in the cycle in which it is reported.
            port.pc_wdata.eq(Mux(record.fault, self.vector, record.following)),
            port.mem_addr.eq(record.address), port.mem_wdata.eq(record.wdata),
            port.mem_rdata.eq(record.rdata),
            port.mem_rmask.eq(Mux(record.fault, 0, record.rmask)),
            port.mem_wmask.eq(Mux(record.fault, 0, record.wmask)),
            port.mem_fault.eq(record.fault | record.unfetched),
            port.mem_fault_rmask.eq(Mux(record.fault, record.rmask, 0)),
            port.mem_fault_wmask.eq(Mux(record.fault, record.wmask, 0)),
        ]
