"""A queue of bytes: whatever lies side by side in it may come and go in other pieces."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["DmaBuffer"]


class DmaBuffer(wiring.Component):
    """16 bytes that are filled and emptied by up to 8 a cycle, at any place of 8 aligned bytes.

    Latency: bytes that came in cycle t can leave in t + 1.

    Members
    -------
    push : ``push_count`` bytes of ``push_data``, from byte ``push_offset`` on, come; only with
        ``room``, which says that 8 fit behind what leaves in this cycle (combinational).
    level : bytes that are there.
    pop : ``pop_count`` bytes leave, at most ``level``; they stand at ``pop_offset`` of
        ``pop_data``, whose other bytes are 0, with a one for each in ``pop_mask``.
    """

    push: In(1)
    push_data: In(64)
    push_offset: In(3)
    push_count: In(4)
    room: Out(1)
    level: Out(5)
    pop: In(1)
    pop_offset: In(3)
    pop_count: In(4)
    pop_data: Out(64)
    pop_mask: Out(8)

    def elaborate(self, platform):
        m = Module()
        stored, left, kept = Signal(128), Signal(5), Signal(128)
        incoming, ones = Signal(64), Signal(8)
        m.d.comb += [
            left.eq(self.level - Mux(self.pop, self.pop_count, 0)),
            self.room.eq(left <= 8),
            kept.eq(Mux(self.pop, stored >> (self.pop_count << 3), stored)),
            incoming.eq(_bytes(self.push_data >> (self.push_offset << 3), self.push_count)),
            ones.eq((Const(1, 9) << self.pop_count) - 1),
            self.pop_mask.eq(ones << self.pop_offset),
            self.pop_data.eq(_bytes(stored[:64], self.pop_count) << (self.pop_offset << 3)),
        ]
        m.d.sync += [
            self.level.eq(left + Mux(self.push, self.push_count, 0)),
            stored.eq(kept | Mux(self.push, incoming << (left << 3), 0)),
        ]
        return m


def _bytes(value, count):
    """The lowest ``count`` of 8 bytes, the others 0."""
    return Cat(Mux(count > i, value[8 * i:8 * i + 8], 0) for i in range(8))
