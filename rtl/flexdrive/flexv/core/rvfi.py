"""RISC-V Formal Interface: one record per retired or trapping instruction.

Source: C. Wolf, riscv-formal, "RISC-V Formal Interface (RVFI)". Extended by a second register
write (``rd2``), which post-increment loads have, and by the number of the interrupt in the first
record of its handler. An access is described at its own address:
``mem_addr`` is not aligned and the masks begin at it.
"""

from amaranth.hdl import Array, Const, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from .control import MemoryOp
from .stages import ExecuteStage, WriteBackStage

__all__ = ["RVFI_PORT", "RvfiMonitor"]

RVFI_PORT = wiring.Signature({
    "valid": Out(1), "order": Out(64), "insn": Out(32), "trap": Out(1), "halt": Out(1),
    "intr": Out(1), "mode": Out(2), "ixl": Out(2),
    "rs1_addr": Out(5), "rs2_addr": Out(5), "rs1_rdata": Out(32), "rs2_rdata": Out(32),
    "rd_addr": Out(5), "rd_wdata": Out(32), "rd2_addr": Out(5), "rd2_wdata": Out(32),
    "pc_rdata": Out(32), "pc_wdata": Out(32),
    "mem_addr": Out(32), "mem_rmask": Out(4), "mem_wmask": Out(4), "mem_rdata": Out(32),
    "mem_wdata": Out(32), "intr_cause": Out(5),
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
    intr: 1
    cause: 5


class RvfiMonitor(wiring.Component):
    """Follows instructions from execute to write-back; no influence on the core."""

    rvfi: Out(RVFI_PORT)
    e: In(ExecuteStage)
    d_fire: In(1)
    rs1: In(32)
    rs2: In(32)
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
    late_value: In(32)
    loaded: In(32)
    vector: In(32)

    def elaborate(self, platform):
        m = Module()
        e, record = self.e, Signal(_Record)
        rs1, rs2, entered, cause = Signal(32), Signal(32), Signal(), Signal(5)
        with m.If(self.d_fire):
            m.d.sync += [rs1.eq(self.rs1), rs2.eq(self.rs2)]
        control = e.control
        mask = Array([Const(1, 4), Const(3, 4), Const(15, 4), Const(15, 4)])[
            self.memory_op.as_value()[:2]]
        # The first instruction after the entry into an interrupt handler carries the mark.
        with m.If(self.interrupted):
            m.d.sync += [entered.eq(1), cause.eq(self.cause)]
        with m.Elif(self.go):
            m.d.sync += entered.eq(0)
        with m.If(self.go):
            m.d.sync += [
                record.insn.eq(Mux(e.compressed, e.raw, e.insn)), record.pc.eq(e.pc),
                record.following.eq(self.following),
                record.rs1_addr.eq(Mux(control.reads_rs1, e.insn[15:20], 0)),
                record.rs2_addr.eq(Mux(control.reads_rs2, e.insn[20:25], 0)),
                record.rs1.eq(Mux(control.reads_rs1, rs1, 0)),
                record.rs2.eq(Mux(control.reads_rs2, rs2, 0)),
                record.address.eq(Mux(self.reads | self.writes, self.address, 0)),
                record.rmask.eq(Mux(self.reads, mask, 0)),
                record.wmask.eq(Mux(self.writes, mask, 0)),
                record.wdata.eq(self.data), record.intr.eq(entered), record.cause.eq(cause),
            ]
        self._report(m, record)
        return m

    def _report(self, m, record):
        w, port, order = self.w, self.rvfi, Signal(64)
        m.d.sync += order.eq(order + port.valid)
        kept = ~self.w_fault
        early_only = w.early & ~w.late
        m.d.comb += [
            port.valid.eq(self.w_ends), port.order.eq(order), port.insn.eq(record.insn),
            port.trap.eq(w.trap | self.w_fault), port.intr.eq(record.intr), port.mode.eq(3),
            port.intr_cause.eq(record.cause), port.ixl.eq(1),
            port.rs1_addr.eq(record.rs1_addr), port.rs2_addr.eq(record.rs2_addr),
            port.rs1_rdata.eq(record.rs1), port.rs2_rdata.eq(record.rs2),
            port.rd_addr.eq(Mux(kept, Mux(w.late, w.late_target,
                                          Mux(w.early, w.early_target, 0)), 0)),
            port.rd_wdata.eq(Mux(kept, Mux(w.late, self.late_value,
                                           Mux(early_only, w.early_value, 0)), 0)),
            port.rd2_addr.eq(Mux(kept & w.late & w.early, w.early_target, 0)),
            port.rd2_wdata.eq(Mux(kept & w.late & w.early, w.early_value, 0)),
            port.pc_rdata.eq(record.pc),
            port.pc_wdata.eq(Mux(self.w_fault, self.vector, record.following)),
            port.mem_addr.eq(record.address), port.mem_rmask.eq(record.rmask),
            port.mem_wmask.eq(record.wmask), port.mem_wdata.eq(record.wdata),
            port.mem_rdata.eq(self.loaded),
        ]
