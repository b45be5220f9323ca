"""What comes before execute: fetch, expansion of compressed instructions, hardware loops, and the
register of the decode stage."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .bus import INSTRUCTION_PORT
from .compressed_decoder import Expander
from .fetch import Fetch
from .stages import DecodeStage

__all__ = ["Front"]


class Front(wiring.Component):
    """Stage F and the register behind it; one instruction may wait between.

    Latency: an instruction that fetch delivers in cycle t is on ``d`` in t + 1 if decode ``moves``
    in t, else on ``s`` from t + 1 until decode moves and on ``d`` a cycle after that. To ``bus``
    as of :class:`.fetch.Fetch`.

    Parameters
    ----------
    words : see :class:`.fetch.Fetch`.

    Members
    -------
    bus, boot_address : of the core.
    redirect, target : continue at ``target``; what has been fetched is void.
    jump, jump_target : the instruction in decode jumps to ``jump_target``; what is behind it is
        void.
    moves : the instruction in decode leaves, or there is none.
    pc, loop, loop_number, loop_target : the instruction that is delivered by fetch; whether a
        hardware loop jumps back after it, which, and where to.
    s, s_valid : an instruction between fetch and decode.
    d, d_valid : the instruction in decode.
    following : address of the instruction behind that in execute.
    """

    def __init__(self, words):
        self._words = words
        super().__init__({
            "bus": Out(INSTRUCTION_PORT), "boot_address": In(32),
            "redirect": In(1), "target": In(32), "jump": In(1), "jump_target": In(32),
            "moves": In(1), "pc": Out(32), "loop": In(1), "loop_number": In(1),
            "loop_target": In(32), "s": Out(DecodeStage), "s_valid": Out(1),
            "d": Out(DecodeStage), "d_valid": Out(1), "following": Out(32),
        })

    def elaborate(self, platform):
        m = Module()
        m.submodules.fetch = self._fetch = fetch = Fetch(self._words)
        wiring.connect(m, wiring.flipped(self.bus), fetch.bus)
        m.d.comb += [
            fetch.reset_pc.eq(self.boot_address), fetch.redirect.eq(self.redirect),
            fetch.target.eq(self.target), fetch.jump.eq(self.jump),
            fetch.jump_target.eq(self.jump_target),
            fetch.loop.eq(self.loop), fetch.loop_target.eq(self.loop_target),
            # Whether decode is free is known too late for fetch; one instruction may wait between.
            fetch.ready.eq(~self.s_valid), self.pc.eq(fetch.pc),
            self.following.eq(Mux(self.d_valid, self.d.pc, fetch.pc)),
        ]
        self._advance(m, self._fetched(m))
        return m

    def _fetched(self, m):
        fetch, fetched = self._fetch, Signal(DecodeStage)
        m.submodules.expander = expander = Expander()
        m.d.comb += [
            expander.half.eq(fetch.insn[:16]), fetched.pc.eq(fetch.pc),
            fetched.insn.eq(Mux(fetch.compressed, expander.insn, fetch.insn)),
            fetched.raw.eq(fetch.insn[:16]), fetched.compressed.eq(fetch.compressed),
            fetched.error.eq(fetch.error), fetched.error_second.eq(fetch.error_second),
            fetched.illegal.eq(fetch.compressed & expander.illegal),
            fetched.loop_back.eq(self.loop), fetched.loop_number.eq(self.loop_number),
        ]
        return fetched

    def _advance(self, m, fetched):
        fetch, leaves = self._fetch, self.redirect | self.jump
        there = fetch.valid | self.s_valid
        m.d.sync += [
            self.d_valid.eq(~self.redirect & Mux(self.moves, there & ~self.jump, self.d_valid)),
            self.s_valid.eq(~(leaves | self.moves) & there),
        ]
        with m.If(self.moves):
            m.d.sync += self.d.eq(Mux(self.s_valid, self.s.as_value(), fetched.as_value()))
        with m.Elif(self.jump):
            # A jump at the end of a loop leaves it.
            m.d.sync += self.d.loop_back.eq(0)
        with m.If(~self.s_valid):
            m.d.sync += self.s.eq(fetched)
