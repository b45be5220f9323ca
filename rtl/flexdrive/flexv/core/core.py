"""The core: five stages and what connects them."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .bus import DATA_PORT, INSTRUCTION_PORT
from .config import CoreConfig
from .csrs import COUNTED, CsrFile
from .decode import Decode, replicate
from .dotstage import DotStage
from .execute import Execute
from .expander import Expander
from .fetch import Fetch
from .loadstore import LoadStore
from .loops import Loops
from .macload import Controllers
from .registers import RegisterFile
from .requantise import Requantiser
from .rvfi import RVFI_PORT, RvfiMonitor
from .stages import DecodeStage, ExecuteStage, RetireStage, WriteBackStage
from .writeback import Retire, WriteBack

__all__ = ["Core"]


class Core(wiring.Component):
    """RISC-V core in machine mode, in order, single issue, stages F, D, E, W, R.

    F fetches ahead and aligns; D expands, decodes, reads registers and takes direct jumps; E
    computes, decides branches, accesses CSRs and requests data; W receives data and adds up the
    products of dot products; R makes the last sum of products and writes registers. Results reach
    D from E, W and R as soon as they are there: a load's is there in W, that of a multiplication
    in R. The accumulator of a multiplication is needed in R only.

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
    ibus.rvalid, dbus.rvalid : the oldest access without a response has it in this cycle
    ibus.rdata, dbus.rdata : word loaded, with rvalid
    ibus.err, dbus.err : the access failed, with rvalid
    boot_address : address of the first instruction, read in the first cycle after reset.
    interrupts : level-sensitive lines, numbered as in mip (3, 7, 11, 16 to 31).
    hart_id : number of the core, in mhartid.
    sleeping : the core waits in wfi.
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
        super().__init__(ports)

    def elaborate(self, platform):
        m = Module()
        self._d, self._e, self._w, self._r = (Signal(shape, name=name) for shape, name in (
            (DecodeStage, "d"), (ExecuteStage, "e"), (WriteBackStage, "w"), (RetireStage, "r")))
        self._d_valid, self._e_valid, self._w_valid, self._s_valid = (
            Signal(name=f"{stage}_valid") for stage in "dews")
        self._s = Signal(DecodeStage, name="s")
        self._e_free, self._jumps = Signal(name="e_free"), Signal(name="jumps")
        # ``undo``: the cycle after a failed access, in which what it has begun is taken back and
        # the instructions behind it are dropped.
        self._redirect, self._e_go, self._w_ends, self._w_fault, self._undo = (
            Signal(name=name) for name in ("redirect", "e_go", "w_ends", "w_fault", "undo"))
        self._ready = Signal(name="e_ready")
        m.submodules.fetch = self._fetch = Fetch(self.config.fetch_words)
        m.submodules.registers = self._registers = RegisterFile()
        self._build(m)
        self._connect(m)
        self._fetch_to_decode(m)
        self._decode_to_execute(m)
        self._execute_to_writeback(m)
        self._traps(m)
        if self.config.rvfi:
            self._monitor(m)
        return m

    def _build(self, m):
        """Submodules that depend on the configuration, and what the extensions need."""
        extensions = self.config.extensions
        m.submodules.decode = self._decode = Decode(extensions)
        m.submodules.execute = self._execute = Execute(self.config)
        m.submodules.memory = self._memory = LoadStore()
        m.submodules.writeback = self._writeback = WriteBack(
            self.config.dot_structure if "dot" in extensions else None)
        m.submodules.retire = self._retire = Retire(self._writeback.structure)
        holders = []
        if "xpulp_loop" in extensions:
            m.submodules.loops = self._loops = Loops()
            holders.append((Loops.NAMES, self._loops))
        if "dot" in extensions:
            m.submodules.controllers = self._controllers = Controllers(extensions)
            m.submodules.dot = self._dot = DotStage(self.config.dot_structure)
            holders.append((self._controllers.names, self._controllers))
        if "requant" in extensions:
            m.submodules.requantiser = self._requantiser = Requantiser()
            holders.append((Requantiser.NAMES, self._requantiser))
        names = [name for held, _ in holders for name in held]
        m.submodules.csrs = self._csrs = csrs = CsrFile(extensions, names)
        for held, holder in holders:
            m.d.comb += holder.csr_value.eq(csrs.write_value)
            for i, name in enumerate(held):
                position = names.index(name)
                m.d.comb += [csrs.elsewhere_values[position].eq(holder.values[i]),
                             holder.csr_write[i].eq(csrs.elsewhere_write[position])]
        if "xpulp_loop" in extensions:
            self._connect_loops(m)
        if "dot" in extensions:
            self._connect_dot(m)
        if "requant" in extensions:
            requantiser = self._requantiser
            m.d.comb += [
                requantiser.stage.eq(self._r),
                self._execute.requant_busy.eq(requantiser.busy | self._r.requant
                                              | (self._w_valid & self._w.requant)),
            ]

    def _connect_loops(self, m):
        loops, execute = self._loops, self._execute
        e, w, fetch = self._e, self._w, self._fetch
        m.d.comb += [
            loops.pc.eq(fetch.pc), fetch.loop.eq(loops.back), fetch.loop_target.eq(loops.target),
            loops.s_back.eq(self._s_valid & self._s.loop_back),
            loops.s_number.eq(self._s.loop_number),
            loops.d_back.eq(self._d_valid & self._d.loop_back),
            loops.d_number.eq(self._d.loop_number),
            loops.e_back.eq(self._e_valid & e.loop_back), loops.e_number.eq(e.loop_number),
            loops.finish.eq(self._e_go & execute.iterates), loops.finished.eq(e.loop_number),
            loops.undo.eq(self._undo & w.loop_back), loops.undone.eq(w.loop_number),
            loops.write.eq(self._ready & execute.loop_write), loops.loop.eq(e.insn[7]),
            loops.op.eq(e.control.op), loops.following.eq(e.pc + 4), loops.address.eq(e.target),
            loops.iterations.eq(Mux(e.control.reads_rs1, e.a, e.insn[20:32])),
        ]

    def _connect_dot(self, m):
        dot, state, execute, memory = self._dot, self._controllers, self._execute, self._memory
        w = self._w
        m.d.comb += [
            dot.stage.eq(self._e), dot.w.eq(w), dot.w_valid.eq(self._w_valid),
            *(getattr(dot, name).eq(getattr(state, name)) for name in (
                "legacy", "slice_index", "a_pointer", "w_pointer", "a")),
            dot.w_operand.eq(state.w), state.areg.eq(dot.areg), state.wreg.eq(dot.wreg),
            *(getattr(execute, f"dot_{name}").eq(getattr(dot, name)) for name in (
                "loads", "address", "wait", "counts", "lanes", "to_w",
                "number", "size")),
            execute.legacy.eq(state.legacy), execute.undo.eq(state.undo),
            self._decode.legacy.eq(state.legacy), self._decode.format.eq(state.control),
            state.step_a.eq(self._e_go & execute.steps & ~dot.to_w),
            state.step_w.eq(self._e_go & execute.steps & dot.to_w),
            state.selected_w.eq(dot.to_w),
            state.count.eq(self._e_go & execute.counts),
            state.restore.eq(self._undo), state.restored.eq(w.undo),
            state.restore_w.eq(w.operand_w), state.restore_dots.eq(w.restores_dots),
            state.restore_pointer.eq(w.restores_pointer),
            state.load.eq(self._w_ends & ~self._w_fault & w.operand_load),
            state.load_w.eq(w.operand_w), state.load_number.eq(w.operand_number),
            state.load_value.eq(memory.loaded),
        ]

    def _connect(self, m):
        """What only passes through."""
        csrs, memory, execute = self._csrs, self._memory, self._execute
        wiring.connect(m, wiring.flipped(self.ibus), self._fetch.bus)
        wiring.connect(m, wiring.flipped(self.dbus), memory.bus)
        m.d.comb += [
            self._fetch.reset_pc.eq(self.boot_address), csrs.interrupts.eq(self.interrupts),
            csrs.hart_id.eq(self.hart_id),
            execute.stage.eq(self._e), execute.valid.eq(self._e_valid),
            execute.csr_value.eq(csrs.value), execute.csr_busy.eq(csrs.busy),
            execute.interrupt.eq(csrs.interrupt), execute.wake.eq(csrs.wake),
            execute.memory_granted.eq(memory.granted),
            execute.late_value.eq(self._retire.late_value),
            memory.hold.eq(execute.dot_wait | self._e.blocked | self._undo),
            csrs.selected.eq(execute.csr_selected), csrs.op.eq(execute.csr_op),
            csrs.operand.eq(execute.csr_operand), csrs.writes.eq(execute.csr_writes),
            memory.wanted.eq(execute.memory_wanted), memory.write.eq(execute.memory_write),
            memory.op.eq(execute.memory_op), memory.address.eq(execute.address),
            memory.crossing.eq(execute.crossing),
            memory.data.eq(self._e.c),
            self._writeback.stage.eq(self._w), self._writeback.loaded.eq(memory.loaded),
            self._writeback.ends.eq(self._w_ends), self._writeback.fault.eq(self._w_fault),
            self._writeback.late_value.eq(self._retire.late_value),
            self._retire.stage.eq(self._r),
            self.sleeping.eq(execute.sleeping),
        ]

    def _fetch_to_decode(self, m):
        fetch, d = self._fetch, self._d
        m.submodules.expander = expander = Expander()
        self._d_fire = Signal()
        fetched, moves, jumps = Signal(DecodeStage), Signal(), self._jumps
        m.d.comb += [
            expander.half.eq(fetch.insn[:16]), moves.eq(~self._d_valid | self._e_free),
            # Whether decode is free is known too late for fetch; one instruction may wait between.
            fetch.ready.eq(~self._s_valid),
            fetched.pc.eq(fetch.pc),
            fetched.insn.eq(Mux(fetch.compressed, expander.insn, fetch.insn)),
            fetched.raw.eq(fetch.insn[:16]), fetched.compressed.eq(fetch.compressed),
            fetched.error.eq(fetch.error), fetched.error_second.eq(fetch.error_second),
            fetched.illegal.eq(fetch.compressed & expander.illegal),
            fetched.loop_back.eq(fetch.loop),
        ]
        if "xpulp_loop" in self.config.extensions:
            m.d.comb += fetched.loop_number.eq(self._loops.number)
        with m.If(moves | self._redirect):
            m.d.sync += self._d_valid.eq((fetch.valid | self._s_valid) & ~fetch.redirect)
        with m.If(fetch.redirect | moves):
            m.d.sync += self._s_valid.eq(0)
        with m.Elif(~self._s_valid):
            m.d.sync += self._s_valid.eq(fetch.valid)
        with m.If(moves):
            m.d.sync += d.eq(Mux(self._s_valid, self._s.as_value(), fetched.as_value()))
        with m.Elif(jumps):
            # A jump at the end of a loop leaves it.
            m.d.sync += d.loop_back.eq(0)
        with m.If(~self._s_valid):
            m.d.sync += self._s.eq(fetched)

    def _decode_to_execute(self, m):
        d, decode, registers, csrs = self._d, self._decode, self._registers, self._csrs
        execute, retire = self._execute, self._retire
        for i in range(3):
            m.d.comb += [getattr(registers, f"number{i}").eq(getattr(decode, f"number{i}")),
                         getattr(decode, f"stored{i}").eq(getattr(registers, f"value{i}"))]
        m.d.comb += [
            decode.stage.eq(d), decode.e.eq(self._e), decode.e_valid.eq(self._e_valid),
            decode.e_value.eq(execute.result), decode.w.eq(self._w),
            decode.w_valid.eq(self._w_valid), decode.w_done.eq(self._w_done(m)),
            decode.w_value.eq(self._memory.loaded), decode.r.eq(self._r),
            decode.r_value.eq(retire.late_value), decode.interrupt.eq(csrs.interrupt),
        ]
        e_free, jumps, jumped = self._e_free, self._jumps, Signal()
        m.d.comb += [
            e_free.eq((~self._e_valid & ~self._memory.clearing) | self._e_go),
            # In the cycle of a redirection it is void.
            self._d_fire.eq(self._d_valid & e_free),
            # A jump is taken when it comes to decode, whether or not it can leave.
            jumps.eq(self._d_valid & decode.jumps & ~jumped),
            self._fetch.redirect.eq(self._redirect | jumps),
            self._fetch.target.eq(Mux(self._redirect, self._redirect_target(m),
                                      decode.jump_target)),
        ]
        m.d.sync += jumped.eq((jumps | jumped) & ~self._d_fire & ~self._redirect)
        with m.If(self._redirect):
            m.d.sync += self._e_valid.eq(0)
        with m.Elif(self._d_fire):
            m.d.sync += self._e_valid.eq(1)
        with m.Elif(self._e_go):
            m.d.sync += self._e_valid.eq(0)
        with m.If(self._d_fire):
            m.d.sync += self._e.eq(decode.o)
        self._collect(m)

    def _collect(self, m):
        """The instruction in execute stays and takes over what it waits for."""
        e, w, late = self._e, self._w, self._retire.late_value
        kept, accumulates, missing = Signal(32), e.control.accumulates, []
        m.d.comb += self._execute.kept.eq(kept)
        for name in "abc":
            waits, value = getattr(e, f"{name}_waits"), Signal(32, name=f"collected_{name}")
            m.d.comb += value.eq(Mux(waits.r, late, Mux(waits.early, w.early_value,
                                                        self._memory.loaded)))
            if name == "b":
                value = Mux(e.control.replicates, replicate(value, e.scalar_size), value)
            # An accumulator does not block, so the next instruction may come in this cycle: it is
            # kept elsewhere.
            blocks = ~accumulates | waits.early if name == "c" else Const(1, 1)
            with m.If(waits.as_value().any() & blocks):
                m.d.sync += getattr(e, name).eq(value)
                if name != "c":
                    m.d.sync += getattr(e, f"{name}_low").eq(value[:2] & e.accesses.replicate(2))
            # What blocks is taken from write-back when it is there, an accumulator from retire.
            through_r = w.sums | ~blocks
            with m.If(~self._d_fire):
                m.d.sync += [waits.early.eq(0), waits.r.eq(waits.w & self._w_ends & through_r),
                             waits.w.eq(waits.w & ~self._w_ends)]
            missing.append(waits.w & blocks)
        with m.If(e.blocked):
            m.d.sync += e.blocked.eq(Cat(*missing).any() & ~(self._w_ends & ~w.sums))
        with m.If(e.c_waits.r):
            m.d.sync += kept.eq(late)
        with m.If(e.c_waits.r & ~self._d_fire):
            m.d.sync += e.c_kept.eq(1)

    def _w_done(self, m):
        """Write-back ends in this cycle, if it holds anything."""
        m.d.comb += [
            self._w_ends.eq(self._w_valid & (~self._w.memory | self._memory.done)),
            self._w_fault.eq(self._w_valid & self._w.memory & self._memory.fault),
        ]
        return self._w_ends

    def _redirect_target(self, m):
        execute, csrs = self._execute, self._csrs
        target, following = Signal(32), Signal(32)
        self._following = following
        m.d.comb += [
            # What comes after the instruction in E has been fetched already.
            following.eq(Mux(self._d_valid, self._d.pc, self._fetch.pc)),
            target.eq(execute.target),
        ]
        with m.If(self._undo | execute.traps):
            m.d.comb += target.eq(csrs.vector)
        with m.Elif(execute.returns):
            m.d.comb += target.eq(csrs.epc)
        with m.Elif(execute.refetches):
            m.d.comb += target.eq(following)
        return target

    def _execute_to_writeback(self, m):
        execute, memory, csrs, w = self._execute, self._memory, self._csrs, self._w
        ready = self._ready
        m.d.comb += [
            ready.eq(self._e_valid & ~self._e.blocked & (~self._w_valid | self._w_ends)
                     & ~self._w_fault & ~self._undo),
            self._e_go.eq(ready & execute.complete),
            self._redirect.eq(self._undo | (ready & execute.redirects)),
            execute.go.eq(self._e_go), execute.cancel.eq(self._undo),
            memory.fire.eq(self._e_go & execute.memory_wanted),
            memory.kill.eq(self._undo & self._e_valid & execute.memory_wanted),
            csrs.commit.eq(ready & execute.csr_access),
            csrs.leave.eq(ready & execute.returns),
            csrs.retire.eq(self._e_go & ~execute.traps & ~execute.dropped),
            csrs.unretire.eq(self._undo),
        ]
        m.d.sync += self._undo.eq(self._w_fault)
        with m.If(self._e_go & ~execute.dropped):
            m.d.sync += [w.eq(execute.o), self._w_valid.eq(1)]
        with m.Elif(self._w_ends):
            m.d.sync += self._w_valid.eq(0)
        with m.Elif(w.follows_r):
            # The accumulator is there, but the access is not over.
            m.d.sync += [w.accumulator.eq(self._retire.late_value), w.follows_r.eq(0)]
        r, registers = self._r, self._registers
        m.d.sync += r.eq(self._writeback.o)
        m.d.comb += [
            registers.write0.eq(r.early), registers.target0.eq(r.early_target),
            registers.data0.eq(r.early_value), registers.write1.eq(r.late),
            registers.target1.eq(r.late_target), registers.data1.eq(self._retire.late_value),
        ]

    def _traps(self, m):
        execute, memory, csrs = self._execute, self._memory, self._csrs
        with m.If(self._undo):
            m.d.comb += [csrs.trap.eq(1), csrs.trap_pc.eq(self._w.pc),
                         csrs.cause.eq(Mux(self._w.store, 7, 5)),
                         csrs.trap_value.eq(memory.fault_address)]
        with m.Else():
            m.d.comb += [
                csrs.trap.eq(self._ready & execute.traps), csrs.trap_pc.eq(self._e.pc),
                csrs.cause.eq(Mux(self._e.interrupt, Cat(csrs.wanted, 1), execute.cause)),
                csrs.trap_value.eq(execute.trap_value)]
        waits = self._e_valid & ~self._e_go
        unit = self._e.control.unit
        events = {
            "operand_wait": self._e_valid & self._e.blocked,
            "memory_wait": (waits & execute.memory_wanted & ~memory.granted)
            | (self._w_valid & ~self._w_ends),
            "no_instruction": ~self._e_valid & ~self._d_valid,
            "unit_wait": waits & unit.divide,
        }
        m.d.comb += [getattr(csrs, name).eq(events[name]) for name in COUNTED.values()]

    def _monitor(self, m):
        m.submodules.monitor = monitor = RvfiMonitor()
        wiring.connect(m, wiring.flipped(self.rvfi), monitor.rvfi)
        execute = self._execute
        interrupted = self._e.interrupt & execute.traps
        m.d.comb += [
            monitor.e.eq(self._e),
            monitor.go.eq(self._e_go & ~execute.dropped),
            monitor.following.eq(Mux(execute.redirects, self._fetch.target, self._following)),
            monitor.address.eq(execute.address), monitor.data.eq(self._e.c),
            monitor.memory_op.eq(execute.memory_op), monitor.reads.eq(
                execute.memory_wanted & ~execute.memory_write),
            monitor.writes.eq(execute.memory_wanted & execute.memory_write),
            monitor.trap.eq(execute.traps), monitor.interrupted.eq(self._e_go & interrupted),
            monitor.cause.eq(self._csrs.wanted),
            monitor.w.eq(self._w), monitor.w_ends.eq(self._w_ends),
            monitor.w_fault.eq(self._w_fault), monitor.late_value.eq(self._retire.late_value),
            monitor.r.eq(self._r),
            monitor.loaded.eq(self._memory.loaded), monitor.vector.eq(self._csrs.vector),
        ]
