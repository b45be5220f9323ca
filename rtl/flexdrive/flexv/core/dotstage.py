"""Execute stage of dot products and Mac&Load: formats, operands, hazards."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..dotp import DotOperands, LaneOperands
from ..formats import FormatControl
from .bus import DATA_PORT
from .fields import InstructionFields
from .macload import Controllers, Undo
from .stages import ExecuteStage, WriteBackStage
from .waiting_loads import WaitingLoads

__all__ = ["DotStage"]

_WAITING_PORTS = {
    "valid": In(1), "beside": Out(1), "goes": In(1), "free": Out(1), "alone": Out(1),
    "port": In(DATA_PORT), "bus": Out(DATA_PORT),
}


class DotStage(wiring.Component):
    """Combinational but for the state of both controllers.

    Members
    -------
    stage : the instruction. w, w_valid : what is in write-back.
    go : the instruction leaves. clearing : it is dropped, but its access waits for its grant.
    w_done, loaded : what is in write-back has succeeded; the word
        that it has loaded.
    restore : what is in write-back has failed in the cycle before; it is taken back.
    legacy, control : as in :class:`.macload.Controllers`.
    loads : a Mac&Load that loads; address : from where; unaligned : a pointer that it loads through
        is no multiple of 4; to_w, number : into which register; crosses : through the
        pointer of the other channel.
    wait : an operand register is still being loaded.
    steps, counts : a pointer moves, a dot product is counted, once the instruction goes; undo :
        what takes that back.
    lanes : what is to be multiplied in write-back.
    csr_write, csr_value, values : the registers that the controllers hold, as in ``names``.

    With ``waiting`` (see ``CoreConfig.waiting_loads``):

    valid : there is an instruction. beside : it is a load of :class:`.waiting_loads.WaitingLoads`,
        no access of the pipeline, and leaves when it is ``free`` and does not ``wait``, once
        everything else lets it go (``goes``).
    port : of the pipeline's accesses, none of which may begin while the loads beside it are
        ``alone``; bus : of both.
    """

    def __init__(self, structure, extensions, waiting=()):
        self._structure, self._waiting = structure, waiting
        self._funnel = "macload_funnel" in extensions
        self._controllers = controllers = Controllers(extensions)
        self.names = controllers.names
        count = max(1, len(self.names))
        super().__init__({
            "stage": In(ExecuteStage), "w": In(WriteBackStage), "w_valid": In(1),
            "go": In(1), "clearing": In(1), "w_done": In(1), "loaded": In(32), "restore": In(1),
            "legacy": Out(1), "control": Out(FormatControl),
            "loads": Out(1), "address": Out(32), "unaligned": Out(1), "to_w": Out(1),
            "crosses": Out(1),
            "number": Out(2), "wait": Out(1), "steps": Out(1), "counts": Out(1), "undo": Out(Undo),
            "lanes": Out(LaneOperands),
            "csr_write": In(count), "csr_value": In(32), "values": Out(32).array(count),
            **(_WAITING_PORTS if waiting else {}),
        })

    def elaborate(self, platform):
        m = Module()
        m.submodules.controllers = self._controllers
        fields, control = InstructionFields(self.stage.insn), self.stage.control
        is_dot, is_macload, multiplies = Signal(), Signal(), Signal()
        # Whether the pointer of weights is used.
        self._by_w = Signal(name="by_w")
        m.d.comb += [
            is_dot.eq(control.unit.dot), is_macload.eq(control.unit.macload),
            multiplies.eq(is_macload & (fields.rd != 0)),
            self.steps.eq(self.loads & ~self.legacy),
            self.counts.eq(~self.legacy & (is_dot | multiplies)),
        ]
        self._control(m)
        self._registers(m, fields, is_macload, multiplies)
        self._select(m, control, is_macload)
        if self._waiting:
            self._beside(m)
        return m

    def _control(self, m):
        """Both controllers and the operand registers."""
        state, w = self._controllers, self.w
        m.d.comb += [
            self.legacy.eq(state.legacy), self.control.eq(state.control),
            self.undo.eq(state.undo), state.selected_w.eq(self._by_w),
            state.steps.eq(self.steps), state.counts.eq(self.counts), state.go.eq(self.go),
            state.restore.eq(self.restore), state.restored.eq(w.undo),
            state.restore_w.eq(w.operand_w ^ w.operand_crosses),
            state.restore_dots.eq(w.restores_dots),
            state.restore_pointer.eq(w.restores_pointer),
            *self._loads(),
            state.csr_write.eq(self.csr_write), state.csr_value.eq(self.csr_value),
            *(mine.eq(theirs) for mine, theirs in zip(self.values, state.values, strict=True)),
        ]

    def _loads(self):
        """Which operand register is written with which word."""
        state, w = self._controllers, self.w
        if not self._waiting:
            return (state.load.eq(self.w_done & w.operand_load), state.load_w.eq(w.operand_w),
                    state.load_number.eq(w.operand_number), state.load_value.eq(self.loaded))
        beside = self._loader = WaitingLoads()
        return (state.load.eq((self.w_done & w.operand_load) | beside.load),
                state.load_w.eq(Mux(beside.load, beside.load_w, w.operand_w)),
                state.load_number.eq(Mux(beside.load, beside.load_number, w.operand_number)),
                state.load_value.eq(Mux(beside.load, self.bus.rdata, self.loaded)))

    def _beside(self, m):
        """Loads that wait without the core."""
        m.submodules.loader = loader = self._loader
        port, bus, state = self.port, self.bus, self._controllers
        start, size = self._waiting
        at, selected = size.bit_length() - 1, Signal()
        unaligned = Mux(self.stage.from_rs1, self.stage.a[:2].any(), self.unaligned)
        m.d.comb += [
            self.beside.eq(self.valid & self.loads & ~unaligned
                           & (self.address[at:] == start >> at)),
            self.free.eq(loader.room), self.alone.eq(loader.asks),
            loader.push.eq(self.beside & self.goes & loader.room & ~self.wait),
            loader.address.eq(self.address), loader.to_w.eq(self.to_w),
            loader.number.eq(self.number), loader.areg.eq(state.areg), loader.wreg.eq(state.wreg),
            loader.pair.eq(self.crosses),
            loader.gnt.eq(bus.gnt), loader.rvalid.eq(bus.rvalid),
            # What asks is known early; whether it does, late.
            selected.eq(loader.asks | self.beside),
            bus.req.eq(Mux(selected, loader.req, port.req)),
            bus.addr.eq(Mux(selected, loader.addr, port.addr)),
            bus.we.eq(port.we & ~selected), bus.be.eq(port.be | selected.replicate(4)),
            bus.wdata.eq(port.wdata), port.gnt.eq(bus.gnt & ~selected),
            port.rvalid.eq(bus.rvalid & ~loader.expects), port.rdata.eq(bus.rdata),
            port.err.eq(bus.err),
        ]

    def _registers(self, m, fields, is_macload, multiplies):
        other, w, state = fields.loads.all(), self.w, self._controllers
        # A request stays while its pointer goes back, because the load before has failed.
        kept = Signal(32)
        m.d.sync += kept.eq(self.address)
        funnel, behind = fields.funnel if self._funnel else Const(0, 1), (state.wreg + 1)[:2]
        same = Mux(w.operand_w, (state.wreg == w.operand_number)
                   | (funnel & (behind == w.operand_number)), state.areg == w.operand_number[0])
        if self._funnel:
            m.d.comb += [state.funnel.eq(funnel), state.offset.eq(fields.offset)]
        m.d.comb += [
            state.areg.eq(fields.areg), state.wreg.eq(fields.wreg),
            self.loads.eq(is_macload & self.stage.accesses), self.to_w.eq(self.stage.to_w),
            self.crosses.eq(funnel), self._by_w.eq(self.to_w ^ funnel),
            # With a funnel the pair that is not multiplied.
            self.number.eq(Mux(self.to_w, fields.wreg + (Cat(fields.load_a, 1)
                                                         & funnel.replicate(2)),
                               fields.areg ^ other)),
            self.address.eq(Mux(self.stage.from_rs1, self.stage.a, Mux(self.clearing, kept, Mux(
                self._by_w, state.w_pointer, state.a_pointer)))),
            # Beside the choice of the address, not behind it.
            self.unaligned.eq(Mux(self._by_w, state.w_pointer[:2].any(),
                                  state.a_pointer[:2].any())),
        ]
        reads = self.stage.control.unit.csr & ~self.stage.no_csr
        # A CSR access may read what is being loaded.
        wait = self.w_valid & w.operand_load & ((multiplies & same) | reads)
        if self._waiting:
            wait = wait | (multiplies & self._loader.missing) | (reads & self._loader.busy)
        m.d.comb += self.wait.eq(wait)

    def _select(self, m, control, is_macload):
        m.submodules.operands = operands = DotOperands(self._structure)
        stage, state = self.stage, self._controllers
        m.d.comb += [
            operands.control.eq(stage.dot_control), operands.slice_index.eq(state.slice_index),
            operands.a.eq(Mux(is_macload, state.a, stage.x)),
            operands.w.eq(Mux(is_macload, state.w, stage.y)),
            operands.a_signed.eq(control.op[0]), operands.w_signed.eq(control.op[1]),
            self.lanes.eq(operands.o),
        ]
