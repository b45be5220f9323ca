"""The register of the execute stage, which takes over the operands that it waits for."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .decode import replicate
from .stages import ExecuteStage, WriteBackStage

__all__ = ["Issue"]


class Issue(wiring.Component):
    """Takes over what is in decode when ``takes``; until then the instruction collects operands.

    Latency: what is taken over in cycle t is on ``e`` in t + 1, and so is an operand that comes in
    t, an accumulator on ``kept``.

    Members
    -------
    decoded : what is in decode; takes : execute is free for it; comes : it is an instruction that
        leaves decode then. If not, it must not wait for any operand.
    redirect : nothing that is on its way to execute or in it counts any more.
    w, w_ends, loaded, late_value : what is in write-back, whether it ends in this cycle, the word
        it has loaded then; the late result of the instruction in retire.
    e, valid : the instruction in execute. kept : an accumulator that it has waited for.
    """

    decoded: In(ExecuteStage)
    takes: In(1)
    comes: In(1)
    redirect: In(1)
    w: In(WriteBackStage)
    w_ends: In(1)
    loaded: In(32)
    late_value: In(32)
    e: Out(ExecuteStage)
    valid: Out(1)
    kept: Out(32)

    def elaborate(self, platform):
        m = Module()
        with m.If(self.redirect):
            m.d.sync += self.valid.eq(0)
        with m.Elif(self.takes):
            m.d.sync += self.valid.eq(self.comes)
        # Whether it is an instruction that leaves does not matter for the many other bits.
        with m.If(self.takes):
            m.d.sync += self.e.eq(self.decoded)
        e, w = self.e, self.w
        missing = [self._collect(m, name) for name in "abc"]
        with m.If(e.blocked):
            m.d.sync += e.blocked.eq(Cat(*missing).any() & ~(self.w_ends & ~w.sums))
        with m.If(e.c_waits.r):
            m.d.sync += self.kept.eq(self.late_value)
        with m.If(e.c_waits.r & ~self.takes):
            m.d.sync += e.c_kept.eq(1)
        return m

    def _collect(self, m, name):
        """Take over one operand; returns whether it is still in front of write-back's end and
        blocks."""
        e, w, control = self.e, self.w, self.e.control
        waits, value = getattr(e, f"{name}_waits"), Signal(32, name=f"collected_{name}")
        m.d.comb += value.eq(Mux(waits.r, self.late_value,
                                 Mux(waits.early, w.early_value, self.loaded)))
        if name == "b":
            value = Mux(control.replicates, replicate(value, e.scalar_size), value)
        # An accumulator does not block, so the next instruction may come in this cycle: it is
        # kept elsewhere.
        blocks = ~control.accumulates | waits.early if name == "c" else Const(1, 1)
        with m.If(waits.as_value().any() & blocks):
            m.d.sync += getattr(e, name).eq(value)
            if name != "c":
                m.d.sync += getattr(e, {"a": "x", "b": "y"}[name]).eq(value)
                counts = e.accesses & ~control.post if name == "b" else e.accesses
                m.d.sync += getattr(e, f"{name}_low").eq(value[:2] & counts.replicate(2))
            if name == "b":
                m.d.sync += e.amount.eq(value)
        # What blocks is taken from write-back when it is there, an accumulator from retire.
        through_r = w.sums | ~blocks
        with m.If(~self.takes):
            m.d.sync += [waits.early.eq(0), waits.r.eq(waits.w & self.w_ends & through_r),
                         waits.w.eq(waits.w & ~self.w_ends)]
        return waits.w & blocks
