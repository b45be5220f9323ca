"""Hardware loops: the address after the instruction that fetch delivers.

Fetch runs ahead, so the decision is made with the count minus the jumps back that are under way in
the stages behind; the count itself changes when the instruction executes. Nothing has to be
repaired when instructions are dropped.
"""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .control import LoopOp

__all__ = ["Loops"]


class Loops(wiring.Component):
    """Start, end and count of two loops; the lower number wins.

    Combinational from ``pc`` and the jumps under way to ``back``, ``number`` and ``target``.
    Latency: what changes a register in cycle t shows from t + 1.

    Members
    -------
    pc, back, number, target : instruction delivered by fetch; whether a loop jumps back after it,
        which, and where to.
    s_back, s_number, d_back, d_number, e_back, e_number : jumps back under way between fetch and
        decode, in decode and execute.
    finish, finished : the instruction in execute has ended an iteration of loop ``finished``.
    undo, undone : the same, but it failed after all.
    write, loop, op, following, address, iterations : a loop instruction: which loop, what it does,
        the next address, the address that it names, the number of iterations.
    csr_write, csr_value : write strobes of start, end, count of loop 0, then of loop 1.
    values : the same six registers.
    """

    NAMES = ("lp0_start", "lp0_end", "lp0_count", "lp1_start", "lp1_end", "lp1_count")

    def __init__(self):
        super().__init__({
            "pc": In(32), "back": Out(1), "number": Out(1), "target": Out(32),
            "s_back": In(1), "s_number": In(1), "d_back": In(1), "d_number": In(1),
            "e_back": In(1), "e_number": In(1),
            "finish": In(1), "finished": In(1), "undo": In(1), "undone": In(1),
            "write": In(1), "loop": In(1), "op": In(LoopOp), "following": In(32),
            "address": In(32), "iterations": In(32),
            "csr_write": In(6), "csr_value": In(32), "values": Out(32).array(6),
        })

    def elaborate(self, platform):
        m = Module()
        takes = []
        for i in range(2):
            start, end, count = (self.values[3 * i + j] for j in range(3))
            under_way = Signal(2, name=f"under_way_{i}")
            take = Signal(name=f"take_{i}")
            m.d.comb += [
                under_way.eq((self.s_back & (self.s_number == i))
                             + (self.d_back & (self.d_number == i))
                             + (self.e_back & (self.e_number == i))),
                take.eq((self.pc == end) & (count[3:].any() | (count[:3] > under_way + 1))),
            ]
            takes.append(take)
            self._state(m, i, start, end, count)
        m.d.comb += [
            self.back.eq(takes[0] | takes[1]), self.number.eq(~takes[0]),
            self.target.eq(Mux(takes[0], self.values[0], self.values[3])),
        ]
        return m

    def _state(self, m, i, start, end, count):
        op, chosen = self.op, self.write & (self.loop == i)
        with m.If(self.finish & (self.finished == i)):
            m.d.sync += count.eq(count - 1)
        with m.If(self.undo & (self.undone == i)):
            m.d.sync += count.eq(count + 1)
        with m.If(chosen):
            with m.If((op == LoopOp.SETUP) | (op == LoopOp.SETUPI)):
                m.d.sync += start.eq(self.following)
            with m.If(op == LoopOp.STARTI):
                m.d.sync += start.eq(self.address)
            with m.If((op == LoopOp.SETUP) | (op == LoopOp.SETUPI) | (op == LoopOp.ENDI)):
                m.d.sync += end.eq(self.address)
            with m.If((op != LoopOp.STARTI) & (op != LoopOp.ENDI)):
                m.d.sync += count.eq(self.iterations)
        for j, register in enumerate((start, end, count)):
            with m.If(self.csr_write[3 * i + j]):
                mask = 0xFFFFFFFF if j == 2 else 0xFFFFFFFE
                m.d.sync += register.eq(self.csr_value & mask)
