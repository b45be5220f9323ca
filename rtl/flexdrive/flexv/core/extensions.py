"""The parts of the core that extensions bring with them, and the CSRs."""

from amaranth.hdl import Mux, Signal
from amaranth.lib import wiring

from .csrs import CsrFile
from .dotstage import DotStage
from .fields import InstructionFields
from .hwloop import Loops
from .requantise import Requantiser

__all__ = ["Extensions"]


class Extensions:
    """The part of :class:`.core.Core` that connects them."""

    def _add_extensions(self, m):
        """Submodules of extensions, and the CSRs that they hold."""
        extensions, holders = self.config.extensions, []
        if "xpulp_loop" in extensions:
            m.submodules.loops = self._loops = Loops()
            self._connect_loops(m)
            holders.append((Loops.NAMES, self._loops))
        if "dot" in extensions:
            m.submodules.dot = self._dot = DotStage(
                self.config.dot_structure, extensions, self.config.waiting_loads)
            self._connect_dot(m)
            holders.append((self._dot.names, self._dot))
        if "requant" in extensions:
            requantiser = self._add_requantiser(m)
            holders.append((requantiser.names, requantiser))
        names = [name for held, _ in holders for name in held]
        m.submodules.csrs = self._csrs = csrs = CsrFile(extensions, names)
        for held, holder in holders:
            m.d.comb += holder.csr_value.eq(csrs.write_value)
            for i, name in enumerate(held):
                position = names.index(name)
                m.d.comb += [csrs.elsewhere_values[position].eq(holder.values[i]),
                             holder.csr_write[i].eq(csrs.elsewhere_write[position])]

    def _add_requantiser(self, m):
        clearing, storing, ties = (name in self.config.extensions for name in (
            "requant_clear", "requant_store", "requant_ties"))
        m.submodules.requantiser = requantiser = Requantiser(clearing, storing, ties)
        execute, w, r = self._execute, self._w, self._r
        if clearing:
            shifts = Signal()
            # Beside the register of write-back.
            with m.If(self._memory.free):
                m.d.sync += shifts.eq(self._issue.e.control.post)
            m.d.comb += requantiser.coming_shifts.eq(shifts)
        m.d.comb += [
            requantiser.stage.eq(r),
            execute.requant_busy.eq(requantiser.busy | r.requant | r.places
                                    | (self._w_valid & (w.requant | w.places))),
        ]
        if storing:
            coming = (self._w_valid & (w.completes | w.places)) | r.places | (
                r.requant & r.completes)
            m.d.comb += [
                requantiser.place.eq(self._retire.late_value),
                execute.packed.eq(requantiser.packed),
                execute.packed_address.eq(requantiser.address),
                execute.packed_waits.eq(self._issue.e.stores_packed
                                        & (requantiser.completing | coming)),
            ]
        return requantiser

    def _connect_loops(self, m):
        loops, execute, front, w = self._loops, self._execute, self._front, self._w
        e = self._issue.e
        fields = InstructionFields(e.insn)
        m.d.comb += [
            loops.pc.eq(front.pc), front.loop.eq(loops.back), front.loop_number.eq(loops.number),
            front.loop_target.eq(loops.target),
            loops.s_back.eq(front.s_valid & front.s.loop_back),
            loops.s_number.eq(front.s.loop_number),
            loops.d_back.eq(front.d_valid & front.d.loop_back),
            loops.d_number.eq(front.d.loop_number),
            loops.e_back.eq(self._issue.valid & e.loop_back), loops.e_number.eq(e.loop_number),
            loops.finish.eq(self._e_go & execute.iterates), loops.finished.eq(e.loop_number),
            loops.undo.eq(self._undo & w.loop_back), loops.undone.eq(w.loop_number),
            loops.write.eq(self._ready & execute.loop_write), loops.loop.eq(fields.loop),
            loops.op.eq(e.control.op), loops.following.eq(e.pc + 4), loops.address.eq(e.target),
            loops.iterations.eq(Mux(e.control.reads_rs1, e.a, fields.iterations)),
        ]
        if self.config.fast_loops:
            m.d.comb += execute.loop_ahead.eq(loops.back | loops.s_back | loops.d_back)

    def _connect_dot(self, m):
        dot, execute = self._dot, self._execute
        m.d.comb += [
            dot.stage.eq(self._issue.e), dot.go.eq(self._e_go), dot.restore.eq(self._undo),
            dot.clearing.eq(self._memory.clearing),
            dot.w.eq(self._w), dot.w_valid.eq(self._w_valid),
            dot.w_done.eq(self._w_ends & ~self._w_fault), dot.loaded.eq(self._memory.loaded),
            *(getattr(execute, f"dot_{name}").eq(getattr(dot, name)) for name in (
                "loads", "address", "unaligned", "wait", "steps", "counts", "lanes", "to_w",
                "crosses", "number", "undo")),
            self._decode.legacy.eq(dot.legacy), self._decode.format.eq(dot.control),
        ]

    def _connect_data_port(self, m):
        """Loads beside the pipeline share the port with its accesses. Returns ``granted`` for
        execute, ``hold`` for the accesses."""
        execute, memory = self._execute, self._memory
        hold = execute.dot_wait | self._issue.e.blocked | self._redirect
        if "requant_store" in self.config.extensions:
            hold = hold | execute.packed_waits
        if not self.config.waiting_loads:
            wiring.connect(m, wiring.flipped(self.dbus), memory.bus)
            return memory.granted, hold
        dot = self._dot
        wiring.connect(m, wiring.flipped(self.dbus), dot.bus)
        wiring.connect(m, memory.bus, dot.port)
        m.d.comb += [
            dot.valid.eq(self._issue.valid), dot.goes.eq(self._ready & memory.sound),
            execute.beside.eq(dot.beside), self.leaves.eq(self._e_go),
        ]
        return (Mux(dot.beside, (dot.free & memory.sound).replicate(2), memory.granted),
                hold | dot.alone)
