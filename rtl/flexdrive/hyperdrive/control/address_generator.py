"""Window walker: where each operand of a convolution lies.

All tiles read the same local address and take the word of the same neighbour, so one walker
serves the array. For tap (dy, dx) of local output pixel (ly, lx) the position on the input side
is (ly*stride + dy, lx*stride + dx); its quotient by the tile edge (-1, 0 or 1) is the neighbour,
its remainder the address (reference: Hyperdrive's conflict-free read, ISVLSI 2018). The walker
keeps both in registers and steps them, so nothing is multiplied or divided.
"""

from amaranth.hdl import Const, Module, Mux, Signal
from amaranth.lib import data
from amaranth.lib.wiring import In, Out

from ...emit import Shared
from ..counter import count_to
from ..descriptor.layer import layer_layout
from ..multiple import multiple, multiple_of

__all__ = ["Place", "WindowWalker", "walk_layout"]


class Axis(data.Struct):
    """Position on one axis: local coordinate, neighbour (0 own, 1 before, 2 after as in
    :class:`~flexdrive.hyperdrive.tile.tile.Shift`), and its part of the address. Rows also have
    their part of the address in the west and east border memories. Beyond the patch's rim, the
    distance from it as part of the address in border and corner memories."""

    at: 16
    tile: 2
    address: 16
    border: 16
    halo: 16
    corner: 16


class Place(data.Struct):
    """Position of an operand."""

    y: Axis
    x: Axis


class _Window(data.Struct):
    """State of one interleaved pixel: where it reads, and the column its window begins at.
    ``odd``: of the output column, where a word read serves two of them (upsampling)."""

    y: Axis
    x: Axis
    start: Axis
    odd: 1


_OWN, _BEFORE, _AFTER = 0, 1, 2


def walk_layout(config):
    """Where the windows go.

    advance : this slot goes on to its next tap; ``row_end``: which begins a row of the kernel.
    row_gap, column_gap : rows to the next row with taps, columns to the next column.
    load : this slot goes on to the next pixel of the tile; ``idle``: there is none for it.
    turn : the last slot of the step (L blocks of one pixel: the next pixel follows only here).
    skip : leave out the pixel that would be loaded next; not with ``load``.
    restart : go to the first pixel of a layer; one cycle before the first ``load``.
    """
    gap = (2 * config.halo).bit_length()
    return data.StructLayout({
        **dict.fromkeys(("advance", "row_end", "load", "idle", "turn", "skip", "restart"), 1),
        "row_gap": gap, "column_gap": gap})


