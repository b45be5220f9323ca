"""Data port: address phases from the execute stage, responses to the write-back stage.

A second load may be requested before the first one's response is there; a store is requested only
when everything before it has succeeded, so a failed access is precise.
"""

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .bus import DATA_PORT
from .control import MemoryOp

__all__ = ["LoadStore"]


class LoadStore(wiring.Component):
    """One access of any alignment; one that crosses a word boundary takes two.

    Combinational from the access to ``bus``, from ``bus.gnt`` to ``granted`` and from a response to
    ``done``, ``free``, ``fault``, ``loaded`` and ``bus.req`` of a store. Latency: an access is
    ``done`` in the cycle of its last response, the one after ``fire`` at the earliest.

    Members
    -------
    wanted : the execute stage holds an access of ``op`` to ``address``, of ``data`` if ``write``;
        ``crossing``: it reaches into the next word.
    hold : it must not be requested yet.
    granted : all its address phases end in this cycle or have ended, unless ``hold`` or, for a
        store, an access in front that is not over keeps it; bit 0 if it has one, bit 1 if it is
        ``crossing``.
    fire : it moves to write-back (only when ``granted``). kill : it is dropped.
    clearing : an address phase of a dropped access is still under way; the execute stage must
        keep the access as it is.
    waiting : write-back holds an access; done : the last response arrives in this cycle.
    free : write-back holds no access, or the response arrives and it has succeeded. fault : it
        failed; ``fault_address`` is where, a cycle later.
    loaded : the loaded value, extended, in the cycle of ``done``.

    Attributes
    ----------
    sound : no answer to a dropped access is under way; for what else is on the port.
    """

    bus: Out(DATA_PORT)
    wanted: In(1)
    write: In(1)
    op: In(MemoryOp)
    address: In(32)
    crossing: In(1)
    data: In(32)
    hold: In(1)
    granted: Out(2)
    fire: In(1)
    kill: In(1)
    clearing: Out(1)
    waiting: Out(1)
    done: Out(1)
    free: Out(1)
    fault: Out(1)
    fault_address: Out(32)
    loaded: Out(32)

    def __init__(self):
        super().__init__()
        self.sound = Signal(init=1)

    def elaborate(self, platform):
        m = Module()
        # Responses that write-back still waits for (2 at most), that come before its own, and
        # address phases of the access in execute that are over.
        pending, void, sent = Signal(2), Signal(3), Signal(2)
        early = Signal()
        # ``void`` is 0. Whether execute may go on hangs on this.
        sound = self.sound
        arriving = Signal()
        m.d.comb += arriving.eq(self.bus.rvalid & sound)
        self._requests(m, sent)
        self._responses(m, pending, void, sent, early, arriving, sound)
        self._align(m, pending, early, arriving)
        return m

    def _requests(self, m, sent):
        bus, offset, crossing = self.bus, self.address[:2], self.crossing
        size = self.op.as_value()[:2]
        total = Signal(2)
        m.d.comb += total.eq(Mux(crossing, 2, 1))
        second, allowed = Signal(), Signal()
        held = Signal()
        lanes = Array([Const(1, 4), Const(3, 4), Const(15, 4), Const(15, 4)])[size]
        enables, shifted = Signal(8), Signal(64)
        m.d.comb += [
            second.eq(sent == 1),
            allowed.eq(~self.hold & (~self.write | self.free)),
            bus.req.eq(self.clearing | (self.wanted & (sent != total) & (allowed | held))),
            bus.we.eq(self.write),
            bus.addr.eq(Cat(0, 0, self.address[2:] + second)),
            enables.eq(lanes << offset),
            shifted.eq(self.data << (offset << 3)),
            bus.be.eq(Mux(second, enables[4:], enables[:4])),
            bus.wdata.eq(Mux(second, shifted[32:], shifted[:32])),
            self.granted.eq(Cat((sent == 1) | ((sent == 0) & bus.gnt),
                                (sent == 2) | ((sent == 1) & bus.gnt))),
        ]
        accepted = bus.req & bus.gnt
        held_next = Signal()
        m.d.comb += held_next.eq(bus.req & ~bus.gnt)
        m.d.sync += held.eq(held_next)
        with m.If(self.fire):
            m.d.sync += sent.eq(0)
        with m.Elif(self.kill | self.clearing):
            # An address phase that is under way stays as it is until it is granted.
            with m.If(~held_next):
                m.d.sync += sent.eq(0)
        with m.Else():
            m.d.sync += sent.eq(sent + accepted)
        with m.If(self.kill | self.clearing):
            m.d.sync += self.clearing.eq(held_next)

    def _responses(self, m, pending, void, sent, early, arriving, sound):
        accepted = self.bus.req & self.bus.gnt
        to_write_back = Signal()
        remaining = Signal(2)
        failed, first_failed = Signal(), Signal()
        crossing, void_next = self.crossing, Signal(3)
        address, was_crossing = Signal(32), Signal()
        m.d.comb += [
            to_write_back.eq(arriving & (pending != 0)),
            remaining.eq(pending - to_write_back),
            self.waiting.eq(pending != 0),
            self.done.eq(arriving & pending[0]),
            # In as few steps as possible: execute waits for this.
            self.free.eq(Mux(pending[0], arriving & ~(failed | self.bus.err), ~pending[1])),
            self.fault.eq(self.done & (failed | self.bus.err)),
        ]
        m.d.sync += self.fault_address.eq(Mux(was_crossing & ~failed,
                                              Cat(0, 0, address[2:] + 1), address))
        in_execute = arriving & (pending == 0)
        m.d.sync += pending.eq(remaining)
        with m.If(in_execute):
            m.d.sync += [early.eq(1), first_failed.eq(self.bus.err)]
        with m.If(to_write_back & self.bus.err):
            m.d.sync += failed.eq(1)
        with m.If(self.fire):
            m.d.sync += [pending.eq(Mux(crossing, 2, 1) - (early | in_execute)), early.eq(0),
                         failed.eq(Mux(in_execute, self.bus.err, early & first_failed)),
                         address.eq(self.address), was_crossing.eq(crossing)]
        # Responses to dropped accesses: all that were sent and have not come yet.
        dropped = Mux(self.kill, sent + accepted - (early | in_execute), 0)
        m.d.comb += void_next.eq(void - (self.bus.rvalid & ~sound) + dropped
                                 + (self.clearing & self.bus.gnt))
        m.d.sync += [void.eq(void_next), sound.eq(void_next == 0)]
        with m.If(self.kill):
            m.d.sync += early.eq(0)

    def _align(self, m, pending, early, arriving):
        first, offset, op = Signal(32), Signal(2), Signal(MemoryOp)
        crossed = Signal()
        # The first of two words, wherever the access is.
        with m.If(arriving & (pending != 1)):
            m.d.sync += first.eq(self.bus.rdata)
        with m.If(self.fire):
            m.d.sync += [offset.eq(self.address[:2]), op.eq(self.op),
                         crossed.eq(self.crossing)]
        low, code = Mux(crossed, first, self.bus.rdata), op.as_value()
        value = Signal(32)
        m.d.comb += value.eq(Cat(low, self.bus.rdata) >> (offset << 3))
        fill_byte, fill_half = value[7] & ~code[2], value[15] & ~code[2]
        with m.Switch(code[:2]):
            with m.Case(0):
                m.d.comb += self.loaded.eq(Cat(value[:8], fill_byte.replicate(24)))
            with m.Case(1):
                m.d.comb += self.loaded.eq(Cat(value[:16], fill_half.replicate(16)))
            with m.Default():
                m.d.comb += self.loaded.eq(value)
