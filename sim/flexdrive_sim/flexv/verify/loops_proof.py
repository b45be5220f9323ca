"""What is proven of the hardware loops."""

from amaranth.hdl import Assert, Assume, Cover, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from flexdrive.flexv.core.hwloop import Loops

__all__ = ["LoopsProof"]


class _Place:
    """A place in the pipeline."""

    def __init__(self, name):
        for field, width in (("valid", 1), ("back", 1), ("number", 1), ("memory", 1), ("pc", 32)):
            setattr(self, field, Signal(width, name=f"{name}_{field}"))


class LoopsProof(wiring.Component):
    """Loops decided ahead are those of one instruction after another: an instruction that leaves
    execute jumps back exactly if it is the last of a loop with a count above 1, registers as they
    are then. The pipeline between stalls, drops and restarts at any time."""

    def __init__(self):
        super().__init__({
            "pc": In(32), **{name: In(1) for name in (
                "accept", "d_goes", "jump", "e_goes", "leaves", "refetch", "w_goes", "faults",
                "writes", "memory")},
            "loop": In(1), "op": In(3), "address": In(32), "iterations": In(32),
        })

    def elaborate(self, platform):
        m = Module()
        m.submodules.loops = loops = Loops()
        stages = {name: _Place(name) for name in "sdew"}
        s, d, e, w = stages.values()
        fault, undo, w_ends, e_leave, redirect, finish = (
            Signal(name=name) for name in (
                "fault", "undo", "w_ends", "e_leave", "redirect", "finish"))
        m.d.comb += [
            loops.pc.eq(self.pc), loops.s_back.eq(s.valid & s.back), loops.s_number.eq(s.number),
            loops.d_back.eq(d.valid & d.back), loops.d_number.eq(d.number),
            loops.e_back.eq(e.valid & e.back), loops.e_number.eq(e.number),
            w_ends.eq(w.valid & self.w_goes), fault.eq(w_ends & w.memory & self.faults),
            e_leave.eq(e.valid & self.e_goes & (~w.valid | w_ends) & ~fault & ~undo),
            # What leaves the loop, and what fetches anew and stays in it.
            redirect.eq(undo | (e_leave & (self.leaves | self.writes | self.refetch))),
            finish.eq(e_leave & e.back & ~self.leaves & ~self.writes),
            loops.finish.eq(finish), loops.finished.eq(e.number),
            loops.undo.eq(undo & w.back), loops.undone.eq(w.number),
            loops.write.eq(e_leave & self.writes), loops.loop.eq(self.loop),
            loops.op.as_value().eq(self.op), loops.following.eq(e.pc + 4),
            loops.address.eq(self.address & ~1), loops.iterations.eq(self.iterations),
            Assume(self.op < 6),
        ]
        m.d.sync += undo.eq(fault)
        jumped = self._front(m, loops, s, d, e, e_leave, redirect)
        with m.If(e_leave):
            m.d.sync += [w.valid.eq(1), w.back.eq(finish), w.number.eq(e.number),
                         w.memory.eq(self.memory)]
        with m.Elif(w_ends):
            m.d.sync += w.valid.eq(0)
        self._sequential(m, loops, e_leave & ~self.leaves & ~self.writes & ~jumped, e.pc, e.back,
                         e.number)
        return m

    def _front(self, m, loops, s, d, e, e_leave, redirect):
        """What lies between fetch and execute, as in the core; returns whether the instruction in
        execute is a direct jump."""
        jump, jumped, e_jumped, d_fire, moves = (
            Signal(name=name) for name in ("jumps", "jumped", "e_jumped", "d_fire", "moves"))
        m.d.comb += [d_fire.eq(d.valid & self.d_goes & (~e.valid | e_leave)),
                     moves.eq(~d.valid | d_fire), jump.eq(d.valid & self.jump & ~jumped)]
        m.d.sync += jumped.eq((jump | jumped) & ~d_fire & ~redirect)
        with m.If(moves | redirect):
            m.d.sync += d.valid.eq((self.accept | s.valid) & ~redirect & ~jump)
        with m.If(redirect | jump | moves):
            m.d.sync += s.valid.eq(0)
        with m.Elif(~s.valid):
            m.d.sync += s.valid.eq(self.accept)
        fetched = (loops.back, loops.number, self.pc)
        with m.If(moves):
            m.d.sync += [field.eq(Mux(s.valid, waiting, new)) for field, waiting, new in
                         zip((d.back, d.number, d.pc), (s.back, s.number, s.pc), fetched,
                             strict=True)]
        with m.Elif(jump):
            m.d.sync += d.back.eq(0)
        with m.If(~s.valid):
            m.d.sync += [s.back.eq(loops.back), s.number.eq(loops.number), s.pc.eq(self.pc)]
        with m.If(d_fire):
            m.d.sync += [e.back.eq(d.back & ~jump), e.number.eq(d.number), e.pc.eq(d.pc),
                         e_jumped.eq(jump | jumped)]
        with m.If(redirect):
            m.d.sync += e.valid.eq(0)
        with m.Elif(d_fire):
            m.d.sync += e.valid.eq(1)
        with m.Elif(e_leave):
            m.d.sync += e.valid.eq(0)
        return e_jumped

    @staticmethod
    def _sequential(m, loops, plain, e_pc, e_back, e_number):
        ends = [(e_pc == loops.values[3 * i + 1]) & (loops.values[3 * i + 2] > 1)
                for i in range(2)]
        with m.If(plain):
            m.d.comb += Assert(e_back == (ends[0] | ends[1]))
            with m.If(e_back):
                m.d.comb += Assert(e_number == ~ends[0])
        m.d.comb += [Cover(plain & e_back & e_number), Cover(plain & e_back & ~e_number)]