class WindowWalker(Shared):
    """Positions of the operands of up to L interleaved pixels.

    Parameters
    ----------
    config : :class:`~flexdrive.hyperdrive.config.ChipConfig`.

    ``place`` belongs to the current cycle's slot (combinational from registers).

    Members
    -------
    layer : constants of the layer.
    place : position for the slot whose turn it is, without the input channel.
    walk : :func:`walk_layout`.
    """

    def __init__(self, config):
        self.config = config
        self.depth = config.adder_depth
        self.mesh = config.mesh
        self.halo = config.halo
        self.channelwise = config.channelwise
        super().__init__({
            "layer": In(layer_layout(config)), "place": Out(Place),
            "walk": In(walk_layout(config)),
        }, l=config.adder_depth, x=config.mesh, r=config.halo, **config.layer_parameters)

    def elaborate(self, platform):
        m = Module()
        windows = [Signal(_Window, name=f"window{slot}", reset_less=True)
                   for slot in range(self.depth)]
        # The windows rotate, one per slot. With more than one, a slot's next place is needed in L
        # cycles, so the last one of the ring is what moves, and by registers.
        walk, current, target = self.walk, windows[0], windows[0]
        if self.depth > 1:
            walk = Signal(walk_layout(self.config))
            current, target = windows[-1], windows[-2]
            m.d.sync += [walk.eq(self.walk), current.eq(windows[0]),
                         *(windows[i].eq(windows[i + 1]) for i in range(self.depth - 2))]
        following = Signal(_Window)
        cursor = Signal(_Window)
        m.d.comb += [self.place.y.eq(windows[0].y), self.place.x.eq(windows[0].x),
                     following.eq(current)]
        m.d.sync += target.eq(following)
        layer = self.layer
        # Both steps are made from registers; `advance` comes late and only chooses.
        most = 2 * self.halo
        below = Signal(Axis)
        beside = Signal(Axis)
        self._step(m, "tap_y", below, current.y, walk.row_gap, most, layer.in_tile_rows,
                   layer.in_row, layer.in_size, border=layer.in_pitch if self.mesh else None,
                   halo=self._halo_units("y"))
        self._step(m, "tap_x", beside, current.x, walk.column_gap, most,
                   layer.in_tile_columns, layer.in_pitch, layer.in_row, halo=self._halo_units("x"))
        with m.If(walk.load):
            m.d.comb += following.eq(cursor)
        with m.Elif(walk.advance):
            with m.If(walk.row_end):
                m.d.comb += [following.x.eq(current.start), following.y.eq(below)]
            with m.Else():
                m.d.comb += following.odd.eq(~current.odd)
                with m.If(self._moves(current.odd)):
                    m.d.comb += following.x.eq(beside)
        # L blocks of one pixel: all windows go to the same place.
        self._cursor(m, cursor, walk.restart, walk.skip | (
            walk.load & Mux(layer.blocks, walk.turn, ~walk.idle)))
        return m

    def _moves(self, odd):
        """Whether the input's row or column ends with this one of the output: every second one when
        upsampling."""
        return ~self.layer.upsample | odd if self.channelwise else Const(1)

    def _halo_units(self, axis):
        """Lines of a border memory and words of a corner memory from one row or column beyond the
        rim to the next, None where there is only one."""
        layer = self.layer
        if not self.mesh or self.halo == 1:
            return None
        if axis == "y":
            return {"halo": layer.in_row, "corner": multiple_of(layer.in_pitch, self.halo)}
        return {"halo": layer.side, "corner": layer.in_pitch}

    def _step(self, m, name, target, axis, distance, most, edge, step, span, border=None,
              halo=None):
        """target = axis moved on by ``distance`` pixels, 1 to ``most`` and no more than a tile, of
        ``step`` words each; ``span`` is the words of a tile. ``border``: lines of the west and
        east memories of a pixel; ``halo``: what distances from the rim change by."""
        wraps = Signal(name=f"{name}_wraps")
        # Of each distance, constants of the layer: the first coordinate from which the step leaves
        # the tile, and what the address changes by when it does.
        limit, forth, back = (self._by_distance(m, f"{name}_{what}", distance, most, value)
                              for what, value in (
                                  ("limit", lambda by: edge - by),
                                  ("forth", lambda by: multiple_of(step, by)),
                                  ("back", lambda by: multiple_of(step, by) - span)))
        m.d.comb += [wraps.eq(axis.at >= limit),
                     target.at.eq(Mux(wraps, axis.at - limit, axis.at + distance)),
                     target.address.eq(axis.address + Mux(wraps, back, forth)),
                     target.tile.eq(axis.tile)]
        if border is not None:
            lines, lines_back = (self._by_distance(m, f"{name}_{what}", distance, most, value)
                                 for what, value in (
                ("lines", lambda by: multiple_of(border, by)),
                ("lines_back", lambda by: multiple_of(border, by) - self.layer.side)))
            m.d.comb += target.border.eq(axis.border + Mux(wraps, lines_back, lines))
        # Before the tile the rim comes nearer, after it goes away.
        for field, unit in (halo or {}).items():
            change = self._by_distance(m, f"{name}_{field}", distance, most,
                                       lambda by, unit=unit: multiple_of(unit, by))
            with m.If(~wraps & (axis.tile == _BEFORE)):
                m.d.comb += getattr(target, field).eq(getattr(axis, field) - change)
            with m.If(~wraps & (axis.tile == _AFTER)):
                m.d.comb += getattr(target, field).eq(getattr(axis, field) + change)
            with m.If(wraps & (axis.tile == _OWN)):     # a row or column behind it
                m.d.comb += getattr(target, field).eq(
                    Mux(target.at == 0, 0, multiple(unit, target.at, self.halo - 1)))
        with m.If(wraps):
            m.d.comb += target.tile.eq(Mux(axis.tile == _BEFORE, _OWN, _AFTER))

    def _by_distance(self, m, name, distance, most, value):
        """``value`` of ``distance``, each from a register."""
        chosen = Signal(16, name=name)
        with m.Switch(distance):
            for by in range(1, most + 1):
                constant = Signal(16, name=f"{name}_{by}")
                m.d.sync += constant.eq(value(by))
                with m.Case(by):
                    m.d.comb += chosen.eq(constant)
        return chosen

    def _cursor(self, m, cursor, restart, move):
        """The window of the next pixel to be loaded."""
        layer = self.layer
        y = Signal(Axis, reset_less=True)
        x = Signal(Axis, reset_less=True)
        first_y = Signal(Axis)
        first_x = Signal(Axis)
        next_y = Signal(Axis)
        next_x = Signal(Axis)
        m.d.comb += [cursor.y.eq(y), cursor.x.eq(x), cursor.start.eq(x)]
        m.d.comb += first_y.address.eq(layer.in_base)
        if self.mesh:
            m.d.comb += first_y.border.eq(layer.in_border_rows)
        # A window begins before its centre: in the neighbour, for pixel 0.
        for reach in range(1, self.halo + 1):
            with m.If(layer.before_rows == reach):
                self._begin_rows(m, first_y, reach)
            with m.If(layer.before_columns == reach):
                self._begin_columns(m, first_x, reach)
        stride = Mux(layer.two, 2, 1)
        self._step(m, "pixel_x", next_x, x, stride, 2, layer.in_tile_columns, layer.in_pitch,
                   layer.in_row, halo=self._halo_units("x"))
        self._step(m, "pixel_y", next_y, y, stride, 2, layer.in_tile_rows, layer.in_row,
                   layer.in_size, border=layer.in_pitch if self.mesh else None,
                   halo=self._halo_units("y"))
        last_column, last_row = Signal(16, name="last_column"), Signal(16, name="last_row")
        m.d.sync += [last_column.eq(layer.tile_columns - 1), last_row.eq(layer.tile_rows - 1)]
        column, row_end = count_to(m, "column", last_column, clear=restart, step=move)
        row, tile_end = count_to(m, "row", last_row, clear=restart, step=move & row_end)
        m.d.comb += cursor.odd.eq(column[0])
        with m.If(restart):
            m.d.sync += [y.eq(first_y), x.eq(first_x)]
        with m.Elif(move):
            with m.If(~row_end):
                with m.If(self._moves(column[0])):
                    m.d.sync += x.eq(next_x)
            with m.Else():
                m.d.sync += x.eq(first_x)
                with m.If(tile_end):
                    m.d.sync += y.eq(first_y)
                with m.Elif(self._moves(row[0])):
                    m.d.sync += y.eq(next_y)

    def _begin_rows(self, m, first, reach):
        """The first row of windows that begin ``reach`` rows before their centres."""
        layer = self.layer
        m.d.comb += [
            first.at.eq(layer.in_tile_rows - reach), first.tile.eq(_BEFORE),
            first.address.eq(layer.in_base + layer.in_size - multiple_of(layer.in_row, reach)),
        ]
        if self.mesh:
            m.d.comb += first.border.eq(layer.in_border_rows + layer.side
                                        - multiple_of(layer.in_pitch, reach))
        self._begin_halo(m, "y", first, reach)

    def _begin_columns(self, m, first, reach):
        """The first column of windows that begin ``reach`` columns before their centres."""
        layer = self.layer
        m.d.comb += [
            first.at.eq(layer.in_tile_columns - reach), first.tile.eq(_BEFORE),
            first.address.eq(layer.in_row - multiple_of(layer.in_pitch, reach)),
        ]
        self._begin_halo(m, "x", first, reach)

    def _begin_halo(self, m, axis, first, reach):
        for field, unit in (self._halo_units(axis) or {}).items():
            m.d.comb += getattr(first, field).eq(multiple_of(unit, reach - 1))
