"""Addresses of a transfer, in order."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib.wiring import In, Out

from ...emit import Shared

__all__ = ["DmaWalk"]


class DmaWalk(Shared):
    """Pieces of a transfer of rows and planes that lie within 8 aligned bytes each.

    Latency: the first piece stands in the cycle after ``load``, the next one in that after
    ``step``.

    Members
    -------
    load : begin, with ``base`` (address of a byte), ``length`` (bytes of a row), ``rows``,
        ``row_stride``, ``planes``, ``plane_stride`` (bytes), which stay until the end.
    active : there is a piece: ``count`` bytes (1 to 8) at ``address``. step : the next one.
    """

    load: In(1)
    base: In(32)
    length: In(20)
    rows: In(16)
    row_stride: In(32)
    planes: In(16)
    plane_stride: In(32)
    active: Out(1)
    address: Out(32)
    count: Out(4)
    step: In(1)

    def elaborate(self, platform):
        m = Module()
        left, rows, planes = Signal(20), Signal(16), Signal(16)
        row, plane, space = Signal(32), Signal(32), Signal(4)
        m.d.comb += [space.eq(8 - self.address[:3]),
                     self.count.eq(Mux(left < space, left, space))]
        with m.If(self.load):
            m.d.sync += [
                self.address.eq(self.base), row.eq(self.base), plane.eq(self.base),
                left.eq(self.length), rows.eq(self.rows), planes.eq(self.planes),
                self.active.eq(self.length.any() & self.rows.any() & self.planes.any()),
            ]
        with m.Elif(self.step):
            next_row, next_plane = Signal(32), Signal(32)
            m.d.comb += [next_row.eq(row + self.row_stride),
                         next_plane.eq(plane + self.plane_stride)]
            with m.If(left > self.count):
                m.d.sync += [self.address.eq(self.address + self.count),
                             left.eq(left - self.count)]
            with m.Elif(rows != 1):
                m.d.sync += [self.address.eq(next_row), row.eq(next_row), left.eq(self.length),
                             rows.eq(rows - 1)]
            with m.Elif(planes != 1):
                m.d.sync += [self.address.eq(next_plane), row.eq(next_plane),
                             plane.eq(next_plane), left.eq(self.length), rows.eq(self.rows),
                             planes.eq(planes - 1)]
            with m.Else():
                m.d.sync += self.active.eq(0)
        return m
