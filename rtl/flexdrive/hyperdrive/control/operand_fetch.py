"""Which word every tile takes: from a position to an address, a direction and a mask."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib.wiring import In, Out

from ...emit import Shared
from ..descriptor.layer import layer_layout
from ..tile.tile import Shift
from ..timing import REQUEST, ROW_WORD, WORD, delayed
from .address_generator import Place

__all__ = ["BORDER_REQUEST", "OperandRequest"]

BORDER_REQUEST = {"valid": 1, "from_rows": Shift, "from_columns": Shift, "row_line": 16,
                  "column_line": 16, "corner": 16}
"""The same operand in the border and corner memories, in the cycle of the request, by name."""


class OperandRequest(Shared):
    """Makes the request of an operand, in two stages, and tells the tiles whose word to take.

    Latency: ``valid`` -> ``read`` after REQUEST cycles (:mod:`~flexdrive.hyperdrive.timing`), the
    rest at the stage that uses it.

    Members
    -------
    layer : constants of the layer.
    valid, place, channel : a step is issued, its position in the window, its input channel.
    words : (``channelwise_lanes`` of more than 1) channels that the step reads, from that one on.
    read, address : of the feature-map memories, the same in all tiles.
    read_words : (as ``words``) words of the request.
    row_valid, column_valid : rows and columns of tiles whose operand lies inside the map.
    shift_rows, shift_columns : whose word a tile takes.
    border_* : (``config.mesh``) :data:`BORDER_REQUEST`.
    """

    def __init__(self, config):
        self.config = config
        super().__init__({
            "layer": In(layer_layout(config)), "valid": In(1), "place": In(Place),
            "channel": In(16), "read": Out(1), "address": Out(16), **self._words(config),
            "row_valid": Out(config.rows), "column_valid": Out(config.columns),
            "shift_rows": Out(Shift), "shift_columns": Out(Shift),
            **({f"border_{name}": Out(shape) for name, shape in BORDER_REQUEST.items()}
               if config.mesh else {}),
        }, m=config.rows, n=config.columns, x=config.mesh, **config.lanes_parameter)

    def _words(self, config):
        if config.channelwise_lanes == 1:
            return {}
        return {"words": In(config.channelwise_lanes.bit_length()),
                "read_words": Out(config.channelwise_lanes.bit_length())}

    def elaborate(self, platform):
        m = Module()
        place, layer = self.place, self.layer
        valid = Signal()
        address = Signal(16)
        channel = Signal(16)
        m.d.sync += [
            valid.eq(self.valid), channel.eq(self.channel),
            address.eq(place.y.address + place.x.address),
            self.read.eq(valid), self.address.eq(address + channel),
        ]
        if self.config.channelwise_lanes > 1:
            m.d.comb += self.read_words.eq(delayed(m, "words", self.words, REQUEST))
        from_y, from_x = (self._takers(m, valid, *axis) for axis in (
            ("row", place.y, self.config.rows, layer.full_rows, layer.last_rows, WORD,
             layer.north, layer.south),
            ("column", place.x, self.config.columns, layer.full_columns, layer.last_columns,
             ROW_WORD, layer.west, layer.east)))
        if self.config.mesh:
            self._border(m, valid, channel, from_y, from_x)
        return m

    def _takers(self, m, valid, name, axis, tiles, full, last, stage, before, after):
        """Along one axis: which tiles take a word, and whose; returns the latter, one cycle after
        the step. ``before`` says that the map goes on before the first tile, ``after`` how far it
        does after the last."""
        inside, source = Signal(name=f"inside_{name}"), Signal(Shift, name=f"from_{name}")
        near = Signal(name=f"near_{name}")      # a row or column that the neighbour has
        m.d.sync += [inside.eq(axis.at < last), source.eq(axis.tile)]
        if self.config.mesh:
            m.d.sync += near.eq(axis.at < after)
        # Which tiles hold the pixel themselves; then the same for the tiles that take it.
        line, taker = Signal(tiles, name=f"{name}_line"), Signal(tiles, name=f"{name}_taker")
        m.d.comb += line.eq(Cat((full > i) | ((full == i) & inside) for i in range(tiles)))
        with m.If(~valid):
            m.d.sync += taker.eq(0)     # an operand of zero holds the sums
        with m.Elif(source == Shift.BEFORE):
            m.d.sync += taker.eq(Cat(before, line))
        with m.Elif(source == Shift.AFTER):
            m.d.sync += taker.eq(Cat(line[1:], near))
        with m.Else():
            m.d.sync += taker.eq(line)
        m.d.comb += [
            getattr(self, f"{name}_valid").eq(
                delayed(m, f"{name}_valid", taker, ROW_WORD - REQUEST)),
            getattr(self, f"shift_{name}s").eq(
                delayed(m, f"shift_{name}", source, stage - 1)),
        ]
        return source

    def _border(self, m, valid, channel, from_y, from_x):
        place, layer = self.place, self.layer
        row_line, column_line, corner = (Signal(16, name=name) for name in
                                         ("row_line", "column_line", "corner"))
        m.d.sync += [
            row_line.eq(place.y.border + place.x.halo),
            column_line.eq(layer.in_border_columns + place.x.address + place.y.halo),
            corner.eq(layer.in_corner + place.y.corner + place.x.corner),
            self.border_valid.eq(valid), self.border_from_rows.eq(from_y),
            self.border_from_columns.eq(from_x), self.border_row_line.eq(row_line + channel),
            self.border_column_line.eq(column_line + channel),
            self.border_corner.eq(corner + channel),
        ]
