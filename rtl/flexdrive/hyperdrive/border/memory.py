"""Border and corner memories: the neighbours' pixels around a chip's patch.

Source: border memory (BM) and corner memory (CM) of ISVLSI 2018 and JETCAS 2019. The four border
memories stand where a further row or column of tiles would stand, the corner memories at its
ends, and take part in the shifts of the data distribution like the words of tiles.
"""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from ...emit import Shared
from ..tile.tile import Shift
from ..timing import BANK, WORD, delayed

__all__ = ["CORNERS", "SIDES", "BorderArray", "BorderMemory", "border_write_layout"]

SIDES = ("north", "south", "west", "east")
CORNERS = ("north_west", "south_west", "north_east", "south_east")


def border_write_layout(words, lanes):
    """A received word: line, the tile along the side that it belongs to, the word itself."""
    return data.StructLayout({"enable": 1, "line": (words - 1).bit_length(),
                              "lane": lanes, "word": 16})


class BorderMemory(Shared):
    """Lines of ``lanes`` words of 16 bit; one line read and one word written a cycle.

    Latency: a line read in cycle t stands on ``line`` in t + 2. Two ports, because neighbours send
    when they like while the accumulation reads.

    Members
    -------
    read, address : line to read.
    write : :func:`border_write_layout`; ``lane`` is one-hot.
    line : the line read two cycles before.
    """

    def __init__(self, words, lanes):
        self.words, self.lanes = words, lanes
        super().__init__({
            "read": In(1), "address": In((words - 1).bit_length()),
            "write": In(border_write_layout(words, lanes)), "line": Out(16 * lanes),
        }, w=words, n=lanes)

    def elaborate(self, platform):
        m = Module()
        m.submodules.memory = memory = Memory(shape=16 * self.lanes, depth=self.words, init=[])
        read = memory.read_port()
        write = memory.write_port(granularity=16)
        m.d.comb += [
            read.addr.eq(self.address), read.en.eq(self.read),
            write.addr.eq(self.write.line), write.data.eq(self.write.word.replicate(self.lanes)),
            write.en.eq(Mux(self.write.enable, self.write.lane, 0)),
        ]
        m.d.sync += self.line.eq(read.data)
        return m


class BorderArray(Shared):
    """The eight memories around the tiles.

    Latency: as the tiles', a request in cycle t gives rows of words at the stage of ``Tile.word``
    (t + 3) for north and south, and columns at the stage of ``Tile.row_word`` (t + 4) for west
    and east, whose vertical shift is made here.

    Members
    -------
    valid : a request; from_rows, from_columns : whose words it takes
        (:class:`~flexdrive.hyperdrive.tile.tile.Shift`).
    row_line, column_line, corner : lines in the west and east, north and south, and corner
        memories; all in the cycle of the request.
    {side}_write, {corner}_write : received words.
    north, south : words above and below the tiles, one per column of tiles.
    west, east : words left and right of the tiles after the vertical shift, one per row.
    """

    def __init__(self, config):
        self.config = config
        border = border_write_layout
        super().__init__({
            "valid": In(1), "from_rows": In(Shift), "from_columns": In(Shift),
            "row_line": In(16), "column_line": In(16), "corner": In(16),
            **{f"{side}_write": In(border(config.border_words, self._lanes(side)))
               for side in SIDES},
            **{f"{corner}_write": In(border(config.corner_words, 1)) for corner in CORNERS},
            **{side: Out(16 * self._lanes(side)) for side in SIDES},
        }, m=config.rows, n=config.columns, e=config.border_words, k=config.corner_words)

    def _lanes(self, side):
        return self.config.columns if side in ("north", "south") else self.config.rows

    def elaborate(self, platform):
        m = Module()
        config = self.config
        # One register before the memories, beside that of the arbiter.
        requested, rows, columns = Signal(), Signal(Shift), Signal(Shift)
        row_line, column_line, corner = Signal(16), Signal(16), Signal(16)
        m.d.sync += [
            requested.eq(self.valid), rows.eq(self.from_rows), columns.eq(self.from_columns),
            row_line.eq(self.row_line), column_line.eq(self.column_line), corner.eq(self.corner),
        ]
        lines = {}
        for name, words, lanes, address, wanted in (
                ("north", config.border_words, config.columns, column_line,
                 rows == Shift.BEFORE),
                ("south", config.border_words, config.columns, column_line, rows == Shift.AFTER),
                ("west", config.border_words, config.rows, row_line, columns == Shift.BEFORE),
                ("east", config.border_words, config.rows, row_line, columns == Shift.AFTER),
                *((corner_name, config.corner_words, 1, corner, (rows != Shift.OWN)
                   & (columns != Shift.OWN)) for corner_name in CORNERS)):
            memory = BorderMemory(words, lanes)
            m.submodules[name] = memory
            m.d.comb += [memory.read.eq(requested & wanted), memory.address.eq(address),
                         memory.write.eq(getattr(self, f"{name}_write"))]
            lines[name] = memory.line
        m.d.comb += [self.north.eq(lines["north"]), self.south.eq(lines["south"])]
        shift = delayed(m, "shift_rows", rows, WORD - BANK)
        for side in ("west", "east"):
            line = lines[side]
            with m.If(shift == Shift.BEFORE):
                m.d.sync += getattr(self, side).eq(Cat(lines[f"north_{side}"], line))
            with m.Elif(shift == Shift.AFTER):
                m.d.sync += getattr(self, side).eq(Cat(line[16:], lines[f"south_{side}"]))
            with m.Else():
                m.d.sync += getattr(self, side).eq(line)
        return m
